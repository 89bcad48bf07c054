"""Records that are the objects within one JSON document: `{"Records":[{…},{…}]}`, or a list of them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

# Up to the next bracket that is not within a string. Possessive, so that it never goes back.
_NEXT = re.compile(rb'[^"{}]*+(?:"[^"]*+"[^"{}]*+)*+[{}]')


class Documents:
    r"""The objects one level down are the records.

    Blocks behind the first begin with what follows a record, so never with a bracket that opens.

    >>> data = b'{"Records":[{"a":{}},{"b":"}"}]}'
    >>> [data[a:b] for a, b in Documents().records(data)]
    [b'{"a":{}}', b'{"b":"}"}']
    """

    in_lines = False

    __slots__ = ("_data", "_spans", "_starts")

    def __init__(self) -> None:
        # The spans of the buffer at hand: a hit asks for one of them only.
        self._data = b""
        self._spans: list[tuple[int, int]] = []
        self._starts: list[int] = []

    def cut(self, data: bytes) -> int:
        """Behind the last object that is whole."""
        spans = _spans(data)
        return spans[-1][1] if spans else 0

    def around(self, data: bytes, at: int) -> tuple[int, int]:
        """The object around a byte; (at, at) between them."""
        self._look(data)
        place = bisect_right(self._starts, at) - 1
        if place >= 0 and at < self._spans[place][1]:
            return self._spans[place]
        return at, at

    def records(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Every object."""
        self._look(data)
        yield from self._spans

    def _look(self, data: bytes) -> None:
        if data is not self._data:
            self._data, self._spans = data, _spans(data)
            self._starts = [start for start, _ in self._spans]


def _spans(data: bytes) -> list[tuple[int, int]]:
    first = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    depth = -1 if first == b"{" else 0
    # Same length, no escaped quotes: places stay what they are.
    if b"\\" in data:
        data = data.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    spans: list[tuple[int, int]] = []
    start = at = 0
    # Not finditer: it would go on inside a string whose end is yet to come.
    while found := _NEXT.match(data, at):
        at = found.end()
        if data[at - 1] == 123:
            depth += 1
            if depth == 1:
                start = at - 1
        else:
            if depth == 1:
                spans.append((start, at))
            depth = max(depth - 1, -1)
    return spans
