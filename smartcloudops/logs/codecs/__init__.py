"""How stored bytes become text: one row for each compression, known by its magic bytes, whatever the name says.

`decode.decoded` looks at the first bytes (`magic`), lets the codec decode, and looks again at what comes out: gz in gz
and tar in gz are common. What is no compression is text (`text`). Codecs whose data are members one behind the other
(all but Parquet) are decoded by `members`, which knows what damage is; a codec brings its decompressor.

Why members and not the libraries' own files: those stop silently at garbage behind the data, or raise and keep what
they had decoded, or take all of a bomb at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from smartcloudops.core.registry import Registry
from smartcloudops.logs.codecs.pieces import Pieces


class Codec(Protocol):
    """Decodes one compression."""

    # Decoded buffers, in order, of at most about BUFFER bytes each, made as they are asked for. Where the stored bytes
    # are damaged, all that could be decoded is given out first, then Unread is raised.
    def decode(self, stored: Pieces) -> Iterator[bytes]: ...


CODECS: Registry[Codec] = Registry(
    "codec",
    {
        "gz": "smartcloudops.logs.codecs.gz:GZ",
        "zstd": "smartcloudops.logs.codecs.zstd:ZSTD",
        "bz2": "smartcloudops.logs.codecs.bzip2:BZ2",
        "xz": "smartcloudops.logs.codecs.xz:XZ",
        "lz4": "smartcloudops.logs.codecs.lz4_frame:LZ4",
        "parquet": "smartcloudops.logs.codecs.parquet:PARQUET",
    },
)
