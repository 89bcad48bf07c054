"""Data -> suspects: settle the case, see whether it is one, rank by the mode that the data allows, give evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from smartcloudops.core.times import DAY
from smartcloudops.explain import evidence, excess, ruling
from smartcloudops.explain.blame import Blame, blame, downward
from smartcloudops.explain.entities import Recording
from smartcloudops.explain.excess import Floats
from smartcloudops.explain.findings import Confidence, Culprit, Explanation, Mode
from smartcloudops.explain.ranking import rank_series
from smartcloudops.explain.settle import Case, Question, listed, lone, require, settle
from smartcloudops.explain.symptoms import STRONG, agrees, moves, stands_out
from smartcloudops.explain.tails import surprise
from smartcloudops.explain.topology import Edge, Graph, graph

SURE, LIKELY = 0.6, 0.3
_CAP = 10.0
# The strangest of so few courses is judged as if it had been named.
_FEW = 10


def explain(recording: Recording, question: Question, edges: Iterable[Edge] = ()) -> Explanation:
    """The suspects of one incident; none where nothing stands out. Raises UsageError for an unknown symptom,
    DataError where no row belongs to the time that was asked for."""
    calls = graph(edges)
    case = settle(recording, question, calls)
    if case is None:
        require(recording, question.series)
        return rank_series(recording, question)
    return _by_parts(recording, question, calls, case)


@dataclass(frozen=True, slots=True)
class _Ranked:
    mode: Mode
    own: Mapping[str, float]
    unit: str
    limits: tuple[str, ...] = ()
    joined: tuple[Edge, ...] = ()


def _by_parts(recording: Recording, question: Question, calls: Graph, case: Case) -> Explanation:
    costs = case.costs
    felt = dict(zip(case.table.names, costs.sum(axis=1).tolist(), strict=True))
    ranked = _rank(case, calls, felt, costs)
    symptom = evidence.symptom(recording, case)
    limits = (*case.limits, *ranked.limits)
    whole = graph([*_edges(calls), *ranked.joined])
    if not _is_incident(case, costs) or not _is_rare(recording, case):
        quiet = f"{case.part} does not stand out: {evidence.course(case, case.row)}"
        return Explanation(ranked.mode, symptom, (), ruling.quiet(case), (*limits, quiet), ranked.unit)
    suspects = _suspects(recording, question, case, whole, ranked)
    shared = evidence.shared_hosts(recording, case.label, [s.entity for s in suspects if s.share >= LIKELY / 2])
    return Explanation(
        ranked.mode,
        symptom,
        suspects,
        ruling.ruled_out(case, whole, felt, ranked.own, ranked.unit),
        (*limits, *shared, *_beyond(case, whole, suspects)),
        ranked.unit,
        felt,
        ruling.tree(case.part, whole, felt, {s.entity for s in suspects[: ruling.SHOWN]}),
    )


def _rank(case: Case, calls: Graph, felt: Mapping[str, float], costs: Floats) -> _Ranked:
    """Blame by part, in the best way that the data allows."""
    waits = case.table.what.kind == "latency"
    unit = "s waited" if waits else "requests failed"
    if not case.weighed:
        return _Ranked("metrics", _agreement(case, calls), "agreement")
    if calls.nodes and case.part in calls.nodes:
        found: Blame = blame(case.table.names, costs, calls, case.part)
        said = [f"the graph seems to lack a call from {a} to {b}: they changed together" for a, b in found.joined]
        return _Ranked("flow", found.own, unit, tuple(said), found.joined)
    why = f"{case.part} is in no call of the graph" if calls.nodes else "no call graph"
    others = {name: cost for name, cost in felt.items() if name != case.part}
    own = others if any(others.values()) else dict(felt)
    return _Ranked("excess", own, unit, (f"{why}: a suspect may only be waiting for another",))


def _agreement(case: Case, calls: Graph) -> dict[str, float]:
    """Without traffic: how much a part is out of the usual in the rows in which the symptom is, less half of the same
    of the callee that is most; one deviation beyond ten says no more than ten."""
    capped = np.minimum(case.sizes, _CAP)
    both = (capped * capped[case.row]).sum(axis=1)
    loud = {n for n, s in zip(case.table.names, case.sizes, strict=True) if stands_out(s)}
    size = {n: float(x) for n, x in zip(case.table.names, both, strict=True) if n in loud}
    below = downward(calls, calls.depths(case.part), size)
    others = {n: x - max((size.get(c, 0.0) for c in below.get(n, ())), default=0.0) / 2 for n, x in size.items()}
    if len(others) > 1:
        others.pop(case.part, None)
    return {n: max(x, 0.0) for n, x in others.items()}


def _is_incident(case: Case, costs: Floats) -> bool:
    """Whether the symptom stands out, or changed together with a part that it may wait for."""
    i = case.row
    if not case.begun:
        return False
    if stands_out(case.sizes[i], lone(case.table, case.normal, i)):
        return True
    others = np.arange(len(case.table.names)) != i
    if not case.weighed:
        return moves(case.sizes[i], case.sizes[others])
    deviation = case.normal.deviation[i] * case.requests[i]
    return agrees(case.over[i] * case.requests[i], costs[others], case.sizes[others], deviation)


def _is_rare(recording: Recording, case: Case) -> bool:
    """Whether a part that is only the strangest of many strays farther than chance explains among so many."""
    if case.among <= _FEW:
        return True
    past, i = case.table.past, case.row
    apart = (case.table.what.worse or 1) * (past[i] - case.normal.middle[i]) / case.normal.deviation[i]
    days = past.shape[1] * recording.step / DAY
    looks = case.among * case.sizes.shape[1]
    found = surprise(case.sizes[i : i + 1], np.maximum(apart, 0.0)[None], looks, least=STRONG, days=days)
    return bool(found[0] > 1.0)


def _suspects(
    recording: Recording, question: Question, case: Case, calls: Graph, ranked: _Ranked
) -> tuple[Culprit, ...]:
    own = sorted(((n, x) for n, x in ranked.own.items() if x > 0), key=lambda pair: (-pair[1], pair[0]))
    total = sum(x for _, x in own)
    times = recording.times[case.start :]
    found = []
    for place, (name, cost) in enumerate(own):
        i = case.table.names.index(name)
        notable = np.flatnonzero(case.sizes[i] >= excess.NOTABLE)
        found.append(
            Culprit(
                name,
                cost / total,
                _confidence(ranked.mode, cost / total, bool(case.table.past.shape[1])),
                int(times[notable[0]]) if len(notable) else None,
                calls.path(case.part, name, ranked.own),
                cost,
                evidence.of_part(recording, question, case, i, full=place < evidence.FULL),
            )
        )
    return tuple(found)


def _confidence(mode: Mode, share: float, history: bool) -> Confidence:
    """High only where blame flows along a graph and history says what is usual."""
    if share >= SURE:
        return "high" if mode == "flow" and history else "medium"
    return "medium" if share >= LIKELY and mode != "metrics" else "low"


def _beyond(case: Case, calls: Graph, suspects: tuple[Culprit, ...]) -> list[str]:
    """Suspects that the symptom is not known to call."""
    if case.part not in calls.nodes:
        return []
    far = [s.entity for s in suspects if not s.path and s.share >= LIKELY / 2]
    return [f"{case.part} is not known to call {listed(far)}: counted half"] if far else []


def _edges(calls: Graph) -> list[Edge]:
    return [(caller, callee) for caller, called in calls.callees.items() for callee in called]
