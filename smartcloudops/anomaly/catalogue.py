"""Rolling views of a series' history, and the per-series statistics that features choose from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from smartcloudops.anomaly import rolling
from smartcloudops.anomaly.detectors import Floats

# In robust units: keeps ratios of spreads finite where a series stands still.
_FLOOR = 0.05


class Windows(NamedTuple):
    """Window lengths in rows."""

    short: int = 6
    mid: int = 24
    long: int = 288


View = Callable[["History", int, int], Floats]


def _remembered(view: View) -> Callable[..., Floats]:
    def recall(self: History, window: int, lag: int = 0) -> Floats:
        key = (view.__name__, window, lag)
        if key not in self.memo:
            self.memo[key] = view(self, window, lag)
        return self.memo[key]

    recall.__doc__ = view.__doc__
    return recall


@dataclass(frozen=True, eq=False)
class History:
    """Rolling views of series in robust units, z of shape (…, T), NaN = missing, for the last `rows` rows.

    Every view has shape (…, rows) and is NaN where a window holds fewer than an eighth of its points, at least
    two; `lag` moves the window back by that many rows. Needs T >= rows + window + lag.
    """

    z: Floats
    rows: int
    memo: dict[tuple[str, int, int], Floats] = field(default_factory=dict)

    @cached_property
    def _present(self) -> Floats:
        return np.isfinite(self.z).astype(np.float64)

    @cached_property
    def _filled(self) -> Floats:
        return np.where(self._present > 0, self.z, 0.0)

    @cached_property
    def _squares(self) -> Floats:
        return self._filled * self._filled

    @cached_property
    def _or_above(self) -> Floats:
        return np.where(self._present > 0, self.z, np.inf)

    @cached_property
    def _or_below(self) -> Floats:
        return np.where(self._present > 0, self.z, -np.inf)

    @cached_property
    def steps(self) -> History:
        """The same views of the size of the change from row to row."""
        changes = np.full_like(self.z, np.nan)
        np.subtract(self.z[..., 1:], self.z[..., :-1], out=changes[..., 1:])
        return History(np.abs(changes, out=changes), self.rows)

    @cached_property
    def still(self) -> Floats:
        """1 where a value equals the one before, 0 where not, for every row of the grid."""
        same: Floats = (self.steps.z == 0).astype(np.float64)
        return same

    def value(self, lag: int = 0) -> Floats:
        """The values themselves."""
        end = self.z.shape[-1] - lag
        now: Floats = self.z[..., end - self.rows : end]
        return now

    @_remembered
    def count(self, window: int, lag: int) -> Floats:
        """How many points the window holds."""
        return rolling.total(_until(self._present, lag), window, self.rows)

    @_remembered
    def enough(self, window: int, lag: int) -> Floats:
        """`count`, NaN where it is too small for a statistic."""
        count = self.count(window, lag)
        return np.where(count >= max(2, window // 8), count, np.nan)

    @_remembered
    def mean(self, window: int, lag: int) -> Floats:
        """Mean."""
        return rolling.total(_until(self._filled, lag), window, self.rows) / self.enough(window, lag)

    @_remembered
    def std(self, window: int, lag: int) -> Floats:
        """Standard deviation; below 1e-6 of the root mean square it is rounding, and that much is given."""
        square = rolling.total(_until(self._squares, lag), window, self.rows) / self.enough(window, lag)
        mean = self.mean(window, lag)
        return np.sqrt(np.maximum(square - mean * mean, 1e-12 * square))

    @_remembered
    def low(self, window: int, lag: int) -> Floats:
        """Minimum."""
        found = rolling.lowest(_until(self._or_above, lag), window, self.rows)
        return np.where(np.isnan(self.enough(window, lag)), np.nan, found)

    @_remembered
    def high(self, window: int, lag: int) -> Floats:
        """Maximum."""
        found = rolling.highest(_until(self._or_below, lag), window, self.rows)
        return np.where(np.isnan(self.enough(window, lag)), np.nan, found)


def _until(x: Floats, lag: int) -> Floats:
    return x[..., : x.shape[-1] - lag]


def _range(h: History, window: int) -> Floats:
    return h.high(window) - h.low(window)


def _distance(h: History, window: int) -> Floats:
    return (h.value() - h.mean(window)) / (h.std(window) + _FLOOR)


def _beyond(h: History, window: int) -> Floats:
    above = np.maximum(h.value() - h.high(window, 1), 0.0)
    return above + np.minimum(h.value() - h.low(window, 1), 0.0)


def _position(h: History, window: int) -> Floats:
    return (h.value() - h.low(window)) / (_range(h, window) + _FLOOR)


def _volatility(h: History, window: int, against: int) -> Floats:
    return np.log((h.std(window) + _FLOOR) / (h.std(against) + _FLOOR))


def _relative(h: History, lag: int) -> Floats:
    return (h.value() - h.value(lag)) / (np.abs(h.value(lag)) + 1.0)


def _still(h: History, window: int) -> Floats:
    return rolling.total(h.still, window, h.rows) / h.enough(window)


def _acceleration(h: History) -> Floats:
    return h.value() - 2 * h.value(1) + h.value(2)


Statistic = Callable[[History, Windows], Floats]

# Label -> how it is computed. {step}, {short}, {mid}, {long} become durations. The first k are used, so the
# order is from most to least telling; removing or redefining one makes stored models unreadable.
STATISTICS: dict[str, Statistic] = {
    "value": lambda h, w: h.value(),
    "distance from mean {long} in standard deviations": lambda h, w: _distance(h, w.long),
    "mean {short}": lambda h, w: h.mean(w.short),
    "change {step}": lambda h, w: h.value() - h.value(1),
    "distance from mean {mid}": lambda h, w: h.value() - h.mean(w.mid),
    "standard deviation {mid}": lambda h, w: h.std(w.mid),
    "beyond range of the {long} before": lambda h, w: _beyond(h, w.long),
    "mean {short} against {long} earlier": lambda h, w: h.mean(w.short) - h.mean(w.short, w.long),
    "volatility {short} against {long}": lambda h, w: _volatility(h, w.short, w.long),
    "mean {short} against {mid} earlier": lambda h, w: h.mean(w.short) - h.mean(w.short, w.mid),
    "points {mid}": lambda h, w: h.count(w.mid),
    "mean {mid}": lambda h, w: h.mean(w.mid),
    "unchanged share {mid}": lambda h, w: _still(h, w.mid),
    "range {mid}": lambda h, w: _range(h, w.mid),
    "mean {long}": lambda h, w: h.mean(w.long),
    "standard deviation {long}": lambda h, w: h.std(w.long),
    "position in range {long}": lambda h, w: _position(h, w.long),
    "mean absolute change {mid}": lambda h, w: h.steps.mean(w.mid),
    "standard deviation {short}": lambda h, w: h.std(w.short),
    "minimum {short}": lambda h, w: h.low(w.short),
    "maximum {short}": lambda h, w: h.high(w.short),
    "minimum {mid}": lambda h, w: h.low(w.mid),
    "maximum {mid}": lambda h, w: h.high(w.mid),
    "distance from mean {mid} in standard deviations": lambda h, w: _distance(h, w.mid),
    "change {short}": lambda h, w: h.value() - h.value(w.short),
    "change {mid}": lambda h, w: h.value() - h.value(w.mid),
    "relative change {step}": lambda h, w: _relative(h, 1),
    "largest absolute change {mid}": lambda h, w: h.steps.high(w.mid),
    "mean absolute change {short}": lambda h, w: h.steps.mean(w.short),
    "mean {mid} against mean {long}": lambda h, w: h.mean(w.mid) - h.mean(w.long),
    "volatility {mid} against {long}": lambda h, w: _volatility(h, w.mid, w.long),
    "beyond range of the {mid} before": lambda h, w: _beyond(h, w.mid),
    "minimum {long}": lambda h, w: h.low(w.long),
    "maximum {long}": lambda h, w: h.high(w.long),
    "range {short}": lambda h, w: _range(h, w.short),
    "relative change {long}": lambda h, w: _relative(h, w.long),
    "acceleration": lambda h, w: _acceleration(h),
}
