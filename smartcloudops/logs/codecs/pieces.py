"""Stored bytes as they come in, with a look ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from smartcloudops.logs.objects import Unread


class Pieces:
    """Bytes of one object, in order. What their source raises is kept until everything before it was taken.

    >>> stored = Pieces([b"ab", b"cdef"])
    >>> stored.peek(3), bytes(stored.take(4)), stored.offset
    (b'abc', b'abcd', 4)
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._more = iter(pieces)
        self._held: deque[bytes | memoryview] = deque()
        self._wrong: Unread | None = None
        # How many bytes were taken.
        self.offset = 0

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay: fewer than `size` only at the end."""
        if not self._held and not self._pull():
            return b""
        while len(self._held[0]) < size and (len(self._held) > 1 or self._pull()):
            first, second = self._held.popleft(), self._held.popleft()
            self._held.appendleft(b"".join((first, second[:size])))
            if left := second[size:]:
                self._held.insert(1, left)
        return bytes(self._held[0][:size])

    def take(self, most: int) -> bytes | memoryview:
        """The next bytes, as many as there are without waiting for more; none at the end. Raises Unread."""
        if not self._held and not self._pull():
            if self._wrong is not None:
                raise self._wrong
            return b""
        piece = self._held.popleft()
        if len(piece) > most:
            view = memoryview(piece)
            self._held.appendleft(view[most:])
            piece = view[:most]
        self.offset += len(piece)
        return piece

    def back(self, data: bytes | memoryview) -> None:
        """Put back what was taken too much."""
        if data:
            self._held.appendleft(data)
            self.offset -= len(data)

    def skip_zeros(self) -> None:
        """Take all zero bytes that come next."""
        while self.peek(1) == b"\0":
            self.back(bytes(self.take(1 << 16)).lstrip(b"\0"))

    def rest(self) -> Iterator[bytes]:
        """All that is left. Raises Unread."""
        while data := self.take(1 << 62):
            yield data if isinstance(data, bytes) else bytes(data)

    def _pull(self) -> bool:
        """Hold another piece; False at the end."""
        if self._wrong is not None:
            return False
        try:
            piece = next((piece for piece in self._more if piece), b"")
        except Unread as e:
            self._wrong = e
            return False
        if piece:
            self._held.append(piece)
        return bool(piece)
