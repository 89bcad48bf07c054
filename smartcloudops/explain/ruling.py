"""What is no suspect and why, and the calls worth drawing."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from smartcloudops.core.quantities import quantity
from smartcloudops.explain.evidence import course
from smartcloudops.explain.findings import RuledOut
from smartcloudops.explain.settle import Case, listed
from smartcloudops.explain.topology import Edge, Graph

MOST = 20
SHOWN = 5
_SMALL = 0.01


def quiet(case: Case) -> tuple[RuledOut, ...]:
    """The parts as they are, where there is no incident."""
    return _capped([RuledOut(name, course(case, i)) for i, name in enumerate(case.table.names)])


def ruled_out(
    case: Case, calls: Graph, felt: Mapping[str, float], own: Mapping[str, float], unit: str
) -> tuple[RuledOut, ...]:
    """First those whose excess is that of their callees, then those as usual, then those without a series."""
    passed, usual = [], []
    for i, name in enumerate(case.table.names):
        if own.get(name, 0.0) > 0:
            continue
        if felt[name] > 0:
            passed.append((felt[name], RuledOut(name, _passed_on(name, case, calls, felt, unit))))
        else:
            usual.append(RuledOut(name, f"as usual: {course(case, i)}"))
    bare = sorted(n for n in calls.depths(case.part) if n not in felt)
    blind = [RuledOut(name, f"no {case.table.metric}") for name in bare]
    passed.sort(key=lambda pair: (-pair[0], pair[1].entity))
    return _capped([one for _, one in passed] + usual + blind)


def _passed_on(name: str, case: Case, calls: Graph, felt: Mapping[str, float], unit: str) -> str:
    sources = [c for c in calls.callees.get(name, ()) if felt.get(c, 0.0) > 0]
    size = f"{quantity(felt[name])} {unit}"
    if not sources:
        return f"{size}, which is where it is felt" if name == case.part else f"{size}, not in the symptom's rows"
    ranked = sorted(sources, key=lambda c: -felt[c])
    return f"{size}, no more than what it calls: {listed([f'{c} ({quantity(felt[c])})' for c in ranked], most=2)}"


def _capped(found: list[RuledOut]) -> tuple[RuledOut, ...]:
    rest = len(found) - MOST
    more = [RuledOut(f"{rest} more", "as usual, or without a series")] if rest > 0 else []
    return tuple(found[:MOST] + more)


def tree(start: str, calls: Graph, felt: Mapping[str, float], suspects: set[str]) -> tuple[Edge, ...]:
    """The calls on the way from the symptom to suspects and to whatever has a hundredth of the largest excess; each
    part hangs once."""
    depth = calls.depths(start)
    least = _SMALL * max(felt.values(), default=0.0)
    wanted = {n for n in depth if felt.get(n, 0.0) > least} | (suspects & set(depth))
    above: dict[str, str] = {}
    for node in sorted(wanted - {start}, key=lambda n: (depth[n], -felt.get(n, 0.0), n)):
        for caller, callee in pairwise(calls.path(start, node, felt)):
            above.setdefault(callee, caller)
    return tuple((caller, callee) for callee, caller in above.items())
