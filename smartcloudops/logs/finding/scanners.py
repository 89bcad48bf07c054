"""Where a clause holds in a buffer, found by bytes.find, RE2 or Hyperscan."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol

from smartcloudops.logs.finding.clauses import Clause, wide_forms
from smartcloudops.logs.finding.required import folded_bytes, quoted

Engine = Literal["auto", "hyperscan", "re2"]
# The next place from a position on, or -1.
_Next = Callable[[bytes, int], int]
# Hyperscan looks at so much before anything of it is given out.
_SEGMENT = 1 << 20
# It reports each end of a match: after so many in one line it is told to go on with the next.
_PATIENCE = 16
# One by one, RE2 finds a literal at 2 to 10 GB/s; several at once at 0.3 GB/s.
_ONE_BY_ONE = 6
_MEMORY = 64 << 20
_NEAR = 20_000


class Scanner(Protocol):
    """Finds one clause. Safe to share between threads and to inherit by a fork."""

    # What it costs: seconds for a byte that is passed, seconds for a place that is found.
    per_byte: float
    per_place: float

    # Places, ascending; the first one of each line. With `lines` false every one: several records may share a line.
    def places(self, data: bytes, *, lines: bool = True) -> Iterator[int]: ...


class NoScannerError(ValueError):
    """This engine does not take this clause."""


class Finding:
    """Literals by bytes.find: nothing to prepare, and cheap where there are many places."""

    per_byte = 0.6e-9
    per_place = 0.2e-6

    def __init__(self, clause: Clause) -> None:
        if clause.folded or clause.pattern or not clause.literals:
            raise NoScannerError("bytes.find finds literals only")
        self._nexts = [_finder(literal) for literal in sorted(clause.literals)]
        self.per_byte = Finding.per_byte * len(self._nexts)

    def places(self, data: bytes, *, lines: bool = True) -> Iterator[int]:
        """Places of any of the literals."""
        return _merged(data, self._nexts, lines=lines)


class Probing:
    """RE2 in Latin-1, literal by literal where they are few."""

    per_byte = 0.3e-9
    per_place = 2.5e-6

    def __init__(self, clause: Clause) -> None:
        self._ends = b"$" in clause.pattern
        self._nexts = [_searcher(pattern) for pattern in _separate(clause)]
        self._wide = [_finder(form) for form in wide_forms(clause.literals)] if clause.folded else []
        self.per_byte = (3e-9 if clause.pattern else 0) + Probing.per_byte * len(clause.literals)

    def places(self, data: bytes, *, lines: bool = True) -> Iterator[int]:
        """Places where it holds."""
        wide = [] if not self._wide or data.isascii() else self._wide
        return _merged(_line_ends(data) if self._ends else data, self._nexts + wide, lines=lines)


class Hyperscanning:
    """All of the clause at once by Hyperscan."""

    per_byte = 0.25e-9
    per_place = 1e-6

    def __init__(self, clause: Clause) -> None:
        self._ends = b"$" in clause.pattern
        self._database = _database(_together(clause))
        self._of_thread = threading.local()

    def places(self, data: bytes, *, lines: bool = True) -> Iterator[int]:
        """Places where it holds: the last byte of each match."""
        data = _line_ends(data) if self._ends else data
        for start, end in segments(data, _SEGMENT):
            yield from self._places_in(data, start, end, lines)

    def _places_in(self, data: bytes, start: int, end: int, lines: bool) -> list[int]:
        import hyperscan

        found: list[int] = []
        while start < end:
            heard = _Heard(data, start, end, lines, found)
            try:
                with memoryview(data) as whole, whole[start:end] as view:
                    self._database.scan(view, match_event_handler=heard, scratch=self._scratch())
            except hyperscan.ScanTerminated:
                start = heard.line_end
                continue
            break
        return found

    def _scratch(self) -> Any:
        import hyperscan

        found = getattr(self._of_thread, "scratch", None)
        if found is None:
            found = self._of_thread.scratch = hyperscan.Scratch(self._database)
        return found


class _Heard:
    """What Hyperscan calls for each end of a match; true tells it to stop."""

    __slots__ = ("data", "end", "found", "line_end", "lines", "start", "too_many")

    def __init__(self, data: bytes, start: int, end: int, lines: bool, found: list[int]) -> None:
        self.data, self.start, self.end, self.lines, self.found = data, start, end, lines, found
        self.line_end = start
        self.too_many = 0

    def __call__(self, _id: int, _from: int, to: int, _flags: int, _context: object) -> bool:
        at = self.start + to - 1
        if at < self.line_end:
            self.too_many += 1
            return self.too_many > _PATIENCE
        self.found.append(at)
        if self.lines:
            self.line_end = (self.data.find(b"\n", at, self.end) + 1) or self.end
            self.too_many = 0
        return False


def segments(data: bytes, size: int) -> Iterator[tuple[int, int]]:
    """Parts of at least that size that end with lines.

    >>> list(segments(b"ab\\ncd\\nef", 2))
    [(0, 3), (3, 6), (6, 8)]
    """
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + size - 1) + 1 or len(data)
        yield start, end
        start = end


def scanner(clause: Clause, engine: Engine) -> Scanner:
    """The best scanner for large buffers that takes the clause; NoScannerError."""
    if engine != "re2":
        try:
            return Hyperscanning(clause)
        except (ImportError, NoScannerError):
            if engine == "hyperscan" and not clause.pattern:
                raise
    return Probing(clause)


def _finder(literal: bytes) -> _Next:
    def place(data: bytes, start: int) -> int:
        # In a longer stretch bytes.find prepares tables first, which costs more than a near hit.
        near = data.find(literal, start, start + _NEAR)
        return near if near >= 0 else data.find(literal, max(start, start + _NEAR - len(literal)))

    return place


def _searcher(pattern: bytes) -> _Next:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = _MEMORY
    try:
        search = re2.compile(b"(?m)" + pattern, options).search
    except re2.error as e:
        raise NoScannerError("the pattern in bytes is too large") from e

    def place(data: bytes, start: int) -> int:
        found = search(data, start)
        return -1 if found is None else int(found.start())

    return place


def _separate(clause: Clause) -> list[bytes]:
    """RE2 patterns that together find the clause."""
    literals = [b"(?i:%b)" % quoted(x) if clause.folded else quoted(x) for x in sorted(clause.literals)]
    if len(literals) > _ONE_BY_ONE:
        literals = [b"|".join(literals)]
    return [*literals, clause.pattern] if clause.pattern else literals


def _together(clause: Clause) -> bytes:
    spell = folded_bytes if clause.folded else quoted
    return b"|".join([*map(spell, sorted(clause.literals)), *([clause.pattern] if clause.pattern else [])])


def _database(pattern: bytes) -> Any:
    import hyperscan

    database = hyperscan.Database()
    try:
        database.compile(expressions=[pattern], flags=hyperscan.HS_FLAG_MULTILINE)
    except hyperscan.error as e:
        raise NoScannerError(f"Hyperscan does not take it: {e}") from e
    return database


def _line_ends(data: bytes) -> bytes:
    r"""The same with every line ending in \n, at the same places: `$` is to be found before \r\n, too."""
    return data.replace(b"\r\n", b"\n\n") if b"\r" in data else data


def _merged(data: bytes, nexts: list[_Next], *, lines: bool) -> Iterator[int]:
    """Places of several finders in order, each line once; with `lines` false every place."""
    if len(nexts) == 1:
        yield from _of_one(data, nexts[0], lines=lines)
        return
    heads = [find(data, 0) for find in nexts]
    while True:
        at = min((head for head in heads if head >= 0), default=-1)
        if at < 0:
            return
        yield at
        after = data.find(b"\n", at) + 1 if lines else at + 1
        if not 0 < after < len(data):
            return
        for i, head in enumerate(heads):
            if 0 <= head < after:
                heads[i] = nexts[i](data, after)


def _of_one(data: bytes, find: _Next, *, lines: bool) -> Iterator[int]:
    at = find(data, 0)
    while at >= 0:
        yield at
        at = data.find(b"\n", at) if lines else at
        if at < 0:
            return
        at = find(data, at + 1)
