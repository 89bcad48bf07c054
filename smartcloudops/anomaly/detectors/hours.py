"""The usual value at each hour of the day or week, and how far values stray from it: what several detectors share.

Medians per bucket of time, as the seasonal part of S-H-ESD (Hochenbaum, Vallis, Kejariwal: Automatic Anomaly
Detection in the Cloud Via Statistical Learning, 2017), with the median absolute deviation as the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.anomaly.detectors.walks import stretches, until
from smartcloudops.anomaly.rolling import median, quantiles
from smartcloudops.core.times import DAY, HOUR, WEEK

HOURS = 168
GROWTH = 1.2
_ENOUGH = 3

Stacked = Mapping[str, npt.NDArray[Any]]
Times = npt.NDArray[np.int64]


def learn(scene: Scene) -> Arrays:
    """profile float64 (C, 168), the usual value in the middle of each hour of the week (counted from the epoch);
    scale float64 (C,); NaN for a series without a single point."""
    values = np.where(np.isfinite(scene.values[0]), scene.values[0], np.nan)
    usual = profile(values, scene.times, scene.step)
    return {"profile": usual, "scale": spread(values, values - expected(usual, scene.times))}


def residuals(arrays: Stacked, scene: Scene, rows: int, limit: float) -> Floats:
    """Distance of the last `rows` values from the usual in scales, clipped at ± limit, NaN = missing; (G, C, rows).

    Rows before the grid count as missing.
    """
    rows, lack = min(rows, len(scene.times)), max(0, rows - len(scene.times))
    values = scene.values[:, :, scene.values.shape[2] - rows :]
    with np.errstate(over="ignore", invalid="ignore"):
        z = (values - expected(arrays["profile"], scene.times[-rows:])) / arrays["scale"][..., None]
    z[~np.isfinite(values)] = np.nan
    np.clip(z, -limit, limit, out=z)
    return np.pad(z, ((0, 0), (0, 0), (lack, 0)), constant_values=np.nan) if lack else z


def walked(scene: Scene, limit: float) -> Floats:
    """Residuals of a history as they were when they came: each stretch by what the rows before it taught, (1, C, T).

    NaN for the first rows, from which there is nothing to learn yet.
    """
    found = np.full(scene.values.shape, np.nan)
    for cut, end in stretches(len(scene.times), GROWTH):
        usual = learn(until(scene, cut))
        stacked = {name: array[None] for name, array in usual.items()}
        found[..., cut:end] = residuals(stacked, until(scene, end), end - cut, limit)
    return found


def validate(arrays: Stacked, series: int) -> int:
    """Check arrays of `learn` that came from a file; ModelError names what is wrong. Gives G, the number of groups."""
    usual = require(arrays, "profile", "f8", (None, series, HOURS))
    scale = require(arrays, "scale", "f8", (len(usual), series))
    between("profile", usual, -1e300, 1e300, missing=True)
    between("scale", scale, 1e-300, 1e300, missing=True)
    return len(usual)


def profile(values: Floats, times: Times, step: int) -> Floats:
    """Medians per hour of the week: (C, T), NaN = missing -> (C, 168).

    From three weeks of history on they are weekly, from three days on daily, else one median.
    """
    hour = times // HOUR
    seen = (np.isfinite(values).sum(axis=1) * step)[:, None]
    found = np.repeat(median(values)[:, None], HOURS, axis=1)
    for hours, least in ((24, 3 * DAY), (HOURS, 3 * WEEK)):
        middle, count = _buckets(values, hour % hours, hours)
        good = (count >= _ENOUGH) & (seen >= least)
        better, use = (np.tile(x, (1, HOURS // hours)) for x in (middle, good))
        found = np.where(use, better, found)
    return found


def _buckets(values: Floats, bucket: Times, buckets: int) -> tuple[Floats, Times]:
    """Median and number of points per bucket: (C, T), bucket of each row (T,) -> (C, B), (C, B)."""
    sizes = np.bincount(bucket, minlength=buckets)
    order = np.argsort(bucket, kind="stable")
    rank = np.arange(len(bucket)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    table = np.full((len(values), buckets, int(sizes.max())), np.nan)
    table[:, bucket[order], rank] = values[:, order]
    return median(table), np.isfinite(table).sum(axis=-1)


def expected(usual: Floats, times: Times) -> Floats:
    """Between the middles of two hours, linearly: (…, 168) -> (…, R)."""
    place = times / HOUR - 0.5
    before = np.floor(place).astype(np.int64)
    part = place - before
    out: Floats = usual[..., before % HOURS] * (1 - part) + usual[..., (before + 1) % HOURS] * part
    return out


def spread(values: Floats, residual: Floats) -> Floats:
    """Robust standard deviation of residuals, (C, T) -> (C,), NaN for a series without a point.

    Never so small that what a gauge rounds away is strange.
    """
    low, middle, high = quantiles(values, np.array([0.0, 0.5, 1.0])).T
    floor = np.maximum(0.01 * np.abs(middle), 1e-3 * (high - low))
    found = 1.4826 * median(np.abs(residual - median(residual)[:, None]))
    return np.where(np.isnan(middle), np.nan, np.maximum(np.maximum(found, floor), 1e-9))
