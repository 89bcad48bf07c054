"""One object, from decoded buffers to the records that match."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from smartcloudops.logs.formats import Hint, Reading
from smartcloudops.logs.formats.reading import open_reading
from smartcloudops.logs.objects import LONGEST, Event, LogObject, Unread
from smartcloudops.logs.sieve import Sieve

_HEAD = 256 << 10
# So far back a record without a time looks for one: records, and bytes of the block before.
_BACK, _BACK_BYTES = 200, 64 << 10
# A line as most are, and how large a buffer must be for the fast scanners to be used.
_USUAL, _LARGE = b'{"level":"INFO"}\n', 256 << 10


@dataclass(slots=True)
class Block:
    """Whole records of one object. `offset`: of the first byte in the decoded object; `more`: others follow;
    `before`: the end of the block before, for times that were said there."""

    data: bytes
    offset: int
    reading: Reading
    more: bool
    before: bytes = b""


@dataclass(frozen=True, slots=True)
class Behind:
    """What was read of an object before: where that ends in the decoded object, its reading, and its last bytes."""

    offset: int
    reading: Reading
    before: bytes = b""


def blocks(
    one: LogObject,
    buffers: Iterable[bytes],
    *,
    format: str = "auto",
    zone: str = "UTC",
    behind: Behind | None = None,
) -> Iterator[Block]:
    """Cut buffers where records end. They begin at the start of the object, or where `behind` says.

    A record longer than LONGEST is given up to there and the rest of it left out; that, and what `buffers` raises, is
    raised as Unread when everything else has been given.
    """
    cutter = _Cutter(one, format, zone)
    if behind is not None:
        cutter.go_on(behind)
    wrong: Unread | None = None
    try:
        for buffer in buffers:
            yield from cutter.take(buffer)
    except Unread as e:
        wrong = e
    yield from cutter.rest()
    if wrong is not None:
        raise wrong
    if cutter.longer:
        said = "1 record is" if cutter.longer == 1 else f"{cutter.longer} records are"
        raise Unread("long line", f"{said} longer than {LONGEST >> 20} MiB and was searched up to there only")


@dataclass(slots=True)
class _Cutter:
    one: LogObject
    format: str
    zone: str
    longer: int = 0
    _reading: Reading | None = None
    _carry: bytes = b""
    _offset: int = 0
    _skipping: bool = False
    _before: bytes = b""

    def go_on(self, behind: Behind) -> None:
        """What comes next follows that."""
        self._offset, self._reading, self._before = behind.offset, behind.reading, behind.before

    def take(self, buffer: bytes) -> Iterator[Block]:
        """The whole records of what is there."""
        buffer = self._skipped(buffer) if self._skipping else buffer
        data = self._carry + buffer if self._carry else buffer
        if self._reading is None and len(data) < _HEAD:
            self._carry = data
            return
        cut = self._open(data).framing.cut(data)
        if cut:
            self._carry = data[cut:]
            yield self._block(data[:cut], more=True)
        elif len(data) >= LONGEST:
            self._carry = b""
            yield self._long(data)
        else:
            self._carry = data

    def rest(self) -> Iterator[Block]:
        """What is left when no more comes."""
        data, self._carry = self._carry, b""
        if data:
            yield self._block(data, more=False)

    def _open(self, data: bytes) -> Reading:
        if self._reading is None:
            hint = Hint(self.one.key, self.one.modified, self.one.since, self.zone)
            self._reading = open_reading(data[:_HEAD], hint, format=self.format)
        return self._reading

    def _block(self, data: bytes, *, more: bool) -> Block:
        block = Block(data, self._offset, self._open(data), more, self._before)
        self._offset += len(data)
        self._before = data[-_BACK_BYTES:]
        return block

    def _long(self, data: bytes) -> Block:
        self.longer += 1
        self._skipping = True
        block = self._block(data[:LONGEST], more=True)
        self._offset += len(data) - LONGEST
        return block

    def _skipped(self, buffer: bytes) -> bytes:
        end = buffer.find(b"\n")
        self._skipping = end < 0
        cut = len(buffer) if end < 0 else end + 1
        self._offset += cut
        return buffer[cut:]


class Look:
    """Reads the event of the record in hand, at most once: `look.at(start, end)`, then `look()`.

    A record without a time of its own has that of the one before it.
    """

    __slots__ = ("_away", "_before", "_block", "_end", "_latest", "_start", "_told", "event")

    def __init__(self, block: Block) -> None:
        self._block = block
        self._start = self._end = 0
        self.event: Event | None = None
        # Where the record ends that was read last, the time that holds there and how many records before it was said:
        # of many records without a time, one after the other, not each looks for it.
        self._told, self._away = -1, 0
        self._latest: int | None = None
        self._before: tuple[int | None] | None = None

    def at(self, start: int, end: int) -> None:
        """That record is in hand now."""
        self._start, self._end, self.event = start, end, None

    def __call__(self) -> Event:
        if self.event is None:
            event = self._block.reading.read(self._block.data[self._start : self._end])
            if event.time is None:
                event.time = self._time_before()
            else:
                self._latest, self._away = event.time, 0
            self._told = self._end
            self.event = event
        return self.event

    def _time_before(self) -> int | None:
        block, start = self._block, self._start
        if self._told >= 0 and block.data[self._told : start] in (b"\n", b"\r\n"):
            self._away += 1
            self._latest = self._latest if self._away <= _BACK else None
        else:
            self._latest, self._away = _last_time(block.reading, block.data, start)
        if self._latest is not None:
            return self._latest
        if self._before is None:
            self._before = (_last_time(block.reading, block.before, len(block.before))[0],)
        return self._before[0]


def warm(sieve: Sieve) -> None:
    """Load what most objects are read and searched with: what is loaded when it is first needed would be waited for."""
    open_reading(_USUAL, Hint())
    if not sieve.looks_at_all:
        deque(sieve.candidates(_USUAL + b" " * _LARGE), maxlen=0)


def matching(block: Block, sieve: Sieve) -> Iterator[tuple[int, int, Event | None]]:
    """The records of a block that match: (start, end, its event where it was read)."""
    data, look, matches = block.data, Look(block), sieve.matches
    for start, end in _spans(block, sieve):
        look.at(start, end)
        if matches(data[start:end], look):
            yield start, end, look.event


def _spans(block: Block, sieve: Sieve) -> Iterator[tuple[int, int]]:
    """Records that may match, each once, in order."""
    framing, data = block.reading.framing, block.data
    if sieve.looks_at_all:
        yield from framing.records(data)
        return
    around, done = framing.around, -1
    for at in sieve.candidates(data, lines=framing.in_lines):
        if at > done:
            start, end = around(data, at)
            done = max(end, at)
            if end > start or is_empty(data, at):
                yield start, end


def is_empty(data: bytes, at: int) -> bool:
    """Whether a record of no bytes lies there, rather than something between records."""
    return data[at : at + 1] in b"\r\n"


def _last_time(reading: Reading, data: bytes, start: int) -> tuple[int | None, int]:
    """The time of the records before, and how many away it was said."""
    for away in range(1, _BACK + 1):
        if start <= 0:
            break
        start, end = reading.framing.around(data, start - 1)
        time = reading.read(data[start:end]).time
        if time is not None:
            return time, away
    return None, 0
