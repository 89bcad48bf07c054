"""Blocks of JSON lines -> columns, by the layouts of lines; what is of no known layout is left to be read."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from functools import cached_property

from smartcloudops.logs.counting import Wanted
from smartcloudops.logs.counting.columns import Columns
from smartcloudops.logs.counting.decoders import Boxes
from smartcloudops.logs.counting.places import Unfit
from smartcloudops.logs.counting.planning import Planner, time_name
from smartcloudops.logs.counting.plans import Layout, Plan, Taken
from smartcloudops.logs.finding.fields import flat
from smartcloudops.logs.formats import Reading
from smartcloudops.logs.formats.framing import Lines
from smartcloudops.logs.formats.json_lines import loads

# Lines that are proven at once; where they are not all alike, each is looked at.
_PIECE = 256 << 10
_MOST_PLANS = 12
# So many lines are looked at in vain before no more are, of at most this length.
_ATTEMPTS, _LONGEST = 300, 256 << 10
# After so many mixed pieces in a row, wholes are tried only once in a while.
_MIXED, _ONCE_IN = 4, 16

_BRACE = ord("{")
Spans = list[tuple[int, int]]
Part = tuple[Spans, Columns | None]


class Some:
    """Some lines of a block, with their line ends. `start`: where they begin in it, if they follow each other there."""

    def __init__(self, data: bytes, start: int = 0, spans: Spans | None = None) -> None:
        self.data, self._start, self._spans = data, start, spans

    @property
    def spans(self) -> Spans:
        """Where they stand in the block; one span where they follow each other."""
        return [(self._start, self._start + len(self.data))] if self._spans is None else self._spans

    @cached_property
    def lines(self) -> Spans:
        """Where each line stands in `data`."""
        ends = [found.end() for found in re.finditer(b"\n", self.data)]
        return list(zip([0, *ends], ends, strict=False))

    def only(self, numbers: Sequence[int]) -> Some:
        """Those lines of them, by number."""
        lines = [self.lines[number] for number in numbers]
        spans = [(start + self._start, end + self._start) for start, end in lines]
        if self._spans is not None:
            spans = [self._spans[number] for number in numbers]
        return Some(b"".join([self.data[start:end] for start, end in lines]), 0, spans)

    def but(self, numbers: Sequence[int]) -> Some:
        """All but those."""
        if not numbers:
            return self
        gone = set(numbers)
        return self.only([number for number in range(len(self.lines)) if number not in gone])


class Known:
    """Remembers where things stand in lines, for all objects of a worker. `names`: the fields of all, with dots."""

    def __init__(self, wanted: Wanted, *, timed: bool, zoneless: bool) -> None:
        self._planner = Planner(wanted, timed=timed, zoneless=zoneless)
        self._timed = timed
        self._plans: dict[Layout, Plan] = {}
        # Those that hold for the object in hand.
        self._usable: list[Plan] = []
        self._reading: Reading | None = None
        self._time: str | None = None
        self._attempts = _ATTEMPTS
        self._mixed = 0
        self.names: dict[str, None] = {}

    def suits(self, reading: Reading) -> bool:
        """Whether an object is of JSON lines."""
        return reading.format == "json" and isinstance(reading.framing, Lines)

    def parts(self, data: bytes, reading: Reading, *, width: int | None) -> Iterator[Part]:
        """All lines of `data`, each once, in any order, as (start, end): with their columns, or None where they have
        to be read. `width`: of the buckets (ms) that times are for; None for no times."""
        self._use(reading)
        self._know(data)
        for start, end in _pieces(data):
            lines = data[start:end] if data[end - 1 : end] == b"\n" else data[start:end] + b"\n"
            some = Some(lines, start)
            if self._mixed <= _MIXED or not self._mixed % _ONCE_IN:
                some = yield from self._alike(some, width)
            if some.data:
                some = yield from self._mixture(some, reading, width)
            self._mixed = self._mixed + 1 if some.data else 0

    def _use(self, reading: Reading) -> None:
        if reading is self._reading:
            return
        self._reading = reading
        # Where a line has several times, it is the object that decides which of them counts.
        self._time = time_name(reading) if self._timed else None
        self._usable = [plan for plan in self._plans.values() if plan.time == self._time]

    def _know(self, data: bytes) -> None:
        """Name the fields of a block's first line."""
        fields = loads(data[: data.find(b"\n") + 1][:_LONGEST])
        self.names.update(dict.fromkeys(flat(fields or {})))

    def _alike(self, some: Some, width: int | None) -> Generator[Part, None, Some]:
        """Lines of known layouts, unless some are of none; returns what is left."""
        plans = list(self._usable) if _is_utf8(some.data) else []
        while some.data and (found := self._taken(some, plans, width)) is not None:
            plan, taken = found
            yield some.but(taken.left).spans, taken.columns
            some = some.only(taken.left)
            plans.remove(plan)
            self._usable.remove(plan)
            self._usable.insert(0, plan)
        return some

    def _taken(self, some: Some, plans: Sequence[Plan], width: int | None) -> tuple[Plan, Taken] | None:
        """The first plan that takes any of the lines, and refuses none of the others."""
        boxes = Boxes(some.data)
        for plan in plans:
            taken = plan.read(boxes, width=width)
            if taken is not None and taken.columns.rows:
                return plan, taken
        return None

    def _mixture(self, some: Some, reading: Reading, width: int | None) -> Generator[Part, None, Some]:
        """Lines that are not all of known layouts: most often some are no objects, and only these. Returns those that
        had to be looked at one by one."""
        others = [number for number, (start, _) in enumerate(some.lines) if some.data[start] != _BRACE]
        objects = some.but(others)
        if others:
            yield some.only(others).spans, None
            objects = yield from self._alike(objects, width)
        yield from self._one_by_one(objects, reading, width)
        return objects

    def _one_by_one(self, some: Some, reading: Reading, width: int | None) -> Iterator[Part]:
        found: dict[Plan | None, tuple[list[int], list[object]]] = {}
        for number, (start, end) in enumerate(some.lines):
            plan, row = self._row(some.data[start:end], reading)
            numbers, rows = found.setdefault(plan, ([], []))
            numbers.append(number)
            rows.append(row)
        for plan, (numbers, rows) in found.items():
            yield some.only(numbers).spans, plan.columns(rows, width=width) if plan else None

    def _row(self, line: bytes, reading: Reading) -> tuple[Plan | None, object]:
        if not _is_utf8(line):
            return None, None
        for plan in self._usable:
            row = plan.row(line)
            if row is not None:
                return plan, row
        learnt = self._learnt(line, reading) if self._attempts and len(line) <= _LONGEST else None
        return learnt, learnt.row(line) if learnt else None

    def _learnt(self, line: bytes, reading: Reading) -> Plan | None:
        self._attempts -= 1
        try:
            layout = self._planner.layout(line.rstrip(b"\r\n"), reading, self._time)
            if layout in self._plans or len(self._plans) >= _MOST_PLANS:
                return None
            plan = Plan(layout)
        except Unfit:
            return None
        self._plans[layout] = plan
        self._usable.append(plan)
        return plan if plan.row(line) is not None else None


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _pieces(data: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _PIECE) + 1 or len(data)
        yield start, end
        start = end
