"""Changed objects read: what was not shown of them yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from smartcloudops.logs import crew
from smartcloudops.logs.codecs.magic import HEAD, codec_of, foreign
from smartcloudops.logs.following.cursors import EDGE, Cursor, Passage, Rewritten, passages
from smartcloudops.logs.formats import Hint, Reading
from smartcloudops.logs.formats.reading import open_reading
from smartcloudops.logs.objects import LogObject, Trouble, Unread
from smartcloudops.logs.scan import Behind, blocks
from smartcloudops.logs.sources import Reader
from smartcloudops.logs.surroundings import Hits
from smartcloudops.logs.work import Done, Given

if TYPE_CHECKING:
    from smartcloudops.logs.searching import Asked

_SAMPLE = 256 << 10
_PIECE = 1 << 20
# What is not UTF-8 as it is: offsets in the file are not those of its text.
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x00\x00\xfe\xff")


@dataclass(frozen=True, slots=True)
class Task:
    """An object to be read behind what was shown of it. `goes_on`: it is a plain file, and can be read from there."""

    one: LogObject
    cursor: Cursor
    goes_on: bool = False


Result = tuple[LogObject, Passage | Rewritten | Done]


def gathered(asked: Asked, tasks: Iterable[Task]) -> Iterator[Result]:
    """Read objects from their beginning, some at a time; each ends with Done or Rewritten."""
    waiting = {task.one.key: task for task in tasks}
    if not waiting:
        return
    work = _Work(asked, {key: (task.cursor.covered, task.cursor.digest) for key, task in waiting.items()}, waiting)
    ones = [task.one for task in waiting.values()]
    rewritten: set[str] = set()
    for result in crew.run(asked.source, ones, work, workers=0, budget=asked.budget, cap=asked.cap):
        if isinstance(result, Done):
            if result.one.key not in rewritten:
                yield result.one, result
        elif isinstance(result, Given):
            if isinstance(result.payload, Rewritten):
                rewritten.add(result.one.key)
            yield result.one, result.payload


@dataclass(frozen=True, slots=True)
class _Work:
    asked: Asked
    shown: dict[str, tuple[int, bytes]]
    tasks: dict[str, Task]

    def __call__(self, one: LogObject, buffers: Iterator[bytes], give: Callable[[Any], None]) -> None:
        asked, (covered, digest) = self.asked, self.shown[one.key]
        source = asked.source
        cut = blocks(one, buffers, format=source.format, zone=source.zone)
        hits = _hits(asked, self.tasks[one.key])
        try:
            for passage in passages(cut, hits, covered=covered, digest=digest):
                give(passage)
        except Rewritten as e:
            give(e)


def _hits(asked: Asked, task: Task) -> Hits:
    assert task.cursor.sieve is not None
    return Hits(task.one.key, task.cursor.sieve, asked.before, asked.after, True)


def grown(asked: Asked, reader: Reader, task: Task) -> Iterator[Result]:
    """Read a plain file from where it was shown up to; it ends with Done, or with Rewritten where what was shown last
    is not there any more."""
    one, decoded = task.one, 0
    troubles: tuple[Trouble, ...] = ()
    try:
        for passage in _grown(asked, reader, task):
            decoded += len(passage.data)
            yield one, passage
    except Rewritten as e:
        yield one, e
        return
    except Unread as e:
        troubles = (Trouble(asked.source.address(one.key), e.damage, e.why, decoded),)
    yield one, Done(one, decoded, troubles)


def _grown(asked: Asked, reader: Reader, task: Task) -> Iterator[Passage]:
    one, cursor = task.one, task.cursor
    edges, source = cursor.edges, asked.source
    assert edges is not None
    pieces = _checked(reader.stream(one, start=cursor.covered - len(edges.last), piece=_PIECE), edges.last)
    behind = None
    if cursor.covered:
        # Few lines say little of what is to come.
        reading = edges.reading if cursor.covered >= _SAMPLE else None
        reading = reading or _opened(reader, one, source.format, source.zone)
        behind = Behind(cursor.covered, reading, edges.last)
    cut = blocks(one, pieces, format=source.format, zone=source.zone, behind=behind)
    for passage in passages(cut, _hits(asked, task), covered=cursor.covered, skipped=True):
        passage.digest = b""
        yield passage


def _checked(pieces: Iterator[bytes], wanted: bytes) -> Iterator[bytes]:
    """The pieces behind some bytes that are wanted at their beginning."""
    held = b""
    while len(held) < len(wanted):
        piece = next(pieces, None)
        if piece is None:
            raise Rewritten
        held += piece
    if not held.startswith(wanted):
        raise Rewritten
    return chain([held[len(wanted) :]], pieces)


def _opened(reader: Reader, one: LogObject, format: str, zone: str) -> Reading:
    head = peek(reader, one, _SAMPLE)
    return open_reading(head, Hint(one.key, one.modified, one.since, zone), format=format)


def peek(reader: Reader, one: LogObject, size: int, *, start: int = 0) -> bytes:
    """At most so many stored bytes of an object."""
    held = b""
    for piece in reader.stream(one, start=start, piece=size):
        held += piece
        if len(held) >= size:
            break
    return held[:size]


def head_of(reader: Reader, one: LogObject) -> tuple[bytes, bool]:
    """The first stored bytes of a file, and whether it is plain, so that its offsets are those of its text."""
    head = peek(reader, one, max(EDGE, HEAD))
    return head[:EDGE], codec_of(head) is None and foreign(head) is None and not head.startswith(_MARKS)
