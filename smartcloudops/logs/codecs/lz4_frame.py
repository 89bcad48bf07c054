"""The frame format of lz4, which its command writes."""

from __future__ import annotations

import re

import lz4.frame

from smartcloudops.logs.codecs.members import Members

LZ4 = Members(
    name="lz4",
    start=re.compile(rb"\x04\x22\x4d\x18|[\x50-\x5f]\x2a\x4d\x18"),
    open=lz4.frame.LZ4FrameDecompressor,
    errors=(RuntimeError,),
)
