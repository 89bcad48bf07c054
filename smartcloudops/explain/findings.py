"""What an explanation says, and its one JSON form for the command, the answers and the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from smartcloudops.core.records import Evidence
from smartcloudops.core.times import rfc3339
from smartcloudops.explain.topology import Edge

Mode = Literal["flow", "excess", "metrics"]
Confidence = Literal["high", "medium", "low"]

MODES: Mapping[Mode, str] = {
    "flow": "excess weighted by requests, less what callees explain",
    "excess": "excess weighted by requests; no call graph",
    "metrics": "distance from the usual of each series",
}


@dataclass(frozen=True, slots=True)
class Symptom:
    """Where it is felt. `at` and `end`: the incident's first and last row, ms; `before` is usual, `after` the worst
    value, in `unit`."""

    series: str
    entity: str
    at: int
    end: int
    before: float | None
    after: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class Culprit:
    """A suspect. Shares add up to 1; `excess` in the explanation's unit; `path`: the calls from the symptom to it."""

    entity: str
    share: float
    confidence: Confidence
    onset: int | None
    path: tuple[str, ...]
    excess: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A part that is no suspect, and why."""

    entity: str
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """`unit` is that of all excess; `felt`: the excess of each part, its callees' included; `calls`: the edges that
    matter, from caller to callee."""

    mode: Mode
    symptom: Symptom | None
    suspects: tuple[Culprit, ...]
    ruled_out: tuple[RuledOut, ...] = ()
    limits: tuple[str, ...] = ()
    unit: str = ""
    felt: Mapping[str, float] = field(default_factory=dict)
    calls: tuple[Edge, ...] = ()


def document(found: Explanation) -> dict[str, Any]:
    """Plain JSON, the same for the same data; times RFC 3339, UTC."""
    return {
        "mode": found.mode,
        "symptom": _symptom(found.symptom),
        "suspects": [culprit(s) for s in found.suspects],
        "ruled_out": [{"entity": r.entity, "reason": r.reason} for r in found.ruled_out],
        "limits": list(found.limits),
        "unit": found.unit,
        "calls": [{"caller": a, "callee": b, "excess": _short(found.felt.get(b, 0.0))} for a, b in found.calls],
    }


def culprit(s: Culprit) -> dict[str, Any]:
    """A suspect with its evidence."""
    return brief(s) | {"evidence": [evidence(e) for e in s.evidence]}


def brief(s: Culprit) -> dict[str, Any]:
    """A suspect without its evidence."""
    return {
        "entity": s.entity,
        "share": round(s.share, 4),
        "confidence": s.confidence,
        "onset": None if s.onset is None else rfc3339(s.onset),
        "path": list(s.path),
        "excess": _short(s.excess),
    }


def evidence(e: Evidence) -> dict[str, Any]:
    """One thing that was looked at, with the query to look again."""
    return {
        "id": e.id,
        "kind": e.kind,
        "source": e.source,
        "query": e.query,
        "start": None if e.start is None else rfc3339(e.start),
        "end": None if e.end is None else rfc3339(e.end),
        "ran_at": rfc3339(e.ran_at),
        "values": [{**v, "time": rfc3339(v["time"]) if v.get("time") is not None else None} for v in e.values],
        "text": e.text,
    }


def _symptom(symptom: Symptom | None) -> dict[str, Any] | None:
    if symptom is None:
        return None
    return {
        "series": symptom.series,
        "entity": symptom.entity,
        "at": rfc3339(symptom.at),
        "end": rfc3339(symptom.end),
        "before": symptom.before,
        "after": symptom.after,
        "unit": symptom.unit,
    }


def _short(value: float) -> float:
    """Six significant digits: what differs beyond them is the machine's."""
    return float(f"{value:.6g}")
