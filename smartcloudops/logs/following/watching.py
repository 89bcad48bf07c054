"""What is in a source now, against what was: the objects that must be read, each with its cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from smartcloudops.logs.codecs import decode
from smartcloudops.logs.following.cursors import EDGE, Cursor, Edges
from smartcloudops.logs.following.gathering import head_of, peek
from smartcloudops.logs.following.rotation import Rotation, family
from smartcloudops.logs.objects import LogObject, Unread
from smartcloudops.logs.sources import Reader, Source


@dataclass(slots=True)
class Watch:
    """The cursors of everything that can be listed. `reader` is None for S3, where nothing is renamed; `named` is the
    key of the one file that is followed, where it is one.

    `newest`: the latest modification seen (ms), by the server's clock; `old`: hashes of keys that were there at the
    start, too old to be read.
    """

    source: Source
    rotation: Rotation
    reader: Reader | None
    cursors: dict[str, Cursor] = field(default_factory=dict)
    named: str | None = None
    newest: int = 0
    old: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def changed(self, found: Iterable[LogObject]) -> Iterator[LogObject]:
        """Of a listing, what is not known as it is."""
        for one in found:
            known = self.cursors.get(one.key)
            self.newest = max(self.newest, one.modified)
            if known is None or not is_same(known.one, one):
                yield one

    def missing(self, listed: set[str], now_s: float) -> Iterator[Cursor]:
        """Forget what a complete listing does not name; the cursors that nothing can follow any more."""
        for key in [key for key in self.cursors if key not in listed]:
            cursor = self.cursors.pop(key)
            if self.reader is not None:
                self.rotation.lose(cursor, now_s)
            else:
                yield cursor
        yield from self.rotation.forget(now_s)

    def begin(self, one: LogObject, *, before: int | None) -> Cursor:
        """A cursor for an object that was there at the start; nothing of it is read if it was modified before that."""
        foreign = self.is_foreign(one)
        old = foreign or (before is not None and one.modified < before)
        cursor = Cursor(one if old else nothing_of(one), unread=old, foreign=foreign)
        if self.reader is not None:
            cursor.edges = Edges()
            if old:
                _skip(cursor, self.reader)
        self.cursors[one.key] = cursor
        return cursor

    def is_foreign(self, one: LogObject) -> bool:
        """Whether it lies beside the one file that is followed."""
        return self.named is not None and one.key != self.named

    def to_read(self, changed: list[LogObject], now_s: float) -> Iterator[tuple[LogObject, Cursor, bool]]:
        """The objects to read, with their cursors, and whether to go on at the cursor's place in the file."""
        if self.reader is not None:
            yield from _Files(self, self.reader, now_s).sorted_out(changed)
            return
        for one in changed:
            fresh = Cursor(nothing_of(one), unread=hash(one.key) in self.old)
            yield one, self.cursors.setdefault(one.key, fresh), False

    def restart(self, cursor: Cursor, now_s: float) -> None:
        """What was shown of an object is not in it any more: it is new."""
        key = cursor.one.key
        self.cursors.pop(key, None)
        address = self.source.address(key)
        if self.reader is not None:
            self.rotation.lose(cursor, now_s)
            if not cursor.foreign:
                self.notes.append(f"{address} begins anew: it was rotated, emptied or rewritten")
            return
        self.cursors[key] = Cursor(nothing_of(cursor.one))
        self.notes.append(f"{address} was rewritten; it is shown from its beginning")


def is_same(known: LogObject, one: LogObject) -> bool:
    """Whether the content is as it was."""
    return (known.etag, known.size) == (one.etag, one.size) and (bool(one.etag) or known.modified == one.modified)


def nothing_of(one: LogObject) -> LogObject:
    """An object of which nothing was read: what is listed is never the same."""
    return LogObject(one.key, -1, one.modified, "", one.storage, one.since, one.until)


def _skip(cursor: Cursor, reader: Reader) -> None:
    """Put the cursor behind what an old plain file holds; one that is compressed or cannot be read stays unread."""
    one = cursor.one
    try:
        head, plain = head_of(reader, one)
        if not one.size:
            cursor.unread = False
        if not plain or not one.size:
            return
        start = max(0, one.size - EDGE)
        last = peek(reader, one, one.size - start, start=start)
    except Unread:
        return
    # What follows the last line end may be the beginning of a line.
    last = last[: last.rfind(b"\n") + 1] or last
    cursor.covered, cursor.unread = start + len(last), False
    cursor.edges = Edges(head[: cursor.covered], last)


@dataclass(slots=True)
class _Files:
    """Sorts out the changed files of a directory, where names move."""

    watch: Watch
    reader: Reader
    now_s: float
    ready: list[tuple[LogObject, Cursor, bool]] = field(default_factory=list)

    def sorted_out(self, changed: list[LogObject]) -> list[tuple[LogObject, Cursor, bool]]:
        """Those that grew first, then those that are another one, then new ones."""
        moved = {(one.size, one.modified) for one in changed if one.key not in self.watch.cursors}
        strange = [one for one in changed if not self._tried(lambda one: self._goes_on(one, moved), one)]
        strange = [one for one in strange if not self._tried(self._is_renamed, one)]
        live = _by_family(self.watch.cursors.values()) if strange else {}
        for one in strange:
            self._tried(lambda one: self._is_new(one, live.get(family(one.key), [])), one)
        return [row for row in self.ready if not self._is_passed_over(*row[:2])]

    def _is_passed_over(self, one: LogObject, cursor: Cursor) -> bool:
        """Whether it lies beside the one file that is followed, and was never that."""
        if cursor.foreign:
            self.watch.begin(one, before=None)
        return cursor.foreign

    def _tried(self, step: Callable[[LogObject], bool], one: LogObject) -> bool:
        """A step; a file that cannot be opened is left to the reading, which says why."""
        try:
            return step(one)
        except Unread:
            cursor = self.watch.cursors.setdefault(one.key, self._fresh(one))
            self.ready.append((one, cursor, False))
            return True

    def _goes_on(self, one: LogObject, moved: set[tuple[int, int]]) -> bool:
        """Whether what was shown of it is still its beginning; one of which nothing was shown may be another one."""
        cursor = self.watch.cursors.get(one.key)
        if cursor is None or cursor.edges is None or not (cursor.covered or cursor.unread):
            return False
        head, plain = head_of(self.reader, one)
        is_moved = (cursor.one.size, cursor.one.modified) in moved
        if plain:
            goes_on = self._has_edges(one, head, cursor)
        else:
            # Its digest will tell when it is read.
            goes_on = not cursor.unread and not is_moved and bool(cursor.digest)
        if goes_on:
            self.ready.append((one, cursor, plain))
        else:
            self.watch.restart(cursor, self.now_s)
        return goes_on

    def _has_edges(self, one: LogObject, head: bytes, cursor: Cursor) -> bool:
        edges = cursor.edges or Edges()
        if one.size < cursor.covered or not head.startswith(edges.head):
            return False
        start = cursor.covered - len(edges.last)
        return not edges.last or peek(self.reader, one, len(edges.last), start=start) == edges.last

    def _is_renamed(self, one: LogObject) -> bool:
        cursor = self.watch.rotation.renamed(one, self.reader)
        if cursor is None:
            return False
        overwritten = self.watch.cursors.get(one.key)
        if overwritten is not None:
            self.watch.rotation.lose(overwritten, self.now_s)
        cursor.one, cursor.trouble = one, None
        self.watch.cursors[one.key] = cursor
        return True

    def _is_new(self, one: LogObject, live: list[Cursor]) -> bool:
        """Whether it is to be read: from its beginning, or behind what was shown of the file that it is a copy of."""
        head, plain = head_of(self.reader, one)
        rotation = self.watch.rotation
        cursor = self.watch.cursors.get(one.key) or self._fresh(one)
        original = rotation.copied(one, self.reader)
        if original is not None and original.edges is not None:
            reading = original.edges.reading if plain else None
            cursor.edges = Edges(original.edges.head, original.edges.last, reading)
            cursor.covered, cursor.shown, cursor.digest = original.covered, original.shown, b""
            cursor.foreign = original.foreign
        elif rotation.is_being_copied(one, head if plain else self._text(one), live, self.now_s):
            return False
        self.watch.cursors[one.key] = cursor
        self.ready.append((one, cursor, plain))
        return True

    def _fresh(self, one: LogObject) -> Cursor:
        return Cursor(nothing_of(one), edges=Edges(), foreign=self.watch.is_foreign(one))

    def _text(self, one: LogObject) -> bytes:
        """The first bytes of what is compressed."""
        head = b""
        try:
            for buffer in decode.decoded(self.reader.stream(one), cap=self.watch.rotation.cap):
                head += buffer[:EDGE]
                if len(head) >= EDGE:
                    break
        except Unread:
            pass
        return head[:EDGE]


def _by_family(cursors: Iterable[Cursor]) -> dict[str, list[Cursor]]:
    found = dict[str, list[Cursor]]()
    for cursor in cursors:
        found.setdefault(family(cursor.one.key), []).append(cursor)
    return found
