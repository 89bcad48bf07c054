"""xz, by the standard library; with a limit to the memory that its dictionary takes."""

from __future__ import annotations

import lzma
import re

from smartcloudops.logs.codecs.members import Members

# `xz -9` makes what takes 65 MiB to decode.
_MOST_MEMORY = 128 << 20


def _refused(e: Exception) -> str | None:
    if "Memory usage limit" not in str(e):
        return None
    return f"the xz data need more than {_MOST_MEMORY >> 20} MiB to be decoded: compressed with a larger dictionary"


XZ = Members(
    name="xz",
    start=re.compile(rb"\xfd7zXZ\x00"),
    open=lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_MEMORY),
    errors=(lzma.LZMAError,),
    refused=_refused,
)
