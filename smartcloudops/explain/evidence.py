"""What was looked at, so that it can be looked at again: values before and after, queries, hosts in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from smartcloudops.core.quantities import quantity
from smartcloudops.core.records import Evidence
from smartcloudops.core.times import rfc3339
from smartcloudops.explain.entities import Recording, hosts_of
from smartcloudops.explain.excess import Floats
from smartcloudops.explain.findings import Symptom
from smartcloudops.explain.settle import Case, Question
from smartcloudops.explain.strange import strangeness
from smartcloudops.explain.symptoms import STRONG

FULL = 3
_ALSO = 3


def symptom(recording: Recording, case: Case) -> Symptom:
    """Where it is felt, with what was usual and the worst value."""
    usual, worst, _ = _numbers(case, case.row)
    times = recording.times
    at, end = int(times[case.start]), int(times[-1])
    return Symptom(case.series, case.part, at, end, usual, worst, unit_of(case))


def unit_of(case: Case) -> str:
    """The unit of the case's values: latency in seconds, shares in percent."""
    what = case.table.what
    return "s" if what.kind == "latency" else "%" if what.form == "share" else "a row"


def course(case: Case, i: int) -> str:
    """A part's values in words."""
    usual, worst, row = _numbers(case, i)
    size = case.sizes[i, row] if row is not None else 0.0
    return f"usually {shown(usual, unit_of(case))}, {shown(worst, unit_of(case))} at the worst ({size:.1f} deviations)"


def shown(value: float | None, unit: str) -> str:
    """A value with its unit, times in the unit that suits them.

    >>> shown(0.0923, "s"), shown(99.1, "%")
    ('92.3 ms', '99.1%')
    """
    if value is not None and unit == "s" and 0 < abs(value) < 1:
        return quantity(value * 1000, "ms")
    return quantity(value, unit)


def _numbers(case: Case, i: int) -> tuple[float | None, float | None, int | None]:
    """Usual and worst value of a part, and the row of the worst; shares as percent."""
    factor = 100.0 if case.table.what.form == "share" else 1.0
    rows = case.table.rows[i, case.start :]
    known = np.flatnonzero(~np.isnan(rows))
    usual = None if np.isnan(case.normal.middle[i]) else float(case.normal.middle[i]) * factor
    if not len(known):
        return usual, None, None
    row = int(known[np.argmax((case.table.what.worse or 1) * rows[known])])
    return usual, float(rows[row]) * factor, row


def of_part(recording: Recording, question: Question, case: Case, i: int, *, full: bool) -> tuple[Evidence, ...]:
    """The part's own course; with `full` also what else is strange about it or the host under it."""
    usual, worst, row = _numbers(case, i)
    column = case.table.columns[i][0]
    times, name = recording.times, case.table.names[i]
    start, end = int(times[case.start]), int(times[-1])
    unit, metric = unit_of(case), case.table.metric
    values = (
        {"entity": name, "name": metric, "value": usual, "unit": unit, "time": None},
        {
            "entity": name,
            "name": metric,
            "value": worst,
            "unit": unit,
            "time": start if row is None else int(times[case.start + row]),
        },
    )
    first = Evidence(
        id=f"{name}/{metric}",
        kind="metric",
        source=recording.source,
        query=_query(recording, column, name),
        start=start,
        end=end,
        ran_at=question.ran_at,
        values=values,
        text=f"{metric}: {course(case, i)}",
    )
    return (first, *_also(recording, question, case, name)) if full else (first,)


def _query(recording: Recording, column: int, part: str) -> str:
    """What to ask to see a column again."""
    metric = recording.labels[column].get("__name__", "")
    return recording.queries.get(metric, recording.names[column]).replace("$part", part)


def _also(recording: Recording, question: Question, case: Case, name: str) -> list[Evidence]:
    """Of each other kind the strangest series of the part, or of its host alone, from five deviations on."""
    hosts = hosts_of(recording, case.label).get(name, set())
    columns = [
        i
        for i, labels in enumerate(recording.labels)
        if recording.meanings[labels.get("__name__", "")].kind != case.table.what.kind
        and (labels.get(case.label) == name or (case.label not in labels and hosts & _pairs(labels)))
    ]
    columns = [i for i in columns if not recording.meanings[recording.labels[i]["__name__"]].counter]
    if not columns or not recording.past.shape[1]:
        return []
    rows = recording.values[columns, case.start :]
    worse = np.array([recording.meanings[recording.labels[i]["__name__"]].worse for i in columns])
    past = recording.past[columns]
    sizes = strangeness(rows, recording.times[case.start :], past, recording.past_times, worse)
    peaks = np.max(np.nan_to_num(sizes), axis=1)
    strangest: dict[str | None, int] = {}
    for k in np.argsort(-peaks, kind="stable").tolist():
        if peaks[k] >= STRONG:
            strangest.setdefault(recording.meanings[recording.labels[columns[k]]["__name__"]].kind, k)
    chosen = list(strangest.values())[:_ALSO]
    return [of_series(recording, question, columns[k], case.start, sizes[k], entity=name) for k in chosen]


def _pairs(labels: Mapping[str, str]) -> set[str]:
    return {f"{k}={v}" for k, v in labels.items()}


def of_series(
    recording: Recording, question: Question, column: int, start: int, sizes: Floats, *, entity: str
) -> Evidence:
    """One series at its strangest row (R,)."""
    row = int(np.argmax(np.nan_to_num(sizes)))
    value = float(recording.values[column, start + row])
    past = recording.past[column]
    usual = float(np.nanmedian(past)) if (~np.isnan(past)).any() else None
    metric = recording.labels[column].get("__name__", "")
    unit = recording.meanings[metric].unit
    at = int(recording.times[start + row])
    return Evidence(
        id=f"{entity}/{recording.names[column]}",
        kind="metric",
        source=recording.source,
        query=_query(recording, column, entity),
        start=int(recording.times[start]),
        end=int(recording.times[-1]),
        ran_at=question.ran_at,
        values=(
            {"entity": entity, "name": metric, "value": usual, "unit": unit, "time": None},
            {"entity": entity, "name": metric, "value": value, "unit": unit, "time": at},
        ),
        text=f"{recording.names[column]}: usually {shown(usual, unit)}, {shown(value, unit)} at {rfc3339(at)} "
        f"({float(np.nan_to_num(sizes[row])):.1f} deviations)",
    )


def shared_hosts(recording: Recording, label: str, suspects: Sequence[str]) -> list[str]:
    """Which suspects run on the same host: the host may be what ails them."""
    hosts = hosts_of(recording, label)
    guests: dict[str, list[str]] = {}
    for name in suspects:
        for host in sorted(hosts.get(name, ())):
            guests.setdefault(host, []).append(name)
    return [f"{' and '.join(names)} run on the same {host}" for host, names in guests.items() if len(names) > 1]
