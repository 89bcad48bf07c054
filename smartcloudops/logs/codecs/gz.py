"""gzip (RFC 1952), by ISA-L's inflate: three times as fast as zlib's, and it lets other threads run."""

from __future__ import annotations

import re
import zlib
from typing import Any, cast

from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor, IsalError

from smartcloudops.core.registry import as_any
from smartcloudops.logs.codecs.members import Members

# Flags of a header: another checksum, extra data, a name, a remark.
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT = 2, 4, 8, 16
# Headers with these flags isal reads right however they are cut into pieces; with several fields it does not.
_READ_RIGHT = (0, _FEXTRA, _FNAME, _FCOMMENT)
_FIXED = 10
_LONGEST_HEADER = 1 << 20


class Member:
    """A decompressor of gzip members; headers that isal trips over are taken off first."""

    def __init__(self, inflate: Any) -> None:
        self._inflate = inflate
        self._header: bytes | None = b""

    @property
    def eof(self) -> bool:
        return bool(self._inflate.eof)

    @property
    def needs_input(self) -> bool:
        return bool(self._inflate.needs_input)

    @property
    def unused_data(self) -> bytes:
        return cast(bytes, self._inflate.unused_data)

    def decompress(self, data: bytes | memoryview, max_length: int = -1, /) -> bytes:
        """See `Decompressor`. Raises IsalError, and zlib.error for a header without end."""
        if self._header is not None:
            data = self._behind_header(data)
        return cast(bytes, self._inflate.decompress(data, max_length))

    def _behind_header(self, data: bytes | memoryview) -> bytes | memoryview:
        """The data with a header that has no fields; none as long as the end of the header is not there."""
        if not self._header and len(data) >= _FIXED and data[3] in _READ_RIGHT:
            self._header = None
            return data
        self._header = b"".join((self._header or b"", data))
        size = header_size(self._header)
        if size is None:
            if len(self._header) > _LONGEST_HEADER:
                raise zlib.error(f"a header of more than {_LONGEST_HEADER} bytes")
            return b""
        plain = self._header[:3] + b"\0" + self._header[4:_FIXED] + self._header[size:]
        self._header = None
        return plain


def header_size(head: bytes) -> int | None:
    r"""Bytes of a member's header; None as long as its end is not there.

    >>> header_size(b"\x1f\x8b\x08\x08" + bytes(6) + b"name\0...")
    15
    """
    if len(head) < _FIXED:
        return None
    flags, size = head[3], _FIXED
    if flags & _FEXTRA:
        size += 2 + int.from_bytes(head[size : size + 2], "little")
    for text in (_FNAME, _FCOMMENT):
        if flags & text:
            size = head.find(b"\0", size) + 1
            if not size:
                return None
    size += 2 if flags & _FHCRC else 0
    return size if size <= len(head) else None


class _Zlib:
    """zlib's, for what isal keeps to itself when it meets damage: up to 64 KiB."""

    needs_input = True

    def __init__(self) -> None:
        self._object = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes | memoryview, max_length: int = -1, /) -> bytes:
        return self._object.decompress(data)


GZ = Members(
    name="gzip",
    start=re.compile(rb"\x1f\x8b"),
    open=lambda: Member(IgzipDecompressor(flag=DECOMP_GZIP)),
    errors=(as_any(IsalError), zlib.error),
    careful=lambda: Member(_Zlib()),
)
