"""Notifications in `state.db` until they are delivered: at least once, in order for each incident.

What fails is tried again by later runs, after a minute, two, then every four; after three days it is given up by
name. Nothing of a sink's address or credentials is kept here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smartcloudops.alerts.notices import Kind, Notice, Told, due, key_of
from smartcloudops.alerts.sinks import Sink
from smartcloudops.core.errors import DataError, ScoError
from smartcloudops.core.records import Incident
from smartcloudops.core.redact import redact
from smartcloudops.core.state import State
from smartcloudops.core.times import DAY, MINUTE

GIVEN_UP_MS = 3 * DAY
KEPT_MS = 30 * DAY
_LONGEST_WAIT_MS = 4 * MINUTE
_WAITING = "delivered_at IS NULL AND dead_at IS NULL"
_OVER = 'incident_id NOT IN (SELECT id FROM incidents WHERE "end" IS NULL)'

Write = Callable[[Incident, Kind, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One notification for one sink, as it stands."""

    id: int
    sink: str
    notice: Notice
    incident: str
    at: int
    attempts: int
    next_at: int
    delivered_at: int | None
    dead_at: int | None
    error: str | None


def enqueue(
    db: State,
    sinks: Mapping[str, frozenset[Kind]],
    incidents: Sequence[Incident],
    fresh: frozenset[str],
    write: Write,
    *,
    repeat_ms: int,
    now: int,
) -> int:
    """Keep what each sink must still hear of these incidents, `fresh` being the ids of those that this run opened.

    `write` makes a document. The caller holds the transaction that changed the incidents. The number kept.
    """
    count = 0
    for sink, wanted in sinks.items():
        for incident in incidents:
            told = _told(db, sink, incident.id)
            for kind in due(incident, told, fresh=incident.id in fresh, repeat_ms=repeat_ms, now=now):
                if kind in wanted:
                    count += _keep(db, sink, incident, kind, write, now)
    return count


def deliver(
    db: State, sinks: Mapping[str, Callable[[], Sink]], *, now: int, ends: int, clock: Callable[[], int]
) -> tuple[str, ...]:
    """Send what is due to every sink, and say which incidents are still open; what went wrong, a line each.

    A sink that does not answer is left alone until the next run; none of its failures is an error here.
    """
    problems = _give_up(db, now)
    db.execute("DELETE FROM outbox WHERE coalesce(delivered_at, dead_at) < ? AND " + _OVER, (now - KEPT_MS,))
    for name, open_sink in sinks.items():
        try:
            problems += _deliver_to(db, name, open_sink, now=now, ends=ends, clock=clock)
        except ScoError as e:
            problems.append(_problem(db, name, e))
    return tuple(problems)


def entries(db: State, *, waiting: bool = False, limit: int = 50) -> list[Entry]:
    """The newest entries, or those that wait, oldest first."""
    query = f"SELECT * FROM outbox WHERE {_WAITING} ORDER BY id" if waiting else "SELECT * FROM outbox ORDER BY id DESC"
    return [_entry(row) for row in db.rows(f"{query} LIMIT ?", (limit,))]


def _deliver_to(
    db: State, name: str, open_sink: Callable[[], Sink], *, now: int, ends: int, clock: Callable[[], int]
) -> list[str]:
    """Raises what tells that the sink takes nothing now; what it refuses is a line each, and holds its incident up."""
    waiting = [
        _entry(row) for row in db.rows(f"SELECT * FROM outbox WHERE sink = ? AND {_WAITING} ORDER BY id", (name,))
    ]
    if not waiting and not _still_open(db, name):
        return []
    sink = open_sink()
    problems, held = [], set()
    for entry in waiting:
        if entry.incident in held or entry.next_at > now:
            held.add(entry.incident)
            continue
        try:
            sink.send(entry.notice, ends=ends)
        except ScoError as e:
            _failed(db, entry, e, now)
            if not isinstance(e, DataError):
                raise
            held.add(entry.incident)
            problems.append(f"alerts.{name}: '{entry.notice.kind}' of incident {entry.incident} waits: {e.message}")
        else:
            query = "UPDATE outbox SET delivered_at = ?, attempts = attempts + 1, error = NULL WHERE id = ?"
            db.execute(query, (clock(), entry.id))
    sink.refresh(_still_open(db, name), ends=ends)
    return problems


def _still_open(db: State, sink: str) -> list[Notice]:
    """The newest notice of each incident that is open and waits for nothing."""
    newest = f"SELECT max(id) FROM outbox WHERE sink = ? AND NOT ({_WAITING}) GROUP BY incident_id"
    rows = db.rows(f"SELECT * FROM outbox WHERE id IN ({newest}) AND NOT ({_OVER}) ORDER BY id", (sink,))
    return [_entry(row).notice for row in rows]


def _told(db: State, sink: str, incident: str) -> Told | None:
    query = "SELECT * FROM outbox WHERE sink = ? AND incident_id = ? ORDER BY id DESC LIMIT 1"
    row = db.row(query, (sink, incident))
    return None if row is None else Told(row["at"], row["severity"], row["last"], row["kind"] == "closed")


def _keep(db: State, sink: str, incident: Incident, kind: Kind, write: Write, now: int) -> int:
    key = key_of(incident, kind, now)
    row = (sink, key, incident.id, kind, incident.severity, incident.last, json.dumps(write(incident, kind, key)), now)
    return db.execute(
        "INSERT INTO outbox (sink, key, incident_id, kind, severity, last, body, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        row,
    )


def _failed(db: State, entry: Entry, e: ScoError, now: int) -> None:
    wait = min(MINUTE * 2 ** min(entry.attempts, 8), _LONGEST_WAIT_MS) * random.uniform(0.8, 1.0)
    query = "UPDATE outbox SET attempts = attempts + 1, next_at = ?, error = ? WHERE id = ?"
    db.execute(query, (now + round(wait), redact(e.message), entry.id))


def _give_up(db: State, now: int) -> list[str]:
    """Mark what has waited too long; a line for each."""
    overdue = db.rows(f"SELECT * FROM outbox WHERE {_WAITING} AND at < ? ORDER BY id", (now - GIVEN_UP_MS,))
    for row in overdue:
        db.execute("UPDATE outbox SET dead_at = ? WHERE id = ?", (now, row["id"]))
    return [
        f"alerts.{row['sink']}: gave up on '{row['kind']}' of incident {row['incident_id']} after "
        f"{GIVEN_UP_MS // DAY} days: {row['error'] or 'no sink of that name'}"
        for row in overdue
    ]


def _problem(db: State, sink: str, e: ScoError) -> str:
    row = db.row(f"SELECT count(*) AS n FROM outbox WHERE sink = ? AND {_WAITING}", (sink,))
    n = row["n"] if row else 0
    waiting = f"{n} notification{'s' * (n != 1)} wait{'s' * (n == 1)}: " if n else ""
    return f"alerts.{sink}: {waiting}{e.message}"


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        id=row["id"],
        sink=row["sink"],
        notice=Notice(row["key"], row["kind"], json.loads(row["body"])),
        incident=row["incident_id"],
        at=row["at"],
        attempts=row["attempts"],
        next_at=row["next_at"],
        delivered_at=row["delivered_at"],
        dead_at=row["dead_at"],
        error=row["error"],
    )
