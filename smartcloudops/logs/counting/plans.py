"""Lines whose wanted fields stand at the same places: proven and read in one pass over many of them, into columns."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import compress
from operator import itemgetter
from typing import Any

from smartcloudops.logs.counting.columns import Columns, Read
from smartcloudops.logs.counting.decoders import Boxes, Rows
from smartcloudops.logs.counting.moments import Stamp
from smartcloudops.logs.counting.places import Kind, Place, Route, kind_at, reader, tree
from smartcloudops.logs.finding.fields import field_text

# Different values whose text is remembered, and starts of times that are.
_REMEMBERED = 50_000
# Fields with so few different values are read as one of these, until others came so often.
_FEW, _SURPRISES = 48, 24
_NUMBERS, _PLAIN = {int, float}, {str, int, type(None)}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything that is wanted stands. `numbers`: fields of which only numbers are wanted."""

    places: tuple[Place, ...]
    numbers: frozenset[str]
    stamp: Stamp | None


@dataclass(frozen=True, slots=True)
class Taken:
    """The columns of some lines, and the numbers of those that are not in them, in order."""

    columns: Columns
    left: list[int]


class Plan:
    """Reads lines of one layout; Unfit where they cannot be read alike."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        stamp = layout.stamp
        self._node = tree(layout.places, self.time, Kind.TEXT if stamp and stamp.quoted else Kind.RAW)
        self._rows = Rows(self._node)
        kinds = {p.route: kind_at(self._node, p.route) for p in layout.places if p.route}
        self._routes = {p.name: p.route for p in layout.places if p.route and kinds[p.route].wanted}
        times = [(stamp.name,)] if stamp else []
        self._used = {*self._routes.values(), *times}
        self._shared = len(set(self._routes.values())) < len(self._routes)
        self._needed = {route for route in self._routes.values() if kinds[route].needed}
        self._needed.update(times if stamp and stamp.quoted else ())
        # What is called otherwise is translated first, and is no number then.
        self._numbers = {p.name for p in layout.places if p.name in layout.numbers and p.kind is not Kind.WORD}
        self._reads: dict[str, Read] = {p.name: _read(p) for p in layout.places if p.name in self._routes}
        self._few: dict[Route, frozenset[Any]] = {}
        self._quick: Rows | None = None
        self._surprises = 0
        self._times: dict[bytes, int | None] = {}

    @property
    def time(self) -> str | None:
        """The name that the time stands under, where that is wanted."""
        return self.layout.stamp.name if self.layout.stamp else None

    def read(self, boxes: Boxes, *, width: int | None) -> Taken | None:
        """Lines that are UTF-8; None where one of them is refused. With times where `width` (ms) is given."""
        reader = self._quick
        rows = reader.read(boxes) if reader is not None else None
        if reader is None or rows is None:
            reader, rows = self._rows, self._rows.read(boxes)
            if rows is None:
                return None
            self._learn(rows)
        values = self._values(reader, rows)
        left = self._lacking(values)
        if left:
            kept = [True] * len(rows)
            for number in left:
                kept[number] = False
            values = {route: list(compress(column, kept)) for route, column in values.items()}
        columns = self._columns(values, len(rows) - len(left), reader.few, width)
        return None if columns is None else Taken(columns, left)

    def row(self, line: bytes) -> Any | None:
        """The row of one line that is UTF-8; None where it is not of this layout."""
        rows = self._rows.read(Boxes(line))
        values = self._values(self._rows, rows or [])
        if rows is None or self._lacking(values):
            return None
        stamp = self.layout.stamp
        return rows[0] if stamp is None or stamp.holds(_joined(stamp, values[stamp.name,])) else None

    def columns(self, rows: Sequence[Any], *, width: int | None) -> Columns | None:
        """The columns of such rows; None where a time is none."""
        return self._columns(self._values(self._rows, rows), len(rows), (), width)

    def _values(self, reader: Rows, rows: Sequence[Any]) -> dict[Route, list[Any]]:
        """What stands at each route, in each row."""
        return {route: reader.column(rows, route) for route in self._used}

    def _lacking(self, values: Mapping[Route, list[Any]]) -> list[int]:
        """The numbers of rows that lack something."""
        found = set[int]()
        for route in self._needed:
            if None in values[route]:
                found.update(number for number, value in enumerate(values[route]) if value is None)
        return sorted(found)

    def _learn(self, rows: Sequence[Any]) -> None:
        """Which fields have few different values."""
        if self._surprises >= _SURPRISES:
            return
        first = self._surprises == 0
        self._surprises += 1
        for route in {route for name, route in self._routes.items() if name not in self._numbers}:
            if first or route in self._few:
                values = self._few.get(route, frozenset()).union(self._rows.column(rows, route))
                self._few[route] = values if len(values) <= _FEW and set(map(type, values)) <= _PLAIN else frozenset()
        few = {route: values for route, values in self._few.items() if values}
        self._few = few
        self._quick = Rows(self._node, few) if few and self._surprises < _SURPRISES else None

    def _columns(
        self, values: Mapping[Route, list[Any]], rows: int, few: Container[Route], width: int | None
    ) -> Columns | None:
        fields, numeric = dict[str, list[Any]](), set[str]()
        for name, route in self._routes.items():
            column = values[route]
            kinds = _PLAIN if route in few else set(map(type, column))
            if name in self._numbers and kinds <= _NUMBERS:
                numeric.add(name)
            elif not kinds <= _PLAIN:
                # True is 1, and 1.0 is.
                column = list(map(_text, column))
            # A list that is extended later must not be one of two fields.
            fields[name] = list(column) if column is values[route] and self._shared else column
        columns = Columns(rows, fields, self._reads, frozenset(numeric))
        stamp = self.layout.stamp
        return columns if width is None or stamp is None else self._timed(columns, stamp, values[stamp.name,], width)

    def _timed(self, columns: Columns, stamp: Stamp, values: list[Any], width: int) -> Columns | None:
        times = _joined(stamp, values)
        starts = times.split(b"\n")
        if len(starts) != columns.rows or not stamp.holds(times):
            return None
        if len(set(map(len, starts))) > 1:
            # Of different length: what follows the digits must not count in their order.
            starts = [start.removesuffix(stamp.offset) for start in starts]
        least, most = min(starts), max(starts)
        low, high = stamp.read(stamp.whole(least)), stamp.read(stamp.whole(most))
        kept = slice(stamp.kept(width))
        alike = least[kept] == most[kept]
        moments = [least[kept]] * columns.rows if alike else list(map(itemgetter(kept), starts))
        if low is None or high is None or None in map(self._moment, set(moments)):
            return None
        return replace(columns, moments=moments, moment=self._moment, first=low, last=high)

    def _moment(self, start: bytes) -> int | None:
        if start not in self._times:
            if len(self._times) >= _REMEMBERED:
                self._times.clear()
            stamp = self.layout.stamp
            self._times[start] = stamp.read(stamp.whole(start)) if stamp else None
        return self._times[start]


def _joined(stamp: Stamp, values: Sequence[Any]) -> bytes:
    return "\n".join(values).encode() if stamp.quoted else b"\n".join(values)


def _read(place: Place) -> Read:
    """How a value at a place reads as text."""
    return lru_cache(_REMEMBERED)(reader(place)) if place.kind is Kind.WORD else _text


def _text(value: Any) -> str | None:
    return value if value is None or type(value) is str else field_text(value)
