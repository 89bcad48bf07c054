"""Any other text: a line, or a line with the stack trace behind it; its time and level where it begins with them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from smartcloudops.logs.formats import Framing, Hint, LineReader
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.likeness import share
from smartcloudops.logs.formats.stamps import Stamps
from smartcloudops.logs.formats.trace_framing import LEVELS, Traces, goes_on_pattern, head_pattern
from smartcloudops.logs.objects import Event

# A level stands within so many characters behind the time.
_NEAR, _STAMP = 100, 64
_LEVEL = re.compile(rf"(?<![\w.])(?:{LEVELS})(?![\w.])|(?<=\[)(?:{LEVELS.lower()})(?=\])", re.ASCII)
_KLOG = re.compile(r"([IWEF])\d{4} ")
_CRI = re.compile(r" (stdout|stderr) ([FP]) ")
_EDGE = " \t:|-,"
_EMPTY: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Text:
    r"""`message`, and `level` where one stands behind the time; of a record of several lines also `trace`.

    >>> event = TRACE.open(TRACE.example, Hint()).read(TRACE.example)
    >>> event.time, event.fields["level"], event.fields["message"], event.fields["trace"].splitlines()[0]
    (1795168800123, 'ERROR', '[main] c.e.Shop - order 7 lost', 'java.lang.IllegalStateException: no stock')
    """

    name: str
    about: str
    example: bytes
    lines: bool

    def likeness(self, lines: list[bytes]) -> float:
        """A line is always something; with traces, the share of lines that begin a record or go on with one, and at
        least half where many go on."""
        if self.lines:
            return 0.1
        heads = share(lines, head_pattern().match)
        inside = share(lines, goes_on_pattern().match)
        return min(max(heads + inside, 0.5 if inside >= 0.2 else 0.0), 1.0)

    def open(self, head: bytes, hint: Hint) -> LineReader:
        """A reader of lines, or of lines with what follows them."""
        if self.lines:
            return _Reader(Stamps(hint), LINES)
        return _Reader(Stamps(hint), Traces(stamped=any(map(head_pattern().match, head.split(b"\n", 2000)))))


class _Reader:
    __slots__ = ("_stamps", "framing")

    def __init__(self, stamps: Stamps, framing: Framing) -> None:
        self.framing: Framing = framing
        self._stamps = stamps

    def read(self, record: bytes) -> Event:
        text = record.decode("utf-8", "replace").strip("\0\ufeff")
        line, ending, trace = text.partition("\n")
        time, end = self._stamps.leading(line[:_STAMP])
        fields = self._inner(line, end) or _said(line, end)
        if ending:
            fields["trace"] = trace
        return Event(time, fields)

    def _inner(self, line: str, end: int) -> dict[str, Any] | None:
        """The JSON that a line holds behind a time (CloudWatch), or behind a time and a stream (CRI)."""
        if not end:
            return None
        stream = _CRI.match(line, end)
        rest = line[stream.end() :] if stream else line[end:].lstrip()
        if not rest.startswith("{") and stream is None:
            return None
        from smartcloudops.logs.formats.json_lines import loads

        inner = loads(rest.encode("utf-8", "replace")) if rest.startswith("{") else None
        if stream:
            return {"stream": stream[1], **(inner or _said(rest, 0))}
        return inner


def _said(line: str, end: int) -> dict[str, Any]:
    """The level and the message of a line whose time ends there."""
    level = _LEVEL.search(line, end, end + _NEAR)
    if level is None:
        letter = _KLOG.match(line)
        first = {"level": letter[1]} if letter else _EMPTY
        return {**first, "message": line[end:].lstrip(_EDGE).rstrip("\r") if end else line.rstrip("\r")}
    between = line[end : level.start()].strip(_EDGE + "[]<>")
    message = line[level.end() :].lstrip(_EDGE + "]>") if not between else line[end:].lstrip(_EDGE)
    return {"level": level[0], "message": message.rstrip("\r")}


TRACE = Text(
    "trace",
    "lines that begin with a time or a level, each with the stack trace behind it: Java, Python, Go, Node, .NET, Ruby",
    b"2026-11-20 10:00:00,123 ERROR [main] c.e.Shop - order 7 lost\njava.lang.IllegalStateException: no stock\n"
    b"\tat c.e.Stock.take(Stock.java:42)\nCaused by: java.net.SocketTimeoutException: read\n\t... 12 more",
    lines=False,
)
PLAIN = Text("plain", "any other text, a line each", b"10:00:00 backup finished", lines=True)
