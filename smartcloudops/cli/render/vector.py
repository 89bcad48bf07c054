"""A chart's shapes as SVG paths in a box of any size; whoever draws adds the words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smartcloudops.cli.render.chart import MOST_SERIES, Chart, Rows, runs
from smartcloudops.metrics.series import Values

# Of the series in their order, on a light and on a dark page.
LIGHT = ("2457a6", "b35c00", "2e7d32", "7b3fa0", "00818a", "b0306a", "6b6b00", "5b6676")
DARK = ("7fb0ff", "ffb266", "7fd08a", "cfa0ff", "4fd0d8", "ff8fbf", "d6d65a", "9aa6b5")
_NARROWEST = 2.5


@dataclass(frozen=True, slots=True)
class Box:
    """Where a chart is drawn: left, top, width and height in the drawing's units; `low`..`high` is the value axis."""

    chart: Chart
    left: float
    top: float
    width: float
    height: float
    low: float
    high: float

    def x(self, times: Values) -> Values:
        """Times to places; a single moment stands in the middle."""
        first, last = self.chart.ends
        share = (np.asarray(times, float) - first) / (last - first) if last > first else np.full(len(times), 0.5)
        return np.asarray(self.left + self.width * share)

    def y(self, values: Values) -> Values:
        """Values to places, the highest on top; what lies outside the axis stands at its end."""
        share = (self.high / 2 - values / 2) / (self.high / 2 - self.low / 2)
        return np.asarray(self.top + self.height * np.clip(share, 0.0, 1.0))

    def shapes(self) -> Iterator[str]:
        """Incidents, expected band, lines and anomalies, from back to front."""
        yield from self._spans()
        yield from self._band()
        for number in reversed(range(min(len(self.chart.values), MOST_SERIES))):
            yield from self._line(number)
        yield from self._marks()

    def _line(self, number: int) -> Iterator[str]:
        """One series; values between two gaps have no neighbour to be joined to and are dots."""
        values = self.chart.values[number]
        found = self._runs(values)
        for kind, chosen in (("line", [r for r in found if len(r) > 1]), ("dot", [r for r in found if len(r) == 1])):
            if chosen:
                yield f'<path class="{kind} s{number}" d="{"".join(self._path(run, values) for run in chosen)}"/>'

    def _runs(self, values: Values) -> list[Rows]:
        places = self.x(self.chart.times.astype(float)) - self.left
        return runs(values, np.minimum(places, self.width - 1).astype(np.intp))

    def _path(self, run: Rows, values: Values, *, start: str = "M") -> str:
        """A line through a run of rows; a row alone is a dot."""
        xs, ys = self.x(self.chart.times[run].astype(float)).tolist(), self.y(values[run]).tolist()
        points = [f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True)]
        return f"{start}{'L'.join(points)}" + ("h0.1" if len(points) == 1 else "")

    def _band(self) -> Iterator[str]:
        lower, upper = self.chart.lower, self.chart.upper
        if lower is None or upper is None:
            return
        both = np.where(np.isfinite(lower) & np.isfinite(upper), upper, np.nan)
        parts = (self._path(run, upper) + self._path(run[::-1], lower, start="L") + "Z" for run in self._runs(both))
        if path := "".join(parts):
            yield f'<path class="band" d="{path}"/>'

    def _spans(self) -> Iterator[str]:
        for start, end in self.chart.spans():
            a, b = self.x(np.array([start, end], float)).tolist()
            extra = max(0.0, _NARROWEST - (b - a)) / 2
            a, b = max(self.left, a - extra), min(self.left + self.width, b + extra)
            yield (
                f'<rect class="incident" x="{a:.1f}" y="{self.top:g}" width="{b - a:.1f}" height="{self.height:g}"/>'
            )

    def _marks(self) -> Iterator[str]:
        rows = self.chart.marks()
        values = self.chart.values[0, rows] if len(rows) else np.empty(0)
        xs = self.x(self.chart.times[rows].astype(float)).tolist()
        ys = self.y(np.where(np.isfinite(values), values, self.low)).tolist()
        path = "".join(f"M{x:.1f} {y:.1f}h0.1" for x, y in zip(xs, ys, strict=True))
        if path:
            yield f'<path class="mark" d="{path}"/>'


def rule(box: Box, ticks: list[float]) -> str:
    """Lines across the box at the value ticks, the lowest one stronger."""
    ys = box.y(np.array(ticks)).tolist()
    path = "".join(f"M{box.left:g} {y:.1f}h{box.width:g}" for y in ys)
    return f'<path class="grid" d="{path}"/>'
