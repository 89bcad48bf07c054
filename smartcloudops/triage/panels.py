"""What to look at after a run: its incidents' suspects, their values around the scored window, what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smartcloudops.anomaly.detection import Detection
from smartcloudops.anomaly.reporting import ScoredSeries
from smartcloudops.core.config import Config
from smartcloudops.core.records import Incident, Suspect
from smartcloudops.core.settings import Metric
from smartcloudops.metrics import Source, choose
from smartcloudops.metrics.fetching import fetch_all
from smartcloudops.metrics.series import Times, Values, Window, parse_series_name

_MOST = 12
EACH, _QUIET, _LEAST_SHARE = 3, 4, 0.1
# So much is shown before the window, to see what is usual: at least so many rows, at least the window three times.
_BEFORE_ROWS, _BEFORE_TIMES = 60, 3


@dataclass(frozen=True, slots=True)
class Panel:
    """One series: times (T,) in ms, values, lower and upper (T,), NaN = missing or unknown.

    `anomalies` are times of rows that its group's alarm rests on, `incidents` the group's (start, end or None).
    """

    series: str
    group: str
    unit: str
    times: Times
    values: Values
    lower: Values
    upper: Values
    anomalies: tuple[int, ...] = ()
    incidents: tuple[tuple[int, int | None], ...] = ()

    def between(self, start: int, end: int) -> Panel:
        """The part from start to end, both included."""
        rows = slice(*np.searchsorted(self.times, [start, end + 1]).tolist())
        times, values, bounds = self.times[rows], self.values[rows], (self.lower[rows], self.upper[rows])
        return replace(self, times=times, values=values, lower=bounds[0], upper=bounds[1])


def after(config: Config, path: Path | None, found: Detection, incidents: Sequence[Incident]) -> list[Panel]:
    """Panels of the incidents around a run's window, of the strangest series where there is none.

    Raises what the source raises.
    """
    source = choose.open_source(config, path)
    w = found.window
    before = max(_BEFORE_ROWS * w.step, _BEFORE_TIMES * (w.end - w.start))
    window = Window(w.start - before, w.end, w.step)
    metrics, threshold = choose.wanted(config, source), config.detect.threshold
    return panels(source, metrics, found, incidents, window, threshold=threshold, most=_MOST)


def panels(
    source: Source,
    metrics: Sequence[Metric],
    found: Detection,
    incidents: Sequence[Incident],
    window: Window,
    *,
    threshold: float,
    most: int,
) -> list[Panel]:
    """At most so many suspects of these incidents over a window that holds the scored one; `found` has courses.

    Rows are anomalous whose alarm is at the threshold.
    """
    incidents = [i for i in incidents if i.start <= window.end and (i.end is None or i.end >= window.start)]
    chosen = _suspects(incidents, found, most) or _strangest(found.courses)
    wanted = {_metric(name) for name in chosen}
    asked = [metric for metric in metrics if metric.name in wanted]
    fetched = fetch_all(source, asked, window)
    values = {name: row for matrix in fetched for name, row in zip(matrix.names, matrix.values, strict=True)}
    units = {metric.name: metric.unit for metric in asked}
    missing = np.full(len(window.times()), np.nan)
    return [
        replace(
            _panel(course, window, values.get(name, missing), units.get(_metric(name), "")),
            anomalies=_anomalies(course, found, threshold),
            incidents=tuple((i.start, i.end) for i in incidents if i.group == course.group),
        )
        for name, course in chosen.items()
    ]


def shown(incident: Incident) -> tuple[Suspect, ...]:
    """The suspects worth drawing: the first, and others that explain a tenth or more."""
    return incident.suspects[:1] + tuple(s for s in incident.suspects[1:EACH] if s.share >= _LEAST_SHARE)


def _metric(series: str) -> str:
    return parse_series_name(series).get("__name__", "")


def _panel(course: ScoredSeries, window: Window, values: Values, unit: str) -> Panel:
    times = window.times()
    lower, upper = np.full(len(times), np.nan), np.full(len(times), np.nan)
    at = np.searchsorted(times, course.times)
    lower[at], upper[at] = course.lower, course.upper
    return Panel(course.series, course.group, unit, times, values, lower, upper)


def _suspects(incidents: Iterable[Incident], found: Detection, most: int) -> dict[str, ScoredSeries]:
    """The first suspects of each incident, as far as the model knows them and metrics are configured."""
    known = {course.series: course for course in found.courses}
    names = (suspect.series for incident in incidents for suspect in shown(incident))
    chosen = list(dict.fromkeys(name for name in names if name in known))
    return {name: known[name] for name in chosen[:most]}


def _strangest(courses: Iterable[ScoredSeries]) -> dict[str, ScoredSeries]:
    scored = [course for course in courses if np.isfinite(course.score).any()]
    ranked = sorted(scored, key=lambda course: -float(np.nanmax(course.score)))
    return {course.series: course for course in ranked[:_QUIET]}


def _anomalies(course: ScoredSeries, found: Detection, threshold: float) -> tuple[int, ...]:
    """The alarm's rows where the series is the first suspect; else those where it is strange by itself."""
    own = (v for v in found.verdicts if v.group == course.group)
    alarmed = {v.time for v in own if v.alarm is not None and v.alarm >= threshold}
    strange = set(course.times[course.score >= 1.0].tolist())
    out: set[int] = set()
    for finding in found.findings:
        if finding.group == course.group:
            first = bool(finding.suspects) and finding.suspects[0].series == course.series
            out |= set(finding.rows) & (alarmed if first else alarmed & strange)
    return tuple(sorted(out))
