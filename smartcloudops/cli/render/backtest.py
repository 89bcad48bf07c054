"""What a backtest wrote, one row a file, and how good it was where files are labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from smartcloudops.anomaly.backtest import Outcome
from smartcloudops.anomaly.evaluate import Quality
from smartcloudops.cli.render.output import Table
from smartcloudops.cli.render.report import FIGURES, Measured, figures, total


def document(outcomes: Sequence[Outcome], measured: Sequence[Measured] | None = None) -> dict[str, Any]:
    """The outcomes as JSON, with figures where labels were given."""
    rows = [asdict(o) for o in outcomes]
    if measured is None:
        return {"files": rows}
    rows = [row | {"quality": _quality(m.quality)} for row, m in zip(rows, measured, strict=True)]
    return {"files": rows, "quality": _quality(total(measured))}


def _quality(quality: Quality | None) -> dict[str, Any] | None:
    if quality is None:
        return None
    return {
        "windows": quality.windows,
        "met": quality.counts.met,
        "false_alarms": quality.counts.false,
        "precision": quality.precision,
        "recall": quality.recall,
        "f1": quality.f1,
        "auc_pr": _known(quality.auc_pr),
        "delay_rows": _known(quality.delay_rows),
        "delay_ms": _known(quality.delay_ms),
        "series_weeks": quality.weeks,
        "false_alarms_per_series_week": quality.false_per_week,
    }


def _known(value: float) -> float | None:
    return value if value == value else None


def table(outcomes: Sequence[Outcome]) -> Table:
    """Rows, notifications, incidents and fits of every file."""
    columns = ("file", "rows", "alerts", "incidents", "fits", "state")
    rows = [(o.file, str(o.rows), str(o.alerts), str(o.incidents), str(o.fits), o.error or "written") for o in outcomes]
    styles = ["red" if o.error else "" for o in outcomes]
    return Table(columns, rows, [asdict(o) for o in outcomes], frozenset(columns[1:5]), styles)


def say(measured: Sequence[Measured], report: Path | None, stream: TextIO) -> None:
    """The figures over all labelled files, and where the page is."""
    found = total(measured)
    if found is not None:
        labelled = sum(m.quality is not None for m in measured)
        said = ", ".join(f"{name} {value}" for name, value in zip(FIGURES, figures(found), strict=True))
        stream.write(f"{labelled} of {len(measured)} files are labelled: {said}\n")
    if report is not None:
        stream.write(f"report: {report}\n")
