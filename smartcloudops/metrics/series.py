"""The two shapes that metrics travel in, and Prometheus series names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartcloudops.core.errors import DataError
from smartcloudops.core.records import Skip

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]

_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)')
_ESCAPES = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


@dataclass(frozen=True, slots=True)
class Series:
    """`times`: int64 ms, UTC, strictly increasing, shape (T,); `values`: float64, NaN = missing, shape (T,)."""

    labels: Mapping[str, str]
    times: Times
    values: Values

    @property
    def name(self) -> str:
        """The Prometheus series name."""
        return series_name(self.labels)


@dataclass(frozen=True, slots=True)
class Window:
    """The grid start, start + step, … ≤ end; all ms, both ends included."""

    start: int
    end: int
    step: int

    def times(self) -> Times:
        """The grid, shape (T,)."""
        return np.arange(self.start, self.end + 1, self.step, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Series on one grid: `values[i, t]` is series `names[i]` at `times[t]`, NaN = missing.

    Shapes: times (T,), names and labels N, values (N, T). `warnings` are the server's own words.
    """

    times: Times
    names: tuple[str, ...]
    labels: tuple[Mapping[str, str], ...]
    values: Values
    skipped: tuple[Skip, ...] = ()
    warnings: tuple[str, ...] = ()


def series_name(labels: Mapping[str, str]) -> str:
    r"""The canonical name: metric name, then the other labels sorted.

    >>> series_name({"__name__": "up", "job": "node", "instance": 'a"b'})
    'up{instance="a\\"b",job="node"}'
    """
    pairs = ",".join(f'{k}="{_escape(labels[k])}"' for k in sorted(labels) if k != "__name__")
    name = labels.get("__name__", "")
    return f"{name}{{{pairs}}}" if pairs or not name else name


def parse_series_name(text: str) -> dict[str, str]:
    """The labels of a Prometheus series name; DataError where it is none.

    A text without braces is a bare metric name, whatever its characters (CSV headers such as `cpu %`).

    >>> parse_series_name('up{job="node"}')
    {'__name__': 'up', 'job': 'node'}
    """
    name, brace, rest = text.strip().partition("{")
    labels = {"__name__": name.strip()} if name.strip() else {}
    if not brace:
        return labels
    if not rest.endswith("}"):
        raise DataError(f"'{text}' is no series name: the brace is not closed")
    body, at = rest[:-1], 0
    while at < len(body):
        match = _LABEL.match(body, at)
        if match is None:
            raise DataError(f"'{text}' is no series name: expected label=\"value\" at '{body[at : at + 20]}'")
        labels[match[1]] = re.sub(r'\\[\\"n]', lambda m: _ESCAPES[m[0]], match[2])
        at = match.end()
    return labels


def to_matrix(series: Sequence[Series], window: Window, skipped: Sequence[Skip] = ()) -> Matrix:
    """Put series on the window's grid: each sample goes to the grid point at or after it (causal), the last
    sample in a step wins, samples outside the window are dropped."""
    times = window.times()
    values = np.full((len(series), len(times)), np.nan)
    for row, one in zip(values, series, strict=True):
        slot = -((window.start - one.times) // window.step)
        inside = (slot >= 0) & (slot < len(times))
        row[slot[inside]] = one.values[inside]
    labels = tuple(s.labels for s in series)
    return Matrix(times, tuple(s.name for s in series), labels, values, tuple(skipped))


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
