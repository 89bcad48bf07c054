"""The metrics mode: the series of a host or a group, ranked by how far each strays from its usual course."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from smartcloudops.core.times import DAY, rfc3339
from smartcloudops.explain import evidence
from smartcloudops.explain.entities import Recording, Times, rated_columns
from smartcloudops.explain.excess import NOTABLE, Floats
from smartcloudops.explain.findings import Culprit, Explanation, RuledOut, Symptom
from smartcloudops.explain.settle import Question, first_row, named
from smartcloudops.explain.strange import peak_order, shares, strangeness
from smartcloudops.explain.symptoms import STRONG, begins, stands_out
from smartcloudops.explain.tails import surprise

MOST = 50
_MOST_QUIET, _MOST_JUDGED = 20, 400
_ONSET = 0.2


def rank_series(recording: Recording, question: Question, *, certain: bool = False) -> Explanation:
    """All series of the recording by the largest seasonal distance in the incident's rows.

    Suspects are series that stray farther than chance explains. `certain`: that there is an incident is known from
    elsewhere; where none strays so far, those that stray at all are named.
    """
    if not len(recording.times) or not recording.names:
        return Explanation("metrics", None, (), (), ("there are no rows to look at",), "deviations")
    start = 0 if question.at is None else first_row(recording, question.at)
    values, past, past_times, limits = _prepared(recording, start)
    worse = np.array([recording.meanings[labels.get("__name__", "")].worse for labels in recording.labels], np.int64)
    sizes = np.nan_to_num(strangeness(values[:, start:], recording.times[start:], past, past_times, worse))
    found = _surprises(sizes, past, past_times, worse, step=recording.step)
    loud = np.flatnonzero(found > 1.0).tolist()
    if certain and not loud:
        loud = [i for i, rows in enumerate(sizes) if stands_out(rows)]
        limits += ["none of these strays farther than chance explains among so many"] * bool(loud)
    if question.at is None:
        begun = min((b for i in loud if (b := begins(sizes[i] * NOTABLE / _least(sizes[i]))) is not None), default=0)
        start, sizes = start + begun, sizes[:, begun:]
    peaks = sizes.max(axis=1)
    symptom = _symptom(recording, question, start, peaks, past)
    if not loud:
        limits.append(f"no series stands out from {rfc3339(int(recording.times[start]))} on")
        return Explanation("metrics", symptom, (), _quiet(recording, peaks), tuple(limits), "deviations")
    calm = [i for i in peak_order(peaks) if i not in set(loud)][:_MOST_QUIET]
    return Explanation(
        "metrics",
        symptom,
        tuple(_culprits(recording, question, start, sizes, np.where(np.isin(np.arange(len(peaks)), loud), peaks, 0.0))),
        tuple(RuledOut(recording.names[i], _calm(float(peaks[i]))) for i in calm),
        tuple(limits),
        "deviations",
    )


def _surprises(sizes: Floats, past: Floats, past_times: Times, worse: npt.NDArray[np.int64], *, step: int) -> Floats:
    """How far each series strays beyond what chance explains, (C,), more than 1 where it does; the past is judged
    only of those that stray at all, the strangest of them."""
    found = np.zeros(len(sizes))
    some = [i for i in peak_order(sizes.max(axis=1)) if stands_out(sizes[i])][:_MOST_JUDGED]
    if some:
        before = strangeness(past[some], past_times, past[some], past_times, worse[some])
        days = len(past_times) * step / DAY
        found[some] = surprise(sizes[some], before, sizes.size, least=STRONG, days=days)
    return found


def _least(rows: Floats) -> float:
    """From which distance on a series counts as gone astray, rows (R,): what noise reaches before is no onset."""
    return max(NOTABLE, float(rows.max(initial=0.0)) * _ONSET)


def _calm(peak: float) -> str:
    return "as usual" if peak == 0 else f"{peak:.1f} deviations at most: no more than chance explains"


def _prepared(recording: Recording, start: int) -> tuple[Floats, Floats, np.ndarray, list[str]]:
    """Rows and history with counters as rates; without history, the rows before the incident stand in."""
    values, past = recording.values, recording.past
    counters = [i for i, labels in enumerate(recording.labels) if _is_counter(recording, i)]
    if counters:
        values, past = values.copy(), past.copy()
        values[counters], past[counters] = rated_columns(recording, counters)
    if past.shape[1] and not np.isnan(past).all():
        return values, past, recording.past_times, []
    said = "no history: what is usual was taken from the rows before the incident"
    if start == 0:
        said = "no history: what is usual was taken from the rows themselves"
    upto = start or len(recording.times)
    return values, values[:, :upto], recording.times[:upto], [said]


def _is_counter(recording: Recording, i: int) -> bool:
    """A counter by name that never falls but to restart."""
    if not recording.meanings[recording.labels[i].get("__name__", "")].counter:
        return False
    known = recording.values[i][~np.isnan(recording.values[i])]
    return bool((np.diff(known) >= 0).mean() >= 0.9) if len(known) > 1 else True


def _symptom(recording: Recording, question: Question, start: int, peaks: Floats, past: Floats) -> Symptom | None:
    column = named(recording, question.series)
    if column is None:
        column = peak_order(peaks)[0]
    rows = recording.values[column, start:]
    known = rows[~np.isnan(rows)]
    before = past[column][~np.isnan(past[column])]
    middle = float(np.median(before)) if len(before) else None
    after = float(known[np.argmax(np.abs(known - (middle or 0.0)))]) if len(known) else None
    unit = recording.meanings[recording.labels[column].get("__name__", "")].unit
    at, end = int(recording.times[start]), int(recording.times[-1])
    return Symptom(recording.names[column], recording.names[column], at, end, middle, after, unit)


def _culprits(recording: Recording, question: Question, start: int, sizes: Floats, peaks: Floats) -> Iterator[Culprit]:
    """The strangest series, at most fifty: beyond them it is the whole system, not a part."""
    part = shares(peaks)
    for i in peak_order(peaks)[:MOST]:
        if peaks[i] <= 0:
            return
        onset = np.flatnonzero(sizes[i] >= _least(sizes[i]))
        name, share = recording.names[i], float(part[i])
        yield Culprit(
            name,
            share,
            "medium" if share >= 0.5 else "low",
            int(recording.times[start + onset[0]]) if len(onset) else None,
            (),
            float(peaks[i]),
            (evidence.of_series(recording, question, i, start, sizes[i], entity=name),),
        )


def _quiet(recording: Recording, peaks: Floats) -> tuple[RuledOut, ...]:
    order = peak_order(peaks)[:_MOST_QUIET]
    return tuple(RuledOut(recording.names[i], f"{float(peaks[i]):.1f} deviations at most") for i in order)
