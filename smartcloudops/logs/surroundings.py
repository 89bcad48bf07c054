"""Hits of one object with the records around them (`-A -B -C`), each record given once, also across blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from smartcloudops.logs.finding.fields import shallow
from smartcloudops.logs.formats import Framing
from smartcloudops.logs.objects import Event, Hit
from smartcloudops.logs.scan import Block, Look, is_empty, matching
from smartcloudops.logs.sieve import Sieve

Span = tuple[int, int]


@dataclass(slots=True)
class Hits:
    """Hits of one object, block by block. A hit that lacks records behind it is held until they are there."""

    key: str
    sieve: Sieve
    before: int = 0
    after: int = 0
    events: bool = False
    _held: Hit | None = None
    _lacks: int = 0
    _given: int = 0
    _tail: list[bytes] = field(default_factory=list)
    _tail_is_all: bool = True
    _any: bool = False

    def of(self, block: Block) -> Iterator[Hit]:
        """The hits of the next block, in order."""
        look = Look(block)
        around = bool(self.before or self.after)
        self._given = 0
        for start, end, event in matching(block, self.sieve):
            if self.events and event is None:
                look.at(start, end)
                event = look()
            line = block.data[start:end]
            if event is not None and (fields := shallow(event.fields, line)) is not event.fields:
                event = Event(event.time, fields)
            hit = Hit(self.key, block.offset + start, line, event)
            if not around:
                yield hit
                continue
            yield from self._follow(block, start)
            self._lead(block, hit, start, end)
        if around:
            yield from self._end(block)

    def close(self) -> Iterator[Hit]:
        """The hit that is still held when the object is through."""
        held, self._held = self._held, None
        if held is not None:
            yield held

    def _follow(self, block: Block, until: int) -> Iterator[Hit]:
        """Give the held hit what follows it, and hand it out."""
        self._fill(block, until)
        yield from self.close()

    def _fill(self, block: Block, until: int) -> None:
        if self._held is None:
            return
        spans = _following(block, self._given, until, self._lacks)
        self._held.after += tuple(block.data[a:b] for a, b in spans)
        self._lacks -= len(spans)
        if spans:
            self._given = _behind(block.data, spans[-1][1])

    def _lead(self, block: Block, hit: Hit, start: int, end: int) -> None:
        """Give a hit what stands before it and was not given yet, and hold it."""
        spans, reaches = _preceding(block, self._given, start, self.before)
        lead = [block.data[a:b] for a, b in spans]
        joined = reaches
        if reaches and not self._given and self._tail:
            wanted = self.before - len(lead)
            lead = (self._tail[-wanted:] if wanted else []) + lead
            joined = self._tail_is_all and wanted >= len(self._tail)
        elif reaches and not self._given:
            joined = self._tail_is_all
        hit.before, hit.joined = tuple(lead), joined and self._any
        self._held, self._lacks, self._any = hit, self.after, True
        self._given = _behind(block.data, end)

    def _end(self, block: Block) -> Iterator[Hit]:
        size = len(block.data)
        self._fill(block, size)
        if self._lacks <= 0 or not block.more:
            yield from self.close()
        spans, reaches = _preceding(block, self._given, size, self.before)
        rest = [block.data[a:b] for a, b in spans]
        if self._given:
            self._tail, self._tail_is_all = rest, reaches
        else:
            self._tail_is_all = self._tail_is_all and reaches and len(self._tail) + len(rest) <= self.before
            self._tail = (self._tail + rest)[-self.before :] if self.before else []


def _behind(data: bytes, end: int) -> int:
    """Where the record begins that is behind one that ends there."""
    return end + (2 if data[end : end + 2] == b"\r\n" else 1)


def _following(block: Block, start: int, until: int, count: int) -> list[Span]:
    """At most `count` records from `start` on."""
    framing, found = block.reading.framing, list[Span]()
    until = min(until, len(block.data))
    while len(found) < count and start < until:
        span = framing.around(block.data, start)
        if _is_record(block.data, span, start):
            found.append(span)
        start = max(_behind(block.data, span[1]), start + 1)
    return found


def _preceding(block: Block, floor: int, start: int, count: int) -> tuple[list[Span], bool]:
    """At most `count` records between `floor` and `start`, the last ones, and whether they reach back to `floor`."""
    framing: Framing = block.reading.framing
    found: list[Span] = []
    while len(found) < count and start > floor:
        at = start - 1
        span = framing.around(block.data, at)
        if _is_record(block.data, span, at):
            found.append(span)
        start = min(span[0], at)
    return found[::-1], start <= floor


def _is_record(data: bytes, span: Span, at: int) -> bool:
    return span[1] > span[0] or is_empty(data, at)
