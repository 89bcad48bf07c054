"""What a chart shows, whoever draws it: series over time, what was expected of the first, what was strange.

`terminal` draws it in characters, `svg` as a drawing for pages, `raster` as a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartcloudops.cli.render.axes import value_ticks
from smartcloudops.cli.render.clock import moment
from smartcloudops.core.quantities import is_bytes
from smartcloudops.core.times import format_duration
from smartcloudops.metrics.series import Times, Values, series_name

Rows = npt.NDArray[np.intp]
# More lines than that cannot be told apart.
MOST_SERIES = 8
# From zero on where the lowest value is less than this share of the highest: a rise should look as large as it is.
_FROM_ZERO = 0.4


@dataclass(frozen=True, slots=True)
class Chart:
    """N series in one unit on one time axis: times (T,) in ms, UTC, increasing; values (N, T), NaN = missing.

    `lower` and `upper` (T,), NaN = unknown, are what was expected of the first series; `anomalies` the times of its
    anomalous rows, `incidents` (start, end) in ms, end None = still open.
    """

    title: str
    times: Times
    names: tuple[str, ...]
    values: Values
    unit: str = ""
    lower: Values | None = None
    upper: Values | None = None
    anomalies: tuple[int, ...] = ()
    incidents: tuple[tuple[int, int | None], ...] = ()

    @property
    def head(self) -> str:
        """The title, with the unit where the axis does not show it."""
        shown = len(self.unit) <= 2 or is_bytes(self.unit)
        return self.title if shown else f"{self.title} ({self.unit})"

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last time; zeros where there is none."""
        return (int(self.times[0]), int(self.times[-1])) if len(self.times) else (0, 0)

    def ticks(self, most: int) -> list[float]:
        """At most `most` round values that enclose all finite ones; none where there is no value."""
        low, high = self.extent()
        if not low <= high:
            return []
        if 0 <= low < _FROM_ZERO * high:
            low = 0.0
        return value_ticks(low, high, most, binary=is_bytes(self.unit))

    def extent(self) -> tuple[float, float]:
        """The lowest and highest finite value or expected bound; NaN where there is none.

        What never was below zero is not expected there either.
        """
        low, high = _ends(self.values)
        bounds = [_ends(bound) for bound in (self.lower, self.upper) if bound is not None]
        lowest = min([low, *(b[0] for b in bounds if b[0] == b[0])])
        return (0.0 if lowest < 0 <= low else lowest), max([high, *(b[1] for b in bounds if b[1] == b[1])])

    def spans(self) -> list[tuple[int, int]]:
        """The incidents as far as they lie inside the chart; an open one lasts to its end."""
        first, last = self.ends
        whole = [(start, last if end is None else end) for start, end in self.incidents]
        return [(max(start, first), min(end, last)) for start, end in whole if start <= last and end >= first]

    def marks(self) -> Rows:
        """The rows of the anomalies that lie inside the chart."""
        if not len(self.times):
            return np.empty(0, np.intp)
        inside = [t for t in self.anomalies if self.times[0] <= t <= self.times[-1]]
        found = np.searchsorted(self.times, np.array(inside, np.int64))
        return np.unique(np.minimum(found, len(self.times) - 1))

    def legend(self) -> list[tuple[str, str]]:
        """(kind, words) of what has to be explained: `s0`… the series where there are several, `none` a remark."""
        names = self.names if len(self.names) > 1 else ()
        rest = len(names) - MOST_SERIES
        found = [(f"s{number}", name) for number, name in enumerate(names[:MOST_SERIES])]
        found += [("none", f"and {rest:,} more that are not drawn")] if rest > 0 else []
        found += [("band", "expected")] if self.lower is not None else []
        found += [("mark", "anomaly")] if len(self.marks()) else []
        return found + ([("incident", "incident")] if self.spans() else [])

    def period(self) -> str:
        """From when to when, in words; UTC."""
        if not len(self.times):
            return "no time"
        first, last = self.ends
        step = int(np.median(np.diff(self.times))) if len(self.times) > 1 else 0
        return f"{moment(first)} to {moment(last)}" + (f", every {format_duration(step)}" if step else "")


def _ends(values: Values) -> tuple[float, float]:
    """The lowest and highest finite value; NaN where there is none."""
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else (np.nan, np.nan)


def runs(values: Values, bins: Rows) -> list[Rows]:
    """The rows worth drawing, as runs to be connected; `bins` (T,) says which place along the axis a row falls into.

    Of the rows of a bin the first, lowest, highest and last look the same as all of them (M4, Jugel et al. 2014).
    A run ends where a value is missing, unless the gap is too narrow to be seen.
    """
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return []
    at, level = bins[known], values[known]
    starts = np.flatnonzero(np.diff(at, prepend=at[0] - 1))
    ends = np.append(starts[1:], len(known)) - 1
    order = np.lexsort((level, at))
    kept = known[np.unique(np.concatenate([starts, ends, order[starts], order[ends]]))]
    seen = (np.diff(bins[kept]) > 1) | (len(np.unique(bins)) == len(bins))
    broken = _has_gap(values, kept) & seen
    return np.split(kept, np.flatnonzero(broken) + 1)


def _has_gap(values: Values, kept: Rows) -> npt.NDArray[np.bool_]:
    """Whether a value is missing between each kept row and the next, (len(kept) - 1,)."""
    missing = np.cumsum(~np.isfinite(values))
    return np.asarray(missing[kept[1:]] > missing[kept[:-1]])


def short_names(labels: Sequence[Mapping[str, str]]) -> list[str]:
    """Series names without what is the same for all of them; a single one keeps its name.

    >>> short_names([{"__name__": "up", "job": "n", "instance": "a"}, {"__name__": "up", "job": "n", "instance": "b"}])
    ['{instance="a"}', '{instance="b"}']
    """
    if len(labels) < 2:
        return [series_name(one) for one in labels]
    same = set(labels[0].items()).intersection(*(one.items() for one in labels[1:]))
    return [series_name(dict(one.items() - same)) for one in labels]
