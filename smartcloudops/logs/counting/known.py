"""Blocks of JSON lines -> columns, by the shapes of lines; what is of no known shape is left to be read."""

from __future__ import annotations

from collections.abc import Iterator

from smartcloudops.logs.counting.columns import Columns
from smartcloudops.logs.counting.groups import Group, Plan
from smartcloudops.logs.counting.planning import Planner, winner
from smartcloudops.logs.counting.quick import suits
from smartcloudops.logs.counting.shapes import shape_of
from smartcloudops.logs.formats import Reading
from smartcloudops.logs.formats.framing import Lines

# Lines that are proven in one match; what is not proven as a whole is parted line by line.
_PIECE = 64 << 10
_MOST_GROUPS = 12
# So many lines are looked at in vain before no more are.
_ATTEMPTS = 300
# After so many mixed pieces in a row, wholes are tried only once in a while.
_MIXED, _ONCE_IN = 4, 16

Spans = list[tuple[int, int]]
Part = tuple[Spans, Columns | None]


class Known:
    """Remembers how lines are built, for all objects of a worker. `names`: the fields of all shapes, with dots."""

    def __init__(self, names: tuple[str, ...], *, timed: bool, zoneless: bool) -> None:
        self._planner = Planner(names, timed=timed, zoneless=zoneless)
        self._groups: dict[Plan, Group] = {}
        # Those that hold for the object in hand.
        self._usable: list[Group] = []
        self._reading: Reading | None = None
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
        for start, end in _pieces(data):
            lines = data[start:end] if data[end - 1 : end] == b"\n" else data[start:end] + b"\n"
            columns = self._whole(lines, width)
            if columns is not None:
                yield [(start, end)], columns
            else:
                yield from self._mixture(start, lines, reading, width)

    def _use(self, reading: Reading) -> None:
        # Where a line has several times, it is the object that decides which of them counts.
        if reading is not self._reading:
            self._reading = reading
            self._usable = [group for group in self._groups.values() if _holds_for(group, reading)]

    def _whole(self, lines: bytes, width: int | None) -> Columns | None:
        if self._mixed > _MIXED and self._mixed % _ONCE_IN:
            return None
        for group in self._usable:
            columns = group.whole(lines, width=width)
            if columns is not None:
                self._mixed = 0
                return columns
        return None

    def _mixture(self, at: int, lines: bytes, reading: Reading, width: int | None) -> Iterator[Part]:
        self._mixed += 1
        found: dict[Group | None, Spans] = {}
        start = 0
        while start < len(lines):
            end = lines.index(b"\n", start) + 1
            found.setdefault(self._group_of(lines[start:end], reading), []).append((start, end))
            start = end
        for group, spans in found.items():
            together = b"".join([lines[a:b] for a, b in spans])
            yield [(at + a, at + b) for a, b in spans], group.columns(together, width=width) if group else None

    def _group_of(self, line: bytes, reading: Reading) -> Group | None:
        for group in self._usable:
            if group.holds(line):
                return group
        return self._learnt(line, reading) if self._attempts and line[:1] == b"{" else None

    def _learnt(self, line: bytes, reading: Reading) -> Group | None:
        self._attempts -= 1
        shape = shape_of(line.rstrip(b"\r\n"))
        planned = None if shape is None else self._planner.plan(shape, line.rstrip(b"\r\n"), reading)
        if shape is None or planned is None:
            return None
        group = self._groups.get(planned.plan)
        if group is None and len(self._groups) < _MOST_GROUPS:
            group = self._groups[planned.plan] = Group(planned.plan)
            self._usable.append(group)
        if group is None or group.full or group not in self._usable:
            return None
        group.learn(shape, planned.special, lenient=suits(reading))
        self.names.update(dict.fromkeys(".".join(leaf.path) for leaf in shape.leaves))
        return group if group.holds(line) else None


def _holds_for(group: Group, reading: Reading) -> bool:
    stamp = group.plan.stamp
    return stamp is None or len(stamp.rivals) == 1 or (winner(reading, stamp.rivals),) == stamp.path


def _pieces(data: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _PIECE) + 1 or len(data)
        yield start, end
        start = end
