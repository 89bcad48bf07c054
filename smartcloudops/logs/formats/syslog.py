"""syslog as RFC 3164 and RFC 5424 write it, and as rsyslog writes it to files: with or without a priority."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from smartcloudops.logs.formats import Framing, Hint, LineReader
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.likeness import share
from smartcloudops.logs.formats.stamps import Stamps
from smartcloudops.logs.objects import Event

# A count of octets may stand before it, as RFC 6587 sends it.
_RFC5424 = re.compile(r"(?:\d{1,7} )?<(\d{1,3})>\d{1,2} (\S+) (\S+) (\S+) (\S+) (\S+) (-|\[)")
_ELEMENT = re.compile(r'\[([^\s=\]"]+)((?: +[^\s=\]"]+="(?:[^"\\\]]|\\.)*+")*+) *\]', re.DOTALL)
_PARAM = re.compile(r'([^\s=\]"]+)="((?:[^"\\\]]|\\.)*+)"', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\\]])')
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_RFC3164 = re.compile(
    r"(?:<(\d{1,3})>)?"
    rf"((?:{_MONTHS}) [ \d]\d (?:\d{{4}} )?\d\d:\d\d:\d\d(?:\.\d{{1,9}})?"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))"
    r" (?!(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|stdout|stderr)\b)([\w.:-]+)"
    r" (?:([^\s:\[]{1,64})(?:\[(\d+|[\w.-]{1,64})\])?: ?)?(.*)",
    re.DOTALL | re.ASCII,
)
_ISO = re.compile(rb"(?:<\d{1,3}>)?\d{4}-")
_NIL = "-"


@dataclass(frozen=True, slots=True)
class Syslog:
    """`priority` is facility * 8 + severity; `naming.level_of` says the level.

    >>> reader = SYSLOG.open(SYSLOG.example, Hint())
    >>> event = reader.read(SYSLOG.example)
    >>> event.time, event.fields["host"], event.fields["data"], event.fields["message"]
    (1795168800003, 'web-2', {'order@32473': {'id': '7'}}, 'payment refused')
    >>> old = reader.read(b"<34>Nov 20 10:00:00 web-2 sshd[311]: Failed password for root")
    >>> old.time, old.fields["app"], old.fields["pid"]
    (None, 'sshd', '311')
    """

    name: str
    about: str
    example: bytes

    def likeness(self, lines: list[bytes]) -> float:
        """The share of lines; one with an ISO time is another's unless a program is named as syslog does."""
        reader = _Reader(Hint(modified=1))
        return share(lines, lambda line: _is_like(reader, line))

    def open(self, head: bytes, hint: Hint) -> LineReader:
        """A reader of both."""
        return _Reader(hint)


class _Reader:
    __slots__ = ("_stamps", "framing")

    def __init__(self, hint: Hint) -> None:
        self.framing: Framing = LINES
        self._stamps = Stamps(hint)

    def read(self, record: bytes) -> Event | None:
        text = record.decode("utf-8", "replace")
        return self._new(text) or self._old(text)

    def _old(self, text: str) -> Event | None:
        found = _RFC3164.match(text)
        if found is None:
            return None
        priority, stamp, host, app, pid, message = found.groups()
        fields = _present(priority=_number(priority), host=host, app=app, pid=pid, message=message)
        return Event(self._stamps(stamp), fields)

    def _new(self, text: str) -> Event | None:
        found = _RFC5424.match(text)
        if found is None:
            return None
        priority, stamp, host, app, pid, kind, opening = found.groups()
        data, end = ({}, found.end()) if opening == _NIL else _structured(text, found.end() - 1)
        fields = _present(priority=int(priority), host=host, app=app, pid=pid, msgid=kind, data=data or None)
        message = text[end:].removeprefix(" ").removeprefix("\ufeff")
        return Event(None if stamp == _NIL else self._stamps(stamp), fields | {"message": message})


def _is_like(reader: _Reader, line: bytes) -> bool:
    event = reader.read(line)
    return event is not None and (not _ISO.match(line) or "app" in event.fields)


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value != _NIL}


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _structured(text: str, at: int) -> tuple[dict[str, dict[str, str]], int]:
    """Structured data and where it ends; what is not whole is left to the message."""
    data: dict[str, dict[str, str]] = {}
    while found := _ELEMENT.match(text, at):
        params = {name: _ESCAPED.sub(r"\1", value) for name, value in _PARAM.findall(found[2])}
        data.setdefault(found[1], {}).update(params)
        at = found.end()
    return data, at


SYSLOG = Syslog(
    "syslog",
    "RFC 5424 with structured data, RFC 3164, and rsyslog's files; a year that is not there comes from the object",
    b'<165>1 2026-11-20T10:00:00.003Z web-2 shop 8710 - [order@32473 id="7"] payment refused',
)
