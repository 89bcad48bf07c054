"""JSON lines: of applications, journald, Docker, GELF, ECS, AWS WAF, and what CloudWatch exports."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from smartcloudops.logs.formats import Framing, Hint, LineReader
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.likeness import share
from smartcloudops.logs.formats.naming import TIMES
from smartcloudops.logs.formats.stamps import Stamps
from smartcloudops.logs.objects import Event

_MOST = (1 << 64) - 1
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One object a line, kept nested.

    >>> reader = JSON.open(JSON.example, Hint())
    >>> event = reader.read(JSON.example)
    >>> event.time, event.fields["request"]["status"]
    (1795168800123, 503)
    """

    name: str
    about: str
    example: bytes
    # What an object must hold to be of this kind.
    sign: bytes = b""
    # Names of the time that come before the usual ones.
    times: tuple[str, ...] = ()

    def likeness(self, lines: list[bytes]) -> float:
        """The share of objects."""
        return share(lines, self._is_like)

    def _is_like(self, line: bytes) -> bool:
        return line.lstrip()[:1] == b"{" and self.sign in line and loads(line) is not None

    def open(self, head: bytes, hint: Hint) -> LineReader:
        """A reader that knows under which name the time stands."""
        return JsonReader(hint, (*self.times, *TIMES), head)


class JsonReader:
    """Reads objects; their time stands under the first of `names` that has one."""

    __slots__ = ("_name", "_names", "_stamps", "framing")

    def __init__(self, hint: Hint, names: Sequence[str], head: bytes) -> None:
        self.framing: Framing = LINES
        self._stamps = Stamps(hint)
        self._names = tuple(dict.fromkeys(names))
        self._name = self._names[0]
        self._name = self._usual(head)

    def read(self, record: bytes) -> Event | None:
        """The object, and its time."""
        try:
            fields = orjson.loads(record)
        except ValueError:
            fields = _leniently(record)
        if type(fields) is not dict:
            return None
        time = self._stamps(fields.get(self._name))
        return Event(self._time(fields) if time is None else time, fields)

    def _time(self, fields: dict[str, Any]) -> int | None:
        return next((time for name in self._names if (time := self._stamped(fields, name)) is not None), None)

    def _stamped(self, fields: dict[str, Any], name: str) -> int | None:
        if name not in fields:
            return None
        value = fields[name]
        time = self._stamps(value)
        if name == "time" and isinstance(value, str) and isinstance(fields.get("date"), str):
            return self._stamps(f"{fields['date']} {value}") or time
        return time

    def _usual(self, head: bytes) -> str:
        """The name that the first object of an object has its time under."""
        for line in head.split(b"\n", 20)[:20]:
            fields = loads(line)
            found = [name for name in self._names if fields and self._stamped(fields, name) is not None]
            if found:
                # A clock alone is one only together with the date beside it.
                alone = fields and found[0] == "time" and isinstance(fields.get("date"), str)
                return self._name if alone else found[0]
        return self._names[0]


def loads(record: bytes) -> dict[str, Any] | None:
    """An object; None for anything else."""
    try:
        found = orjson.loads(record)
    except ValueError:
        found = _leniently(record)
    return found if isinstance(found, dict) else None


def _leniently(record: bytes) -> Any:
    """What orjson refuses: bytes that are no UTF-8, control characters, NaN, half of a surrogate pair."""
    if record[:1] not in (b"{", b" ", b"\t", b"\xef", b"\0"):
        return None
    text = record.strip(b"\0").decode("utf-8-sig", "replace")
    try:
        found = json.loads(text, strict=False, parse_constant=lambda _: None, parse_int=_whole, parse_float=_real)
        return _sound(found) if "\\ud" in text or "\\uD" in text else found
    except (ValueError, RecursionError):
        return None


def _sound(found: Any) -> Any:
    """Without halves of surrogate pairs, which no output could write."""
    return json.loads(_SURROGATE.sub("\ufffd", json.dumps(found, ensure_ascii=False)))


def _whole(digits: str) -> int | str:
    """A number that JSON elsewhere can hold, else its digits as they are."""
    number = int(digits) if len(digits) < 21 else _MOST + 1
    return number if -(1 << 63) <= number <= _MOST else digits


def _real(digits: str) -> float | str:
    number = float(digits)
    return number if abs(number) < float("inf") else digits


JSON = JsonLines(
    "json",
    "JSON, an object a line, kept nested: applications, journald, Docker, GELF, ECS, CloudWatch exports",
    b'{"time":"2026-11-20T10:00:00.123Z","level":"error","message":"late","request":{"path":"/pay","status":503}}',
)
WAF = JsonLines(
    "waf",
    "AWS WAF: JSON, with the time in ms",
    b'{"timestamp":1795168800123,"formatVersion":1,"webaclId":"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/a/1"'
    b',"action":"BLOCK","httpRequest":{"clientIp":"192.0.2.7","country":"FR","uri":"/admin","httpMethod":"GET"}}',
    sign=b'"webaclId"',
    times=("timestamp",),
)
