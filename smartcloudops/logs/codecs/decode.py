"""Stored bytes of one object to decoded buffers, whatever it is compressed with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smartcloudops.core.quantities import quantity
from smartcloudops.logs.codecs import CODECS
from smartcloudops.logs.codecs.magic import HEAD, codec_of
from smartcloudops.logs.codecs.pieces import Pieces
from smartcloudops.logs.codecs.text import text
from smartcloudops.logs.objects import Unread

# Compression in compression: an upload with Content-Encoding of a file that was gz already.
_LAYERS = 2
# Smaller buffers are joined up to this size: thousands of tiny members would cost a call each, at every stage.
_ENOUGH = 1 << 20


def decoded(pieces: Iterable[bytes], *, cap: int) -> Iterator[bytes]:
    """Decoded buffers of an object, none empty; `pieces` are its stored bytes, in one piece where it was fetched whole.

    Raises Unread after all that could be decoded was given out; "bomb" where that is more than `cap` bytes.

    >>> import gzip
    >>> list(decoded([gzip.compress(b"a line")], cap=100))
    [b'a line']
    """
    return _opened(Pieces(pieces), cap, _LAYERS)


def warm() -> None:
    """Load what most objects are compressed with."""
    CODECS.load("gz")


def tune_allocator() -> bool:
    """Let glibc keep and reuse what buffers took, instead of asking the kernel for each: decoding is twice as fast.

    For processes that end soon, since little is given back before. False, and harmless, where it is not glibc.
    """
    import ctypes

    trim_threshold, mmap_threshold = -1, -3
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(mmap_threshold, 32 << 20) and mallopt(trim_threshold, 1 << 30))


def _opened(stored: Pieces, cap: int, layers: int) -> Iterator[bytes]:
    codec = codec_of(stored.peek(HEAD))
    if codec is None:
        yield from text(stored)
    elif not layers:
        raise Unread("codec", f"compressed more than {_LAYERS} times over; what is in there was not searched")
    else:
        buffers = _joined(_capped(CODECS.load(codec).decode(stored), stored, cap))
        yield from _opened(Pieces(buffers), cap, layers - 1)


def _capped(buffers: Iterator[bytes], stored: Pieces, cap: int) -> Iterator[bytes]:
    total = 0
    for buffer in buffers:
        total += len(buffer)
        if total > cap:
            yield buffer[: len(buffer) - (total - cap)]
            ratio = total / max(1, stored.offset)
            raise Unread(
                "bomb",
                f"decodes to more than {quantity(cap, 'bytes')} ({ratio:.0f} to 1, {quantity(stored.offset, 'bytes')} "
                "of it read so far); --max-object raises the limit",
            )
        yield buffer


def _joined(buffers: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    try:
        for buffer in buffers:
            held.append(buffer)
            size += len(buffer)
            if size >= _ENOUGH:
                yield b"".join(held)
                held.clear()
                size = 0
    except Unread:
        if held:
            yield b"".join(held)
        raise
    if held:
        yield b"".join(held)
