"""Access and error logs of nginx and Apache."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smartcloudops.logs.formats import Framing, Hint, LineReader
from smartcloudops.logs.formats.columns import whole
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.likeness import share
from smartcloudops.logs.formats.stamps import Stamps
from smartcloudops.logs.objects import Event

Fields = dict[str, Any]

_QUOTED = r'"((?:[^"\\]|\\.)*+)"'
_ACCESS = re.compile(
    r"(?:([^\s:]++:\d++) )?(\S++) (\S++) ([^\[]+?) \[(\d\d/\w{3}/\d{4}:[^\]]+)\] "
    + r'"(?:([A-Z]+) ([^ "?]*+)(?:\?([^ "]*+))?(?: (HTTP/[\d.]+))?|((?:[^"\\]|\\.)*+))"'
    + rf" (\d{{3}}|-) (\d+|-)(?: {_QUOTED} {_QUOTED})?(?: (.*))?$",
    re.DOTALL,
)
_NAMES = (
    "vhost", "client", "ident", "user", "time", "method", "path", "query", "protocol", "request", "status", "bytes",
    "referer", "user_agent", "more",
)  # fmt: skip
_NGINX_ERROR = re.compile(
    r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(\w+)\] (\d+)#(\d+): (?:\*(\d+) )?(.*?)"
    r"(, client: .*)?$",
    re.DOTALL,
)
_NGINX_DETAIL = re.compile(r', (client|server|request|subrequest|upstream|host|referrer): (?:"([^"]*)"|([^,]*))')
_APACHE_ERROR = re.compile(
    r"\[(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\] \[(?:(\w*):)?(\w+)\]"
    r"(?: \[pid (\d+)(?::tid (\w+))?\])?(?: \[(?:remote|client) ([^\]]+)\])? (.*)$",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class WebServer:
    """Access logs, common or combined, with a virtual host before or more columns behind, and the server's errors.

    >>> event = NGINX.open(b"", Hint()).read(NGINX.example)
    >>> event.time, event.fields["status"], event.fields["path"], event.fields["user_agent"]
    (1795168800000, 502, '/pay', 'curl/8.5.0')
    >>> error = NGINX.open(b"", Hint()).read(b'2026/11/20 10:00:00 [error] 7#7: *1 no live upstreams, client: ::1')
    >>> error.fields["level"], error.fields["message"], error.fields["client"]
    ('error', 'no live upstreams', '::1')
    """

    name: str
    about: str
    example: bytes
    error: Callable[[str], tuple[str, Fields] | None]

    def likeness(self, lines: list[bytes]) -> float:
        """The share of lines that are of either kind."""
        return share(lines, self.open(b"", Hint()).read)

    def open(self, head: bytes, hint: Hint) -> LineReader:
        """A reader of both kinds."""
        return _Reader(Stamps(hint), self.error)


class _Reader:
    __slots__ = ("_error", "_stamps", "framing")

    def __init__(self, stamps: Stamps, error: Callable[[str], tuple[str, Fields] | None]) -> None:
        self.framing: Framing = LINES
        self._stamps, self._error = stamps, error

    def read(self, record: bytes) -> Event | None:
        text = record.decode("utf-8", "replace")
        found = _ACCESS.match(text)
        if found is None:
            error = self._error(text)
            return Event(self._stamps(error[0]), error[1]) if error else None
        time = self._stamps(found[5])
        fields: Fields = {
            name: value
            for name, value in zip(_NAMES, found.groups(), strict=True)
            if value is not None and value != "-"
        }
        if "status" in fields:
            fields["status"] = int(fields["status"])
        if "bytes" in fields:
            fields["bytes"] = whole(fields["bytes"])
        return Event(time, fields)


def _nginx_error(text: str) -> tuple[str, Fields] | None:
    found = _NGINX_ERROR.match(text)
    if found is None:
        return None
    stamp, level, pid, thread, connection, message, details = found.groups()
    fields: Fields = {"level": level, "pid": int(pid), "tid": int(thread), "message": message}
    if connection:
        fields["connection"] = int(connection)
    for name, quoted, plain in _NGINX_DETAIL.findall(details or ""):
        fields[name] = quoted or plain
    return stamp, fields


def _apache_error(text: str) -> tuple[str, Fields] | None:
    found = _APACHE_ERROR.match(text)
    if found is None:
        return None
    names = ("module", "level", "pid", "tid", "client", "message")
    return found[1], {name: value for name, value in zip(names, found.groups()[1:], strict=True) if value}


NGINX = WebServer(
    "nginx",
    "access logs, common or combined, of nginx and Apache; nginx' error log",
    b'192.0.2.7 - ann [20/Nov/2026:10:00:00 +0000] "POST /pay?id=7 HTTP/1.1" 502 157 "-" "curl/8.5.0"',
    _nginx_error,
)
APACHE = WebServer(
    "apache",
    "the same access logs; Apache's error log",
    b"[Fri Nov 20 10:00:00.123456 2026] [proxy:error] [pid 35708:tid 4328636416] [client 192.0.2.7:51213]"
    b" AH00898: error reading from remote server",
    _apache_error,
)
