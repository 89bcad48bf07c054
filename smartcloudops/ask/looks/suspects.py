"""Hosts ranked by how far their series stray: causes before effects, the silent first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smartcloudops.ask.looks.straying import LEAST
from smartcloudops.core.times import DAY, MINUTE

# What a host must reach to be suspected: between it and what strays at all lies chance among thousands of series.
ACCUSED = 6.5
_CAP, _SILENCE = 200.0, 150.0
_GROWN, _DAMPED = 1.5, 0.5
_YOUNG, _YOUNG_MS = 0.75, 15 * MINUTE

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A host, its share of all that is strange, its straying series (the most telling first), and since when (ms) it
    is silent, where it is."""

    entity: str
    share: float
    size: float
    strays: tuple[Document, ...]
    silent: Document | None = None


def ranked(strays: Sequence[Document], silent: Sequence[Document], *, end: int) -> list[Suspect]:
    """The suspects, the strangest first. A silence of more than a day is no news, nor one of those that come and go."""
    hosts: dict[str, list[Document]] = {}
    for one in strays:
        hosts.setdefault(one["entity"], []).append(one)
    gone = {one["entity"]: one for one in silent if end - one["last"] <= DAY and not one.get("passing")}
    found = [_suspect(host, own, gone.get(host)) for host, own in hosts.items()]
    found += [_suspect(host, [], one) for host, one in gone.items() if host not in hosts]
    found = sorted((s for s in found if s.size >= ACCUSED), key=lambda s: (-s.size, s.entity))
    total = sum(min(s.size, _CAP) for s in found)
    return [Suspect(s.entity, min(s.size, _CAP) / total, s.size, s.strays, s.silent) for s in found]


def _suspect(host: str, own: Sequence[Document], silent: Document | None) -> Suspect:
    ordered = tuple(sorted(own, key=lambda one: (not _is_demand(one), -_weight(one, own), one["called"])))
    size = max((_weight(one, own) for one in own), default=0.0)
    if silent is not None:
        size = max(size, _SILENCE * (2 if silent["whole"] else 1))
    return Suspect(host, 0.0, size, ordered, silent)


def _weight(one: Document, own: Sequence[Document]) -> float:
    """Deviations; half of them where it is likely an effect: slow or less asked for, with something else amiss; less
    where it has only begun, which chance does more often."""
    others = any(o["size"] >= LEAST and o["kind"] not in ("latency", None) and o is not one for o in own)
    effect = one["kind"] == "latency" or (one["kind"] == "traffic" and one["value"] < one["usual"])
    lasted = _YOUNG if one["last"] - one["onset"] < _YOUNG_MS else 1.0
    return float(one["size"]) * (_DAMPED if effect and others else 1.0) * lasted


def _is_demand(one: Document) -> bool:
    """More work than usual explains what it makes busy and slow."""
    grown = one["usual"] > 0 and one["value"] >= _GROWN * one["usual"]
    return one["kind"] == "traffic" and "disk" not in one["metric"] and grown and one["size"] >= ACCUSED
