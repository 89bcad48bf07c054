"""What is to be explained: which metric, felt by which part, since when, and what stands at hand to explain it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.registry import nearest
from smartcloudops.core.times import rfc3339
from smartcloudops.explain import excess
from smartcloudops.explain.entities import Recording, Table, part_label, same_means, table, traffic_of
from smartcloudops.explain.excess import Flags, Floats, Usual
from smartcloudops.explain.symptoms import begins, single
from smartcloudops.explain.topology import Graph
from smartcloudops.metrics.series import parse_series_name, series_name


@dataclass(frozen=True, slots=True)
class Question:
    """A symptom's series, or the part that feels it, and since when (ms); None is found from the data.

    `ran_at`: the clock, for the evidence.
    """

    series: str | None = None
    at: int | None = None
    ran_at: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """`part` feels `table`'s metric from row `start` on. Arrays over the table's parts (N) and R rows from there:
    excess `over`, the same as `sizes` in deviations, `requests` (1 where each row counts failures by itself).

    `weighed`: whether the excess of different parts can be compared; `begun`: whether there is a time since when;
    `among`: of how many courses it is the strangest, 1 where it was named.
    """

    series: str
    part: str
    start: int
    label: str
    table: Table
    normal: Usual
    over: Floats
    sizes: Floats
    requests: Floats
    weighed: bool
    begun: bool = True
    among: int = 1
    limits: list[str] = field(default_factory=list)

    @property
    def row(self) -> int:
        """The symptom's row in the table."""
        return self.table.names.index(self.part)

    @property
    def costs(self) -> Floats:
        """Seconds waited or requests failed beyond the usual, (N, R); 0 below three deviations."""
        return excess.notable(self.over, self.sizes) * self.requests


def first_row(recording: Recording, at: int) -> int:
    """The first row at or after a time; the last one where the time lies inside its step. DataError beyond."""
    start = int(np.searchsorted(recording.times, at))
    if start < len(recording.times):
        return start
    if len(recording.times) and at - int(recording.times[-1]) < recording.step:
        return len(recording.times) - 1
    last = f"the last is {rfc3339(int(recording.times[-1]))}" if len(recording.times) else "there is none at all"
    raise DataError(f"there is no row at or after {rfc3339(at)}; {last}", hint="give an earlier --at")


def settle(recording: Recording, question: Question, calls: Graph) -> Case | None:
    """The case, or None where parts cannot be told apart or no part feels anything.

    UsageError for a symptom that is none of the series.
    """
    column = named(recording, question.series)
    labels = recording.labels[column] if column is not None else {}
    label = part_label(recording, calls.nodes, labels)
    if label is None or (column is not None and label not in labels):
        return None
    if column is not None:
        what = recording.meanings[labels["__name__"]]
        if what.kind not in ("latency", "errors"):
            return None
        return _case(recording, recording.names[column], labels["__name__"], labels[label], label, question.at)
    part = question.series
    if part is not None and all(labels.get(label) != part for labels in recording.labels):
        raise _unknown(recording, part, label)
    return _strongest(recording, calls, label, part, question.at)


def named(recording: Recording, series: str | None) -> int | None:
    """The column of a series, however its labels are ordered; None where no column bears the name."""
    if series is None:
        return None
    if series in recording.names:
        return recording.names.index(series)
    try:
        canonical = series_name(parse_series_name(series))
    except DataError:
        return None
    return recording.names.index(canonical) if canonical in recording.names else None


def _unknown(recording: Recording, name: str, label: str | None = None) -> UsageError:
    known = [labels[label] for labels in recording.labels if label in labels] if label else []
    return UsageError(f"no series '{name}' was found", hint=nearest(name, [*dict.fromkeys(known), *recording.names]))


def require(recording: Recording, series: str | None) -> None:
    """UsageError for a symptom that is no series, where no part can be meant."""
    if series is not None and named(recording, series) is None:
        raise _unknown(recording, series)


def _strongest(recording: Recording, calls: Graph, label: str, part: str | None, at: int | None) -> Case | None:
    """Of latency and errors the metric that strays farthest, felt by `part`, or else where calls come in."""
    best: tuple[float, Case] | None = None
    among = 0
    for metric in _felt_metrics(recording):
        case = _loudest(recording, calls, metric, label, part, at)
        if case is None:
            continue
        among += case.among
        size = float(case.sizes[case.row].max(initial=0.0)) if case.begun else 0.0
        if best is None or size > best[0]:
            best = size, case
    return replace(best[1], among=among) if best else None


def _felt_metrics(recording: Recording) -> Iterator[str]:
    for kind in ("latency", "errors"):
        found = recording.of_kind(kind)
        means = [m for m in found if recording.meanings[m].form != "quantile"]
        yield from means or found


def _loudest(
    recording: Recording, calls: Graph, metric: str, label: str, part: str | None, at: int | None
) -> Case | None:
    """The metric's case at `part`. Without one, at the part of the largest excess, which gathers up the call chain: of
    those that no other calls where there is a graph."""
    found = table(recording, metric, label)
    if found is None or (part is not None and part not in found.names) or not len(recording.times):
        return None
    if part is not None:
        return _at(recording, found, part, label, at)
    called = {n for n, callers in calls.callers().items() if set(callers) & set(found.names)}
    open_ = [n for n in found.names if n in calls.nodes and n not in called] or list(found.names)
    whole = _measure(recording, "", found, open_[0], label, 0 if at is None else first_row(recording, at))
    costs = dict(zip(found.names, whole.costs.sum(axis=1).tolist(), strict=True))
    return replace(_at(recording, found, max(open_, key=lambda n: costs[n]), label, at), among=len(open_))


def _at(recording: Recording, found: Table, part: str, label: str, at: int | None) -> Case:
    """The case of one part; where nothing begins, over all rows."""
    i = found.names.index(part)
    start = _start(recording, found, i, at)
    series = recording.names[found.columns[i][0]]
    case = _measure(recording, series, found, part, label, start or 0)
    return replace(case, begun=start is not None)


def _case(recording: Recording, series: str, metric: str, part: str, label: str, at: int | None) -> Case | None:
    limits = []
    if recording.meanings[metric].form == "quantile" and (mean := same_means(recording, metric)):
        limits.append(f"{metric} is a quantile, which does not add up along calls: {mean} was used")
        metric = mean
    found = table(recording, metric, label)
    if found is None or part not in found.names or not len(recording.times):
        return None
    case = _at(recording, found, part, label, at)
    return replace(case, series=series, limits=[*limits, *case.limits])


def _start(recording: Recording, found: Table, i: int, at: int | None) -> int | None:
    """The row that a time falls on; without one, the first at which the part stands out."""
    if at is not None:
        return first_row(recording, at)
    one, past = found.rows[i : i + 1], found.past[i : i + 1]
    normal = excess.usual(past, one, found.what)
    _, sizes = excess.distances(one, one[:, :0], normal, found.what.worse or 1)
    return begins(sizes[0], lone(replace(found, past=past), normal, 0))


def lone(found: Table, normal: Usual, i: int) -> float:
    """What one row alone must reach at part i, in deviations."""
    return single((found.what.worse or 1) * (found.past[i] - normal.middle[i]) / normal.deviation[i])


def _measure(recording: Recording, series: str, found: Table, part: str, label: str, start: int) -> Case:
    before, rows = found.rows[:, :start], found.rows[:, start:]
    normal = excess.usual(found.past, before, found.what)
    over, sizes = excess.distances(rows, before, normal, found.what.worse or 1)
    requests, limits = _requests(recording, found, label, start)
    limits += _without_history(found, normal)
    weighed = bool(requests.any())
    if not weighed:
        requests = np.ones_like(over)
    return Case(series, part, start, label, found, normal, over, sizes, requests, weighed, limits=limits)


def _requests(recording: Recording, found: Table, label: str, start: int) -> tuple[Floats, list[str]]:
    """Requests by part and row, (N, R): 0 for parts without traffic; ones where failures are counted as such."""
    shape = len(found.names), found.rows.shape[1] - start
    if found.what.kind == "errors" and found.what.form != "share":
        return np.ones(shape), []
    traffic = traffic_of(recording, found.names, label)
    requests = np.zeros(shape)
    if traffic is None:
        return requests, [f"no traffic series: {found.metric} could not be weighted by requests"]
    known = excess.weights(traffic.rows[:, start:], traffic.past)
    place = {name: i for i, name in enumerate(traffic.names)}
    for i, name in enumerate(found.names):
        if name in place:
            requests[i] = known[place[name]]
    lost = [name for name in found.names if name not in place]
    return requests, [f"no {traffic.metric} for {listed(lost)}: they cannot be suspects"] if lost else []


def _without_history(found: Table, normal: Usual) -> list[str]:
    bare: Flags = np.asarray(np.isnan(found.past).all(axis=1))
    if bare.all():
        return ["no history: what is usual was taken from the rows before the incident"]
    unknown = [n for n, m in zip(found.names, normal.middle, strict=True) if np.isnan(m)]
    brief = [n for n, is_bare, m in zip(found.names, bare, normal.middle, strict=True) if is_bare and not np.isnan(m)]
    said = [f"no history of {listed(brief)}: judged by the rows before the incident"] if brief else []
    return said + ([f"no history of {listed(unknown)}: not judged"] if unknown else [])


def listed(names: list[str], most: int = 4) -> str:
    """The first few names and how many more.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
