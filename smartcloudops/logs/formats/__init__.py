"""How records lie in text and what they say: one row for each format, known by content.

`reading.open_reading` looks at the first lines of an object and gives the `Reading` of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from smartcloudops.core.registry import Registry
from smartcloudops.logs.objects import Event


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known of an object besides its content: its key, when it was modified (ms), the time that its key
    promises (ms), and the zone of times that name none (an IANA name or an offset).

    A time without a year or a date takes it from here.
    """

    key: str = ""
    modified: int = 0
    since: int | None = None
    zone: str = "UTC"


class Framing(Protocol):
    """Where records begin and end in a decoded buffer. A record has no line end of its own at its end."""

    # Whether each record has lines of its own; several share one in a document.
    in_lines: bool

    # How many leading bytes of `data` are whole records, when more is to come: 0 if none is whole yet.
    def cut(self, data: bytes) -> int: ...

    # The record in which byte `at` lies: (start, end), without its line end (\n or \r\n).
    # What lies before or behind every record (a bracket, a header) is (at, at).
    def around(self, data: bytes, at: int) -> tuple[int, int]: ...

    # All of them, in order. Empty lines are records of no bytes.
    def records(self, data: bytes) -> Iterator[tuple[int, int]]: ...


class Format(Protocol):
    """One format of log lines. Pure."""

    name: str
    # What the table of formats says of it, and an example line.
    about: str
    example: bytes

    # The share of some lines (of the first ones of an object) that it reads, 0 to 1; a cheap guess is enough.
    def likeness(self, lines: list[bytes]) -> float: ...

    # A reader of lines for one object, which may keep what its header said.
    def open(self, head: bytes, hint: Hint) -> LineReader: ...


class LineReader(Protocol):
    """Reads the records of one object."""

    framing: Framing

    # The record as an event; None if it is none of this format (a stray line).
    def read(self, record: bytes) -> Event | None: ...


class Reading(Protocol):
    """How one object is read, whatever it holds: the detected format, and others for lines that are not of it."""

    # The name of the detected format.
    format: str
    framing: Framing

    # Never fails: what no format reads is {"message": line} without a time.
    def read(self, record: bytes) -> Event: ...


# In the order in which they are tried: of two that fit alike, the first.
FORMATS: Registry[Format] = Registry(
    "log format",
    {
        "cloudtrail": "smartcloudops.logs.formats.cloudtrail:CLOUDTRAIL",
        "document": "smartcloudops.logs.formats.cloudtrail:DOCUMENT",
        "waf": "smartcloudops.logs.formats.json_lines:WAF",
        "json": "smartcloudops.logs.formats.json_lines:JSON",
        "cloudfront": "smartcloudops.logs.formats.w3c:CLOUDFRONT",
        "iis": "smartcloudops.logs.formats.w3c:IIS",
        "vpcflow": "smartcloudops.logs.formats.vpcflow:VPCFLOW",
        "alb": "smartcloudops.logs.formats.balancers:ALB",
        "nlb": "smartcloudops.logs.formats.balancers:NLB",
        "elb": "smartcloudops.logs.formats.balancers:ELB",
        "s3access": "smartcloudops.logs.formats.s3access:S3ACCESS",
        "nginx": "smartcloudops.logs.formats.access:NGINX",
        "apache": "smartcloudops.logs.formats.access:APACHE",
        "syslog": "smartcloudops.logs.formats.syslog:SYSLOG",
        "logfmt": "smartcloudops.logs.formats.logfmt:LOGFMT",
        "trace": "smartcloudops.logs.formats.plain:TRACE",
        "plain": "smartcloudops.logs.formats.plain:PLAIN",
    },
)
