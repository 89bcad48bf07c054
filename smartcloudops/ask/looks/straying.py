"""Which series of a whole fleet stray from their usual course, since when, and which fell silent; no model needed.

The usual is the median at this hour of the day, from days before; what most hosts did at once (a deploy, a busy day)
belongs to the usual of each. What strays must do so for three rows and by more than matters: spikes and trifles do not
count. Arrays are (C, T): C series, T rows; NaN is missing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from smartcloudops.core.times import DAY, HOUR
from smartcloudops.explain.excess import median

Times = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEAST, NOTABLE = 5.0, 3.0
MOST = 1000.0
# Rows in a row that count, and how many may lie between two that do.
LASTING, _GAP = 3, 3
# The end that tells whether something goes on, and whether all moved together.
_END, _MOVING = 6, 12
_LEVEL, _SPAN, _TRIFLE = 0.01, 1e-3, 0.2
_HOSTS, _TOGETHER, _MOVED, _LEAST_MOVE = 4, 0.7, 1.0, 0.05
_THERE = 0.9
_ENOUGH_ROWS, _DAYS = 12, 3
# What is out so often, and so many rows at most apart, comes and goes.
_OFTEN, _PAUSE = 3, 12
_ALIKE = 2 / 3


@dataclass(frozen=True, slots=True)
class Course:
    """Every series with what is usual for it: values, expected (C, T), deviation (C,) and distances z (C, T), positive
    where it is worse; `common`: by metric what all hosts did together."""

    times: Times
    values: Floats
    expected: Floats
    deviation: Floats
    z: Floats
    common: tuple[Common, ...]


@dataclass(frozen=True, slots=True)
class Common:
    """Most series of a metric stand at `factor` times their usual since a time, ms; `rows` are their places."""

    metric: str
    factor: float
    since: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stray:
    """Series `row` is out of its usual course: by `size` deviations, from `onset` to `last` (ms); `value` is its newest
    (its worst where it is over), `usual` what was to be expected then, `first` the value at the onset."""

    row: int
    size: float
    onset: int
    last: int
    value: float
    usual: float
    worst: float
    worst_at: int
    first: float
    ongoing: bool
    # It comes and goes: it may be back at its usual now, and it will be out again.
    returning: bool = False


@dataclass(frozen=True, slots=True)
class Silent:
    """Series `row` was always there and sent its last value at `last`, ms."""

    row: int
    last: int


def course(
    values: Floats, times: Times, metrics: Sequence[str], *, since: int, worse: Sequence[int], least: Sequence[float]
) -> Course:
    """The usual course of each series from the rows before `since` (ms), or from all where too few lie before.

    `worse`: 1 where growth is bad, -1 where a fall is, 0 where both are; `least`: the smallest distance that matters.
    """
    past = int(np.searchsorted(times, since))
    past = past if past >= _ENOUGH_ROWS else len(times)
    expected = _expected(values, times, past)
    deviation = _deviation(values, expected, past, np.asarray(least))
    _judge_young(values, expected, deviation, past, np.asarray(least))
    common = tuple(_common(values, expected, deviation, times, metrics))
    for one in common:
        deviation[list(one.rows)] = _widened(values, expected, deviation, one)
    z = (values - expected) / deviation[:, None]
    sign = np.asarray(worse)[:, None]
    return Course(times, values, expected, deviation, np.where(sign == 0, np.abs(z), sign * z), common)


def _expected(values: Floats, times: Times, past: int) -> Floats:
    """The median by hour of the day from three days on, linearly between the middles of hours; else one median."""
    flat = _median(values[:, :past])
    if past == 0 or int(times[past - 1] - times[0]) < 3 * DAY - HOUR:
        return np.repeat(flat[:, None], len(times), axis=1)
    hour = times[:past] // HOUR % 24
    profile = np.stack([_median(values[:, :past][:, hour == h]) for h in range(24)], axis=1)
    profile = np.where(np.isnan(profile), flat[:, None], profile)
    place = times / HOUR - 0.5
    before = np.floor(place).astype(np.int64)
    part = place - before
    found: Floats = profile[:, before % 24] * (1 - part) + profile[:, (before + 1) % 24] * part
    return found


def _deviation(values: Floats, expected: Floats, past: int, least: Floats) -> Floats:
    """A robust deviation of the rows before; never so small that a trifle is many of them."""
    apart = values[:, :past] - expected[:, :past]
    found = 1.4826 * _median(np.abs(apart - _median(apart)[:, None]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        span = np.nan_to_num(np.nanmax(values, axis=1) - np.nanmin(values, axis=1))
    level = np.abs(np.nan_to_num(_median(values[:, :past])))
    floor = np.maximum.reduce([_LEVEL * level, _SPAN * span, _TRIFLE * least, np.full(len(values), 1e-9)])
    return np.asarray(np.maximum(np.nan_to_num(found), floor))


def _judge_young(values: Floats, expected: Floats, deviation: Floats, past: int, least: Floats) -> None:
    """Hosts that were not there before: their usual is that of their own first three quarters, and as they know no
    time of day yet, what the others differ by in these hours belongs to their deviation."""
    known = ~np.isnan(values)
    few = (known[:, :past].sum(axis=1) < _ENOUGH_ROWS) & (known.sum(axis=1) >= 2 * _ENOUGH_ROWS)
    for row in np.flatnonzero(few).tolist():
        own = np.flatnonzero(known[row])
        early = own[: len(own) * 3 // 4]
        expected[row] = _median(values[row : row + 1, early])[0]
        others = np.flatnonzero(~few)
        theirs = values[np.ix_(others, own)].reshape(1, -1)
        spread = 1.4826 * _median(np.abs(theirs - _median(theirs)[:, None])) if len(others) else np.zeros(1)
        self_spread = _deviation(values[row : row + 1, own], expected[row : row + 1, own], len(early), least[[row]])
        deviation[row] = max(float(self_spread[0]), float(np.nan_to_num(spread[0])))


def _common(
    values: Floats, expected: Floats, deviation: Floats, times: Times, metrics: Sequence[str]
) -> Iterator[Common]:
    """Metrics that most hosts have moved away from their usual with in the same direction; `expected` follows them."""
    for metric in dict.fromkeys(metrics):
        rows = np.array([i for i, name in enumerate(metrics) if name == metric])
        if len(rows) < _HOSTS or not (expected[rows] > 0).all():
            continue
        ends = _median((values[rows, -_MOVING:] - expected[rows, -_MOVING:]) / deviation[rows, None])
        up, down = (ends >= _MOVED).sum(), (ends <= -_MOVED).sum()
        ratio = _median((values[rows] / expected[rows]).T)
        moved = float(np.nan_to_num(_median(ratio[None, -_MOVING:])[0], nan=1.0))
        if max(up, down) < _TOGETHER * len(rows) or abs(moved - 1) < _LEAST_MOVE:
            continue
        start = _since(np.abs(ratio - 1) >= abs(moved - 1) / 2)
        expected[rows, start:] *= np.where(np.isnan(ratio[start:]), moved, ratio[start:])
        yield Common(metric, moved, int(times[start]), tuple(rows.tolist()))


def _widened(values: Floats, expected: Floats, deviation: Floats, one: Common) -> Floats:
    """Hosts do not move by exactly the same: how far they differ belongs to the deviation."""
    rows = list(one.rows)
    apart = _median(values[rows, -_MOVING:] / expected[rows, -_MOVING:]) - 1
    spread = 1.4826 * float(np.nan_to_num(_median(np.abs(apart)[None])[0]))
    return np.asarray(np.hypot(deviation[rows], spread * np.abs(expected[rows, -1])))


def _since(flags: npt.NDArray[np.bool_]) -> int:
    """The first row of the last run of flags, which may have short gaps; the last row where none is set."""
    last = len(flags) - 1
    first = last
    for row in range(last, -1, -1):
        if flags[row]:
            first = row
        elif first - row > _GAP:
            break
    return first


def _median(values: Floats) -> Floats:
    """Median along the last axis of what is not NaN; NaN where there is nothing. Gaps cost no loop over rows."""
    flat = values.reshape(-1, values.shape[-1])
    gaps = np.isnan(flat.sum(axis=1)) if values.shape[-1] else np.zeros(len(flat), bool)
    if not gaps.any():
        return median(values)
    found = np.full(len(flat), np.nan)
    found[~gaps] = median(flat[~gaps])
    ordered = np.sort(flat[gaps], axis=1)
    count = (~np.isnan(ordered)).sum(axis=1)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, ordered.shape[1] - 1)
    rows = np.arange(len(ordered))
    found[gaps] = np.where(count > 0, (ordered[rows, low] + ordered[rows, high]) / 2, np.nan)
    return found.reshape(values.shape[:-1])


def judged(
    values: Floats, times: Times, metrics: Sequence[str], *, since: int, worse: Sequence[int], least: Sequence[float]
) -> tuple[list[Stray], list[Common]]:
    """What strays, the farthest first, and what all do together; metric by metric, so that memory is that of one."""
    every, common = list[Stray](), list[Common]()
    for metric in dict.fromkeys(metrics):
        rows = [i for i, name in enumerate(metrics) if name == metric]
        own = [metric] * len(rows)
        found = course(
            values[rows], times, own, since=since, worse=[worse[i] for i in rows], least=[least[i] for i in rows]
        )
        every += [replace(s, row=rows[s.row]) for s in strays(found, since)]
        common += [replace(one, rows=tuple(rows[row] for row in one.rows)) for one in found.common]
    return sorted(every, key=lambda s: (not s.ongoing, -s.size, s.row)), common


def strays(found: Course, since: int) -> list[Stray]:
    """The series that stray from their course at the end, or did after `since` (ms), the farthest first."""
    start = min(int(np.searchsorted(found.times, since)), len(found.times) - 1)
    lasting = _lasting(found.z)
    newest = _newest(found.z)
    every = []
    for row in np.flatnonzero(
        (newest >= LEAST) | (np.nan_to_num(lasting[:, start:]).max(axis=1, initial=0) >= LEAST)
    ).tolist():
        one = _ongoing(found, lasting, row, newest[row]) if newest[row] >= LEAST else _over(found, lasting, row, start)
        if one is not None and not _is_habit(found, lasting, one):
            every.append(one if one.ongoing else _until_last(found, lasting[row], one, start))
    return sorted(every, key=lambda s: (not s.ongoing, -s.size, s.row))


def _lasting(z: Floats) -> Floats:
    """The median of each row and the two before it, so that single spikes go."""
    if z.shape[1] < LASTING:
        return np.zeros_like(z)
    windows = np.stack([np.nan_to_num(z[:, k : z.shape[1] - LASTING + 1 + k], nan=0.0) for k in range(LASTING)])
    return np.asarray(np.concatenate([np.zeros((len(z), LASTING - 1)), np.median(windows, axis=0)], axis=1))


def _newest(z: Floats) -> Floats:
    """How far each is out at its newest three rows that are known, of the last six."""
    found = np.zeros(len(z))
    for row in np.flatnonzero((np.nan_to_num(z[:, -_END:]) >= NOTABLE).sum(axis=1) >= LASTING).tolist():
        known = z[row, -_END:]
        known = known[~np.isnan(known)]
        found[row] = float(np.median(known[-LASTING:]))
    return found


def _ongoing(found: Course, lasting: Floats, row: int, size: float) -> Stray:
    first = max(_since(lasting[row] >= NOTABLE) - 1, 0)
    known = np.flatnonzero(~np.isnan(found.values[row]))
    last = int(known[-1])
    first = min(first, last)
    worst = first + int(np.argmax(np.nan_to_num(found.z[row, first : last + 1])))
    return _stray(found, row, size, first, last, last, worst, ongoing=True)


def _over(found: Course, lasting: Floats, row: int, start: int) -> Stray | None:
    """The strongest stretch after `start`, which has ended or is about to."""
    peak = start + int(np.argmax(np.nan_to_num(lasting[row, start:])))
    flags = lasting[row] >= NOTABLE
    first, last = peak, peak
    while first > 0 and flags[first - 1]:
        first -= 1
    while last + 1 < len(flags) and flags[last + 1]:
        last += 1
    first = max(first - 1, 0)
    worst = first + int(np.argmax(np.nan_to_num(found.z[row, first : last + 1])))
    if np.isnan(found.values[row, worst]):
        return None
    return _stray(found, row, float(lasting[row, peak]), first, last, worst, worst, ongoing=last == len(flags) - 1)


def _until_last(found: Course, lasting: Floats, one: Stray, start: int) -> Stray:
    """It is over since it was out for the last time, not since its worst; not over at all where it comes and goes."""
    flags = np.concatenate([[False], lasting[start:] >= NOTABLE, [False]])
    edges = np.flatnonzero(flags[1:] != flags[:-1]).reshape(-1, 2) + start
    edges = edges[[lasting[a:b].max() >= LEAST for a, b in edges.tolist()]]
    last = int(edges[-1, 1]) - 1
    gaps = np.append(edges[1:, 0], len(lasting)) - edges[:, 1]
    apart = np.flatnonzero(gaps > _PAUSE)
    since = int(apart[-1]) + 1 if len(apart) else 0
    if len(edges) - since < _OFTEN:
        return replace(one, last=int(found.times[last]))
    first = max(int(edges[since, 0]) - 1, 0)
    worst = first + int(np.argmax(np.nan_to_num(found.z[one.row, first : last + 1])))
    size = float(lasting[first : last + 1].max())
    return replace(_stray(found, one.row, size, first, last, worst, worst, ongoing=True), returning=True)


def _stray(
    found: Course, row: int, size: float, first: int, last: int, shown: int, worst: int, *, ongoing: bool
) -> Stray:
    return Stray(
        row,
        min(float(size), MOST),
        int(found.times[first]),
        int(found.times[last]),
        float(found.values[row, shown]),
        float(found.expected[row, shown]),
        float(found.values[row, worst]),
        int(found.times[worst]),
        float(found.values[row, first]),
        ongoing,
    )


def _is_habit(found: Course, lasting: Floats, one: Stray) -> bool:
    """Whether it does so at this time of most days, as a nightly job does, or, for what is short, now and then."""
    times = found.times
    first, last = int(np.searchsorted(times, one.onset)), int(np.searchsorted(times, one.last))
    rows_of_day = round(DAY / max(1, int(np.median(np.diff(times)))))
    if last - first >= rows_of_day // 2:
        return False
    same_time, any_time = [], []
    for days in range(1, 1 + first // rows_of_day):
        start, end = first - days * rows_of_day, last - days * rows_of_day
        same_time.append(float(np.max(lasting[one.row, max(start - _GAP, 0) : end + _GAP + 1])))
        any_time.append(float(np.max(lasting[one.row, max(start, 0) : start + rows_of_day])))
    nightly = len(same_time) >= _DAYS and sum(peak >= one.size / 2 for peak in same_time) > len(same_time) / 2
    brief = last - first < rows_of_day // 12
    return nightly or (brief and sum(peak >= one.size * _ALIKE for peak in any_time) >= _DAYS)


def silent(values: Floats, times: Times) -> list[Silent]:
    """Series that were there in nine rows of ten of the day before, and in none of the last three."""
    if len(times) < LASTING + 1:
        return []
    known = ~np.isnan(values)
    found = []
    for row in np.flatnonzero(~known[:, -LASTING:].any(axis=1) & known.any(axis=1)).tolist():
        last = int(np.flatnonzero(known[row])[-1])
        day = known[row, max(0, int(np.searchsorted(times, times[last] - DAY))) : last + 1]
        if day.mean() >= _THERE and len(day) >= _ENOUGH_ROWS:
            found.append(Silent(row, int(times[last])))
    return found


def passing(values: Floats, times: Times, names: Sequence[str]) -> frozenset[str]:
    """Entities that came after the first hour and have left, with all their series."""
    known = ~np.isnan(values)
    start = int(np.searchsorted(times, times[0] + HOUR)) if len(times) else 0
    stayed = known[:, :start].any(axis=1) | known[:, -LASTING:].any(axis=1) | ~known.any(axis=1)
    return frozenset(names) - {names[row] for row in np.flatnonzero(stayed).tolist()}


def by_entity(names: Sequence[str], rows: Sequence[int]) -> Mapping[str, list[int]]:
    """Rows by the entity that each is of, in order of first sight."""
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(names[row], []).append(row)
    return found
