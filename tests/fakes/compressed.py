"""Compressed data of every kind, each with a checksum, and what becomes of it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterable

import lz4.frame
import zstandard

from smartcloudops.logs.codecs.decode import decoded
from smartcloudops.logs.objects import Unread

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 6, mtime=0),
    "zstd": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
    "bz2": lambda data: bz2.compress(data, 1),
    "xz": lambda data: lzma.compress(data, preset=0),
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
}
MAGIC_LENGTH = {"gz": 2, "zstd": 4, "bz2": 10, "xz": 6, "lz4": 4}
# What another implementation makes of the beginning of one member.
REFERENCES: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: zlib.decompressobj(31).decompress(data),
    "zstd": lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
    "bz2": lambda data: bz2.BZ2Decompressor().decompress(data),
    "xz": lambda data: lzma.LZMADecompressor().decompress(data),
    "lz4": lambda data: lz4.frame.LZ4FrameDecompressor().decompress(data),
}
LINES = b"".join(b'{"time":"2026-11-20T10:00:%02dZ","n":%d,"level":"INFO"}\n' % (i % 60, i * i) for i in range(20_000))


def outcome(pieces: Iterable[bytes], *, cap: int = 1 << 30) -> tuple[bytes, Unread | None]:
    """All that was given out, and what was raised after it."""
    out = []
    try:
        for buffer in decoded(pieces, cap=cap):
            assert buffer
            out.append(buffer)
    except Unread as e:
        return b"".join(out), e
    return b"".join(out), None


def split(data: bytes, size: int) -> list[bytes]:
    """Pieces of that size."""
    return [data[at : at + size] for at in range(0, len(data), size)]
