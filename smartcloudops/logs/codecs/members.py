"""Compressed data as members, one behind the other: what all such codecs share, and what damage does to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from smartcloudops.logs.codecs.magic import HEAD, codec_of
from smartcloudops.logs.codecs.pieces import Pieces
from smartcloudops.logs.objects import BUFFER, Unread

# Of a member up to so many stored bytes, what was decoded just before damage can be recovered.
_KEPT = BUFFER
# Of a longer one, at most what so many stored bytes decode to is lost there.
_STRIDE = 256 << 10
_LEAST_STRIDE = 4 << 10
_SMALL = 512


class Decompressor(Protocol):
    """One member: what bz2, lzma, lz4 and isal have in common."""

    @property
    def eof(self) -> bool: ...

    # False while it holds input from which more can be decoded.
    @property
    def needs_input(self) -> bool: ...

    # What lies behind the member, once `eof`.
    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: bytes | memoryview, max_length: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class Members:
    """A codec, by what decompresses one of its members.

    `errors`: what that raises where the data are damaged. `start` matches where another member begins. `refused` says
    why a good member is not decoded all the same. `careful`: another decompressor that gives out more before damage.
    """

    name: str
    start: re.Pattern[bytes]
    open: Callable[[], Decompressor]
    errors: tuple[type[Exception], ...]
    refused: Callable[[Exception], str | None] = lambda e: None
    careful: Callable[[], Decompressor] | None = None

    def decode(self, stored: Pieces) -> Iterator[bytes]:
        """All members; zeros between and behind them are padding."""
        member = _Member(self, stored, BUFFER)
        yield from member.decoded()
        while head := self._next(stored):
            if not self.start.match(head):
                raise Unread("trailing", f"{self.name} data end at byte {stored.offset}; {_what(head)} behind them")
            # A stride of about a member: what is taken too much is copied back for each of them.
            member = _Member(self, stored, min(BUFFER, max(_LEAST_STRIDE, 2 * member.length)))
            yield from member.decoded()

    def _next(self, stored: Pieces) -> bytes:
        stored.skip_zeros()
        return stored.peek(HEAD)


def _what(head: bytes) -> str:
    known = codec_of(head)
    return f"{known} data lie" if known else "something else lies"


@dataclass
class _Member:
    codec: Members
    stored: Pieces
    stride: int
    length: int = 0
    given: int = 0
    _taken: list[bytes | memoryview] | None = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began = self.stored.offset

    def decoded(self) -> Iterator[bytes]:
        """Its buffers. Raises Unread."""
        decoder = self.codec.open()
        # A buffer of this size is made for each call, then cut: small ones for small members.
        most = min(BUFFER, 32 * self.stride)
        while not decoder.eof:
            data = self._take() if decoder.needs_input else b""
            try:
                out = decoder.decompress(data, most)
            except self.codec.errors as e:
                yield from self._salvaged()
                raise self._damaged(e) from e
            if out:
                self.given += len(out)
                yield out
        self.stored.back(decoder.unused_data or b"")
        self.length = self.stored.offset - self._began

    def _take(self) -> bytes | memoryview:
        data = self.stored.take(self.stride)
        if not data:
            raise Unread("truncated", f"ends at byte {self.stored.offset}, within {self._where()}")
        if self._taken is not None:
            self._taken.append(data)
            if self.stored.offset - self._began > _KEPT:
                self._taken, self.stride = None, _STRIDE
        return data

    def _where(self) -> str:
        return f"the {self.codec.name} data that begin at byte {self._began}"

    def _damaged(self, e: Exception) -> Unread:
        if refused := self.codec.refused(e):
            return Unread("codec", refused)
        return Unread("corrupt", f"{self._where()} are damaged: {e}")

    def _salvaged(self) -> Iterator[bytes]:
        """What was decoded before the damage, and lost with the call that met it."""
        skip = self.given
        for out in self._again(memoryview(b"".join(self._taken or ()))):
            if skip < len(out):
                yield out[skip:]
            skip = max(0, skip - len(out))

    def _again(self, taken: memoryview) -> Iterator[bytes]:
        good = sum(1 for _ in self._until_damage(self._carefully(), taken, _SMALL)) * _SMALL
        decoder = self._carefully()
        yield from self._until_damage(decoder, taken[:good], _SMALL)
        yield from self._until_damage(decoder, taken[good:], 1)

    def _carefully(self) -> Decompressor:
        return (self.codec.careful or self.codec.open)()

    def _until_damage(self, decoder: Decompressor, data: memoryview, step: int) -> Iterator[bytes]:
        for at in range(0, len(data), step):
            try:
                out = [decoder.decompress(data[at : at + step])]
                while not (decoder.needs_input or decoder.eof):
                    out.append(decoder.decompress(b""))
            except self.codec.errors:
                return
            yield b"".join(out)
