"""Where a series is going: a robust slope of its recent past, or of equal hours, and when it reaches a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from smartcloudops.ask.looks.figures import Times, Values
from smartcloudops.core.times import DAY, MINUTE

# Fewer points, or a shorter time, say nothing about where a series goes.
FEWEST, SHORTEST_MS = 8, 10 * MINUTE
_MOST = 200
# A line is not true where one of its fifths, or its newest points, lie so many deviations beside it.
_PARTS, _NEWEST, _BESIDE = 5, 6, 1.5
_SHORTER = 0.75
# How much of the range counts as noise where there is hardly any.
_GRAIN = 0.002
# Equal hours are compared where that leaves less than this part of what a line leaves.
_SEASONAL, _DAYS = 0.5, 2
# Normal quantile of the range of slopes (nine tenths), doubled: neighbours are more alike than the test assumes.
_WIDTH = 2 * 1.645


@dataclass(frozen=True, slots=True)
class Trend:
    """`level` at `at` (ms), `slope` a day within `slow` to `steep` (by value), values within `spread` of the line.

    It rests on `since` (ms) to `at`. `profile`: the last day's (ms, value), where equal hours were compared.
    """

    at: int
    since: int
    level: float
    slope: float
    slow: float
    steep: float
    spread: float
    profile: tuple[tuple[int, float], ...] = ()

    @property
    def flat(self) -> bool:
        """Whether it may as well go the other way."""
        return self.slow <= 0 <= self.steep


def trend(times: Times, values: Values) -> Trend | None:
    """The trend of the newest stretch that one line describes; of equal hours where days are alike. None where there
    is too little history.

    >>> found = trend(np.arange(20) * 3_600_000, np.arange(20) * 2.0)
    >>> round(found.slope), round(found.level)
    (48, 38)
    """
    known = np.isfinite(values)
    at, there = times[known], values[known]
    if len(at) < FEWEST or at[-1] - at[0] < SHORTEST_MS:
        return None
    found = _recent(at, there)
    # A line over less than a day may be the way up of every day.
    return found if found.at - found.since >= DAY else _seasonal(at, there) or found


def _recent(times: Times, values: Values) -> Trend:
    """From the whole past to ever shorter ones, the first that one line is true of."""
    grain = _GRAIN * float(np.ptp(values))
    start = 0
    while True:
        found, rest = _line(times[start:], values[start:])
        then = int(np.searchsorted(times, times[-1] - round((times[-1] - times[start]) * _SHORTER)))
        then = max(then, start + 1)
        short = len(times) - then < FEWEST or times[-1] - times[then] < SHORTEST_MS
        if short or _true(rest, grain):
            return found
        start = then


def _true(rest: Values, grain: float) -> bool:
    """Whether what a line leaves lies around it everywhere."""
    deviation = max(grain, *(_deviation(rest[lag:] - rest[:-lag]) / np.sqrt(2) for lag in (1, 2, 4)))
    parts = [*np.array_split(rest, _PARTS), rest[-_NEWEST:]]
    return all(abs(float(np.median(part))) <= _BESIDE * deviation for part in parts)


def _line(times: Times, values: Values) -> tuple[Trend, Values]:
    """Theil-Sen: the median of the slopes between all points, and what it leaves."""
    days = (times - times[-1]) / DAY
    slope, slow, steep = _slopes(days, values)
    level = float(np.median(values - slope * days))
    rest = values - level - slope * days
    spread = float(np.quantile(np.abs(rest), 0.9))
    return Trend(int(times[-1]), int(times[0]), level, slope, slow, steep, spread), rest


def _slopes(days: Values, values: Values) -> tuple[float, float, float]:
    """The median slope, and the range that Kendall's test gives."""
    skip = -(-len(days) // _MOST)
    x, y = days[::-1][::skip], values[::-1][::skip]
    i, j = np.triu_indices(len(x), 1)
    slopes = np.sort((y[j] - y[i]) / (x[j] - x[i]))
    n, count = len(x), len(slopes)
    width = _WIDTH * np.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low, high = int(max(0, (count - width) // 2)), int(min(count - 1, (count + width) // 2))
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])


def _seasonal(times: Times, values: Values) -> Trend | None:
    """By the differences to the same time a day before; None where days are not alike, or are too few."""
    if times[-1] - times[0] < _DAYS * DAY:
        return None
    place = {int(time): row for row, time in enumerate(times)}
    pairs = [(place[int(time) - DAY], row) for row, time in enumerate(times) if int(time) - DAY in place]
    if len(pairs) < 3 * FEWEST:
        return None
    before, after = (np.array(rows) for rows in zip(*pairs, strict=True))
    grown = values[after] - values[before]
    slope = float(np.median(grown))
    _, rest = _line(times, values)
    spread = float(np.quantile(np.abs(grown - slope), 0.9))
    unlike = _deviation(grown) / np.sqrt(2) >= _SEASONAL * _deviation(rest)
    if unlike or not _true(grown - slope, _GRAIN * float(np.ptp(values))):
        return None
    # How well the median of so many differences is known; those of one hour hang together.
    unsure = _WIDTH * _deviation(grown) / np.sqrt(max(1.0, len(pairs) / 4))
    last = times > times[-1] - DAY
    profile = tuple(zip(times[last].tolist(), values[last].tolist(), strict=True))
    return Trend(
        int(times[-1]), int(times[0]), float(values[-1]), slope, slope - unsure, slope + unsure, spread, profile
    )


def _deviation(values: Values) -> float:
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


@dataclass(frozen=True, slots=True)
class Reach:
    """When a limit is reached (ms): as the trend has it, at the earliest and at the latest; None = not by then."""

    at: int | None
    earliest: int | None
    latest: int | None


def reach(found: Trend, limit: float, horizon: int) -> Reach:
    """When the trend reaches a limit within `horizon` ms; it goes up to one above the level, down to one below.

    >>> reach(Trend(0, 0, 90.0, 10.0, 5.0, 20.0, 0.0), 100.0, 3 * DAY)
    Reach(at=86400000, earliest=43200000, latest=172800000)
    """
    sign = 1.0 if limit >= found.level else -1.0
    fast, slow = (found.steep, found.slow) if sign > 0 else (-found.slow, -found.steep)
    return Reach(
        _when(found, limit, sign * found.slope, 0.0, sign, horizon),
        _when(found, limit, fast, found.spread, sign, horizon),
        _when(found, limit, slow, -found.spread, sign, horizon),
    )


def _when(found: Trend, limit: float, slope: float, ahead: float, sign: float, horizon: int) -> int | None:
    """The first time a value gets there; `slope` and `ahead` count towards the limit."""
    if slope <= 0:
        return None
    at: int | None = None
    for time, value in found.profile or ((found.at, found.level),):
        left = (sign * (limit - value) - ahead) / slope
        days = max(1.0, float(np.ceil(left))) if found.profile else max(0.0, left)
        then = round((time + min(days, 1e6) * DAY) / MINUTE) * MINUTE
        at = then if at is None else min(at, then)
    return at if at is not None and at <= found.at + horizon else None
