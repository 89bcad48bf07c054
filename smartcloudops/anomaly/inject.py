"""Seeded anomalies put into copies of held-out history, and how well scores tell them from what came there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Floats
from smartcloudops.anomaly.rolling import highest, median, quantiles

Ints = npt.NDArray[np.int64]

# Sizes in robust standard deviations of the series; a spike of three is at the edge of what can be told.
_SIZES = (3.0, 10.0)
_GAP = 12


class Event(NamedTuple):
    """One injected anomaly: rows [start, end) of the held-out rows; series: which it hit."""

    kind: str
    start: int
    end: int
    series: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Injected:
    """values: a copy, (C, T), with `events` in its last rows."""

    values: Floats
    events: tuple[Event, ...]

    @property
    def windows(self) -> Ints:
        """(K, 2): start and end (exclusive) of each event, counted from the first held-out row."""
        return np.array([(e.start, e.end) for e in self.events], np.int64).reshape(-1, 2)


class _Shape(NamedTuple):
    """Shortest and longest duration in rows; apply(values (n,), scale, size, rng) -> values."""

    least: int
    most: int
    apply: Callable[[Floats, float, float, np.random.Generator], Floats]


def _shift(x: Floats, scale: float, size: float, rng: np.random.Generator) -> Floats:
    return x + size * scale


def _ramp(x: Floats, scale: float, size: float, rng: np.random.Generator) -> Floats:
    return x + np.linspace(0, size, len(x)) * scale


def _flat(x: Floats, scale: float, size: float, rng: np.random.Generator) -> Floats:
    return np.full_like(x, x[0])


def _drop(x: Floats, scale: float, size: float, rng: np.random.Generator) -> Floats:
    return np.minimum(x, np.zeros_like(x))


def _burst(x: Floats, scale: float, size: float, rng: np.random.Generator) -> Floats:
    return x + rng.normal(size=len(x)) * scale * abs(size)


_SHAPES: dict[str, _Shape] = {
    "spike": _Shape(1, 3, _shift),
    "level shift": _Shape(12, 36, _shift),
    "ramp": _Shape(24, 48, _ramp),
    "flatline": _Shape(24, 48, _flat),
    "dropout": _Shape(3, 24, _drop),
    "variance burst": _Shape(12, 36, _burst),
}


def inject(values: Floats, *, rows: int, seed: int) -> Injected:
    """Put anomalies into a copy of values (C, T), in its last `rows` rows, one per stretch of about a twelfth.

    Kinds take turns in random order; most hit one series, some half of the group. Upwards three times in four,
    as most trouble goes. The same seed gives the same events.
    """
    rng, out = np.random.default_rng(seed), values.copy()
    scale = _scales(values)
    events = []
    stretch = max(rows // 12, 2 * _GAP)
    kinds = [kind for _ in range(3) for kind in rng.permutation(list(_SHAPES))]
    for first, kind in zip(range(0, rows - stretch + 1, stretch), kinds, strict=False):
        event = _place(rng, str(kind), first, stretch, len(values))
        events.append(event)
        size = rng.uniform(*_SIZES) * (1 if rng.random() < 0.75 else -1)
        at = slice(values.shape[1] - rows + event.start, values.shape[1] - rows + event.end)
        for series in event.series:
            out[series, at] = _SHAPES[event.kind].apply(out[series, at], float(scale[series]), size, rng)
    return Injected(out, tuple(events))


def _scales(values: Floats) -> Floats:
    centre = median(values)[:, None]
    scale = 1.4826 * median(np.abs(values - centre))
    spread = quantiles(values, np.array([0.05, 0.95]))
    fallback = np.maximum((spread[:, 1] - spread[:, 0]) / 3.3, 0.01 * np.abs(centre[:, 0]))
    return np.nan_to_num(np.where(scale > 0, scale, fallback), nan=1.0)


def _place(rng: np.random.Generator, kind: str, first: int, stretch: int, series: int) -> Event:
    shape = _SHAPES[kind]
    longest = max(1, min(shape.most, stretch - _GAP))
    length = int(rng.integers(min(shape.least, longest), longest + 1))
    start = first + int(rng.integers(0, stretch - length + 1))
    count = 1 if rng.random() < 0.7 else max(1, series // 2)
    hit = rng.choice(series, count, replace=False)
    return Event(kind, start, start + length, tuple(sorted(int(c) for c in hit)))


def recall_at(clean: Floats, spoilt: Floats, windows: Ints, *, false_share: float = 0.01) -> float:
    """The share of events whose peak exceeds all but `false_share` of the clean rows' scores.

    clean, spoilt: scores of the same rows (R,) without and with the events; windows (K, 2). 0 without events.
    """
    limit = quantiles(clean, np.array([1 - false_share]))[0]
    peaks = _peaks(spoilt, windows)
    return float((peaks > limit).mean()) if len(peaks) else 0.0


def separation(clean: Floats, spoilt: Floats, windows: Ints) -> float:
    """How well scores tell events from what came: 0 to 1, higher is better.

    Half of it is `recall_at` 1 % of the rows; the other half the mean over the events of the share of clean
    windows, as long as the event, whose peak is below the event's: an area under the curve, event by event.
    """
    peaks = _peaks(spoilt, windows)
    if not len(peaks):
        return 0.0
    lengths = windows[:, 1] - windows[:, 0]
    ranks = [_rank(clean, int(n), float(peak)) for n, peak in zip(lengths, peaks, strict=True)]
    return 0.5 * recall_at(clean, spoilt, windows) + 0.5 * float(np.mean(ranks))


def _peaks(scores: Floats, windows: Ints) -> Floats:
    known = np.where(np.isnan(scores), -np.inf, scores)
    return np.array([known[start:end].max(initial=-np.inf) for start, end in windows])


def _rank(clean: Floats, length: int, peak: float) -> float:
    known = np.where(np.isnan(clean), -np.inf, clean)
    return float((highest(known, length, len(known) - length + 1) < peak).mean())
