"""Notifications as data: which are due for an incident, and the document that is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from smartcloudops.core.records import Incident, Severity
from smartcloudops.core.times import rfc3339

Kind = Literal["opened", "escalated", "reminder", "closed", "test"]
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification. `key` is the same however often it is sent; `document` is plain JSON."""

    key: str
    kind: Kind
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What a sink was last told of an incident: when, its severity and last anomalous row then, and if it is over."""

    at: int
    severity: Severity
    last: int
    closed: bool = False


def due(incident: Incident, told: Told | None, *, fresh: bool, repeat_ms: int, now: int) -> tuple[Kind, ...]:
    """What a sink must still hear; `fresh`: the incident was opened by this run.

    A reminder needs the incident to have gone on since, and nobody to have acknowledged it. One that was over
    before a sink knew of it is not news.
    """
    over = incident.end is not None
    if told is None:
        heard: tuple[Kind, ...] = ("opened", "closed") if over else ("opened",)
        return heard if fresh or not over else ()
    if over:
        return () if told.closed else ("closed",)
    if told.severity != "critical" and incident.severity == "critical":
        return ("escalated",)
    gone_on = now - told.at >= repeat_ms and incident.last > told.last
    return ("reminder",) if gone_on and incident.acked is None else ()


def key_of(incident: Incident, kind: Kind, now: int) -> str:
    """Stable for what happens once; a reminder is one of many."""
    return f"{incident.id}-{kind}" + (f"-{now // 1000}" if kind == "reminder" else "")


def document(
    incident: Incident, kind: Kind, *, key: str, labels: Mapping[str, str], link: str | None, now: int
) -> dict[str, Any]:
    """What is sent; `labels` are the entity's, `link` leads to where its first suspect can be seen."""
    return {
        "schema_version": SCHEMA_VERSION,
        "id": key,
        "event": kind,
        "time": rfc3339(now),
        "text": _text(incident, kind),
        "incident": {
            "id": incident.id,
            "severity": incident.severity,
            "entity": incident.group,
            "labels": dict(labels),
            "source": incident.source,
            "start": rfc3339(incident.start),
            "last": rfc3339(incident.last),
            "end": None if incident.end is None else rfc3339(incident.end),
            "ongoing": incident.end is None,
            "peak": round(incident.peak, 3),
            "suspects": [
                {"series": s.series, "share": round(s.share, 3), "reason": s.reason} for s in incident.suspects
            ],
            "model": incident.model,
            **({"logs": logged} if (logged := _logged(incident)) else {}),
        },
        "link": link,
    }


def trial_notice(now: int) -> Notice:
    """A notification about nothing, to see whether it arrives."""
    incident = Incident("test", "test", '{instance="test"}', now, now, None, "info", 0.0)
    key = f"test-{now}"
    body = document(incident, "test", key=key, labels={"instance": "test"}, link=None, now=now)
    return Notice(key, "test", body | {"text": "a test notification from sco; nothing is wrong"})


_WORDS: dict[Kind, str] = {
    "opened": "{severity} incident {id}: {entity}",
    "escalated": "incident {id} is {severity} now: {entity}",
    "reminder": "{severity} incident {id} is still open: {entity}",
    "closed": "incident {id} is over: {entity}",
    "test": "test",
}


def _text(incident: Incident, kind: Kind) -> str:
    said = _WORDS[kind].format(severity=incident.severity, id=incident.id, entity=incident.group)
    first = incident.suspects[0] if incident.suspects and kind != "closed" else None
    if first is None:
        return said
    return "; ".join([f"{said}: {first.series} is {first.reason}", *_logged(incident)])


def _logged(incident: Incident) -> list[str]:
    return [e.text for e in incident.evidence if e.kind == "log"]
