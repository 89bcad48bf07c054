"""The incidents in `state.db`: findings become incidents, once each.

One transaction a run. An incident is found again by its fingerprint and overlapping time, so scoring a window
twice, or after a crash, changes nothing; a partial unique index keeps two open ones of a group apart.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from smartcloudops.core.errors import UsageError
from smartcloudops.core.files import sha256
from smartcloudops.core.records import Evidence, Finding, Incident, Severity, Suspect
from smartcloudops.core.state import State
from smartcloudops.core.times import DAY, WEEK

CRITICAL = 2.0
VANISHED_MS = DAY
FORGOTTEN_MS = WEEK
NAMED = 3

Change = Literal["opened", "updated", "closed"]


@dataclass(frozen=True, slots=True)
class Triage:
    """What a run changed, and every incident that is open now or was touched; `traces` by id, of this run."""

    incidents: tuple[Incident, ...]
    changes: Mapping[str, frozenset[Change]] = field(default_factory=dict)
    traces: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def count(self, change: Change) -> int:
        """How many incidents were opened, updated or closed."""
        return sum(change in changes for changes in self.changes.values())


def fingerprint(source: str, group: str) -> str:
    """Stable over runs and models: it depends on the entity and where its metrics come from."""
    return sha256(f"{source}\n{group}".encode())[:16]


def severity(peak: float) -> Severity:
    """`critical` where the calibrated score says one event in (7 days)² / step, else `warning`."""
    return "critical" if peak >= CRITICAL else "warning"


def apply(
    db: State,
    findings: Sequence[Finding],
    scored: Mapping[str, int],
    *,
    source: str,
    hold_ms: int,
    model: str,
    until: int,
    now: int,
) -> Triage:
    """Write a run's findings; `scored` gives each group's newest scored time. The caller holds the transaction.

    An incident closes once its group was scored for longer than `hold_ms` after its last anomalous row, or its
    series have been gone for a day at `until`, the end of the scored window. Incidents of other sources are left
    alone, but for those that nobody has scored for a week at `now`, the wall clock, which also dates the events.
    """
    run = _Run(db, source, hold_ms, model, now)
    for finding in sorted(findings, key=lambda f: f.start):
        run.take(finding)
    for incident in open_incidents(db, source=source):
        run.touched.setdefault(incident.id, incident)
        if _is_over(incident, scored, hold_ms, until):
            run.close(incident)
    for incident in open_incidents(db):
        if incident.source != source and now - incident.last >= FORGOTTEN_MS:
            run.close(incident)
    ranked = sorted(run.touched.values(), key=lambda i: (i.end is not None, -i.peak, i.start, i.id))
    return Triage(tuple(ranked), {key: frozenset(found) for key, found in run.changes.items()}, run.traces)


@dataclass(slots=True)
class _Run:
    """One run's changes as they are written."""

    db: State
    source: str
    hold_ms: int
    model: str
    now: int
    changes: dict[str, set[Change]] = field(default_factory=dict)
    touched: dict[str, Incident] = field(default_factory=dict)
    traces: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def take(self, finding: Finding) -> None:
        """Continue the incident that the finding belongs to, or open one.

        A closed incident stays as it is: what goes on after its end is a new one.
        """
        known = _overlapping(self.db, self.source, finding, self.hold_ms)
        if known is not None and known.end is not None and finding.last > known.last:
            self.touched[known.id] = known
            self.take(_after(finding, known.last))
            return
        self.traces[known.id if known else self._opened(finding).id] = finding.trace
        if known is None:
            self._open(finding)
        elif finding.last > known.last or finding.peak > known.peak:
            self._record(_grown(known, finding), "updated")
        else:
            self.touched[known.id] = self._told(known, finding)

    def _told(self, known: Incident, finding: Finding) -> Incident:
        """The incident with what was found out about it since, which is no news of the incident itself."""
        if not finding.evidence or finding.evidence == known.evidence:
            return known
        told = replace(known, evidence=finding.evidence)
        _write(self.db, told, self.now)
        return told

    def close(self, incident: Incident) -> None:
        """End an incident at its last anomalous row."""
        self._record(replace(incident, end=incident.last), "closed")

    def _open(self, finding: Finding) -> None:
        """Two of a group are never open at once: the older one is over, since the finding is not part of it."""
        incident = self._opened(finding)
        query = "SELECT * FROM incidents WHERE fingerprint = ? AND end IS NULL"
        row = self.db.row(query, (incident.fingerprint,))
        if row is None:
            self._record(incident, "opened")
        elif row["last"] < finding.start:
            self.close(_incident(row))
            self._record(incident, "opened")
        else:
            self._record(replace(incident, end=incident.last), "opened")
            self.changes[incident.id].add("closed")
            _event(self.db, incident, "closed", self.now)

    def _opened(self, finding: Finding) -> Incident:
        mark = fingerprint(self.source, finding.group)
        return Incident(
            id=sha256(f"{mark}:{finding.start}".encode())[:8],
            fingerprint=mark,
            group=finding.group,
            start=finding.start,
            last=finding.last,
            end=None,
            severity=severity(finding.peak),
            peak=finding.peak,
            suspects=finding.suspects,
            model=self.model,
            source=self.source,
            strong=finding.strong,
            evidence=finding.evidence,
        )

    def _record(self, incident: Incident, change: Change) -> None:
        self.touched[incident.id] = incident
        self.changes.setdefault(incident.id, set()).add(change)
        _write(self.db, incident, self.now)
        _event(self.db, incident, change, self.now)


def _grown(known: Incident, finding: Finding) -> Incident:
    last, peak = max(known.last, finding.last), max(known.peak, finding.peak)
    suspects = finding.suspects if finding.peak >= known.peak and finding.suspects else known.suspects
    strong = max((time for time in (known.strong, finding.strong) if time is not None), default=None)
    evidence = finding.evidence or known.evidence
    return replace(
        known, last=last, peak=peak, suspects=suspects, severity=severity(peak), strong=strong, evidence=evidence
    )


def _after(finding: Finding, time: int) -> Finding:
    """What of a finding comes after a time; its last row does."""
    rows = tuple(row for row in finding.rows if row > time) or (finding.last,)
    strong = finding.strong if finding.strong is not None and finding.strong > time else None
    return replace(finding, start=rows[0], rows=rows, strong=strong)


def _overlapping(db: State, source: str, finding: Finding, hold_ms: int) -> Incident | None:
    """The incident that a finding continues: the open one within the hold, or a closed one it overlaps."""
    row = db.row(
        "SELECT * FROM incidents WHERE fingerprint = ? AND start <= ? AND "
        "((end IS NULL AND last >= ?) OR last >= ?) ORDER BY end IS NOT NULL, start DESC LIMIT 1",
        (fingerprint(source, finding.group), finding.last + hold_ms, finding.start - hold_ms, finding.start),
    )
    return None if row is None else _incident(row)


def _is_over(incident: Incident, scored: Mapping[str, int], hold_ms: int, until: int) -> bool:
    newest = scored.get(incident.group)
    if newest is None:
        return until - incident.last >= VANISHED_MS
    return newest - incident.last > hold_ms


def open_incidents(db: State, *, source: str | None = None) -> list[Incident]:
    """Every incident without an end, of one source or of all, oldest first."""
    query = "SELECT * FROM incidents WHERE end IS NULL AND (? IS NULL OR source = ?) ORDER BY start, id"
    return [_incident(row) for row in db.rows(query, (source, source))]


def unusual_spans(db: State, *, source: str) -> list[tuple[str, int, int]]:
    """(group, start, last) of the source's incidents that were labelled true, or are open and not labelled false:
    times not to learn as normal."""
    which = "(label = 1 OR (label IS NULL AND end IS NULL)) AND source = ?"
    query = f"SELECT grp, start, last FROM incidents WHERE {which} ORDER BY start, id"
    return [(row["grp"], row["start"], row["last"]) for row in db.rows(query, (source,))]


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """How a model's incidents fared: how many it opened, and how many people labelled real or false."""

    incidents: int = 0
    real: int = 0
    false: int = 0

    def as_dict(self) -> dict[str, int]:
        """Plain JSON."""
        return {"incidents": self.incidents, "real": self.real, "false": self.false}


def track_records(db: State) -> dict[str, TrackRecord]:
    """By version of the model that opened the incidents."""
    counts = "count(*) AS n, count(*) FILTER (WHERE label = 1) AS r, count(*) FILTER (WHERE label = 0) AS f"
    query = f"SELECT model, {counts} FROM incidents WHERE model IS NOT NULL GROUP BY model"
    return {row["model"]: TrackRecord(row["n"], row["r"], row["f"]) for row in db.rows(query)}


def newest_by_group(db: State, *, source: str) -> list[Incident]:
    """Of each of the source's groups the open incident, else the newest."""
    place = "row_number() OVER (PARTITION BY fingerprint ORDER BY end IS NULL DESC, start DESC)"
    of_source = f"SELECT *, {place} AS place FROM incidents WHERE source = ?"
    rows = db.rows(f"SELECT * FROM ({of_source}) WHERE place = 1 ORDER BY start, id", (source,))
    return [_incident(row) for row in rows]


def list_incidents(db: State, *, since: int | None = None, limit: int | None = None) -> list[Incident]:
    """Open ones first, then the newest; `since` drops those that ended before it."""
    query = "SELECT * FROM incidents WHERE end IS NULL OR end >= ? ORDER BY end IS NOT NULL, start DESC, id LIMIT ?"
    return [_incident(row) for row in db.rows(query, (since or 0, -1 if limit is None else limit))]


def find_incident(db: State, name: str) -> Incident:
    """The incident whose id is `name` or alone begins with it; UsageError with the nearest otherwise."""
    wanted = name.strip().lower()
    rows = [_incident(r) for r in db.rows("SELECT * FROM incidents ORDER BY start DESC, id")]
    found = [i for i in rows if i.id == wanted] or [i for i in rows if wanted and i.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        hint = f"give more of the id: {_named(found)}"
        raise UsageError(f"'{name}' is the beginning of {len(found)} incidents", hint=hint)
    raise UsageError(f"no incident '{name}'", hint=_nearest(wanted, rows))


def _nearest(name: str, known: Sequence[Incident]) -> str:
    """The incidents whose ids look most like `name`, else the newest ones."""
    if not known:
        return "sco detect (there is no incident yet)"
    by_id = {i.id: i for i in known}
    close = [by_id[key] for key in difflib.get_close_matches(name, by_id, n=NAMED, cutoff=0.6)]
    return f"did you mean {_named(close)}?" if close else f"the newest: {_named(known)}; all: sco incidents list"


def _named(incidents: Sequence[Incident]) -> str:
    return ", ".join(f"{i.id} ({i.group})" for i in incidents[:NAMED]) + (" …" if len(incidents) > NAMED else "")


def events_of(db: State, incident: Incident) -> list[tuple[str, int]]:
    """(kind, time) of everything that happened to an incident, oldest first."""
    query = "SELECT kind, at FROM incident_events WHERE incident_id = ? ORDER BY id"
    return [(row["kind"], row["at"]) for row in db.rows(query, (incident.id,))]


def label_incident(db: State, incident: Incident, label: bool | None, *, now: int) -> Incident:
    """Record whether an incident was real; the caller holds the transaction."""
    db.execute("UPDATE incidents SET label = ?, updated_at = ? WHERE id = ?", (label, now, incident.id))
    labelled = replace(incident, label=label)
    _event(db, labelled, "labelled", now)
    return labelled


def ack_incident(db: State, incident: Incident, acked: bool, *, note: str | None = None, now: int) -> Incident:
    """Record that somebody takes care of an incident, or does so no more; the caller holds the transaction."""
    changed = replace(incident, acked=now if acked else None, note=note if acked else None)
    values = (changed.acked, changed.note, now, incident.id)
    db.execute("UPDATE incidents SET acked = ?, note = ?, updated_at = ? WHERE id = ?", values)
    _event(db, changed, "acked" if acked else "unacked", now)
    return changed


def _write(db: State, incident: Incident, now: int) -> None:
    row = {
        "id": incident.id,
        "fingerprint": incident.fingerprint,
        "source": incident.source,
        "grp": incident.group,
        "start": incident.start,
        "last": incident.last,
        "end": incident.end,
        "severity": incident.severity,
        "peak": incident.peak,
        "suspects": json.dumps([[s.series, s.share, s.reason] for s in incident.suspects]),
        "label": incident.label,
        "model": incident.model,
        "strong": incident.strong,
        "evidence": json.dumps([asdict(e) for e in incident.evidence]),
        "updated_at": now,
    }
    changing = ("last", "end", "severity", "peak", "suspects", "strong", "evidence", "updated_at")
    db.execute(
        f"INSERT INTO incidents ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)}) "
        f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in changing)}",
        row,
    )


def _event(db: State, incident: Incident, kind: str, now: int) -> None:
    body = {"last": incident.last, "peak": incident.peak, "label": incident.label, "note": incident.note}
    db.execute(
        "INSERT INTO incident_events (incident_id, kind, at, body) VALUES (?, ?, ?, ?)",
        (incident.id, kind, now, json.dumps(body)),
    )


def _incident(row: Mapping[str, Any]) -> Incident:
    return Incident(
        id=row["id"],
        fingerprint=row["fingerprint"],
        group=row["grp"],
        start=row["start"],
        last=row["last"],
        end=row["end"],
        severity=row["severity"],
        peak=row["peak"],
        suspects=tuple(Suspect(*s) for s in json.loads(row["suspects"])),
        label=None if row["label"] is None else bool(row["label"]),
        model=row["model"],
        source=row["source"],
        acked=row["acked"],
        note=row["note"],
        strong=row["strong"],
        evidence=tuple(_evidence(e) for e in json.loads(row["evidence"])),
    )


def _evidence(stored: Mapping[str, Any]) -> Evidence:
    return Evidence(**{**stored, "values": tuple(stored["values"])})
