"""Causal features of a group of series, each with a name that explains itself.

Values are put in robust units first (distance from the series' median in robust standard deviations), so that
one clip, `LIMIT`, bounds every feature and sums lose no digits. A row sees rows at or before it, nothing else;
a feature that lacks points is replaced by the median it had in training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.catalogue import STATISTICS, History, Windows
from smartcloudops.anomaly.detectors import Arrays, Floats
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.anomaly.rolling import median, quantiles, total
from smartcloudops.core.errors import ModelError
from smartcloudops.core.times import DAY, format_duration

LIMIT = 1_000.0
_TARGET, _LEAST, _PAIRS = 110, 4, 15
_CLOCK = ("hour of day (sin)", "hour of day (cos)", "day of week (sin)", "day of week (cos)", "weekend")
_SHARED = ("all series: mean distance from normal", "all series: largest distance from normal")
# Cells per chunk: about twenty arrays of that many float64 are alive at once and should stay in cache.
_CELLS = 50_000
_SAMPLE = 1_000

Times = npt.NDArray[np.int64]
Features = npt.NDArray[np.float32]
Stacked = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which features a group has. Groups with equal plans can be stacked; their pairs may differ.

    series: C; step: ms; windows: rows; statistics: keys of STATISTICS; pairs: P, how many pairs of series.
    """

    series: int
    step: int
    windows: Windows
    statistics: tuple[str, ...]
    pairs: int

    @classmethod
    def of(cls, *, series: int, step: int, windows: Windows | None = None) -> Plan:
        """The default plan of a group of that many series: about 140 features where the group is large enough.

        >>> Plan.of(series=10, step=300_000).features
        147
        """
        count = min(max(_TARGET // series, _LEAST), len(STATISTICS))
        pairs = min(_PAIRS, series * (series - 1) // 2)
        return cls(series, step, windows or Windows(), tuple(STATISTICS)[:count], pairs)

    @property
    def features(self) -> int:
        """F, the number of features."""
        return len(self.statistics) * self.series + 2 * self.pairs + len(self.shared) + len(_CLOCK)

    @property
    def shared(self) -> tuple[str, ...]:
        """Names of the features over all series of the group."""
        return _SHARED if self.series > 1 else ()

    @property
    def lookback(self) -> int:
        """Rows before the first scored row that its features look at."""
        return self.windows.long + self.windows.short

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self) | {"windows": self.windows._asdict()}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Plan:
        """From JSON of this or an older version; ModelError where it is neither."""
        try:
            windows = Windows(**{str(k): int(v) for k, v in raw["windows"].items()})
            names = tuple(str(s) for s in raw["statistics"])
            plan = cls(int(raw["series"]), int(raw["step"]), windows, names, int(raw["pairs"]))
        except (KeyError, TypeError, ValueError, AttributeError) as e:
            raise ModelError(f"the plan of features cannot be read: {e!r}", hint="run `sco train`") from e
        return _sound(plan)


def _sound(plan: Plan) -> Plan:
    unknown = [name for name in plan.statistics if name not in STATISTICS]
    if unknown:
        raise ModelError(f"unknown feature '{unknown[0]}'", hint="run `sco train`, or the sco that trained it")
    short, mid, long = plan.windows
    most = plan.series * (plan.series - 1) // 2
    if not (plan.series >= 1 and plan.step >= 1 and 1 < short <= mid <= long <= 100_000 and 0 <= plan.pairs <= most):
        raise ModelError("the plan of features is out of range", hint="run `sco train`")
    return plan


def learn(plan: Plan, values: Floats, times: Times) -> Arrays:
    """What features and winsorising need to know of one group; values (C, T), NaN or Inf = missing.

    centre, scale, low, high: (C,) float64; pairs: (P, 2) int16; medians: (F,) float32.
    """
    clean = np.where(np.isfinite(values), values, np.nan)
    low, centre, high = quantiles(clean, np.array([0.005, 0.5, 0.995])).T
    arrays: Arrays = {"centre": np.nan_to_num(centre), "scale": _scale(clean, centre)}
    arrays |= {"low": np.nan_to_num(low), "high": np.nan_to_num(high)}
    tame = winsorise(clean, arrays)
    arrays["pairs"] = _closest(standardise(tame, arrays["centre"], arrays["scale"]), plan.pairs)
    arrays["medians"] = np.full(plan.features, np.nan, np.float32)
    stacked = {name: array[None] for name, array in arrays.items()}
    sample = compute(plan, stacked, tame[None], times, min(len(times), _SAMPLE))[0]
    arrays["medians"] = np.nan_to_num(median(sample.T)).astype(np.float32)
    return arrays


def _scale(clean: Floats, centre: Floats) -> Floats:
    deviation = np.abs(clean - centre[:, None])
    scale = 1.4826 * median(deviation)
    with np.errstate(all="ignore"):
        spread = np.sqrt(np.nan_to_num(np.square(deviation)).mean(axis=-1))
    tiny = 1e-9 * np.abs(centre)
    for fallback in (spread, 0.01 * np.abs(centre), np.ones_like(scale)):
        scale = np.where(np.isfinite(scale) & (scale > tiny), scale, fallback)
    return scale


def _closest(z: Floats, count: int) -> npt.NDArray[np.int16]:
    x = np.nan_to_num(z - np.nan_to_num(median(z))[:, None])
    norm = np.sqrt((x * x).sum(axis=-1))
    first, second = np.triu_indices(len(x), k=1)
    likeness = np.abs((x @ x.T) / (np.outer(norm, norm) + 1e-12))[first, second]
    best = np.argsort(-np.round(likeness, 6), kind="stable")[:count]
    return np.stack([first[best], second[best]], axis=-1).astype(np.int16)


def winsorise(values: Floats, arrays: Stacked) -> Floats:
    """A copy with extremes pulled in to the 0.5 % and 99.5 % quantiles, for fitting; (…, C, T)."""
    return np.clip(values, arrays["low"][..., None], arrays["high"][..., None])


def standardise(values: Floats, centre: Floats, scale: Floats) -> Floats:
    """Distance from the centre in scales, clipped at ± LIMIT, NaN = missing; (…, C, T)."""
    with np.errstate(all="ignore"):
        z = (values - centre[..., None]) / scale[..., None]
    z[~np.isfinite(values)] = np.nan
    return np.clip(z, -LIMIT, LIMIT, out=z)


def compute(plan: Plan, arrays: Stacked, values: Floats, times: Times, rows: int) -> Features:
    """Features of the last `rows` rows: values (G, C, T), arrays of `learn` with a leading axis G -> (G, rows, F).

    Rows before the grid count as missing. No NaN, unless `medians` holds some.
    """
    out = np.empty((len(values), rows, plan.features), np.float32)
    lookback = plan.lookback
    for groups, first, last in _chunks(plan, len(values), rows):
        until = values[groups, :, : values.shape[2] - (rows - last)]
        moments = times[: len(times) - (rows - last)]
        part = {name: array[groups] for name, array in arrays.items()}
        block = _Block(plan, part, _last(until, last - first + lookback), moments[-(last - first) :])
        block.fill(out[groups, first:last])
    return out


def _chunks(plan: Plan, groups: int, rows: int) -> Iterator[tuple[slice, int, int]]:
    most = max(512, _CELLS // plan.series - plan.lookback)
    for first in range(0, rows, most):
        last = min(first + most, rows)
        size = max(1, _CELLS // (plan.series * (last - first + plan.lookback)))
        for start in range(0, groups, size):
            yield slice(start, start + size), first, last


def _last(values: Floats, length: int) -> Floats:
    """The last `length` columns, filled up with missing ones in front."""
    lack = length - values.shape[-1]
    if lack <= 0:
        return values[..., -length:]
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(lack, 0)], constant_values=np.nan)


@dataclass(frozen=True, slots=True)
class _Block:
    """One chunk: values (g, C, R + lookback), times (R,)."""

    plan: Plan
    arrays: Stacked
    values: Floats
    times: Times

    def fill(self, out: Features) -> None:
        """Write all features to (g, R, F)."""
        at = 0
        with np.errstate(all="ignore"):
            for part in self._parts():
                width = part.shape[1]
                out[:, :, at : at + width] = part.transpose(0, 2, 1)
                at += width
        np.clip(out, -LIMIT, LIMIT, out=out)
        np.copyto(out, self.arrays["medians"][:, None, :], where=np.isnan(out))

    def _parts(self) -> Iterator[Floats]:
        z = standardise(self.values, self.arrays["centre"], self.arrays["scale"])
        history = History(z, len(self.times))
        for name in self.plan.statistics:
            yield STATISTICS[name](history, self.plan.windows)
        if self.plan.pairs:
            yield self._ratios()
            yield self._correlations(z)
        if self.plan.shared:
            yield _crowd(history.value())
        yield np.broadcast_to(_clock(self.times), (len(z), len(_CLOCK), len(self.times)))

    def _pair(self, x: Floats) -> tuple[Floats, Floats]:
        pairs = self.arrays["pairs"].astype(np.intp)
        at = np.arange(len(x))[:, None]
        return x[at, pairs[:, :, 0]], x[at, pairs[:, :, 1]]

    def _ratios(self) -> Floats:
        """Of values in units of their usual size; the denominator is kept from zero."""
        size = np.maximum(np.abs(self.arrays["centre"]), self.arrays["scale"])[..., None]
        now = self.values[..., -len(self.times) :]
        top, bottom = self._pair(np.where(np.isfinite(now), now, np.nan) / size)
        return top / np.where(np.abs(bottom) < 0.01, np.copysign(0.01, bottom), bottom)

    def _correlations(self, z: Floats) -> Floats:
        """Pearson's, over the mid window; 0 where one of the two stands still."""
        rows, window = len(self.times), self.plan.windows.mid
        a, b = self._pair(z[..., -(rows + window - 1) :])
        both = np.isfinite(a) & np.isfinite(b)
        a, b = np.where(both, a, 0.0), np.where(both, b, 0.0)
        count = total(both.astype(np.float64), window, rows)
        sums = [total(x, window, rows) / count for x in (a, b, a * b, a * a, b * b)]
        cov = sums[2] - sums[0] * sums[1]
        var = np.maximum(sums[3] - sums[0] ** 2, 0) * np.maximum(sums[4] - sums[1] ** 2, 0)
        flat = var <= 1e-18 * sums[3] * sums[4]
        out = np.where(flat, 0.0, np.clip(cov / np.sqrt(var), -1, 1))
        return np.where(count >= max(3, window // 8), out, np.nan)


def _crowd(z: Floats) -> Floats:
    """Mean and largest distance from normal over the series: (g, C, R) -> (g, 2, R)."""
    far = np.abs(z)
    here = np.isfinite(far)
    mean = np.where(here, far, 0.0).sum(axis=1) / here.sum(axis=1)
    largest = np.where(here, far, -np.inf).max(axis=1)
    return np.stack([mean, np.where(np.isfinite(largest), largest, np.nan)], axis=1)


def _clock(times: Times) -> Floats:
    """Time of day and week, UTC: (R,) -> (5, R). The epoch was a Thursday; weeks start on Monday."""
    hour = 2 * np.pi * (times % DAY) / DAY
    day = (times / DAY + 3) % 7
    week = 2 * np.pi * day / 7
    return np.stack([np.sin(hour), np.cos(hour), np.sin(week), np.cos(week), day >= 5])


def names(plan: Plan, series: Sequence[str], pairs: npt.NDArray[np.int16]) -> list[str]:
    """The name of every feature of one group, in order; series: C names, pairs (P, 2)."""
    spans = {name: format_duration(rows * plan.step) for name, rows in plan.windows._asdict().items()}
    spans["step"] = format_duration(plan.step)
    own = [f"{one}: {label.format(**spans)}" for label in plan.statistics for one in series]
    ratios = [f"{series[a]} / {series[b]}: ratio" for a, b in pairs]
    alike = [f"{series[a]} ~ {series[b]}: correlation {spans['mid']}" for a, b in pairs]
    return [*own, *ratios, *alike, *plan.shared, *_CLOCK]


def owners(plan: Plan, pairs: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Which features are computed from which series: pairs (G, P, 2) -> (G, C, F). Shared ones are nobody's."""
    series = np.arange(plan.series)
    own = np.tile(series, len(plan.statistics)) == series[:, None]
    paired = (pairs[:, None, :, :] == series[None, :, None, None]).any(axis=-1)
    out = np.zeros((len(pairs), plan.series, plan.features), np.bool_)
    out[:, :, : own.shape[1]] = own
    out[:, :, own.shape[1] : own.shape[1] + 2 * plan.pairs] = np.concatenate([paired, paired], axis=-1)
    return out


def validate(plan: Plan, arrays: Stacked) -> None:
    """Check stacked arrays of `learn` that came from a file; ModelError names what is wrong."""
    for name in ("centre", "scale", "low", "high"):
        array = require(arrays, name, "f8", (None, plan.series))
        between(name, array, 1e-300 if name == "scale" else -np.inf, np.inf)
        if not np.isfinite(array).all():
            raise ModelError(f"array '{name}' is not finite")
    between("pairs", require(arrays, "pairs", "i2", (None, plan.pairs, 2)), 0, plan.series - 1)
    between("medians", require(arrays, "medians", "f4", (None, plan.features)), -LIMIT, LIMIT)
