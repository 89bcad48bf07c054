"""Hits of many objects in the order of their times, within a bound of memory."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from smartcloudops.logs.objects import Hit, LogObject

# What waits to be sorted: more is shown in several sorted runs.
_HITS, _BYTES = 20_000, 32 << 20
Row = tuple[int, int, Hit]


@dataclass(slots=True)
class Merge:
    """Takes hits as they are found, gives them out by time; what has no time has that of the hit before it in its
    object, else the object's. `last`: only so many of the first batch, the latest ones."""

    last: int | None = None
    _rows: list[Row] = field(default_factory=list)
    _bytes: int = 0
    _number: int = 0

    def add(self, one: LogObject, hits: list[Hit]) -> None:
        """More of one object."""
        time = one.since if one.since is not None else one.modified
        for hit in hits:
            if hit.event is not None and hit.event.time is not None:
                time = hit.event.time
            self._number += 1
            row = (time, self._number, hit)
            if self.last is not None:
                self._keep(row, self.last)
            else:
                self._rows.append(row)
                self._bytes += len(hit.line)

    def _keep(self, row: Row, most: int) -> None:
        if len(self._rows) < most:
            heapq.heappush(self._rows, row)
        elif most:
            heapq.heappushpop(self._rows, row)

    @property
    def full(self) -> bool:
        """Whether what waits should be given out now."""
        return self.last is None and (len(self._rows) >= _HITS or self._bytes >= _BYTES)

    def out(self) -> Iterator[Hit]:
        """All that waits, by time; each is gone from here when it is given."""
        rows, self._bytes, self.last = self._rows, 0, None
        rows.sort(key=lambda row: row[:2], reverse=True)
        while rows:
            yield rows.pop()[2]
