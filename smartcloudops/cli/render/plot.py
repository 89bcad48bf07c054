"""A file's course as one drawing in SVG: series above, score below, alerts, incidents and labels as bands.

The drawing stretches to any width, so it holds no text; what has to be read stands beside it in HTML.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from smartcloudops.anomaly.courses import Course, stretches
from smartcloudops.anomaly.evaluate import Floats, Ints

WIDTH, VALUES, SCORE, GAP = 1000, 160, 56, 10
# A strip for alerts above the series, one for labels below; neither hides a line.
_STRIP = 10
TOP_SCORE = 3.0
_BINS, _MOST, _FEWEST = 700, 6000, 140
_NARROWEST = 2.5
_HOLE = 4


def drawing(course: Course, caption: str) -> str:
    """The whole SVG; `caption` (already escaped) is its name for screen readers."""
    height = VALUES + GAP + SCORE
    place = _Place(course.times)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" preserveAspectRatio="none" role="img" aria-label="{caption}">',
        *_bands(place, "incident", stretches(course.inside), 0, height),
        *_bands(place, "window", [] if course.windows is None else course.windows.tolist(), VALUES - _STRIP, _STRIP),
        *_lines(course, place),
        *_score(course, place),
        *_alerts(course, place),
        "</svg>",
    ]
    return "".join(parts)


class _Place:
    """Times to x in [0, WIDTH]."""

    def __init__(self, times: Ints) -> None:
        self.first = int(times.min()) if len(times) else 0
        self.span = max(int(times.max()) - self.first, 1) if len(times) else 1
        self.times = times

    def x(self, row: int) -> float:
        return WIDTH * (int(self.times[row]) - self.first) / self.span

    def bins(self, count: int) -> Ints:
        """The bin of each row, (T,)."""
        return np.minimum((self.times - self.first) * count // self.span, count - 1)


def _bands(place: _Place, kind: str, runs: list[tuple[int, int]], top: float, height: float) -> Iterator[str]:
    for first, last in runs:
        if not 0 <= first <= last < len(place.times):
            continue
        left, right = place.x(first), place.x(last)
        extra = max(0.0, _NARROWEST - (right - left)) / 2
        width = right - left + 2 * extra
        yield f'<rect class="{kind}" x="{left - extra:.1f}" y="{top:g}" width="{width:.1f}" height="{height:g}"/>'


def _alerts(course: Course, place: _Place) -> Iterator[str]:
    path = "".join(f"M{place.x(row):.1f} 0V{_STRIP}" for row in np.flatnonzero(course.alerts).tolist())
    if path:
        yield f'<path class="alert" d="{path}"/>'


def _lines(course: Course, place: _Place) -> Iterator[str]:
    """Each series from its lowest to its highest value, with as many points as can be seen."""
    kind = "line" if len(course.values) == 1 else "line many"
    count = min(_BINS, max(_FEWEST, _MOST // max(len(course.values), 1)), max(len(course.times), 1))
    for row in course.values:
        low, high = extent(row)
        scaled = (row - low) / (high - low) if high > low else np.where(np.isfinite(row), 0.5, np.nan)
        inner = VALUES - 2 * _STRIP - 8
        if path := _envelope(_STRIP + 4 + inner * (1 - scaled), place.bins(count), count):
            yield f'<path class="{kind}" d="{path}"/>'


def extent(row: Floats) -> tuple[float, float]:
    """The lowest and highest finite value; zeros where there is none."""
    known = row[np.isfinite(row)]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)


def _score(course: Course, place: _Place) -> Iterator[str]:
    base = VALUES + GAP + SCORE
    limit = base - SCORE / TOP_SCORE
    count = min(_BINS, max(len(course.times), 1))
    clipped = np.clip(course.score, 0.0, TOP_SCORE)
    path = _envelope(base - SCORE * clipped / TOP_SCORE, place.bins(count), count)
    yield f'<path class="frame" d="M0 {VALUES + GAP}H{WIDTH}M0 {base}H{WIDTH}"/>'
    yield f'<path class="limit" d="M0 {limit:.1f}H{WIDTH}"/>'
    if path:
        yield f'<path class="score" d="{path}"/>'


def _envelope(y: Floats, bins: Ints, count: int) -> str:
    """A path through the lowest and highest point of every bin, broken where several bins are empty."""
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    known = np.isfinite(y)
    np.minimum.at(low, bins[known], y[known])
    np.maximum.at(high, bins[known], y[known])
    path, before = [], -_HOLE
    for at in np.flatnonzero(np.isfinite(low)).tolist():
        x = WIDTH * (at + 0.5) / count
        path.append(f"{'M' if at - before >= _HOLE else 'L'}{x:.1f} {high[at]:.1f}")
        if high[at] - low[at] > 0.2:
            path.append(f"V{low[at]:.1f}")
        before = at
    return "".join(path)
