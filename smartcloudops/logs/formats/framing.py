"""Records that are lines, which is nearly all of them."""

from __future__ import annotations

from collections.abc import Iterator


class Lines:
    r"""A line is a record.

    >>> list(Lines().records(b"a\r\n\nb")), Lines().around(b"a\r\n\nb", 1), Lines().cut(b"a\nb")
    ([(0, 1), (3, 3), (4, 5)], (0, 1), 2)
    """

    in_lines = True

    __slots__ = ()

    def cut(self, data: bytes) -> int:
        """Up to the last line end."""
        return data.rfind(b"\n") + 1

    def around(self, data: bytes, at: int) -> tuple[int, int]:
        """The line around a byte; a line end belongs to the line before it."""
        start = data.rfind(b"\n", 0, at) + 1
        end = data.find(b"\n", at)
        if end < 0:
            end = len(data)
        if end > start and data[end - 1] == 13:
            end -= 1
        return start, end

    def records(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Every line."""
        start, size, find = 0, len(data), data.find
        while start < size:
            end = find(b"\n", start)
            if end < 0:
                end = size
            yield start, (end - 1 if end > start and data[end - 1] == 13 else end)
            start = end + 1


LINES = Lines()
