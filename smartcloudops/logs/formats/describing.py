"""The table of formats, for the README."""

from __future__ import annotations

from collections.abc import Iterator

from smartcloudops.logs.formats import FORMATS

HEADER = ("format", "what it reads", "a record")
_WIDTH = 72


def rows() -> Iterator[tuple[str, str, str]]:
    """Name, what it is, and how an example begins, in the order in which formats are tried.

    >>> next(row for row in rows() if "plain" in row[0])
    ('`plain`', 'any other text, a line each', '`10:00:00 backup finished`')
    """
    for name in FORMATS:
        one = FORMATS.load(name)
        text = " ".join(one.example.partition(b"\n")[0].decode().split())
        begins = text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
        yield f"`{name}`", one.about, f"`{begins}`"
