"""How an object is read: the format that its first lines show, and others for lines that are not of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from smartcloudops.logs.formats import FORMATS, Format, Framing, Hint, LineReader
from smartcloudops.logs.objects import Event

# So many of the first lines are looked at, and so much of each.
_LINES, _WIDTH = 100, 32 << 10
# Formats that fit any text are taken where no other fits so well.
_ANY = ("trace", "plain")
_ENOUGH = 0.5
_JSON_LINE = re.compile(rb'\s*(?:\{|\[\s*(?:\{|$)|[\]}],?\s*$|"[^"]*"\s*:)')
_JSON = ("cloudtrail", "document", "waf", "json")
# What a line may be that is not of the format of its object, by its first byte.
_STRAY: dict[bytes, tuple[str, ...]] = {b"{": ("json",), b"<": ("syslog",)}
_STRAY_TEXT = ("syslog", "nginx", "apache", "logfmt", "alb")
_SKIPPED = b"\0\xef\xbb\xbf \t\r"


def open_reading(head: bytes, hint: Hint, *, format: str = "auto") -> MixedReading:
    """The reading of an object that begins with `head`: a format by name, or the one that fits its first lines.

    UsageError for a name or a zone that does not exist.

    >>> reading = open_reading(b'{"time":"2026-11-20T10:00:00Z","message":"late"}', Hint())
    >>> reading.format, reading.read(b"10:00 no JSON here").fields
    ('json', {'message': '10:00 no JSON here'})
    """
    found = FORMATS.load(format) if format != "auto" else detected(head)
    return MixedReading(found, head.removeprefix(b"\xef\xbb\xbf"), hint)


def detected(head: bytes) -> Format:
    """The format that reads most of the first lines. The last line does not count unless it is the only one: it may
    have been cut off."""
    lines = _first_lines(head)
    as_json = sum(map(bool, map(_JSON_LINE.match, lines[:10]))) * 2 > len(lines[:10])
    names = [name for name in FORMATS if name not in _ANY and (name in _JSON) == as_json]
    best, share = _best(lines, names)
    if best is not None and share >= _ENOUGH:
        return best
    trace = FORMATS.load("trace")
    return trace if trace.likeness(lines) >= _ENOUGH else FORMATS.load("plain")


def _best(lines: list[bytes], names: list[str]) -> tuple[Format | None, float]:
    best, most = None, 0.0
    for name in names:
        one = FORMATS.load(name)
        share = one.likeness(lines)
        if share > most:
            best, most = one, share
        if share == 1:
            break
    return best, most


def _first_lines(head: bytes) -> list[bytes]:
    whole = head[: head.rfind(b"\n") + 1] or head
    parts = whole.removeprefix(b"\xef\xbb\xbf").split(b"\n", _LINES * 10)[: _LINES * 10]
    lines = [part.rstrip(b"\r")[:_WIDTH] for part in parts]
    return [line for line in lines if line.strip(_SKIPPED)][:_LINES]


class MixedReading:
    """Reads every record: by the format of its object, else by what its first byte suggests, else as plain text."""

    __slots__ = ("_any", "_hint", "_others", "_read", "format", "framing")

    def __init__(self, format: Format, head: bytes, hint: Hint) -> None:
        reader = format.open(head, hint)
        self.format: str = format.name
        self.framing: Framing = reader.framing
        self._read: Callable[[bytes], Event | None] = reader.read
        self._any = format.name in _ANY
        self._hint = hint
        self._others: dict[str, LineReader] = {format.name: reader}

    def read(self, record: bytes) -> Event:
        """The record as an event; never fails."""
        event = self._read(record)
        if event is None or (self._any and event.time is None):
            return self._otherwise(record) or event or self._other("plain").read(record) or Event()
        return event

    def _otherwise(self, record: bytes) -> Event | None:
        bare = record.strip(_SKIPPED)
        names = _STRAY.get(bare[:1], _STRAY_TEXT) if bare else ()
        usual = () if self._any or bare is record else (self.format,)
        head, ending, trace = bare.partition(b"\n") if self._any else (bare, b"", b"")
        for name in (*usual, *names):
            event = self._other(name).read(head)
            if event is not None:
                more = {"trace": trace.decode("utf-8", "replace")} if ending else {}
                return Event(event.time, {**event.fields, **more}) if more else event
        return None

    def _other(self, name: str) -> LineReader:
        if name not in self._others:
            self._others[name] = FORMATS.load(name).open(b"", self._hint)
        return self._others[name]
