"""What `sco logs search` asks for: a question to a source, answered with hits, troubles, and what was covered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any

from smartcloudops.core.times import HOUR
from smartcloudops.logs import crew
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.formats import FORMATS
from smartcloudops.logs.formats.zones import zone_of
from smartcloudops.logs.layouts import Layout
from smartcloudops.logs.listing import Listing, listed
from smartcloudops.logs.objects import Event, Hit, Lines, LogObject, Trouble, Unread
from smartcloudops.logs.scan import blocks, matching, warm
from smartcloudops.logs.sieve import Question, Sieve
from smartcloudops.logs.sources import Source
from smartcloudops.logs.surroundings import Hits
from smartcloudops.logs.work import Done, Given, Sofar, Work

# Hits that cross a pipe together, by count and by bytes.
_BATCH, _BATCH_BYTES = 1024, 1 << 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a source. `limit`: stop after so many hits; `before`, `after`: records around each; `events`: hits
    carry what their format reads; `bare`: text alone is wanted, and no records around, so that events have but their
    time. The rest as for `crew.run` and
    `listing.listed`. `skip`: objects that are done."""

    source: Source
    question: Question
    slack: int = HOUR
    layout: Layout | None = None
    limit: int | None = None
    before: int = 0
    after: int = 0
    events: bool = False
    bare: bool = False
    workers: int | None = None
    budget: int = crew.BUDGET
    cap: int = crew.CAP
    skip: Callable[[LogObject], bool] | None = None


@dataclass(slots=True)
class Coverage:
    """How far a search has come. Bytes as stored and as decoded, of objects that are through; `going`: bytes decoded of
    those that are worked on and take long. `skipped`: done by the search that this one resumes.

    `listed` is final, and `whole` true, when everything that can hold hits was looked at.
    """

    listing: Listing
    objects: int = 0
    stored: int = 0
    decoded: int = 0
    hits: int = 0
    skipped: int = 0
    listed: bool = False
    whole: bool = False
    troubles: list[Trouble] = field(default_factory=list)
    going: dict[str, int] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        """All bytes that were decoded."""
        return self.decoded + sum(self.going.values())

    def take(self, result: Sofar | Done) -> None:
        """An object has come so far, or is through."""
        if isinstance(result, Sofar):
            self.going[result.one.key] = result.decoded
            return
        self.going.pop(result.one.key, None)
        self.objects += 1
        self.stored += result.one.size
        self.decoded += result.decoded
        self.troubles += result.troubles


class Search:
    """Iterate it for hits and troubles, as found; `coverage` grows with it. `finished` hears of objects that were read
    to their end and whose hits were all taken, and how many these were."""

    def __init__(self, asked: Asked, *, finished: Callable[[LogObject, int], None] = lambda one, hits: None) -> None:
        self.asked = asked
        self.sieve = compiled(asked.question)
        # A wrong name is told before anything is read, not by the first object.
        zone_of(asked.source.zone)
        if asked.source.format != "auto":
            FORMATS.load(asked.source.format)
        question = asked.question
        self._finished = finished
        self._hits: dict[str, int] = {}
        listing = listed(
            asked.source, since=question.since, until=question.until, slack=asked.slack, layout=asked.layout
        )
        self.coverage = Coverage(listing)

    def __iter__(self) -> Iterator[Hit | Trouble]:
        for item in self.batches():
            if isinstance(item, list):
                yield from item
            elif isinstance(item, Trouble):
                yield item

    def batches(self) -> Iterator[list[Hit] | Lines | Trouble]:
        """The same, hits of one object together as they came; as Lines where bare text is all that was asked for.

        A batch of none tells of news, for those who show how far it has come.
        """
        asked, covered = self.asked, self.coverage
        # Of lines in one piece nobody knows where a record ends, which may be of several: a limit counts records.
        is_text = asked.bare and not asked.events and asked.limit is None
        work = _Bare(asked, self.sieve) if is_text else _Work(asked, self.sieve)
        for result in worked(asked, self._objects(), work, self.sieve):
            if not isinstance(result, Given):
                covered.take(result)
                yield from self._ended(result) if isinstance(result, Done) else ()
                yield []
                continue
            batch = self._wanted(result)
            count = batch.count if isinstance(batch, Lines) else len(batch)
            covered.hits += count
            self._hits[result.one.key] = self._hits.get(result.one.key, 0) + count
            yield batch
            if covered.hits == asked.limit:
                return
        covered.whole = True

    def _objects(self) -> Iterator[LogObject]:
        for one in self.coverage.listing:
            if self.asked.skip is not None and self.asked.skip(one):
                self.coverage.skipped += 1
            else:
                yield one
        self.coverage.listed = True

    def _wanted(self, given: Given) -> list[Hit] | Lines:
        if isinstance(given.payload, Lines):
            return given.payload
        left = None if self.asked.limit is None else self.asked.limit - self.coverage.hits
        return [_unpacked(given.one.key, packed) for packed in given.payload[:left]]

    def _ended(self, done: Done) -> Iterator[Trouble]:
        yield from done.troubles
        hits = self._hits.pop(done.one.key, 0)
        if not done.troubles:
            self._finished(done.one, hits)


def worked(asked: Asked, objects: Iterator[LogObject], work: Work, sieve: Sieve) -> Iterator[crew.Result]:
    """What comes of the work on each object, within the limits that were asked for."""
    return crew.run(
        asked.source,
        objects,
        work,
        workers=asked.workers,
        budget=asked.budget,
        cap=asked.cap,
        warm=partial(warm, sieve),
    )


def search(asked: Asked) -> Search:
    """A search, not begun; UsageError for a question that cannot be compiled."""
    return Search(asked)


@dataclass(frozen=True, slots=True)
class _Work:
    """The hits of one object, in batches."""

    asked: Asked
    sieve: Sieve

    def __call__(self, one: LogObject, buffers: Iterator[bytes], give: Callable[[Any], None]) -> None:
        asked = self.asked
        found = _unless_ruled_out(buffers, self.sieve)
        if found is None:
            return
        hits = Hits(one.key, self.sieve, asked.before, asked.after, asked.events)
        batch = _Batch(give, asked.limit, fields=not asked.bare)
        source = asked.source
        try:
            for block in blocks(one, found, format=source.format, zone=source.zone):
                batch.take(hits.of(block))
                if batch.full:
                    return
                batch.flush()
        finally:
            batch.take(hits.close())
            batch.flush()


def _unless_ruled_out(buffers: Iterator[bytes], sieve: Sieve) -> Iterator[bytes] | None:
    """The buffers; None for a single one that the raw bytes rule out: how its records lie need not be known then.

    Of more than one, a record may lie across two.
    """
    first = next(buffers, None)
    if first is None:
        return None
    if sieve.looks_at_all:
        return chain((first,), buffers)
    try:
        second = next(buffers, None)
    except Unread as e:
        return _broken_off(first, e)
    if second is not None:
        return chain((first, second), buffers)
    return None if next(sieve.candidates(first, lines=False), None) is None else iter((first,))


def _broken_off(first: bytes, error: Unread) -> Iterator[bytes]:
    yield first
    raise error


# A hit as it crosses a pipe, without its key: plain tuples cost a tenth.
_Packed = tuple[int, bytes, tuple[int | None, Any] | None, tuple[bytes, ...], tuple[bytes, ...], bool]


def _packed(hit: Hit, *, fields: bool = True) -> _Packed:
    event = None if hit.event is None else (hit.event.time, hit.event.fields if fields else {})
    return (hit.offset, hit.line, event, hit.before, hit.after, hit.joined)


def _unpacked(key: str, packed: _Packed) -> Hit:
    offset, line, event, before, after, joined = packed
    return Hit(key, offset, line, None if event is None else Event(*event), before, after, joined)


@dataclass(frozen=True, slots=True)
class _Bare:
    """The matching records of one object, as text."""

    asked: Asked
    sieve: Sieve

    def __call__(self, one: LogObject, buffers: Iterator[bytes], give: Callable[[Any], None]) -> None:
        found = _unless_ruled_out(buffers, self.sieve)
        if found is None:
            return
        source = self.asked.source
        for block in blocks(one, found, format=source.format, zone=source.zone):
            data = block.data
            records = (data[start:end] for start, end, _ in matching(block, self.sieve))
            while part := list(islice(records, _BATCH)):
                give(Lines(one.key, len(part), b"\n".join(part) + b"\n"))


@dataclass(slots=True)
class _Batch:
    give: Callable[[Any], None]
    left: int | None
    fields: bool = True
    _hits: list[_Packed] = field(default_factory=list)
    _bytes: int = 0

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self.left == 0

    def take(self, hits: Iterator[Hit]) -> None:
        for hit in hits:
            if self.left is not None:
                if self.left == 0:
                    return
                self.left -= 1
            self._hits.append(_packed(hit, fields=self.fields))
            self._bytes += len(hit.line)
            if len(self._hits) >= _BATCH or self._bytes >= _BATCH_BYTES:
                self.flush()

    def flush(self) -> None:
        if self._hits:
            self.give(self._hits)
            self._hits, self._bytes = [], 0
