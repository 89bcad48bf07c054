"""Tables of samples: wide (a column per series) or long (a row per sample), whatever file they came in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smartcloudops.core.errors import DataError
from smartcloudops.metrics.series import Series, Times, Values, parse_series_name

_TIME = ("timestamp", "time", "datetime", "date", "ts", "ds")
_NAME = ("series", "metric", "name", "__name__")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column is what. Long: `name` and `value` are set, `labels` are the other columns.

    Wide: both are None and `labels` are the columns that hold series.
    """

    time: int
    name: int | None
    value: int | None
    labels: tuple[int, ...]


def layout(header: Sequence[str]) -> Layout:
    """Long if there is a column `value` and one called `series`, `metric` or `name`; else wide.

    The time is in the first column of a usual name (`timestamp`, `time`, …), else in the first column.

    >>> layout(["timestamp", "metric", "instance", "value"])
    Layout(time=0, name=1, value=3, labels=(2,))
    """
    lower = [cell.strip().lower() for cell in header]
    time = _find(lower, _TIME) or 0
    name, value = _find(lower, _NAME), _find(lower, ("value",))
    if name is None or value is None:
        name = value = None
    taken = {time, name, value}
    return Layout(time, name, value, tuple(i for i in range(len(header)) if i not in taken))


def column_labels(header: str, *, stem: str) -> Mapping[str, str]:
    """Labels of a wide column; one that is only called `value` takes the file's name. Raises DataError."""
    labels = parse_series_name(header)
    return {"__name__": stem} if labels == {"__name__": "value"} or not labels else labels


def row_labels(name: str, labels: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Labels of a long row: its series name and the filled cells of its label columns. Raises DataError."""
    return {**parse_series_name(name), **{label: value for label, value in labels if value}}


def series_of(labels: Mapping[str, str], times: Times, values: Values) -> Series:
    """A series from rows in any order; missing values are left out, the last of equal times wins."""
    there = ~np.isnan(values)
    if not there.all():
        times, values = times[there], values[there]
    steps = np.diff(times)
    if not (steps > 0).all():
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
        last = np.append(np.diff(times) > 0, True)[: len(times)]
        times, values = times[last], values[last]
    return Series(labels, times, values)


def merge(found: Iterable[Series]) -> list[Series]:
    """One series per name, in order of first sight; where several hold the same time, the later one wins."""
    groups: dict[str, list[Series]] = {}
    for series in found:
        groups.setdefault(series.name, []).append(series)
    return [group[0] if len(group) == 1 else _joined(group) for group in groups.values()]


def check_header(header: Sequence[str], *, where: str) -> None:
    """DataError for a header without a column of values, or with one name twice."""
    if len(header) < 2:
        raise DataError(f"{where}: line 1 has no column beside the time", hint="write `timestamp,name` as first line")
    seen: set[str] = set()
    for number, cell in enumerate(header, 1):
        if cell in seen:
            raise DataError(f"{where}: line 1, column {number}: '{cell}' is there twice", hint="rename one of them")
        seen.add(cell)


def _find(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _joined(group: Sequence[Series]) -> Series:
    times = np.concatenate([series.times for series in group])
    return series_of(group[0].labels, times, np.concatenate([series.values for series in group]))
