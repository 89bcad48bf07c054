"""Incidents as a table, as details, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.cli.render.clock import moment, span
from smartcloudops.cli.render.output import Table
from smartcloudops.core.records import Incident
from smartcloudops.core.times import rfc3339
from smartcloudops.explain.findings import evidence

STYLES = {"critical": "bold red", "warning": "yellow", "info": ""}


def document(incident: Incident) -> dict[str, Any]:
    """An incident as JSON; times RFC 3339, UTC."""
    return {
        "id": incident.id,
        "fingerprint": incident.fingerprint,
        "group": incident.group,
        "source": incident.source,
        "severity": incident.severity,
        "start": rfc3339(incident.start),
        "last": rfc3339(incident.last),
        "end": None if incident.end is None else rfc3339(incident.end),
        "ongoing": incident.end is None,
        "peak": round(incident.peak, 3),
        "suspects": [{"series": s.series, "share": round(s.share, 3), "reason": s.reason} for s in incident.suspects],
        "label": incident.label,
        "acked": None if incident.acked is None else rfc3339(incident.acked),
        "note": incident.note,
        "model": incident.model,
        "evidence": [evidence(e) for e in incident.evidence],
    }


def table(incidents: Sequence[Incident], now: int, lines: Mapping[str, str] | None = None) -> Table:
    """One row an incident; `lines` are sparklines of the first suspects by incident id."""
    drawn = lines or {}
    columns = ("id", "severity", "entity", "since", "lasted", "score", "first suspect", "why")
    rows = [_row(i, now) + ((drawn.get(i.id, ""),) if drawn else ()) for i in incidents]
    return Table(
        columns=columns + (("trend",) if drawn else ()),
        rows=rows,
        records=[document(i) for i in incidents],
        right=frozenset({"score", "lasted"}),
        styles=[STYLES[i.severity] if i.end is None else "dim" for i in incidents],
        empty="no incidents",
        fixed=frozenset({"id", "severity", "since", "lasted", "score"}),
        spare=("trend", "lasted", "why", "since"),
    )


def _row(incident: Incident, now: int) -> tuple[str, ...]:
    first = incident.suspects[0] if incident.suspects else None
    lasted = span(incident.start, incident.last if incident.end is None else incident.end)
    marks = {True: " (true)", False: " (false alarm)", None: ""}
    open_ = ", open" if incident.end is None else ""
    acked = "" if incident.acked is None else ", acked"
    return (
        incident.id,
        incident.severity + open_ + acked + marks[incident.label],
        incident.group,
        moment(incident.start),
        lasted,
        f"{incident.peak:.2f}",
        first.series if first else "",
        first.reason if first else "",
    )


def details(incident: Incident, events: Sequence[tuple[str, int]]) -> Table:
    """One incident as field and value."""
    rows = [
        ("id", incident.id),
        ("entity", incident.group),
        ("source", incident.source),
        ("severity", incident.severity),
        ("score", f"{incident.peak:.2f} (1 is one event in 7 days)"),
        ("started", moment(incident.start)),
        ("last seen", moment(incident.last)),
        ("ended", "still open" if incident.end is None else moment(incident.end)),
        ("label", {True: "true", False: "false alarm", None: "none"}[incident.label]),
        ("acknowledged", "no" if incident.acked is None else _acked(incident.acked, incident.note)),
        ("model", incident.model or ""),
    ]
    rows += [(f"suspect {n}", _suspect(s)) for n, s in enumerate(incident.suspects, 1)]
    rows += [("logs" if e.kind == "log" else e.kind, e.text) for e in incident.evidence]
    rows += [(kind, moment(at)) for kind, at in events]
    records = [{"field": name, "value": value} for name, value in rows]
    return Table(("field", "value"), rows, records)


def _acked(at: int, note: str | None) -> str:
    return moment(at) + (f": {note}" if note else "")


def _suspect(suspect: Any) -> str:
    return f"{suspect.series}  {suspect.share:.0%}  {suspect.reason}"
