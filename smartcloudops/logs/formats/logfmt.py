"""logfmt: `key=value key="two words"`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smartcloudops.logs.formats import Framing, Hint, LineReader
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.likeness import share
from smartcloudops.logs.formats.naming import TIMES
from smartcloudops.logs.formats.stamps import Stamps
from smartcloudops.logs.objects import Event

_PAIR = re.compile(r'([^\s="]++)(?:=(?:"((?:[^"\\]|\\.)*+)"(?!\S)|(\S*+)))?', re.DOTALL)
_FIRST = re.compile(rb"[A-Za-z_@][\w.@/-]*+=")
_PAIRS = re.compile(rb"(?:^| )[A-Za-z_@][\w.@/-]*+=")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_MEANT = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Logfmt:
    """Pairs; a word without a value is an empty one. Values stay text.

    >>> event = LOGFMT.open(b"", Hint()).read(LOGFMT.example)
    >>> event.time, event.fields["msg"], event.fields["status"]
    (1795168800123, 'too late', '503')
    """

    name: str
    about: str
    example: bytes

    def likeness(self, lines: list[bytes]) -> float:
        """The share of lines that begin with a pair and hold a second one."""
        return share(lines, lambda line: _FIRST.match(line) and len(_PAIRS.findall(line, 0, 4096)) > 1)

    def open(self, head: bytes, hint: Hint) -> LineReader:
        """A reader of pairs."""
        return _Reader(hint)


class _Reader:
    __slots__ = ("_stamps", "framing")

    def __init__(self, hint: Hint) -> None:
        self.framing: Framing = LINES
        self._stamps = Stamps(hint)

    def read(self, record: bytes) -> Event | None:
        if not _FIRST.match(record):
            return None
        text = record.decode("utf-8", "replace")
        if "\\" in text:
            fields = {key: _meant(quoted) or plain for key, quoted, plain in _PAIR.findall(text)}
        else:
            fields = {key: quoted or plain for key, quoted, plain in _PAIR.findall(text)}
        return Event(self._time(fields), fields)

    def _time(self, fields: dict[str, str]) -> int | None:
        for name in TIMES:
            if name in fields and (time := self._stamps(fields[name])) is not None:
                return time
        return None


def _meant(text: str) -> str:
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(found: re.Match[str]) -> str:
    sign = found[1]
    if len(sign) < 5:
        # An escape of a letter that means nothing stays as it is written, so that what is read is what stands there.
        return _MEANT.get(sign, found[0] if sign.isalnum() else sign)
    code = int(sign[1:], 16)
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)


LOGFMT = Logfmt(
    "logfmt",
    "`key=value` pairs: Go services, Heroku, Grafana",
    b'time=2026-11-20T10:00:00.123Z level=error msg="too late" path=/pay status=503',
)
