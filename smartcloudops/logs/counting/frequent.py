"""How often each value occurs, in bounded memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import chain
from operator import neg
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

LIMIT = 100_000
# Long values are bounded, too: so many characters of them are held.
_CHARACTERS = 32 << 20


@dataclass(frozen=True, slots=True)
class Ranked(Generic[K]):
    """A value and how often it occurred: at most `count`, at least `count - error` times."""

    value: K
    count: int
    error: int = 0


@dataclass(slots=True)
class Frequent(Generic[K]):
    """Exact up to `limit` distinct values; beyond it the most frequent, each with its own bound of error.

    Space-Saving (Metwally, Agrawal, El Abbadi 2005), a batch at a time: the least frequent go, and whatever comes
    later as new may have been among them, at most `floor` times. Partials merge in any order (Cafaro et al. 2016).

    >>> seen = Frequent[str]()
    >>> seen.add({"ERROR": 2, "INFO": 7})
    >>> seen.top(1)
    [Ranked(value='INFO', count=7, error=0)]
    """

    limit: int = LIMIT
    counts: dict[K, int] = field(default_factory=dict)
    errors: dict[K, int] = field(default_factory=dict)
    floor: int = 0
    total: int = 0
    characters: int = 0

    @property
    def exact(self) -> bool:
        """Whether no value was ever let go."""
        return self.floor == 0

    def add(self, counts: Mapping[K, int]) -> None:
        """So many more of each; the counts are positive."""
        held, floor = self.counts, self.floor
        for value, count in counts.items():
            if value in held:
                held[value] += count
            else:
                held[value] = count + floor
                self.characters += size(value)
                if floor:
                    self.errors[value] = floor
            self.total += count
        self._bound()

    def merge(self, other: Frequent[K]) -> None:
        """Take in what was counted elsewhere."""
        mine, theirs = self.floor, other.floor
        for value in self._all(other):
            here, there = self.counts.get(value), other.counts.get(value)
            self.characters += size(value) if here is None else 0
            error = (mine if here is None else self.errors.get(value, 0)) + (
                theirs if there is None else other.errors.get(value, 0)
            )
            self.counts[value] = (mine if here is None else here) + (theirs if there is None else there)
            if error:
                self.errors[value] = error
        self.floor += theirs
        self.total += other.total
        self._bound()

    def top(self, count: int | None = None) -> list[Ranked[K]]:
        """The most frequent first; equals in the order of their text."""
        held = self.counts.items()
        ranked = sorted(held, key=_order) if count is None or count >= len(held) else nsmallest(count, held, key=_order)
        return [Ranked(value, n, self.errors.get(value, 0)) for value, n in ranked]

    def _all(self, other: Frequent[K]) -> list[K]:
        # Where nothing was let go, what only this one holds stays as it is.
        return list(other.counts) if not other.floor else list(dict.fromkeys(chain(self.counts, other.counts)))

    def _bound(self) -> None:
        if self.characters > _CHARACTERS:
            self._let_go(min(self.limit, len(self.counts) * (_CHARACTERS // 2) // self.characters))
        elif len(self.counts) > self.limit + self.limit // 2:
            self._let_go(self.limit)

    def _let_go(self, kept: int) -> None:
        highest = sorted(self.counts.values(), reverse=True)
        self.floor = max(self.floor, highest[kept])
        # Of equals, those that came first stay.
        equals = kept - bisect_left(highest, -self.floor, key=neg)
        held: dict[K, int] = {}
        for value, count in self.counts.items():
            if count > self.floor or (count == self.floor and equals > 0):
                held[value] = count
                equals -= count == self.floor
        self.counts = held
        self.errors = {value: error for value, error in self.errors.items() if value in held}
        self.characters = sum(map(size, held))


def size(value: object) -> int:
    """Characters in a value, or in the parts of one.

    >>> size(("web-1", None, "ERROR"))
    10
    """
    if isinstance(value, tuple):
        return sum(map(size, value))
    return len(value) if isinstance(value, str | bytes) else 0


def _order(item: tuple[K, int]) -> tuple[int, str]:
    return -item[1], str(item[0])
