"""CloudTrail, and other JSON documents that hold their records in one list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smartcloudops.logs.formats import Framing, Hint, LineReader
from smartcloudops.logs.formats.document_framing import Documents
from smartcloudops.logs.formats.json_lines import JsonReader
from smartcloudops.logs.formats.naming import TIMES
from smartcloudops.logs.objects import Event


@dataclass(frozen=True, slots=True)
class Document:
    """Each object in the list is a record, known by its place in the document.

    >>> reader = CLOUDTRAIL.open(CLOUDTRAIL.example, Hint())
    >>> [(start, end)] = reader.framing.records(CLOUDTRAIL.example)
    >>> event = reader.read(CLOUDTRAIL.example[start:end])
    >>> event.time, event.fields["userIdentity"]["userName"]
    (1795168800000, 'ann')
    """

    name: str
    about: str
    example: bytes
    # How such a document begins.
    sign: re.Pattern[bytes]

    def likeness(self, lines: list[bytes]) -> float:
        """All of it, if it begins like one."""
        return float(bool(lines) and self.sign.match(b"\n".join(lines[:20])[:4096]) is not None)

    def open(self, head: bytes, hint: Hint) -> LineReader:
        """A reader of the objects inside."""
        framing = Documents()
        first = next(framing.records(head), (0, 0))
        return _Reader(framing, JsonReader(hint, ("eventTime", *TIMES), head[slice(*first)].replace(b"\n", b" ")))


class _Reader:
    __slots__ = ("_reader", "framing")

    def __init__(self, framing: Documents, reader: JsonReader) -> None:
        self.framing: Framing = framing
        self._reader = reader

    def read(self, record: bytes) -> Event | None:
        return self._reader.read(record)


CLOUDTRAIL = Document(
    "cloudtrail",
    "AWS CloudTrail: one document, each event in it a record of its own",
    b'{"Records":[{"eventVersion":"1.09","userIdentity":{"type":"IAMUser","userName":"ann"},"eventTime":'
    b'"2026-11-20T10:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"StopInstances","awsRegion":"eu-west-1",'
    b'"sourceIPAddress":"192.0.2.7","requestParameters":{"instancesSet":{"items":[{"instanceId":"i-1"}]}}}]}',
    re.compile(rb'\xef?\xbb?\xbf?\s*\{\s*(?:"[^"]*"\s*:\s*[^\[{]*,\s*)?"Records"\s*:\s*\['),
)
DOCUMENT = Document(
    "document",
    "a JSON document whose list holds the records: `[{…},{…}]`, CloudWatch `logEvents` and `events`",
    b'{"messageType":"DATA_MESSAGE","logGroup":"shop","logEvents":[{"id":"1","timestamp":1795168800123,"message":"late"}]}',
    re.compile(
        rb'\xef?\xbb?\xbf?\s*(?:\[\s*\{|\{\s*"events"\s*:\s*\[|\{\s*"messageType"\s*:\s*"(?:DATA|CONTROL)_MESSAGE")'
    ),
)
