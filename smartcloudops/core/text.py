"""Text that came from elsewhere, made safe to show on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""One line without control characters: a terminal obeys escape sequences, whoever wrote them.

    >>> printable('a\x1b[31mb\nc')
    'a\\x1b[31mb c'
    """
    joined = " ".join(text.split()) if not text.isprintable() else text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in joined)
