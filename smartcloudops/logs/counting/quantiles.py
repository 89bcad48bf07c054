"""Percentiles of numbers, in bounded memory, within one percent of the true value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, exp, inf, isfinite, log

ERROR = 0.01
_GAMMA = (1 + ERROR) / (1 - ERROR)
_PER_LOG = 1 / log(_GAMMA)
# From the end of a bin to its middle; what exp() can still take.
_HALF, _LARGEST = log(2 / (1 + _GAMMA)), 709.78


@lru_cache(maxsize=1 << 15)
def bin_of(size: float) -> int:
    """The bin of a positive number: all numbers of a bin are within ERROR of `middle(bin)`."""
    return ceil(log(size) * _PER_LOG)


def middle(number: int) -> float:
    """The number that stands for a bin.

    >>> abs(middle(bin_of(250.0)) - 250) <= 2.5
    True
    """
    return exp(min(number / _PER_LOG + _HALF, _LARGEST))


@dataclass(slots=True)
class Quantiles:
    """DDSketch (Masson, Rim, Lee 2019): bins that grow by 2 %, so that any quantile is within 1 % of the true one.

    Never more than 142,000 bins, for there are no more doubles than that far apart. `low`, `high` and `count` are
    exact. The library of that name takes three to ten times as long for each value.

    >>> waits = Quantiles()
    >>> waits.add({float(n): 1 for n in range(1, 101)})
    >>> round(waits.at(0.5)), waits.high
    (50, 100.0)
    """

    above: Counter[int] = field(default_factory=Counter)
    below: Counter[int] = field(default_factory=Counter)
    zeros: int = 0
    count: int = 0
    low: float = inf
    high: float = -inf

    def add(self, values: Mapping[float, int]) -> None:
        """Finite numbers and how often each came."""
        for value, count in values.items():
            if value > 0:
                self.above[bin_of(value)] += count
            elif value < 0:
                self.below[bin_of(-value)] += count
            else:
                self.zeros += count
            self.count += count
        if values:
            self.low, self.high = min(self.low, min(values)), max(self.high, max(values))

    def merge(self, other: Quantiles) -> None:
        """Take in what was counted elsewhere."""
        self.above.update(other.above)
        self.below.update(other.below)
        self.zeros += other.zeros
        self.count += other.count
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)

    def at(self, share: float) -> float:
        """The value below which that share (0 to 1) of all lies: that of rank floor(share * (count - 1)).

        Raises ValueError where there is no value.
        """
        if not self.count:
            raise ValueError("no values")
        left = int(share * (self.count - 1))
        for value, count in self._ascending():
            left -= count
            if left < 0:
                return min(max(value, self.low), self.high)
        return self.high

    def _ascending(self) -> list[tuple[float, int]]:
        negative = [(-middle(number), self.below[number]) for number in sorted(self.below, reverse=True)]
        positive = [(middle(number), self.above[number]) for number in sorted(self.above)]
        return [*negative, (0.0, self.zeros), *positive]


def number_of(value: object) -> float | None:
    """The number that a field holds, or that its text is; None where it is none, or not finite.

    >>> number_of("12.5"), number_of(True), number_of("12ms"), number_of(float("nan"))
    (12.5, None, None, None)
    """
    if type(value) is float:
        return value if isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _looks_numeric(value):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) else None


def _looks_numeric(text: str) -> bool:
    # float() also takes underscores, blanks, digits of other scripts, `inf` and `nan`.
    return text.isascii() and text[-1:].isalnum() and text[:1] in "+-.0123456789" and "_" not in text
