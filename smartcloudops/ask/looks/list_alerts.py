"""What fires now, what is pending, silenced or inhibited, and the silences, from Prometheus and Alertmanager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.alerts.read import PATIENCE_S, STATES, Alerts, Firing, Rules, Silence, read
from smartcloudops.ask.entities import entity_of, rest_of
from smartcloudops.ask.looks.quoting import figures
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.list_alerts import LIMIT
from smartcloudops.ask.world import World
from smartcloudops.core.errors import ScoError
from smartcloudops.core.records import Evidence
from smartcloudops.core.times import MINUTE, SECOND, format_duration, minute

_QUERY = "/api/v1/alerts, /api/v2/alerts, /api/v2/silences"
_MOST_SILENCES = 10
_LEAST_PATIENCE_S, _PART = 0.3, 0.6
_FROM_FILE = "alerts are not asked for while metrics are read from a file: they are of now, the file is of another time"
_NONE = (
    "no source of alerts is configured: there is neither `[prometheus] url` nor an `[alerts.NAME]` of type alertmanager"
)


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Ask the servers; a server that does not answer is part of the result."""
    now = world.clock()
    if world.path is not None:
        return _nothing(_FROM_FILE)
    rules, problems = _rules(world)
    found = read(world.config, rules, patience_s=_patience_s(world))
    missing = (*problems, *found.missing)
    if not found.read and not missing:
        return _nothing(_NONE)
    chosen = [a for a in found.firing if _is_wanted(a, arguments)]
    shown = chosen[: arguments.get("limit", LIMIT)]
    sheet = Sheet(
        _head(found, chosen, shown, arguments, now),
        ("alert", "state", "severity", "since", "for", "value", "labels", "summary"),
        [_row(a, now) for a in shown],
        [*_silence_lines(found.silences, now), *(f"not read: {each}" for each in missing)],
    )
    return Result(sheet.text(), (_evidence(sheet, found, shown, now),), _data(found, chosen, shown, missing, now))


def _patience_s(world: World) -> float:
    """So that one server that is silent does not make the others late for the context."""
    return min(PATIENCE_S, max(_LEAST_PATIENCE_S, world.config.ask.context_ms / SECOND * _PART))


def _nothing(text: str) -> Result:
    data = {"alerts": [], "silences": [], "counts": dict.fromkeys(STATES, 0), "total": 0, "read": [], "missing": []}
    return Result(text, (), data | {"note": text})


def _rules(world: World) -> tuple[Rules | None, tuple[str, ...]]:
    """The server of the metrics, where there is one; why there is none although one is configured."""
    if not world.config.prometheus.url:
        return None, ()
    from smartcloudops.metrics.prometheus import Prometheus

    try:
        source = world.source()
    except ScoError as e:
        return None, (f"prometheus: {e.message}",)
    return (source if isinstance(source, Prometheus) else None), ()


def _is_wanted(alert: Firing, arguments: Mapping[str, Any]) -> bool:
    texts = (alert.name, alert.summary, *alert.labels.values())
    wanted = str(arguments.get("contains", "")).casefold()
    return arguments.get("state", alert.state) == alert.state and any(wanted in text.casefold() for text in texts)


def _head(
    found: Alerts, chosen: Sequence[Firing], shown: Sequence[Firing], arguments: Mapping[str, Any], now: int
) -> str:
    counts = ", ".join(f"{count} {state}" for state, count in _counts(found).items())
    said = f"§1 alerts of {', '.join(found.read) or 'no server'} at {minute(now)}: {counts}"
    narrowed = " and ".join(f"{name} '{arguments[name]}'" for name in ("state", "contains") if name in arguments)
    said += f"; {len(chosen)} with {narrowed}" if narrowed else ""
    return said + (f"; the {len(shown)} most pressing of {len(chosen)}" if len(shown) < len(chosen) else "")


def _counts(found: Alerts) -> dict[str, int]:
    return {state: sum(a.state == state for a in found.firing) for state in STATES}


def _row(alert: Firing, now: int) -> Row:
    lasted = None if alert.since is None else max(0, now - alert.since)
    name = f"{alert.name} (sco's own)" if alert.mine else alert.name
    summary = f"incident {alert.incident}: {alert.summary}" if alert.incident else alert.summary
    cells = {
        "alert": Cell(name),
        "state": Cell(alert.state),
        "severity": Cell(alert.severity),
        "since": Cell("" if alert.since is None else minute(alert.since)),
        "for": Cell("" if lasted is None else _lasted(lasted)),
        "value": Cell("" if alert.value is None else alert.value),
        "labels": Cell(_short(rest_of(alert.labels), 100)),
        "summary": Cell(_short(summary, 160)),
    }
    return Row(entity_of(alert.labels, alert.name), cells)


def _lasted(ms: int) -> str:
    return format_duration(ms // MINUTE * MINUTE) if ms >= MINUTE else "under 1m"


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _silence_lines(silences: Sequence[Silence], now: int) -> list[str]:
    lines = []
    for s in silences[:_MOST_SILENCES]:
        pending = f"from {minute(s.since)} " if s.since is not None and s.since > now else ""
        until = "for ever" if s.until is None else f"until {minute(s.until)}"
        said = f": {_short(s.comment, 160)}" if s.comment else ""
        matchers = _short(", ".join(s.matchers), 200)
        lines.append(f"silence {s.id[:8]} {pending}{until} by {_short(s.by, 60) or 'nobody named'} on {matchers}{said}")
    left = len(silences) - _MOST_SILENCES
    return [*lines, f"and {left} more silences"] if left > 0 else lines


def _evidence(sheet: Sheet, found: Alerts, shown: Sequence[Firing], now: int) -> Evidence:
    """The figures of the sheet, how long each lasts, and how many there are."""
    source = ", ".join(found.read)
    counted = [("alerts", state, count, "") for state, count in _counts(found).items()]
    counted.append(("alerts", "silences", len(found.silences), ""))
    values = [_value(entity, name, count, unit, f"0.{name}") for entity, name, count, unit in counted]
    for number, (row, alert) in enumerate(zip(sheet.rows, shown, strict=True), 1):
        if alert.since is not None:
            lasted = max(0, now - alert.since) / 1000
            values.append(_value(row.entity, f"{alert.name} for", lasted, "s", f"{number}.for") | {"time": alert.since})
        if alert.value is not None:
            values.append(_value(row.entity, f"{alert.name} value", alert.value, "", f"{number}.value"))
        values += figures(alert.summary, entity=row.entity, name=alert.name, ref=f"{number}.summary")
    for number, silence in enumerate(found.silences[:_MOST_SILENCES], 1):
        values.append(_value("alerts", "silence until", 1, "", f"0.silence{number}") | {"time": silence.until})
    return Evidence("", "alert", source, _QUERY, None, now, now, tuple(values), sheet.head.removeprefix("§1 "))


def _value(entity: str, name: str, value: float, unit: str, ref: str) -> dict[str, Any]:
    return {"entity": entity, "name": name, "value": value, "unit": unit, "time": None, "ref": ref}


def _data(
    found: Alerts, chosen: Sequence[Firing], shown: Sequence[Firing], missing: Sequence[str], now: int
) -> dict[str, Any]:
    return {
        "now": now,
        "counts": _counts(found),
        "total": len(chosen),
        "alerts": [_alert(a, number) for number, a in enumerate(shown, 1)],
        "silences": [
            {
                "id": s.id,
                "matchers": list(s.matchers),
                "since": s.since,
                "until": s.until,
                "by": s.by,
                "comment": s.comment,
            }
            for s in found.silences[:_MOST_SILENCES]
        ],
        "read": list(found.read),
        "missing": list(missing),
    }


def _alert(alert: Firing, number: int) -> dict[str, Any]:
    return {
        "name": alert.name,
        "entity": entity_of(alert.labels, alert.name),
        "labels": dict(alert.labels),
        "state": alert.state,
        "severity": alert.severity,
        "since": alert.since,
        "summary": alert.summary,
        "value": alert.value,
        "source": alert.source,
        "mine": alert.mine,
        "incident": alert.incident,
        "row": number,
    }
