"""How far one object was shown, and the records behind that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from smartcloudops.logs.formats import Reading
from smartcloudops.logs.objects import Damage, Hit, LogObject, Trouble
from smartcloudops.logs.scan import Block
from smartcloudops.logs.sieve import Sieve
from smartcloudops.logs.surroundings import Hits

# What is kept of a file's first bytes, and of those before the place up to which it was shown.
EDGE = 1024
# A larger rest is not held back until it is whole.
_HELD = 1 << 20
# Records are judged in stretches of about this size, to bound what waits.
_STRETCH = 1 << 20
# So far back a record without a time of its own finds one.
_BACK = 64 << 10
_DIGEST = 16


class Rewritten(Exception):
    """What was shown of an object is not in it any more."""


@dataclass(slots=True)
class Cursor:
    """What was shown of an object: the records in its first `covered` decoded bytes, whose digest is known.

    `rest` is what follows them and is not known to be whole; it is shown when it stays so (`shown`: its records, by
    offset and digest). `unread`: nothing was read, because it is older than what was asked for; `covered` is no guide.
    `foreign`: it is not what is followed, but may tell what that becomes.
    `trouble` waits for the next look, which may be better; `told` is what was said of it last. `sieve`: what is looked
    for in it now. `edges` is of files of a directory only, which may be rotated. Times are seconds of following.
    """

    one: LogObject
    covered: int = 0
    digest: bytes = b""
    rest: Block | None = None
    changed_s: float = 0.0
    shown: frozenset[tuple[int, bytes]] = frozenset()
    unread: bool = False
    foreign: bool = False
    failures: int = 0
    trouble: Trouble | None = None
    told: Damage | None = None
    sieve: Sieve | None = None
    edges: Edges | None = None


@dataclass(slots=True)
class Edges:
    """What a file of a directory is known by: its first bytes, and the last ones that were shown. `reading`: how it is
    read, so that it can be gone on with; None for one that is compressed, or of which nothing was read."""

    head: bytes = b""
    last: bytes = b""
    reading: Reading | None = None


@dataclass(slots=True)
class Passage:
    """A stretch of new records of one object, and how far it is covered then. `start`: where the stretch begins."""

    hits: list[Hit]
    start: int
    covered: int
    digest: bytes
    data: bytes = field(repr=False)
    reading: Reading
    rest: Block | None = None


def passages(
    blocks: Iterable[Block], hits: Hits, *, covered: int = 0, digest: bytes = b"", skipped: bool = False
) -> Iterator[Passage]:
    """What lies behind the first `covered` bytes, if their digest is that one; Rewritten where it is not.

    `skipped`: the blocks begin there, and nothing is checked.
    """
    last: Passage | None = None
    try:
        for last in _judged(blocks, hits, covered, digest, at=covered if skipped else 0):
            yield last
    finally:
        # A hit that waited for records behind it has all that there are.
        held = list(hits.close())
        if held and last is not None:
            yield replace(last, hits=held, start=last.covered, data=b"")


def _judged(blocks: Iterable[Block], hits: Hits, covered: int, digest: bytes, at: int) -> Iterator[Passage]:
    hasher = blake2b(digest_size=_DIGEST)
    for block in blocks:
        if at < covered:
            old = block.data[: covered - at]
            hasher.update(old)
            at += len(old)
            if at < covered:
                continue
            _check(hasher.digest(), digest)
            block = _behind(block, len(old))
        for stretch in _stretches(block):
            whole, rest = _parted(stretch)
            hasher.update(whole.data)
            found = list(hits.of(whole)) if whole.data else []
            end = whole.offset + len(whole.data)
            yield Passage(found, whole.offset, end, hasher.digest(), whole.data, block.reading, rest)
    if at < covered:
        raise Rewritten


def _check(found: bytes, wanted: bytes) -> None:
    # There is no digest of what was shown of another file, which this one is a copy of.
    if wanted and found != wanted:
        raise Rewritten


def _behind(block: Block, cut: int) -> Block:
    """The block without its first bytes, which are whole records."""
    if not cut:
        return block
    before = block.before if cut < _BACK else b""
    before = (before + block.data[:cut])[-_BACK:]
    return replace(block, data=block.data[cut:], offset=block.offset + cut, before=before)


def _stretches(block: Block) -> Iterator[Block]:
    while len(block.data) > 2 * _STRETCH:
        cut = block.reading.framing.cut(block.data[:_STRETCH])
        if not cut:
            break
        yield replace(block, data=block.data[:cut], more=True)
        block = _behind(block, cut)
    yield block


def _parted(block: Block) -> tuple[Block, Block | None]:
    """What is whole of a block, and what may not be yet."""
    if block.more:
        return block, None
    cut = block.reading.framing.cut(block.data)
    if cut == len(block.data) or len(block.data) - cut > _HELD:
        return block, None
    return replace(block, data=block.data[:cut], more=True), _behind(block, cut)


def rest_of(cursor: Cursor, hits: Hits) -> list[Hit]:
    """The records of what was held back, to be shown as they are; they count as shown from now on."""
    rest, cursor.rest = cursor.rest, None
    if rest is None:
        return []
    found = [*hits.of(rest), *hits.close()]
    fresh = [hit for hit in found if mark(hit) not in cursor.shown]
    cursor.shown = cursor.shown | {mark(hit) for hit in found}
    return fresh


def mark(hit: Hit) -> tuple[int, bytes]:
    """What a record that was shown before it was known to be whole is known by."""
    return hit.offset, blake2b(hit.line, digest_size=_DIGEST).digest()


def take(cursor: Cursor, passage: Passage, now_s: float) -> list[Hit]:
    """Move a cursor over a passage; the hits that were not shown yet."""
    hits = passage.hits
    if cursor.shown:
        hits = [hit for hit in hits if mark(hit) not in cursor.shown]
        kept = passage.covered
        cursor.shown = frozenset(each for each in cursor.shown if each[0] >= kept)
    cursor.covered, cursor.digest = passage.covered, passage.digest
    cursor.rest, cursor.changed_s = passage.rest, now_s
    cursor.unread = False
    edges = cursor.edges
    if edges is not None:
        if len(edges.head) < EDGE and passage.start == len(edges.head):
            edges.head = (edges.head + passage.data[:EDGE])[:EDGE]
        edges.last = (edges.last + passage.data[-EDGE:])[-EDGE:] if len(passage.data) < EDGE else passage.data[-EDGE:]
        edges.reading = passage.reading
    return hits
