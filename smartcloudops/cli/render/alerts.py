"""The outbox, for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smartcloudops.alerts.outbox import Entry
from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.output import Table
from smartcloudops.core.times import rfc3339

STYLES = {"delivered": "dim", "waiting": "yellow", "given up": "bold red"}


def state(entry: Entry) -> str:
    """How far it has come."""
    if entry.delivered_at is not None:
        return "delivered"
    return "waiting" if entry.dead_at is None else "given up"


def document(entry: Entry) -> dict[str, Any]:
    """An entry as JSON, with what was or will be sent."""
    return {
        "sink": entry.sink,
        "state": state(entry),
        "event": entry.notice.kind,
        "incident": entry.incident,
        "time": rfc3339(entry.at),
        "delivered": None if entry.delivered_at is None else rfc3339(entry.delivered_at),
        "attempts": entry.attempts,
        "error": entry.error,
        "notification": dict(entry.notice.document),
    }


def table(entries: Sequence[Entry]) -> Table:
    """One row a notification."""
    columns = ("time", "sink", "event", "incident", "state", "tries", "last error")
    rows = [
        (moment(e.at), e.sink, e.notice.kind, e.incident, state(e), str(e.attempts), e.error or "") for e in entries
    ]
    return Table(
        columns,
        rows,
        [document(e) for e in entries],
        frozenset({"tries"}),
        [STYLES[state(e)] for e in entries],
        empty="no notifications",
        fixed=frozenset({"time", "event", "incident", "state"}),
        spare=("tries", "last error"),
    )
