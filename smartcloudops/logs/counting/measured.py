"""The numbers of a field, in groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import nlargest

from smartcloudops.logs.counting.columns import Texts
from smartcloudops.logs.counting.quantiles import Quantiles, number_of

# Groups that have percentiles of their own before the smallest are thrown together.
GROUPS = 1_000


@dataclass(slots=True)
class Numbers:
    """Values of one field in one group: those that are numbers, those that are not, records without one."""

    quantiles: Quantiles = field(default_factory=Quantiles)
    other: int = 0
    missing: int = 0
    # One of the values that are no numbers, to show.
    example: str = ""

    @property
    def records(self) -> int:
        """All records of the group."""
        return self.quantiles.count + self.other + self.missing

    def add(self, values: Mapping[float | str | None, int]) -> None:
        """Values of the field, None where a record has none, and how often each came."""
        numbers: dict[float, int] = {}
        for value, count in values.items():
            number = number_of(value)
            if number is not None:
                numbers[number] = numbers.get(number, 0) + count
            elif value is None:
                self.missing += count
            else:
                self.other += count
                self.example = _example(self.example, str(value))
        self.quantiles.add(numbers)

    def merge(self, other: Numbers) -> None:
        """Take in what was counted elsewhere."""
        self.quantiles.merge(other.quantiles)
        self.other += other.other
        self.missing += other.missing
        self.example = _example(self.example, other.example)


@dataclass(slots=True)
class Measured:
    """Numbers of one field by group. Of more than GROUPS groups the smallest are thrown together in `rest`; a group
    that is held may have lost up to `lost` records to it."""

    groups: dict[Texts, Numbers] = field(default_factory=dict)
    rest: Numbers = field(default_factory=Numbers)
    lost: int = 0

    def add(self, parted: Mapping[Texts, Mapping[float | str | None, int]]) -> None:
        """How often each value came, by group."""
        for group, values in parted.items():
            self.groups.setdefault(group, Numbers()).add(values)
        self._bound()

    def merge(self, other: Measured) -> None:
        """Take in what was counted elsewhere."""
        for group, numbers in other.groups.items():
            self.groups.setdefault(group, Numbers()).merge(numbers)
        self.rest.merge(other.rest)
        self.lost += other.lost
        self._bound()

    def all(self) -> Numbers:
        """The numbers of all groups together."""
        found = Numbers()
        for numbers in (*self.groups.values(), self.rest):
            found.merge(numbers)
        return found

    def _bound(self) -> None:
        if len(self.groups) <= GROUPS:
            return
        kept = set(nlargest(GROUPS // 2, self.groups, key=lambda group: (self.groups[group].records, str(group))))
        gone = [numbers for group, numbers in self.groups.items() if group not in kept]
        self.groups = {group: numbers for group, numbers in self.groups.items() if group in kept}
        for numbers in gone:
            self.rest.merge(numbers)
        self.lost += max(numbers.records for numbers in gone)


def _example(*texts: str) -> str:
    return min((text[:80] for text in texts if text), default="")
