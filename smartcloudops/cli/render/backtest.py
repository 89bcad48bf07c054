"""What a backtest wrote, one row a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from smartcloudops.anomaly.backtest import Outcome
from smartcloudops.cli.render.output import Table


def document(outcome: Outcome) -> dict[str, Any]:
    """One file's outcome as JSON."""
    return asdict(outcome)


def table(outcomes: Sequence[Outcome]) -> Table:
    """Rows, notifications, incidents and fits of every file."""
    columns = ("file", "rows", "alerts", "incidents", "fits", "state")
    rows = [(o.file, str(o.rows), str(o.alerts), str(o.incidents), str(o.fits), o.error or "written") for o in outcomes]
    styles = ["red" if o.error else "" for o in outcomes]
    return Table(columns, rows, [document(o) for o in outcomes], frozenset(columns[1:5]), styles)
