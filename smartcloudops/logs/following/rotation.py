"""Files of a directory that are another file renamed, copied or compressed: what was shown of that is not shown again.

logrotate renames and creates (`create`), or copies and empties (`copytruncate`), and compresses at once or a day later.
All of it comes down to one question: do the first bytes of a file that is new here, and those before the place up to
which another was shown, equal those of one whose name now holds something else, or nothing?
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from smartcloudops.logs.codecs import decode
from smartcloudops.logs.following.cursors import EDGE, Cursor
from smartcloudops.logs.following.gathering import head_of, peek
from smartcloudops.logs.objects import LogObject, Unread
from smartcloudops.logs.sources import Reader

# What was lost is remembered so long; a copy of a file that is there still is watched so long. Seconds.
_REMEMBERED_S, _WATCHED_S = 900.0, 10.0
_PIECE = 1 << 20
_PACKED = re.compile(r"\.(?:gz|zst|zstd|bz2|xz|lz4|z|old|bak|tmp)$", re.IGNORECASE)
_NUMBER = re.compile(r"[-_.]?\d[\d:T_-]*")


def family(key: str) -> str:
    """What the names of a log and its rotated files have in common.

    >>> {family(name) for name in ("a/app.log", "a/app.log.1", "a/app.log.2.gz", "a/app-20261120.log")}
    {'a/app.log'}
    """
    folder, slash, name = key.rpartition("/")
    while (shorter := _PACKED.sub("", name)) != name:
        name = shorter
    return folder + slash + _NUMBER.sub("", name)


@dataclass(slots=True)
class _Lost:
    cursor: Cursor
    since_s: float


@dataclass(slots=True)
class Rotation:
    """Cursors whose files went away or were overwritten, by family; and copies that are being made."""

    cap: int
    _lost: defaultdict[str, list[_Lost]] = field(default_factory=lambda: defaultdict(list))
    _copies: dict[str, tuple[int, float]] = field(default_factory=dict)

    def lose(self, cursor: Cursor, now_s: float) -> None:
        """The name of its file holds something else now, or nothing."""
        self._lost[family(cursor.one.key)].append(_Lost(cursor, now_s))

    def forget(self, now_s: float) -> Iterator[Cursor]:
        """Drop what was lost long ago."""
        for name in list(self._lost):
            kept = [each for each in self._lost[name] if now_s - each.since_s < _REMEMBERED_S]
            yield from (each.cursor for each in self._lost[name] if each not in kept)
            if kept:
                self._lost[name] = kept
            else:
                del self._lost[name]

    def all_lost(self) -> Iterator[Cursor]:
        """Every cursor that was lost and not found again."""
        for group in self._lost.values():
            yield from (each.cursor for each in group)

    def renamed(self, one: LogObject, reader: Reader) -> Cursor | None:
        """The lost cursor of a file of that size and time, and of that content if it is known."""
        lost = [each.cursor for each in self._lost.get(family(one.key), ())]
        alike = [cursor for cursor in lost if (cursor.one.size, cursor.one.modified) == (one.size, one.modified)]
        unknown = [cursor for cursor in alike if not _head(cursor)]
        found = (self._same([cursor for cursor in alike if _head(cursor)], one, reader) or unknown)[:1]
        return self._take(one, lambda each: each is found[0]) if found else None

    def copied(self, one: LogObject, reader: Reader) -> Cursor | None:
        """The lost cursor of a file whose shown part is the beginning of this one, plain or compressed."""
        lost = [each.cursor for each in self._lost.get(family(one.key), ()) if _head(each.cursor)]
        found = self._same(lost, one, reader)
        return self._take(one, lambda each: each is found[0]) if found else None

    def _same(self, cursors: list[Cursor], one: LogObject, reader: Reader) -> list[Cursor]:
        """Those whose shown part is the beginning of that file, the longest first."""
        if not cursors:
            return []
        compared = _Compared(cursors)
        head, plain = head_of(reader, one)
        if plain:
            return sorted(compared.same_as_plain(one, head, reader), key=lambda c: c.covered, reverse=True)
        compared.read(decode.decoded(reader.stream(one, piece=_PIECE), cap=self.cap))
        return sorted(compared.same(), key=lambda cursor: cursor.covered, reverse=True)

    def is_being_copied(self, one: LogObject, head: bytes, live: Iterable[Cursor], now_s: float) -> bool:
        """Whether to wait: it begins like another file that is there still, or was lost just now, and may be a copy in
        the making. Ten seconds after it last grew it is taken as a file of its own."""
        lost = [each.cursor for each in self._lost.get(family(one.key), ())]
        alike = any(_is_alike(head, cursor, one) for cursor in (*live, *lost))
        if not alike:
            self._copies.pop(one.key, None)
            return False
        size, since_s = self._copies.get(one.key, (-1, now_s))
        if size != one.size:
            size, since_s = one.size, now_s
        self._copies[one.key] = size, since_s
        return now_s - since_s < _WATCHED_S

    def _take(self, one: LogObject, is_it: Callable[[Cursor], bool]) -> Cursor | None:
        name = family(one.key)
        group = self._lost.get(name, [])
        for each in group:
            if is_it(each.cursor):
                group.remove(each)
                if not group:
                    del self._lost[name]
                self._copies.pop(one.key, None)
                return each.cursor
        return None


def _head(cursor: Cursor) -> bytes:
    return cursor.edges.head if cursor.edges is not None and cursor.covered else b""


def _is_alike(head: bytes, cursor: Cursor, one: LogObject) -> bool:
    theirs = _head(cursor)
    if not theirs or not head or cursor.one.key == one.key or family(cursor.one.key) != family(one.key):
        return False
    size = min(len(theirs), len(head))
    return theirs[:size] == head[:size]


@dataclass(slots=True)
class _Compared:
    """Looks for what is known of some files in the text of another."""

    cursors: list[Cursor]
    _head: bytes = b""
    _size: int = 0
    _found: dict[int, bytes] = field(default_factory=dict)

    def read(self, buffers: Iterator[bytes]) -> None:
        """Read as far as is needed. What cannot be read ends it."""
        wanted = {c.covered: b"" for c in self.cursors}
        furthest, before = max(wanted), b""
        try:
            for buffer in buffers:
                self._head = (self._head + buffer[:EDGE])[:EDGE]
                if not any(self._begins(c) for c in self.cursors):
                    return
                text, start = before + buffer, self._size - len(before)
                for end in wanted:
                    if self._size < end <= self._size + len(buffer):
                        self._found[end] = text[max(0, end - EDGE - start) : end - start]
                self._size += len(buffer)
                before = text[-EDGE:]
                if self._size >= furthest:
                    return
        except Unread:
            return

    def _begins(self, cursor: Cursor) -> bool:
        theirs = _head(cursor)
        size = min(len(theirs), len(self._head))
        return theirs[:size] == self._head[:size]

    def same_as_plain(self, one: LogObject, head: bytes, reader: Reader) -> Iterator[Cursor]:
        """Those whose shown part is in a plain file, of which only the edges are read."""
        self._head = head
        for cursor in self.cursors:
            last = cursor.edges.last if cursor.edges is not None else b""
            start = cursor.covered - len(last)
            if (
                self._begins(cursor)
                and one.size >= cursor.covered
                and peek(reader, one, len(last), start=start) == last
            ):
                yield cursor

    def same(self) -> list[Cursor]:
        """Those whose shown part is in it."""
        return [c for c in self.cursors if self._begins(c) and self._has(c)]

    def _has(self, cursor: Cursor) -> bool:
        found = self._found.get(cursor.covered)
        return found is not None and cursor.edges is not None and found.endswith(cursor.edges.last)
