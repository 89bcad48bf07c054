"""Records of several lines: a line that begins one, and what follows it, such as a stack trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from smartcloudops.logs.formats.stamp_table import leading_source

# A record that is longer is cut at a line end, so that a file without any more beginnings still flows.
STALL = 1 << 20

LEVELS = "TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRIT(?:ICAL)?|SEVERE|ALERT|EMERG|PANIC"
_LEVEL_FIRST = rf"[\[<]?(?:{LEVELS})(?:[\]>:]| +[-|\[(]| +[\w.])"
# A time, a level or a JSON object begins a record.
_HEAD = rf'(?:{leading_source()}|{_LEVEL_FIRST}|\{{")'
# Lines that go on with what stands before them, in traces of Java, Python, Go, Node, Ruby, .NET, Rust and PHP.
_GOES_ON = (
    r"(?:[ \t]|at |Caused by:|Suppressed:|\.\.\.|[})\]]|goroutine \d|created by |exit status \d|\[signal |from \S+:\d"
    r"|main\.|runtime[./]|panic\(|[\w./*()-]{1,200}\([^()\n]{0,300}\)\r?$|During handling of the above"
    r"|The above exception was|---+> |--- End of |stack backtrace:|note: run with|#\d+ "
    r"|Stack trace:)"
)
# Python says at the end what was raised; elsewhere such a line begins a trace.
_RAISED = re.compile(
    rb"[A-Za-z_][\w.]{0,200}(?:Error|Exception|Interrupt|Exit|Warning|Iteration)(?::|\r?$)", re.MULTILINE
)
_NO_FRAME = re.compile(rb"[ \t]+(?!at |\.\.\. )\S")
_TRACEBACK = b"Traceback (most recent call last)"
_CHAINED = (b"During handling of the above", b"The above exception was")
_NEAR = 200


@lru_cache(maxsize=1)
def head_pattern() -> re.Pattern[bytes]:
    """What a line begins with that begins a record in a log that has times or levels."""
    return re.compile(_HEAD.encode(), re.MULTILINE)


@lru_cache(maxsize=1)
def goes_on_pattern() -> re.Pattern[bytes]:
    """What a line begins with that goes on with the one before it."""
    return re.compile(_GOES_ON.encode(), re.MULTILINE)


@lru_cache(maxsize=4)
def _boundary(*, stamped: bool, complete: bool) -> re.Pattern[bytes]:
    """A line end with which a record ends. Empty lines before a beginning are records of their own, and those at the
    end of what is `complete`."""
    begins = _HEAD if stamped else rf"(?!{_GOES_ON}|[\r\n]|\Z)"
    begins += r"|\Z" if complete else ""
    return re.compile(rf"\n(?=[\r\n]{{0,8}}+(?:{begins}))".encode(), re.MULTILINE)


class Traces:
    r"""A line that begins with a time or a level is a record, with all lines up to the next.

    `stamped` False is for logs that have neither: there every line begins one that does not look like the inside of a
    stack trace.

    >>> data = b"10:00:00 lost\nValueError: x\n  at y\n10:00:01 ok\n"
    >>> [data[a:b] for a, b in Traces().records(data)]
    [b'10:00:00 lost\nValueError: x\n  at y', b'10:00:01 ok']
    """

    in_lines = True

    __slots__ = ("_boundary", "_sofar", "_stamped")

    def __init__(self, *, stamped: bool = True) -> None:
        self._stamped = stamped
        self._boundary = _boundary(stamped=stamped, complete=True)
        self._sofar = _boundary(stamped=stamped, complete=False)

    def cut(self, data: bytes) -> int:
        """Up to where the last record begins that has begun; all whole lines where it is longer than STALL."""
        # A line that is not whole may yet turn out to begin a record, or not to.
        whole = data.rfind(b"\n") + 1
        end = whole
        while end > 0:
            start = data.rfind(b"\n", 0, end - 1) + 1
            if start and self._sofar.match(data, start - 1, whole) and self._is_sure(data, start - 1):
                return start
            if whole - start > STALL:
                return whole
            end = start
        return 0

    def around(self, data: bytes, at: int) -> tuple[int, int]:
        """The record around a byte."""
        start = data.rfind(b"\n", 0, at) + 1
        while start and not self._is_boundary(data, start - 1):
            start = data.rfind(b"\n", 0, start - 1) + 1
        return start, self._without_end(data, start, self._end(data, at))

    def records(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Every record."""
        start, size = 0, len(data)
        while start < size:
            end = self._end(data, start)
            yield start, self._without_end(data, start, end)
            start = end + 1

    def _end(self, data: bytes, at: int) -> int:
        for found in self._boundary.finditer(data, at):
            if self._is_sure(data, found.start()):
                return found.start()
        return len(data)

    def _is_boundary(self, data: bytes, at: int) -> bool:
        return self._boundary.match(data, at) is not None and self._is_sure(data, at)

    def _is_sure(self, data: bytes, at: int) -> bool:
        """Whether the line behind that line end is not of a Python trace that began before."""
        if self._stamped:
            return True
        begin = at + 1
        while data[begin : begin + 1] in (b"\r", b"\n"):
            begin += 1
        if data.startswith(_TRACEBACK, begin):
            # Of an error while another was handled, the traces are one.
            before = data[max(0, at - _NEAR) : at].rstrip(b"\r\n")
            return not before[before.rfind(b"\n") + 1 :].startswith(_CHAINED)
        if not _RAISED.match(data, begin):
            return True
        before_it = data.rfind(b"\n", 0, begin - 1) + 1
        return _NO_FRAME.match(data, before_it, begin - 1) is None

    def _without_end(self, data: bytes, start: int, end: int) -> int:
        return end - 1 if end > start and data[end - 1] == 13 else end
