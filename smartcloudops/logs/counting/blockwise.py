"""Blocks of whole records -> their count: many lines at once where that is proven, else record by record."""

from __future__ import annotations

from collections.abc import Iterable

from smartcloudops.core.times import MINUTE
from smartcloudops.logs.counting import Wanted
from smartcloudops.logs.counting.columns import Columns, Gathered
from smartcloudops.logs.counting.known import Known
from smartcloudops.logs.counting.tally import Tally
from smartcloudops.logs.finding.fields import flat
from smartcloudops.logs.formats.framing import Lines
from smartcloudops.logs.objects import Event
from smartcloudops.logs.scan import Block, Look, matching
from smartcloudops.logs.sieve import Question, Sieve

# Records that are gathered before they are counted. Fields are remembered by name of the first records, then of a few.
_ROWS, _NAMED, _NAMED_EVERY = 8192, 20, 997
# Where times only have to lie in a window, this much tells them apart.
_COARSE = MINUTE
# What is to be the same of columns that are put together.
Alike = tuple[int, frozenset[str]]
Spans = Iterable[tuple[int, int, Event | None]]


class Blockwise:
    """Counts blocks into tallies. It remembers where things stand in lines, and is of use to one thread at a time."""

    def __init__(self, wanted: Wanted, question: Question, sieve: Sieve, *, zone: str = "UTC") -> None:
        self._wanted, self._question, self._sieve = wanted, question, sieve
        self._names = wanted.names
        self._needs_event = bool(self._names) or wanted.every is not None
        self._filters = bool(question.pattern or question.invert or question.fields or question.where)
        self._bounded = question.since is not None or question.until is not None
        timed = self._bounded or wanted.every is not None
        self._known = Known(wanted, timed=timed, zoneless=zone == "UTC")
        self._seen = 0
        # How wide the buckets of a histogram will be at least.
        self.width: int | None = None

    def take(self, block: Block, tally: Tally) -> None:
        """Count the records of a block that match."""
        self._take(block, tally)
        if tally.timeline is not None:
            self.width = max(self.width or 0, tally.timeline.width)

    def _take(self, block: Block, tally: Tally) -> None:
        if self._filters:
            self._read(block, matching(block, self._sieve), tally)
        elif self._needs_event or self._bounded:
            self._at_once(block, tally)
        else:
            tally.records += _count(block)

    def _at_once(self, block: Block, tally: Tally) -> None:
        if not self._known.suits(block.reading):
            self._read(block, matching(block, self._sieve), tally)
            return
        left, held = list[tuple[int, int]](), dict[Alike, Columns]()
        for spans, columns in self._known.parts(block.data, block.reading, width=self._width(tally)):
            fits = None if columns is None else self._fits(columns)
            if columns is None or fits is None:
                left += spans
            elif fits:
                self._hold(columns, held, tally)
        for columns in held.values():
            tally.take(columns, self._wanted)
        tally.know(self._known.names)
        self._read(block, self._matching(block, left), tally)

    def _hold(self, columns: Columns, held: dict[Alike, Columns], tally: Tally) -> None:
        """Keep columns that are read alike until there are many rows, of which few are different."""
        kind = id(columns.read), columns.numeric
        if kind in held:
            held[kind].extend(columns)
        else:
            held[kind] = columns
        if held[kind].rows >= _ROWS:
            tally.take(held.pop(kind), self._wanted)

    def _width(self, tally: Tally) -> int | None:
        if tally.timeline is not None:
            return tally.timeline.width
        return _COARSE if self._bounded else None

    def _fits(self, columns: Columns) -> bool | None:
        """Whether all records lie in the window; None where some may."""
        since, until = self._question.since, self._question.until
        first, last = columns.first, columns.last
        if not self._bounded:
            return True
        if first is None or last is None:
            return None
        if (since is not None and last < since) or (until is not None and first >= until):
            return False
        return True if (since is None or first >= since) and (until is None or last < until) else None

    def _matching(self, block: Block, spans: list[tuple[int, int]]) -> Spans:
        """The records of some lines that match."""
        data, look, framing = block.data, Look(block), block.reading.framing
        for start, end in spans:
            for a, b in framing.records(data[start:end]):
                look.at(start + a, start + b)
                if self._sieve.matches(data[start + a : start + b], look):
                    yield start + a, start + b, look.event

    def _read(self, block: Block, spans: Spans, tally: Tally) -> None:
        """Count records one by one."""
        look = Look(block)
        timed = self._wanted.every is not None
        gathered = Gathered(self._names, timed=timed)
        for start, end, event in spans:
            if event is None and self._needs_event:
                event = self._event(block, look, start, end)
            gathered.add(event)
            self._seen += 1
            if event is not None and (self._seen < _NAMED or not self._seen % _NAMED_EVERY):
                tally.know(flat(event.fields))
            if gathered.rows >= _ROWS:
                tally.take(gathered.columns(), self._wanted)
                gathered = Gathered(self._names, timed=timed)
        if gathered.rows:
            tally.take(gathered.columns(), self._wanted)

    def _event(self, block: Block, look: Look, start: int, end: int) -> Event:
        if self._wanted.every is None:
            return block.reading.read(block.data[start:end])
        # A record without a time of its own has that of the one before.
        look.at(start, end)
        return look()


def _count(block: Block) -> int:
    framing, data = block.reading.framing, block.data
    if isinstance(framing, Lines):
        return data.count(b"\n") + (data[-1:] != b"\n")
    return sum(1 for _ in framing.records(data))
