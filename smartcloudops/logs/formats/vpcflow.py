"""VPC flow logs: the columns that the header names, or those of version 2."""

from __future__ import annotations

from dataclasses import dataclass

from smartcloudops.logs.formats import Framing, Hint, LineReader
from smartcloudops.logs.formats.columns import Fields, whole
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.likeness import share
from smartcloudops.logs.formats.stamps import of_number
from smartcloudops.logs.objects import Event

_DEFAULT = (
    "version account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end action log_status"
)
_NUMBERS = "version srcport dstport protocol packets bytes start end tcp_flags traffic_path encryption_status"
# Words that a header may hold besides those of version 2; one of them is enough to know it.
_HEADER = "version account-id interface-id srcaddr dstaddr start end action log-status vpc-id subnet-id instance-id"


@dataclass(frozen=True, slots=True)
class VpcFlow:
    """The time is the start of the window of capture.

    >>> event = VPCFLOW.open(VPCFLOW.example, Hint()).read(VPCFLOW.example)
    >>> event.time, event.fields["action"], event.fields["dstport"]
    (1795168800000, 'REJECT', 22)
    """

    name: str
    about: str
    example: bytes

    def likeness(self, lines: list[bytes]) -> float:
        """All of it with a header, else the share of lines with the columns of version 2."""
        return 1.0 if lines and _is_header(lines[0]) else share(lines, _is_default)

    def open(self, head: bytes, hint: Hint) -> LineReader:
        """A reader of the columns that the head names."""
        first = head.partition(b"\n")[0].decode("latin-1")
        named = _is_header(first.encode("latin-1"))
        return _Reader([name.replace("-", "_") for name in first.split()] if named else _DEFAULT.split())


class _Reader:
    __slots__ = ("_ints", "_names", "_time", "framing")

    def __init__(self, names: list[str]) -> None:
        self.framing: Framing = LINES
        self._names = names
        self._ints = tuple(name for name in names if name in _NUMBERS.split())
        self._time = "start" if "start" in names else "end"

    def read(self, record: bytes) -> Event | None:
        values = record.decode("utf-8", "replace").split()
        if len(values) != len(self._names):
            return None
        named = zip(self._names, values, strict=True)
        fields: Fields = {name: None if value == "-" else value for name, value in named}
        for name in self._ints:
            fields[name] = whole(fields[name])
        time = fields.get(self._time)
        if self._time in fields and not isinstance(time, int):
            return None
        return Event(of_number(time) if isinstance(time, int) else None, fields)


def _is_header(line: bytes) -> bool:
    words = line.decode("latin-1").split()
    return len(words) > 2 and len(set(_HEADER.split()).intersection(words)) > 1 and not any(map(str.isdigit, words))


def _is_default(line: bytes) -> bool:
    values = line.split()
    return len(values) == 14 and values[10].isdigit() and values[11].isdigit() and values[13].isalpha()


VPCFLOW = VpcFlow(
    "vpcflow",
    "AWS VPC flow logs: columns by their header, or those of version 2",
    b"2 111122223333 eni-1235b8ca 192.0.2.7 10.0.0.1 49761 22 6 20 4249 1795168800 1795168860 REJECT OK",
)
