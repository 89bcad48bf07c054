"""Zstandard (RFC 8878): frames are walked block by block, so that output is bounded and an end too early is seen."""

from __future__ import annotations

import re

import zstandard

from smartcloudops.logs.codecs.members import Members
from smartcloudops.logs.objects import BUFFER, Unread

# What zstd's own command accepts without being told to.
_MOST_WINDOW = 128 << 20
# A block decodes to no more than this.
_BLOCK = 128 << 10
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_LONGEST_HEADER = 18
_RLE = 1


class Frame:
    """One frame, or one to be skipped, with the interface that the other decompressors have.

    `zstandard`'s own objects either decode all that they are given, however much that is, or do not say whether the
    frame ended.
    """

    def __init__(self) -> None:
        self._object: zstandard.ZstdDecompressionObj | None = None
        self._held: bytes | memoryview = b""
        self._head = b""
        self._left = 0
        self._last = self._checked = False
        self.eof = False
        self.needs_input = True

    @property
    def unused_data(self) -> bytes:
        """What lies behind the frame, once `eof`."""
        return bytes(self._held) if self.eof else b""

    def decompress(self, data: bytes | memoryview, max_length: int = -1, /) -> bytes:
        """What `data` decode to, at most BUFFER bytes; `max_length` is not looked at."""
        view = memoryview(b"".join((self._held, data)) if self._held and data else self._held or data)
        if not self._head:
            self._open(bytes(view[:_LONGEST_HEADER]))
        cut, full = self._cut(view) if self._head else (0, False)
        self._held = view[cut:]
        self.eof = self._last and not self._left
        self.needs_input = not full and not self.eof
        return self._object.decompress(view[:cut]) if self._object is not None and cut else b""

    def _open(self, head: bytes) -> None:
        """Take the frame's header, once all of it is there. Raises Unread."""
        if _SKIPPABLE.match(head):
            if len(head) >= 8:
                self._head, self._last, self._left = head, True, 8 + int.from_bytes(head[4:8], "little")
            return
        size = _header_size(head)
        if not size or len(head) < size:
            return
        said = zstandard.get_frame_parameters(head[:size])
        if said.dict_id:
            raise Unread("codec", f"the zstd data need the dictionary {said.dict_id} to be decoded")
        if said.window_size > _MOST_WINDOW:
            need, most = said.window_size >> 20, _MOST_WINDOW >> 20
            raise Unread("codec", f"the zstd data need a window of {need} MiB to be decoded; {most} MiB are the most")
        self._head, self._left, self._checked = head, size, bool(said.has_checksum)
        self._object = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).decompressobj()

    def _cut(self, view: memoryview) -> tuple[int, bool]:
        """How much to decode now: blocks, and as much as there is of the last one; whether more blocks are there."""
        at = 0
        for _ in range(BUFFER // _BLOCK):
            step = min(self._left, len(view) - at)
            at, self._left = at + step, self._left - step
            if self._left or self._last or len(view) - at < 3:
                return at, False
            self._enter(int.from_bytes(view[at : at + 3], "little"))
        return at, True

    def _enter(self, header: int) -> None:
        """Begin a block: bit 0 says that it is the last, bits 1 and 2 its type, the others its size."""
        self._last = bool(header & 1)
        size = 1 if header >> 1 & 3 == _RLE else header >> 3
        self._left = 3 + size + (4 if self._last and self._checked else 0)


def _header_size(head: bytes) -> int:
    """Bytes of a frame's header, by its fifth byte; 0 as long as that is not there."""
    if len(head) < 5:
        return 0
    flags = head[4]
    single = bool(flags & 0x20)
    content = (1 if single else 0, 2, 4, 8)[flags >> 6]
    return 5 + (not single) + (0, 1, 2, 4)[flags & 3] + content


ZSTD = Members(
    name="zstd",
    start=re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
    open=Frame,
    errors=(zstandard.ZstdError,),
)
