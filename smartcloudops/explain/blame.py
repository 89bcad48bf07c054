"""Blame by conservation: what a part's excess is worth beyond that of everything it calls.

A caller waits while its callees do and fails where they fail, so excess weighted by requests is conserved up the call
chain; what is left at a part when its callees' share is taken away began there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smartcloudops.explain.excess import Floats
from smartcloudops.explain.topology import Edge, Graph, loops

OUT_OF_REACH = 0.5
_ALIKE = 0.5
_LEFT = 1 / 3

Rows = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Blame:
    """By part: `own`, the excess that no callee explains, times the weight of where the part stands.

    `reached`: calls from the symptom; `joined`: calls that the graph lacks, as far as the excess tells.
    """

    own: Mapping[str, float]
    reached: Mapping[str, int]
    joined: tuple[Edge, ...]


def blame(names: Sequence[str], rows: Floats, calls: Graph, symptom: str) -> Blame:
    """`rows` (N, R): excess times requests of each part and row.

    Parts that the symptom does not reach count half, for the graph may lack a call. Where the symptom is in no call,
    all count alike.
    """
    total = dict(zip(names, rows.sum(axis=1).tolist(), strict=True))
    reached = calls.depths(symptom)
    by_caller = downward(calls, reached, total)
    own = {n: max(0.0, total[n] - sum(total.get(c, 0.0) for c in by_caller.get(n, ()))) for n in names}
    if symptom not in calls.nodes:
        return Blame(own, {}, ())
    joined = _join(dict(zip(names, rows, strict=True)), total, own, calls, reached)
    near = set(reached).union(*(calls.depths(callee) for _, callee in joined))
    return Blame({n: x if n in near else x * OUT_OF_REACH for n, x in own.items()}, reached, joined)


def downward(calls: Graph, reached: Mapping[str, int], total: Mapping[str, float]) -> dict[str, list[str]]:
    """The callees that explain each caller: all, but in a loop only those that lie farther from the symptom.

    Parts in a loop would else explain each other away.
    """
    ring = loops(calls)
    far = len(ring) + 1

    def place(name: str) -> tuple[float, float, str]:
        return reached.get(name, far), -total.get(name, 0.0), name

    return {
        caller: [c for c in called if ring[c] != ring[caller] or place(caller) < place(c)]
        for caller, called in calls.callees.items()
    }


def _join(
    rows: Rows, total: Mapping[str, float], own: dict[str, float], calls: Graph, reached: Mapping[str, int]
) -> tuple[Edge, ...]:
    """Find calls that the graph lacks, and take what they explain from `own` of the caller, but for a third.

    Such a callee has an excess that none of its known callers feels, and a part within reach has one of its own of
    at least half the size in the same rows.
    """
    callers = calls.callers()
    joined: list[Edge] = []
    for callee in sorted((n for n in rows if n not in reached and total[n] > 0), key=lambda n: (-total[n], n)):
        size = total[callee]
        if any(total.get(caller, 0.0) >= _ALIKE * size for caller in callers.get(callee, ())):
            continue
        caller = max((n for n in rows if n in reached), key=lambda n: (min(own[n], size), n), default="")
        if not caller or min(own[caller], size) < _ALIKE * size:
            continue
        if np.minimum(rows[caller], rows[callee]).sum() >= _ALIKE * size:
            own[caller] = max(own[caller] - size, own[caller] * _LEFT)
            joined.append((caller, callee))
    return tuple(joined)
