"""CSV files: read row by row into flat arrays, every fault named by line and column."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from smartcloudops.core.errors import DataError
from smartcloudops.metrics.cells import parse_number, parse_time
from smartcloudops.metrics.series import Series, Times, Values
from smartcloudops.metrics.table import Layout, check_header, column_labels, layout, row_labels, series_of


@dataclass(frozen=True, slots=True)
class Wide:
    """A wide table in file order: `stamps` verbatim, times (T,) in ms, values (C, T), NaN = missing."""

    stamps: list[str]
    times: Times
    names: tuple[str, ...]
    values: Values


def read_csv(data: bytes, *, where: str, stem: str) -> list[Series]:
    """The series of a wide or long CSV; DataError naming line and column."""
    rows = _Rows(data, where)
    found = layout(rows.header)
    if found.name is not None:
        return _long(rows, found)
    wide = _wide(rows, found)
    named = [_column(rows, i, stem) for i in found.labels]
    return [series_of(labels, wide.times, row) for labels, row in zip(named, wide.values, strict=True)]


def read_wide(data: bytes, *, where: str) -> Wide:
    """A wide CSV as it stands: no row is sorted, merged or left out."""
    rows = _Rows(data, where)
    found = layout(rows.header)
    columns = tuple(i for i in range(len(rows.header)) if i != found.time)
    return _wide(rows, Layout(found.time, None, None, columns))


class _Rows:
    """The rows after the header, all of its width; blank lines are passed over."""

    def __init__(self, data: bytes, where: str) -> None:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as e:
            raise DataError(f"{where}: byte {e.start} is no UTF-8 text", hint="is it a text file?") from e
        self.where = where
        self._reader = csv.reader(io.StringIO(text, newline=""))
        self.header = self._first()
        check_header(self.header, where=where)

    def __iter__(self) -> Iterator[list[str]]:
        width = len(self.header)
        for row in self._read():
            if len(row) != width:
                if not row:
                    continue
                raise self.fault(f"has {len(row)} cells, the header {width}")
            yield row

    def time(self, cell: str, column: int) -> int:
        try:
            return parse_time(cell)
        except (ValueError, OverflowError) as e:
            hint = "write times like 2026-11-20T10:00:00Z, or as epoch seconds or milliseconds"
            raise self.fault(f"'{cell}' is no time", column, hint=hint) from e

    def number(self, cell: str, column: int) -> float:
        try:
            return parse_number(cell)
        except ValueError as e:
            hint = "a long table has the columns timestamp, metric, value; any other column is a label"
            raise self.fault(f"'{cell}' is no number", column, hint=hint) from e

    def fault(self, what: str, column: int | None = None, *, hint: str | None = None) -> DataError:
        at = "" if column is None else f", column {column + 1} ({self.header[column] or 'no name'})"
        return DataError(f"{self.where}: line {self._reader.line_num or 1}{at}: {what}", hint=hint)

    def _read(self) -> Iterator[list[str]]:
        try:
            yield from self._reader
        except csv.Error as e:
            raise self.fault(str(e)) from e

    def _first(self) -> list[str]:
        header = [cell.strip() for cell in next(self._read(), [])]
        if not header:
            raise DataError(f"{self.where} is empty", hint="the first line names the columns: `timestamp,name`")
        try:
            parse_time(header[0])
        except (ValueError, OverflowError):
            return header
        raise DataError(f"{self.where}: line 1 is data", hint="the first line names the columns: `timestamp,name`")


@dataclass(slots=True)
class _Samples:
    labels: dict[str, str]
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


def _wide(rows: _Rows, found: Layout) -> Wide:
    stamps: list[str] = []
    times, values = array("q"), array("d")
    for row in rows:
        stamp = row[found.time]
        stamps.append(stamp)
        times.append(rows.time(stamp, found.time))
        del row[found.time]
        try:
            numbers = list(map(float, row))
        except ValueError:
            numbers = [rows.number(cell, column) for cell, column in zip(row, found.labels, strict=True)]
        values.fromlist(numbers)
    table = np.array(values, dtype=np.float64).reshape(len(stamps), len(found.labels))
    names = tuple(rows.header[i] for i in found.labels)
    return Wide(stamps, np.array(times, dtype=np.int64), names, np.ascontiguousarray(table.T))


def _long(rows: _Rows, found: Layout) -> list[Series]:
    assert found.name is not None and found.value is not None
    keys = (found.name, *found.labels)
    samples: dict[tuple[str, ...], _Samples] = {}
    for row in rows:
        key = tuple([row[i] for i in keys])
        one = samples.get(key)
        if one is None:
            one = samples[key] = _Samples(_labels(rows, key, keys))
        one.times.append(rows.time(row[found.time], found.time))
        one.values.append(rows.number(row[found.value], found.value))
    return [series_of(one.labels, np.array(one.times), np.array(one.values)) for one in samples.values()]


def _labels(rows: _Rows, key: Sequence[str], columns: Sequence[int]) -> dict[str, str]:
    try:
        return row_labels(key[0], [(rows.header[i], cell) for i, cell in zip(columns[1:], key[1:], strict=True)])
    except DataError as e:
        raise rows.fault(e.message, columns[0]) from e


def _column(rows: _Rows, column: int, stem: str) -> dict[str, str]:
    try:
        return dict(column_labels(rows.header[column], stem=stem))
    except DataError as e:
        raise DataError(f"{rows.where}: line 1, column {column + 1}: {e.message}") from e
