"""How many records there were when: exact counts in buckets that widen as time grows long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from heapq import nlargest
from math import lcm
from typing import Generic, TypeVar

from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND, WEEK

K = TypeVar("K", bound=Hashable)

# Each divides the next, so that buckets widen without a loss.
WIDTHS = (
    *(SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, WEEK, 4 * WEEK, 52 * WEEK),
)
# Buckets of a series that are held before they widen, also of a width that was asked for; series that are held before
# the smallest of them are thrown together; counts of a series in a bucket.
BUCKETS, FIXED, SERIES, CELLS = 1_000, 20_000, 256, 256_000
# Buckets in which a histogram is shown whose width is not asked for.
SHOWN = 40
# 1970-01-05 was a Monday: weeks begin there.
_MONDAY = 4 * DAY


@dataclass(slots=True)
class Timeline(Generic[K]):
    """Counts by bucket and series. Buckets begin at multiples of `width` (ms) from a Monday on.

    Every bucket's total is exact. Of more than SERIES series the smallest are thrown together in `rest`; a series that
    is held may have lost up to `lost` records to it.

    >>> line = Timeline[str]()
    >>> line.add({(61_000, "ERROR"): 2, (61_900, "INFO"): 1})
    >>> line.totals()
    {61000: 3}
    """

    width: int = SECOND
    fixed: bool = False
    series: dict[K, Counter[int]] = field(default_factory=dict)
    rest: Counter[int] = field(default_factory=Counter)
    lost: int = 0

    def add(self, counts: Mapping[tuple[int, K], int]) -> None:
        """So many more records of a time (ms) and a series."""
        series, width = self.series, self.width
        for (time, key), count in counts.items():
            line = series.get(key)
            if line is None:
                line = series[key] = Counter()
            line[time - (time - _MONDAY) % width] += count
        self._bound()

    def merge(self, other: Timeline[K]) -> None:
        """Take in what was counted elsewhere, in buckets as wide as the wider of the two."""
        self.widen(other.width)
        for key, line in other.series.items():
            self._take(self.series.setdefault(key, Counter()), line)
        self._take(self.rest, other.rest)
        self.lost += other.lost
        self._bound()

    def widen(self, width: int) -> None:
        """Buckets at least that wide, in which those of now fit."""
        if width > self.width:
            self.width = lcm(self.width, width)
            self.series = {key: self._taken(line) for key, line in self.series.items()}
            self.rest = self._taken(self.rest)

    def fit(self, first: int, last: int) -> None:
        """Be no finer than a span of time (ms) that is a part of all will be shown, unless a width was asked for."""
        if not self.fixed:
            self.widen(width_for(last - first, SHOWN))

    def totals(self) -> dict[int, int]:
        """Records by the start of their bucket, in order."""
        found: Counter[int] = Counter(self.rest)
        for line in self.series.values():
            found.update(line)
        return dict(sorted(found.items()))

    def _bound(self) -> None:
        most = FIXED if self.fixed else BUCKETS
        while self._longest() > most and (wider := _wider(self.width)):
            self.widen(wider)
        room = min(SERIES, CELLS // max(self._longest(), 1))
        if len(self.series) > room:
            self._throw_together(room // 2)

    def _longest(self) -> int:
        return max(map(len, (self.rest, *self.series.values())))

    def _throw_together(self, most: int) -> None:
        kept = set(nlargest(most, self.series, key=lambda key: (self.series[key].total(), str(key))))
        gone = [line for key, line in self.series.items() if key not in kept]
        self.series = {key: line for key, line in self.series.items() if key in kept}
        for line in gone:
            self.rest.update(line)
        self.lost += max(line.total() for line in gone)

    def _taken(self, line: Counter[int]) -> Counter[int]:
        found: Counter[int] = Counter()
        self._take(found, line)
        return found

    def _take(self, mine: Counter[int], line: Mapping[int, int]) -> None:
        width = self.width
        for start, count in line.items():
            mine[start - (start - _MONDAY) % width] += count


def _wider(width: int) -> int | None:
    """The next width that this one divides."""
    return next((w for w in WIDTHS if w > width and w % width == 0), 2 * width if width not in WIDTHS else None)


def width_for(span: int, most: int) -> int:
    """The narrowest of WIDTHS in which a span of time (ms) has at most `most` buckets; the widest where none is enough.

    >>> width_for(HOUR - 1, 60) == MINUTE
    True
    """
    return next((w for w in WIDTHS if span // w < most), WIDTHS[-1])
