"""The count of some records: of a block, of an object, of everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from smartcloudops.core.times import SECOND
from smartcloudops.logs.counting import AUTO, Wanted
from smartcloudops.logs.counting.columns import Columns, Texts
from smartcloudops.logs.counting.distinct import Distinct
from smartcloudops.logs.counting.frequent import Frequent
from smartcloudops.logs.counting.measured import Measured
from smartcloudops.logs.counting.timeline import Timeline

# Field names that are remembered, to name them where one is asked for that there is not.
_NAMES = 200


@dataclass(slots=True)
class Tally:
    """Partial counts; any two can be merged, in any order.

    `records` all; with a histogram only, `untimed` those without a time, `first` and `last` the earliest and latest
    time (ms). `by`, `measured` and `distinct` in the order of what is wanted; `present`: fields that some record had;
    `names`: some of all fields that there are.
    """

    records: int = 0
    untimed: int = 0
    first: int | None = None
    last: int | None = None
    by: list[Frequent[Texts]] = field(default_factory=list)
    timeline: Timeline[Texts] | None = None
    measured: list[Measured] = field(default_factory=list)
    distinct: list[Distinct] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    names: dict[str, None] = field(default_factory=dict)

    def merge(self, other: Tally) -> None:
        """Take in what was counted elsewhere, for the same that is wanted."""
        self.records += other.records
        self.untimed += other.untimed
        self._reach(other.first, other.last)
        for mine, theirs in zip(self.by, other.by, strict=True):
            mine.merge(theirs)
        if self.timeline is not None and other.timeline is not None:
            self.timeline.merge(other.timeline)
        for measured, others in zip(self.measured, other.measured, strict=True):
            measured.merge(others)
        for distinct, more in zip(self.distinct, other.distinct, strict=True):
            distinct.merge(more)
        self.present |= other.present
        self.know(other.names)

    def know(self, names: Iterable[str]) -> None:
        """Fields that there are."""
        for name in names:
            if len(self.names) >= _NAMES:
                break
            self.names[name] = None

    def _reach(self, first: int | None, last: int | None) -> None:
        if first is not None and (self.first is None or first < self.first):
            self.first = first
        if last is not None and (self.last is None or last > self.last):
            self.last = last

    def take(self, columns: Columns, wanted: Wanted) -> None:
        """Count records, given as columns."""
        self.records += columns.rows
        split = wanted.by[0] if wanted.by else ()
        if self.timeline is not None:
            self._reach(columns.first, columns.last)
            if columns.first is not None and columns.last is not None:
                self.timeline.fit(columns.first, columns.last)
            self._take_times(columns.over_time(split), self.timeline)
        for fields, frequent in zip(wanted.by, self.by, strict=True):
            frequent.add(columns.counted(fields))
        for name, measured in zip(wanted.percentiles, self.measured, strict=True):
            measured.add(columns.measured(split, name))
        for name, distinct in zip(wanted.distinct, self.distinct, strict=True):
            distinct.add(text for (text,) in columns.counted((name,)) if text is not None)
        self.present.update(columns.present())

    def _take_times(self, counts: dict[tuple[int | None, Texts], int], timeline: Timeline[Texts]) -> None:
        timed: dict[tuple[int, Texts], int] = {}
        for (time, key), count in counts.items():
            if time is None:
                self.untimed += count
            else:
                timed[time, key] = count
        timeline.add(timed)


def empty(wanted: Wanted, *, width: int | None = None) -> Tally:
    """Nothing counted yet; `width` (ms): how wide buckets are to begin with, where none is asked for."""
    fixed = wanted.every not in (None, AUTO)
    every = wanted.every if fixed and wanted.every else width or SECOND
    return Tally(
        by=[Frequent(wanted.limit) for _ in wanted.by],
        timeline=None if wanted.every is None else Timeline(every, fixed),
        measured=[Measured() for _ in wanted.percentiles],
        distinct=[Distinct() for _ in wanted.distinct],
    )
