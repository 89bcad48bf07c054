"""The incidents that `sco detect` recorded: open ones first, each with its suspects, label and who takes care of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.ask.entities import entity_of
from smartcloudops.ask.looks.quoting import figures
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.list_incidents import LIMIT
from smartcloudops.ask.world import World
from smartcloudops.core.errors import DataError
from smartcloudops.core.quantities import quantity
from smartcloudops.core.records import Evidence, Incident, Suspect
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.text import printable
from smartcloudops.core.times import MINUTE, format_duration, minute, parse_time
from smartcloudops.metrics.series import parse_series_name
from smartcloudops.triage import ledger
from smartcloudops.triage.filters import Wanted

_SUSPECTS = 3
_NEVER = "no incident was ever recorded here: sco detect has not run"
_LABELS = {True: "real", False: "false alarm", None: ""}


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Read the state; where there is none yet, that is the answer."""
    now = world.clock()
    if not (world.config.state_dir / FILE).exists():
        return Result(_NEVER, (), {"incidents": [], "total": 0, "open": 0, "known": 0, "note": _NEVER})
    wanted = Wanted(
        open=True if arguments.get("open_only") else None,
        entity=arguments.get("host"),
        since=parse_time(arguments["since"], now=now) if "since" in arguments else None,
    )
    with open_state(world.config.state_dir) as db:
        known = ledger.list_incidents(db)
    chosen = [i for i in known if wanted.takes(i)]
    shown = chosen[: arguments.get("limit", LIMIT)]
    sheet = _sheet(known, chosen, shown, arguments, now)
    data = {
        "incidents": [_document(i, now, number) for number, i in enumerate(shown, 1)],
        "total": len(chosen),
        "open": sum(i.end is None for i in chosen),
        "known": len(known),
    }
    return Result(sheet.text(), (_evidence(sheet, shown, world, now, chosen),), data)


def _sheet(
    known: Sequence[Incident],
    chosen: Sequence[Incident],
    shown: Sequence[Incident],
    arguments: Mapping[str, Any],
    now: int,
) -> Sheet:
    lines = [line for i in shown for line in _suspect_lines(i)]
    return Sheet(
        _head(known, chosen, shown, arguments, now),
        ("id", "state", "severity", "since", "lasted", "score", "label", "note"),
        [Row(entity(i), _cells(i, now)) for i in shown],
        lines,
    )


def _head(
    known: Sequence[Incident],
    chosen: Sequence[Incident],
    shown: Sequence[Incident],
    arguments: Mapping[str, Any],
    now: int,
) -> str:
    open_ = sum(i.end is None for i in chosen)
    narrowed = ", ".join(f"{name} {arguments[name]}" for name in ("since", "host") if name in arguments)
    said = f"§1 incidents at {minute(now)}{f' ({narrowed})' if narrowed else ''}: {open_} open"
    if not arguments.get("open_only"):
        said += f", {len(chosen) - open_} over"
    if not chosen and known:
        newest = max(known, key=lambda i: i.start)
        said += f"; the last of all began {minute(newest.start)} ({newest.id}, {entity(newest)})"
    return said + (f"; the first {len(shown)} of {len(chosen)}" if len(shown) < len(chosen) else "")


def entity(incident: Incident) -> str:
    """The host of an incident, else its group."""
    try:
        labels = parse_series_name(incident.group)
    except DataError:
        labels = {}
    return entity_of(labels, incident.group)


def _cells(incident: Incident, now: int) -> dict[str, Cell]:
    acked = "" if incident.acked is None else ", acknowledged"
    return {
        "id": Cell(incident.id),
        "state": Cell(("open" if incident.end is None else "over") + acked),
        "severity": Cell(incident.severity),
        "since": Cell(minute(incident.start)),
        "lasted": Cell(format_duration(_lasted(incident, now) // MINUTE * MINUTE)),
        "score": Cell(round(incident.peak, 2)),
        "label": Cell(_LABELS[incident.label]),
        "note": Cell((incident.note or "")[:100]),
    }


def _lasted(incident: Incident, now: int) -> int:
    """Ms up to its end, or to now where it goes on."""
    return max(0, (now if incident.end is None else incident.end) - incident.start)


def _suspect_lines(incident: Incident) -> list[str]:
    return [
        f"{incident.id} suspect {n}: {printable(s.series)}, share {quantity(_percent(s), '%')}: {printable(s.reason)}"
        for n, s in enumerate(incident.suspects[:_SUSPECTS], 1)
    ]


def _percent(suspect: Suspect) -> float:
    return round(100 * suspect.share, 1)


def _evidence(sheet: Sheet, shown: Sequence[Incident], world: World, now: int, chosen: Sequence[Incident]) -> Evidence:
    open_ = sum(i.end is None for i in chosen)
    values = [
        _value("incidents", "open", open_, "", "0.open"),
        _value("incidents", "over", len(chosen) - open_, "", "0.over"),
    ]
    for value in sheet.values("incident"):
        incident = shown[int(value["ref"].partition(".")[0]) - 1]
        values.append({**value, "time": incident.start})
    for number, (row, incident) in enumerate(zip(sheet.rows, shown, strict=True), 1):
        lasted = _value(row.entity, "incident lasted", _lasted(incident, now) / 1000, "s", f"{number}.lasted")
        values.append({**lasted, "time": incident.last if incident.end is None else incident.end})
        for n, s in enumerate(incident.suspects[:_SUSPECTS], 1):
            values.append(_value(row.entity, f"{s.series} share", _percent(s), "%", f"{number}.share{n}"))
            values += figures(s.reason, entity=row.entity, name=s.series, ref=f"{number}.why{n}_")
    start = min((i.start for i in shown), default=None)
    text = sheet.head.removeprefix("§1 ")
    return Evidence("", "alert", "incidents of sco detect", "sco incidents list", start, now, now, tuple(values), text)


def _value(entity: str, name: str, value: float, unit: str, ref: str) -> dict[str, Any]:
    return {"entity": entity, "name": name, "value": value, "unit": unit, "time": None, "ref": ref}


def _document(incident: Incident, now: int, number: int) -> dict[str, Any]:
    return {
        "id": incident.id,
        "entity": entity(incident),
        "group": incident.group,
        "source": incident.source,
        "severity": incident.severity,
        "open": incident.end is None,
        "start": incident.start,
        "last": incident.last,
        "end": incident.end,
        "lasted_ms": _lasted(incident, now),
        "peak": round(incident.peak, 3),
        "suspects": [{"series": s.series, "share": round(s.share, 3), "reason": s.reason} for s in incident.suspects],
        "label": incident.label,
        "acked": incident.acked,
        "note": incident.note,
        "model": incident.model,
        "row": number,
    }
