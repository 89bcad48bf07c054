"""Formats whose lines are columns in a fixed order: a row of names says how they are written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from smartcloudops.logs.formats import Framing, Hint, LineReader
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.likeness import share
from smartcloudops.logs.formats.stamps import Stamps
from smartcloudops.logs.objects import Event

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns between spaces. In `names`: `name`, `name=a/b` one of these words, `"name"` quoted, `[name]` in brackets,
    `address:port`, `"verb+url(path)+protocol"` a quoted request, `#` before a name that is a whole number; behind `|`,
    columns that came to the format later, any of which may be missing with all behind it.

    A `-` is no value: None. `time` names the column with the record's time; `add` adds what other formats call alike.
    """

    name: str
    about: str
    example: bytes
    names: str
    time: str
    add: Callable[[Fields], None] = lambda fields: None

    def likeness(self, lines: list[bytes]) -> float:
        """The share of lines with these columns."""
        reader = self.open(b"", Hint())
        return share(lines, reader.read)

    def open(self, head: bytes, hint: Hint) -> LineReader:
        """A reader of such lines."""
        return _Reader(self, Stamps(hint))


class _Reader:
    __slots__ = ("_add", "_ints", "_match", "_names", "_stamps", "_time", "framing")

    def __init__(self, format: Columns, stamps: Stamps) -> None:
        self.framing: Framing = LINES
        pattern, self._names, self._ints = _compiled(format.names)
        self._match = pattern.match
        self._stamps, self._time, self._add = stamps, format.time, format.add

    def read(self, record: bytes) -> Event | None:
        found = self._match(record.decode("utf-8", "replace"))
        if found is None:
            return None
        values = zip(self._names, found.groups(), strict=True)
        fields: Fields = {name: None if value == "-" else value for name, value in values}
        time = self._stamps(fields[self._time])
        if time is None:
            return None
        for name in self._ints:
            value = fields[name]
            if value and value.isascii() and value.isdecimal() and len(value) < 19:
                fields[name] = int(value)
        self._add(fields)
        return Event(time, fields)


def whole(text: str | None) -> int | str | None:
    """A whole number where it is one.

    >>> whole("200"), whole("-"), whole(None)
    (200, '-', None)
    """
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else text


@lru_cache(maxsize=16)
def _compiled(names: str) -> tuple[re.Pattern[str], tuple[str, ...], tuple[str, ...]]:
    always, _, later = names.partition(" | ")
    parts = [_part(name) for name in always.split()]
    more = [_part(name) for name in later.split()]
    optional = "".join(f"(?: {part}" for part in more) + ")?" * len(more)
    pattern = re.compile(" ".join(parts) + optional + r"(?: .*)?\s*$", re.DOTALL)
    found = re.findall(r"(?<![=/\w])(#?)(\w+)", names)
    return pattern, tuple(name for _, name in found), tuple(name for sign, name in found if sign)


def _part(name: str) -> str:
    if name.startswith("["):
        return r"\[([^\]]*)\]"
    if "+" in name:
        # Atomic: what does not fit behind it must not make it go through a long line again.
        return r'(?:"(?>([^" ]*+) ((?:\w++://[^/" ]*+)?([^"? ]*+)[^"]*) ([^" ]*+)"|[^"]*+")|-)'
    if name.startswith('"'):
        return r'(?:"([^"]*+)"|-)'
    if "=" in name:
        return f"({name.partition('=')[2].replace('/', '|')})"
    if ":" in name:
        return r"(?:([^ ]*)[:.](\d+)|-|[^ ]*+)"
    return r"([^ ]++)"
