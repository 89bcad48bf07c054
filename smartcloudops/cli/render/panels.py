"""Charts of what a run found, and of what a backtest walked through."""

from __future__ import annotations

import numpy as np

from smartcloudops.anomaly.courses import Course, stretches
from smartcloudops.cli.render.chart import Chart
from smartcloudops.metrics.series import Values
from smartcloudops.triage.panels import Panel


def chart(panel: Panel) -> Chart:
    """A series of an incident with what was expected of it."""
    return Chart(
        panel.series,
        panel.times,
        (panel.series,),
        panel.values[None],
        panel.unit,
        panel.lower if np.isfinite(panel.lower).any() else None,
        panel.upper if np.isfinite(panel.upper).any() else None,
        panel.anomalies,
        panel.incidents,
    )


def course_chart(course: Course) -> Chart:
    """A file with its alerts and incidents; series of several units share one axis by their own ranges."""
    order = np.argsort(course.times, kind="stable")
    times, values = course.times[order], course.values[:, order]
    many = len(course.names) > 1
    spans = [(int(times[a]), int(times[b])) for a, b in stretches(course.inside[order])]
    return Chart(
        f"{course.file}, each series between its own lowest and highest value" if many else course.file,
        times,
        course.names,
        np.array([_share(row) for row in values]) if many else values,
        "%" if many else "",
        anomalies=tuple(times[course.alerts[order]].tolist()),
        incidents=tuple(spans),
    )


def _share(row: Values) -> Values:
    """Values as percent of the way from the lowest to the highest."""
    known = row[np.isfinite(row)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 0.0)
    with np.errstate(invalid="ignore"):
        middle = np.where(np.isfinite(row), 50.0, np.nan)
        share = 100 * ((row / 2 - low / 2) / (high / 2 - low / 2)) if high > low else middle
    return np.where(np.isfinite(row), share, np.nan)
