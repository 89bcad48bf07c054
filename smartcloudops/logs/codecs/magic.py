"""What the first bytes of an object say it is."""

from __future__ import annotations

import re

# So many bytes are enough to say: a tar archive says so at 257.
HEAD = 512

_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_KINDS = (
    ("gz", re.compile(rb"\x1f\x8b")),
    ("zstd", re.compile(rb"\x28\xb5\x2f\xfd")),
    ("bz2", re.compile(rb"BZh[1-9](?:\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)")),
    ("xz", re.compile(rb"\xfd7zXZ\x00")),
    ("lz4", re.compile(rb"\x04\x22\x4d\x18")),
    # Behind it comes a page's header, or that of an encrypted column: never text.
    ("parquet", re.compile(rb"PAR1[^\t\n\r\x20-\x7e]")),
)
# What holds no lines, or holds them in a way that nothing here reads.
_FOREIGN = (
    ("a zip archive", re.compile(rb"PK(?:\x03\x04|\x05\x06|\x07\x08)")),
    ("a tar archive", re.compile(rb"(?s:.{257}ustar[\x00 ])")),
    ("a 7z archive", re.compile(rb"7z\xbc\xaf\x27\x1c")),
    ("a RAR archive", re.compile(rb"Rar!\x1a\x07")),
    ("compressed by compress (.Z)", re.compile(rb"\x1f\x9d")),
    ("compressed by lzip", re.compile(rb"LZIP\x01")),
    ("compressed by lzma (the format before xz)", re.compile(rb"\x5d\x00\x00[\x00-\x80][\x00-\x10]")),
    ("compressed by lzop", re.compile(rb"\x89LZO\x00\r\n\x1a\n")),
    ("compressed by lz4 in its legacy format", re.compile(rb"\x02\x21\x4c\x18")),
    ("framed Snappy", re.compile(rb"\xff\x06\x00\x00sNaPpY")),
    ("an encrypted Parquet file", re.compile(rb"PARE[^\t\n\r\x20-\x7e]")),
    ("an Avro file", re.compile(rb"Obj\x01")),
    ("an ORC file", re.compile(rb"ORC[^\t\n\r\x20-\x7e]")),
    ("an SQLite database", re.compile(rb"SQLite format 3\x00")),
    ("a Windows event log (.evtx)", re.compile(rb"ElfFile\x00")),
    ("a systemd journal", re.compile(rb"LPKSHHRH")),
    ("an executable", re.compile(rb"\x7fELF")),
    ("a PDF document", re.compile(rb"%PDF-\d")),
    ("a picture", re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff[\xe0\xe1\xdb\xee]|GIF8[79]a")),
)


def codec_of(head: bytes) -> str | None:
    r"""The name of the codec, None where it is not compressed in a way that is read here.

    >>> codec_of(b"\x1f\x8b\x08\x00"), codec_of(b"BZh is how a line begins")
    ('gz', None)
    """
    behind = _behind_skippable(head)
    known = next((name for name, pattern in _KINDS if pattern.match(behind)), None)
    # zstd and lz4 share frames to be skipped; both read on behind them.
    return known if known or behind == head else "zstd"


def foreign(head: bytes) -> str | None:
    r"""What it is, where it is something that cannot be searched.

    >>> foreign(b"PK\x03\x04")
    'a zip archive'
    """
    return next((what for what, pattern in _FOREIGN if pattern.match(head)), None)


def _behind_skippable(head: bytes) -> bytes:
    while _SKIPPABLE.match(head) and len(head) >= 8:
        head = head[8 + int.from_bytes(head[4:8], "little") :]
    return head
