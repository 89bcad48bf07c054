"""What is not compressed: text as it is, UTF-16 and UTF-32 as UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from smartcloudops.logs.codecs.magic import HEAD, foreign
from smartcloudops.logs.codecs.pieces import Pieces
from smartcloudops.logs.objects import Unread

# In this order: the mark of UTF-32 begins with that of UTF-16.
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Text of any 8-bit encoding has next to none of these; of random bytes they are a tenth.
_NEVER_IN_TEXT = re.compile(rb"[\x01-\x06\x0e-\x1a\x1c-\x1f]")
_SHARE = 0.04
_SAMPLE = 64
# A character of a wide encoding takes up to three bytes of UTF-8.
_MOST = 4 << 20


def text(stored: Pieces) -> Iterator[bytes]:
    """Its bytes. A byte order mark is left out; offsets in wide text count bytes of UTF-8.

    What is an archive or a picture is refused; what looks like binary data of an unknown kind is given, and said.
    """
    head = stored.peek(HEAD)
    if what := foreign(head):
        raise Unread("codec", f"{what}: not searched")
    for mark, encoding in _WIDE:
        # Bytes that are no UTF-8 may begin so, too; wide text has a zero byte in each blank and line end.
        if head.startswith(mark) and (len(head) < _SAMPLE or b"\0" in head):
            yield from _narrowed(stored, len(mark), encoding)
            return
    if head.startswith(codecs.BOM_UTF8):
        stored.take(len(codecs.BOM_UTF8))
    yield from stored.rest()
    if len(head) >= _SAMPLE and len(_NEVER_IN_TEXT.findall(head)) > _SHARE * len(head):
        raise Unread("codec", "looks like binary data of a kind that is not known here; searched as it is")


def _narrowed(stored: Pieces, mark: int, encoding: str) -> Iterator[bytes]:
    stored.take(mark)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while data := stored.take(_MOST):
        yield decoder.decode(bytes(data)).encode()
    if decoder.getstate()[0]:
        raise Unread("truncated", f"ends at byte {stored.offset}, within a character of {encoding}")
