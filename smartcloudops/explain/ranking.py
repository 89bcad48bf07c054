"""The metrics mode: the series of a host or a group, ranked by how far each strays from its usual course."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from smartcloudops.core.times import rfc3339
from smartcloudops.explain import evidence
from smartcloudops.explain.entities import Recording, rated_columns
from smartcloudops.explain.excess import NOTABLE, Floats
from smartcloudops.explain.findings import Culprit, Explanation, RuledOut, Symptom
from smartcloudops.explain.settle import Question, first_row, named
from smartcloudops.explain.strange import peak_order, shares, strangeness
from smartcloudops.explain.symptoms import begins, stands_out

MOST = 50
_MOST_QUIET = 20


def rank_series(recording: Recording, question: Question) -> Explanation:
    """All series of the recording by the largest seasonal distance in the incident's rows."""
    if not len(recording.times) or not recording.names:
        return Explanation("metrics", None, (), (), ("there are no rows to look at",), "deviations")
    start = 0 if question.at is None else first_row(recording, question.at)
    values, past, past_times, limits = _prepared(recording, start)
    worse = np.array([recording.meanings[labels.get("__name__", "")].worse for labels in recording.labels], np.int64)
    sizes = np.nan_to_num(strangeness(values[:, start:], recording.times[start:], past, past_times, worse))
    if question.at is None:
        begun = [b for b in map(begins, sizes) if b is not None]
        start, sizes = start + min(begun, default=0), sizes[:, min(begun, default=0) :]
    peaks = sizes.max(axis=1)
    loud = [i for i in range(len(peaks)) if stands_out(sizes[i])]
    symptom = _symptom(recording, question, start, peaks, past)
    if not loud:
        limits.append(f"no series stands out from {rfc3339(int(recording.times[start]))} on")
        return Explanation("metrics", symptom, (), _quiet(recording, peaks), tuple(limits), "deviations")
    return Explanation(
        "metrics",
        symptom,
        tuple(_culprits(recording, question, start, sizes, peaks)),
        tuple(RuledOut(recording.names[i], "as usual") for i in np.flatnonzero(peaks == 0)[:_MOST_QUIET].tolist()),
        tuple(limits),
        "deviations",
    )


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
        onset = np.flatnonzero(sizes[i] >= NOTABLE)
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
