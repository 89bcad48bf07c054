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
    rest = len(case.table.names) - MOST
    found = [RuledOut(name, course(case, i)) for i, name in enumerate(case.table.names[:MOST])]
    return (*found, *_more(rest))


def ruled_out(
    case: Case, calls: Graph, felt: Mapping[str, float], own: Mapping[str, float], unit: str
) -> tuple[RuledOut, ...]:
    """First those whose excess is that of their callees, then those as usual, then those without a series."""
    idle = [i for i, name in enumerate(case.table.names) if not own.get(name, 0.0) > 0]
    passed = sorted((i for i in idle if felt[case.table.names[i]] > 0), key=lambda i: -felt[case.table.names[i]])
    usual = [i for i in idle if not felt[case.table.names[i]] > 0]
    bare = sorted(n for n in calls.depths(case.part) if n not in felt)
    found: list[RuledOut] = []
    for i in passed[:MOST]:
        name = case.table.names[i]
        found.append(RuledOut(name, _passed_on(name, case, calls, felt, unit)))
    found += [RuledOut(case.table.names[i], course(case, i)) for i in usual[: MOST - len(found)]]
    found += [RuledOut(name, f"no {case.table.metric}") for name in bare[: MOST - len(found)]]
    return (*found, *_more(len(idle) + len(bare) - len(found)))


def _passed_on(name: str, case: Case, calls: Graph, felt: Mapping[str, float], unit: str) -> str:
    sources = [c for c in calls.callees.get(name, ()) if felt.get(c, 0.0) > 0]
    size = f"{quantity(felt[name])} {unit}"
    if not sources:
        return f"{size}, which is where it is felt" if name == case.part else f"{size}, not in the symptom's rows"
    ranked = sorted(sources, key=lambda c: -felt[c])
    return f"{size}, no more than what it calls: {listed([f'{c} ({quantity(felt[c])})' for c in ranked], most=2)}"


def _more(rest: int) -> list[RuledOut]:
    return [RuledOut(f"{rest} more", "as usual, explained by what they call, or without a series")] if rest > 0 else []


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
