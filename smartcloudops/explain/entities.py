"""Series become parts: which label names a part, and one table a metric with a row for each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from smartcloudops.explain.excess import Floats, rated
from smartcloudops.explain.kinds import Hint, Meaning, meaning

Times = npt.NDArray[np.int64]

# Labels that usually name a part, the nearest to a service first; those that name what it runs on.
PARTS = ("service", "service_name", "app", "workload", "deployment", "server", "container", "job", "pod", "instance")
HOSTS = ("node", "nodename", "host", "hostname", "instance", "pod")


@dataclass(frozen=True)
class Recording:
    """C series on one grid. times (T,) int64 ms, values (C, T); past_times (H,), past (C, H); NaN = missing.

    `hints` and `queries` (what gives it again, `$part` for the part) are by metric name; `source`: where all came from.
    """

    times: Times
    step: int
    names: tuple[str, ...]
    labels: tuple[Mapping[str, str], ...]
    values: Floats
    past_times: Times
    past: Floats
    hints: Mapping[str, Hint] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    @cached_property
    def columns(self) -> dict[str, list[int]]:
        """The columns of each metric name."""
        found: dict[str, list[int]] = {}
        for i, labels in enumerate(self.labels):
            found.setdefault(labels.get("__name__", ""), []).append(i)
        return found

    @cached_property
    def meanings(self) -> dict[str, Meaning]:
        """The meaning of each metric name."""
        return {name: meaning(name, self.hints.get(name)) for name in self.columns}

    def of_kind(self, kind: str) -> list[str]:
        """The metrics of a kind, in order of first sight."""
        return [name for name, what in self.meanings.items() if what.kind == kind]


@dataclass(frozen=True, slots=True)
class Table:
    """One metric by part: names N, rows (N, T), past (N, H), as seconds, parts of 1, or as they came; the `columns`
    of each part's series."""

    metric: str
    what: Meaning
    names: tuple[str, ...]
    rows: Floats
    past: Floats
    columns: tuple[tuple[int, ...], ...]


def part_label(recording: Recording, nodes: Iterable[str], symptom: Mapping[str, str]) -> str | None:
    """The label that names parts: the one whose values stand in the call graph most, else a usual one that the
    symptom carries, or that tells series apart where there is no symptom."""
    values: dict[str, set[str]] = {}
    for labels in recording.labels:
        for label, value in labels.items():
            if label != "__name__":
                values.setdefault(label, set()).add(value)
    known = set(nodes)
    hits = {label: len(found & known) for label, found in values.items()}
    best = max(hits, key=lambda label: (hits[label], label in symptom, label), default="")
    if hits.get(best):
        return best
    return next((n for n in PARTS if n in (symptom or {k for k, v in values.items() if len(v) > 1})), None)


def table(recording: Recording, metric: str, label: str) -> Table | None:
    """A row for each part that the metric has; several series of a part are added up (traffic, counted errors) or
    averaged. None where no series carries the label."""
    members: dict[str, list[int]] = {}
    for i in recording.columns.get(metric, ()):
        if label in recording.labels[i]:
            members.setdefault(recording.labels[i][label], []).append(i)
    if not members:
        return None
    what = recording.meanings[metric]
    rows, past = recording.values, recording.past
    if what.counter:
        columns = [i for found in members.values() for i in found]
        rows, past = rated_columns(recording, columns)
        place = {column: i for i, column in enumerate(columns)}
    else:
        place = {i: i for found in members.values() for i in found}
    adds = what.kind == "traffic" or what.form in ("rate", "count")
    rows, past = (_gathered(values, members, place, adds=adds) for values in (rows, past))
    unit = _unit_of(recording, what, max(np.nanmax(rows, initial=0.0), np.nanmax(past, initial=0.0)))
    return Table(metric, what, tuple(members), rows * unit, past * unit, tuple(map(tuple, members.values())))


def rated_columns(recording: Recording, columns: list[int]) -> tuple[Floats, Floats]:
    """Counters as rates, rows and past. Where history ends right before the rows, it gives the first row its start."""
    rows, past = recording.values[columns], recording.past[columns]
    joined = len(recording.past_times) and recording.times[0] - recording.past_times[-1] == recording.step
    if joined:
        both = rated(np.concatenate([past, rows], axis=1), recording.step)
        return both[:, past.shape[1] :], both[:, : past.shape[1]]
    return rated(rows, recording.step), rated(past, recording.step)


def _unit_of(recording: Recording, what: Meaning, largest: float) -> float:
    """What brings a table to seconds, parts of 1, or numbers a row; a share beyond 1.5 is one of a hundred."""
    if what.kind == "errors" and what.form == "share" and what.scale == 1.0:
        return 0.01 if largest > 1.5 else 1.0
    if what.kind != "latency" and (what.counter or what.form == "rate"):
        return recording.step / 1000
    return what.scale


def _gathered(values: Floats, members: Mapping[str, list[int]], place: Mapping[int, int], *, adds: bool) -> Floats:
    if all(len(found) == 1 for found in members.values()):
        return values[[place[found[0]] for found in members.values()]]
    return np.stack([_one([values[place[i]] for i in found], adds=adds) for found in members.values()])


def _one(rows: list[Floats], *, adds: bool) -> Floats:
    stacked = np.stack(rows)
    count = (~np.isnan(stacked)).sum(axis=0)
    total = np.where(count > 0, np.nansum(stacked, axis=0), np.nan)
    return total if adds else total / np.maximum(count, 1)


def same_means(recording: Recording, metric: str) -> str | None:
    """The mean that belongs to a quantile: the metric of the same kind and form "mean" that covers as many series."""
    wanted = len(recording.columns[metric])
    means = [m for m in recording.of_kind("latency") if recording.meanings[m].form == "mean"]
    near = [m for m in means if len(recording.columns[m]) >= wanted]
    return max(near, key=lambda m: (_alike(m, metric), m), default=None)


def _alike(a: str, b: str) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def traffic_of(recording: Recording, parts: Iterable[str], label: str) -> Table | None:
    """The traffic metric that the most of these parts have; None where none does."""
    known, best, covered = set(parts), None, 0
    for metric in recording.of_kind("traffic"):
        found = table(recording, metric, label)
        count = len(known & set(found.names)) if found else 0
        if count > covered:
            best, covered = found, count
    return best


def hosts_of(recording: Recording, label: str) -> dict[str, set[str]]:
    """What each part runs on, `label=value`, by the labels that name hosts; only hosts that its series agree on."""
    seen: dict[str, dict[str, Counter[str]]] = {}
    for labels in recording.labels:
        part = labels.get(label)
        for name in HOSTS:
            if part is not None and name != label and name in labels:
                seen.setdefault(part, {}).setdefault(name, Counter())[labels[name]] += 1
    return {
        part: {f"{name}={next(iter(values))}" for name, values in found.items() if len(values) == 1}
        for part, found in seen.items()
    }
