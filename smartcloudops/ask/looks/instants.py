"""Watched metrics at a few moments: now, an hour, a day and a week ago; many at once, within a limit of time."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from smartcloudops.ask.looks.figures import Labels, Values
from smartcloudops.ask.looks.looking import Labelled, instant
from smartcloudops.ask.looks.narrowing import any_of, narrowed
from smartcloudops.core.errors import ScoError
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import DAY, HOUR, SECOND, WEEK
from smartcloudops.metrics import Source
from smartcloudops.metrics.prometheus import Prometheus
from smartcloudops.metrics.series import Window

T = TypeVar("T")

AGO: Mapping[str, int] = {"now": 0, "hour": HOUR, "day": DAY, "week": WEEK}
# A sample that is so many steps old is still the newest; older ones are stale.
STALE_STEPS = 5
_OFFSETS = {"hour": "1h", "day": "1d", "week": "1w"}
_TAG = "sco_at"
# Moments are multiples of this, so that a subquery of its step is evaluated at one moment, not at several.
_GRID = 5 * SECOND


@dataclass(frozen=True, slots=True)
class Instants:
    """One metric: labels of N series, and by moment their values (N,), NaN = missing."""

    metric: Metric
    labels: tuple[Labels, ...]
    values: Mapping[str, Values]

    def at(self, moment: str) -> Values:
        """The values at a moment, missing where it was not asked for."""
        return self.values.get(moment, np.full(len(self.labels), np.nan))


def on_grid(at: int) -> int:
    """The moment at or before `at` (ms) that `ask` takes."""
    return at // _GRID * _GRID


def earlier(expr: str, moment: str) -> str:
    """The expression at an earlier moment: `offset` alone goes with selectors only."""
    return f"({expr}\n)" if moment == "now" else f"last_over_time(({expr}\n)[1s:5s] offset {_OFFSETS[moment]})"


def ask(behind: Prometheus, metric: Metric, parts: Mapping[str, str], at: int) -> Instants:
    """Several expressions at one moment in one request, by name: a union of what they give."""
    tagged = (f'label_replace({expr}, "{_TAG}", "{name}", "", "")' for name, expr in parts.items())
    found = instant(behind, " or ".join(tagged), at, about=f"metric '{metric.name}' (`{metric.expr}`)")
    by_part: dict[str, Labelled] = {name: [] for name in parts}
    for labels, value in found:
        # A server that knows no label_replace gives series that were not asked for.
        by_part.get(labels.pop(_TAG, ""), []).append((labels, value))
    return aligned(metric, by_part)


def aligned(metric: Metric, found: Mapping[str, Sequence[tuple[Labels, float]]]) -> Instants:
    """What was found at each moment side by side; series are the same whose labels are, whatever their name."""
    rows: dict[tuple[tuple[str, str], ...], int] = {}
    placed: dict[str, list[tuple[int, float]]] = {}
    for moment, each in found.items():
        placed[moment] = [(rows.setdefault(_key(labels), len(rows)), value) for labels, value in each]
    values = {moment: np.full(len(rows), np.nan) for moment in found}
    for moment, pairs in placed.items():
        for row, value in pairs:
            values[moment][row] = value if math.isfinite(value) else math.nan
    return Instants(metric, tuple(dict(key) for key in rows), values)


def joined(found: Instants, moment: str, then: Instants) -> Instants:
    """With another moment beside: what `then` has as `now`."""
    parts = {each: list(zip(found.labels, values.tolist(), strict=True)) for each, values in found.values.items()}
    parts[moment] = list(zip(then.labels, then.at("now").tolist(), strict=True))
    return aligned(found.metric, parts)


def of_some(behind: Prometheus, whole: Instants, rows: Sequence[int], parts: Iterable[str], at: int) -> Instants | None:
    """Some series of a metric at further moments, read alone; None where they cannot be: what names them is no label
    of theirs, or alone they would be other values."""
    label = next((by for by in whole.metric.by if all(whole.labels[row].get(by) for row in rows)), None)
    if label is None:
        return None
    expr = narrowed(whole.metric.expr, [any_of(label, sorted({whole.labels[row][label] for row in rows}))])
    found = ask(behind, whole.metric, {part: earlier(expr, part) for part in ("now", *parts)}, at)
    place = {_key(labels): row for row, labels in enumerate(found.labels)}
    order = [place.get(_key(whole.labels[row]), -1) for row in rows]
    if -1 in order:
        return None
    alone, all_of_them = found.at("now")[order], whole.at("now")[list(rows)]
    if not np.allclose(alone, all_of_them, rtol=1e-9, atol=0, equal_nan=True):
        return None
    values = {part: found.at(part)[order] for part in ("now", *parts)}
    return Instants(whole.metric, tuple(whole.labels[row] for row in rows), values)


def from_rows(source: Source, metric: Metric, at: int, step: int, moments: Iterable[str] = tuple(AGO)) -> Instants:
    """A metric of a file or of this machine: the newest value of each series that is not stale at each moment."""
    found: dict[str, Labelled] = {}
    for moment in moments:
        end = at - AGO[moment]
        matrix = source.fetch(metric, Window(end - (STALE_STEPS - 1) * step, end, step))
        found[moment] = []
        for labels, row in zip(matrix.labels, matrix.values, strict=True):
            known = np.flatnonzero(np.isfinite(row))
            if len(known):
                found[moment].append((dict(labels), float(row[known[-1]])))
    return aligned(metric, found)


def at_once(jobs: Sequence[Callable[[], T]], limit_s: float, *, workers: int = 4) -> list[T | ScoError | None]:
    """What each job gave or failed with, in order; None for what is not there in time, which nobody waits for."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    for place in range(len(jobs)):
        waiting.put(place)
    done: queue.SimpleQueue[tuple[int, T | ScoError]] = queue.SimpleQueue()
    deadline = time.monotonic() + limit_s
    for _ in range(min(workers, len(jobs))):
        threading.Thread(target=_work, args=(jobs, waiting, done, deadline), name="looking", daemon=True).start()
    found: list[T | ScoError | None] = [None] * len(jobs)
    for _ in jobs:
        try:
            place, one = done.get(timeout=max(0.001, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[place] = one
    return found


def _work(
    jobs: Sequence[Callable[[], T]],
    waiting: queue.SimpleQueue[int],
    done: queue.SimpleQueue[tuple[int, T | ScoError]],
    deadline: float,
) -> None:
    while time.monotonic() < deadline:
        try:
            place = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            done.put((place, jobs[place]()))
        except ScoError as e:
            done.put((place, e))


def _key(labels: Labels) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pair for pair in labels.items() if pair[0] != "__name__"))
