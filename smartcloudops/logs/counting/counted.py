"""What `sco logs stats` asks for: a question to a source, answered with counts, troubles, and what was covered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from smartcloudops.logs.counting import AUTO, Wanted
from smartcloudops.logs.counting.blockwise import Blockwise
from smartcloudops.logs.counting.tally import empty
from smartcloudops.logs.counting.timeline import BUCKETS, width_for
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.listing import listed
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.scan import blocks
from smartcloudops.logs.searching import Asked, Coverage, worked
from smartcloudops.logs.sieve import Sieve
from smartcloudops.logs.work import Done, Given, Sofar

# What was counted of a large object is given so often, for whoever is interrupted.
_EVERY_S = 1.0


class Counting:
    """Iterate it: objects that are done, with their troubles, and how far large ones have come. `tally` and `coverage`
    grow with it, so that what was counted when it is left is there."""

    def __init__(self, asked: Asked, wanted: Wanted) -> None:
        self.asked, self.wanted = asked, wanted
        self._width = _first_width(asked, wanted)
        self.tally = empty(wanted, width=self._width)
        self._sieve = compiled(asked.question)
        question = asked.question
        listing = listed(
            asked.source, since=question.since, until=question.until, slack=asked.slack, layout=asked.layout
        )
        self.coverage = Coverage(listing)

    def __iter__(self) -> Iterator[Sofar | Done]:
        asked, covered = self.asked, self.coverage
        work = _Work(asked, self.wanted, self._sieve, self._width)
        for result in worked(asked, self._objects(), work, self._sieve):
            if isinstance(result, Given):
                self.tally.merge(result.payload)
                covered.hits = self.tally.records
            else:
                covered.take(result)
                yield result
        covered.whole = True

    def _objects(self) -> Iterator[LogObject]:
        yield from self.coverage.listing
        self.coverage.listed = True

    @property
    def unknown(self) -> list[str]:
        """Fields that are asked for and that no record has, though there are records."""
        return [name for name in self.wanted.names if name not in self.tally.present] if self.tally.records else []


def _first_width(asked: Asked, wanted: Wanted) -> int | None:
    """How wide buckets are to begin with: such that those of the window are few."""
    since, until = asked.question.since, asked.question.until
    if wanted.every != AUTO or since is None or until is None:
        return None
    return width_for(until - since, BUCKETS // 2)


@dataclass(frozen=True)
class _Work:
    """The count of one object."""

    asked: Asked
    wanted: Wanted
    sieve: Sieve
    width: int | None

    @cached_property
    def _counter(self) -> Blockwise:
        # One for each worker, for it remembers where things stand in lines.
        return Blockwise(self.wanted, self.asked.question, self.sieve, zone=self.asked.source.zone)

    def __call__(self, one: LogObject, buffers: Iterator[bytes], give: Callable[[Any], None]) -> None:
        tally = empty(self.wanted, width=self._counter.width or self.width)
        source = self.asked.source
        next_s = time.monotonic() + _EVERY_S
        try:
            for block in blocks(one, buffers, format=source.format, zone=source.zone):
                self._counter.take(block, tally)
                if time.monotonic() >= next_s:
                    give(tally)
                    tally = empty(self.wanted, width=self._counter.width or self.width)
                    next_s = time.monotonic() + _EVERY_S
        finally:
            give(tally)
