"""Records as columns of values, as raw as they come; only different values are ever looked at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from smartcloudops.logs.finding.fields import field_text, value_of
from smartcloudops.logs.formats.naming import host_of, level_of
from smartcloudops.logs.objects import Event

# What a raw value means: its text; None where the record has no such field, or null.
Read = Callable[[Any], str | None]
Texts = tuple[str | None, ...]
# Fields that formats and programs call by many names.
USUAL: dict[str, Callable[[Event], str | None]] = {"level": level_of, "host": host_of}


def as_it_is(text: str | None) -> str | None:
    """The text of a value that has been read already."""
    return text


@dataclass(slots=True)
class Columns:
    """`rows` records: a sequence of raw values for each field (none where no record has it) and how to read them.

    `moments` are raw times, to the width of a bucket at least, `moment` reads one (ms; None: no time); `first` and
    `last` (ms) are exact.
    """

    rows: int
    fields: Mapping[str, list[Any]]
    read: Mapping[str, Read] = field(default_factory=dict)
    # Fields whose raw values are all numbers that float() reads.
    numeric: frozenset[str] = frozenset()
    moments: list[Any] = field(default_factory=list)
    moment: Callable[[Any], int | None] = as_it_is  # type: ignore[assignment]
    first: int | None = None
    last: int | None = None

    def counted(self, names: tuple[str, ...]) -> dict[Texts, int]:
        """How often each combination of values comes."""
        return self._summed(self._raw(names), [self._reader(name) for name in names])

    def over_time(self, names: tuple[str, ...]) -> dict[tuple[int | None, Texts], int]:
        """How often each combination comes at each moment (ms; None: at no time)."""
        reads = [self._reader(name) for name in names]
        found: dict[tuple[int | None, Texts], int] = {}
        for (raw, *values), count in Counter(zip(self.moments, *self._columns(names), strict=False)).items():
            key = self.moment(raw), tuple([read(value) for read, value in zip(reads, values, strict=True)])
            found[key] = found.get(key, 0) + count
        return found

    def measured(self, names: tuple[str, ...], measure: str) -> dict[Texts, Counter[float | str | None]]:
        """How often each value of a field comes, by combination: numbers where that is known, else text."""
        read: Callable[[Any], Any] = float if measure in self.numeric else self._reader(measure)
        column = self._columns((measure,))[0]
        found: dict[Texts, Counter[float | str | None]] = {}
        for raw, values in self._parted(names, column).items():
            key = tuple([self._reader(name)(value) for name, value in zip(names, raw, strict=True)])
            found.setdefault(key, Counter()).update(map(read, values))
        return found

    def _parted(self, names: tuple[str, ...], column: Iterable[Any]) -> Mapping[tuple[Any, ...], Iterable[Any]]:
        if not names:
            return {(): column}
        parted: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        for raw, value in zip(zip(*self._columns(names), strict=False), column, strict=False):
            parted[raw].append(value)
        return parted

    def extend(self, other: Columns) -> None:
        """Take in more rows of the same kind."""
        self.rows += other.rows
        for name, column in self.fields.items():
            column.extend(other.fields[name])
        self.moments.extend(other.moments)
        if other.first is not None and other.last is not None:
            self.first = other.first if self.first is None else min(self.first, other.first)
            self.last = other.last if self.last is None else max(self.last, other.last)

    def _summed(self, raw: Mapping[tuple[Any, ...], int], reads: Sequence[Callable[[Any], Any]]) -> dict[Any, int]:
        found: dict[tuple[Any, ...], int] = {}
        for values, count in raw.items():
            key = tuple([read(value) for read, value in zip(reads, values, strict=True)])
            found[key] = found.get(key, 0) + count
        return found

    def _reader(self, name: str) -> Read:
        return self.read.get(name, as_it_is)

    def present(self) -> Iterator[str]:
        """Fields that a record has."""
        for name, column in self.fields.items():
            read = self._reader(name)
            if any(read(value) is not None for value in column):
                yield name

    def _raw(self, names: tuple[str, ...]) -> Mapping[tuple[Hashable, ...], int]:
        if len(names) != 1:
            return Counter(zip(*self._columns(names), strict=False))
        column = self.fields.get(names[0])
        return {(value,): n for value, n in Counter(column).items()} if column else {(None,): self.rows}

    def _columns(self, names: tuple[str, ...]) -> list[Any]:
        return [self.fields.get(name) or repeat(None, self.rows) for name in names]


def text_of(event: Event, name: str) -> str | None:
    """The text of a field; None where there is none, or null. `level` and `host` also by their usual other names."""
    value = value_of(event.fields, name)
    if name in USUAL and (value is None or isinstance(value, Mapping)):
        return USUAL[name](event)
    return None if value is None else field_text(value)


class Gathered:
    """Columns made record by record."""

    def __init__(self, names: Sequence[str], *, timed: bool) -> None:
        self._names, self._timed = names, timed
        self._columns: list[list[str | None]] = [[] for _ in names]
        self._times: list[int | None] = []
        self.rows = 0

    def add(self, event: Event | None) -> None:
        """One more record; its event, where fields or times are wanted."""
        self.rows += 1
        if event is None:
            return
        for name, column in zip(self._names, self._columns, strict=True):
            column.append(text_of(event, name))
        if self._timed:
            self._times.append(event.time)

    def columns(self) -> Columns:
        """What there is so far."""
        known = [time for time in self._times if time is not None]
        return Columns(
            self.rows,
            dict(zip(self._names, self._columns, strict=True)),
            moments=self._times,
            first=min(known, default=None),
            last=max(known, default=None),
        )
