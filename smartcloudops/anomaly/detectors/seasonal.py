"""Distance from what is usual at this hour: a robust profile per series, by day or by week.

Medians per bucket of time, as the seasonal part of S-H-ESD (Hochenbaum, Vallis, Kejariwal: Automatic Anomaly
Detection in the Cloud Via Statistical Learning, 2017), with the median absolute deviation as the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.anomaly.rolling import median, quantiles
from smartcloudops.core.times import DAY, HOUR, WEEK

_HOURS = 168
_ENOUGH = 3
_BAND = 4.0

Stacked = Mapping[str, npt.NDArray[Any]]
Times = npt.NDArray[np.int64]


class Seasonal:
    """No options. Arrays: profile float64 (C, 168), the usual value in the middle of each hour of the week
    (counted from the epoch); scale float64 (C,); NaN for a series without a single point.

    From three weeks of history on the profile is weekly, from three days on daily, else one median.

    >>> times = np.arange(96) * HOUR
    >>> values = np.where(times % DAY == 6 * HOUR, 50.0, 10.0)[None, None]
    >>> scene = Scene(times, HOUR, values, np.zeros((1, 96, 0), np.float32))
    >>> arrays = {name: array[None] for name, array in DETECTOR.fit(scene, seed=0, options={}).items()}
    >>> found = DETECTOR.score(arrays, scene)
    >>> found.raw.shape, found.expected[0, 0, 6] > 25
    ((1, 1, 96), np.True_)
    """

    scope: Literal["group", "series"] = "series"

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """See `Detector`; nothing is random."""
        values = np.where(np.isfinite(scene.values[0]), scene.values[0], np.nan)
        profile = _profile(values, scene.times, scene.step)
        residual = values - _expected(profile, scene.times)
        return {"profile": profile, "scale": _scale(values, residual)}

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """|value - expected| in robust standard deviations, (G, C, R); the band is four of them wide each way."""
        times, values = scene.times[-scene.rows :], scene.values[:, :, -scene.rows :]
        expected = _expected(arrays["profile"], times)
        scale = arrays["scale"][..., None]
        with np.errstate(over="ignore", invalid="ignore"):
            raw = np.abs(values - expected) / scale
        raw[~np.isfinite(raw)] = np.nan
        return Scores(raw, expected, expected - _BAND * scale, expected + _BAND * scale)

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        profile = require(arrays, "profile", "f8", (None, series, _HOURS))
        scale = require(arrays, "scale", "f8", (len(profile), series))
        between("profile", profile, -1e300, 1e300, missing=True)
        between("scale", scale, 1e-300, 1e300, missing=True)


DETECTOR = Seasonal()


def _profile(values: Floats, times: Times, step: int) -> Floats:
    """(C, T) -> (C, 168)."""
    hour = times // HOUR
    seen = (np.isfinite(values).sum(axis=1) * step)[:, None]
    profile = np.repeat(median(values)[:, None], _HOURS, axis=1)
    for hours, least in ((24, 3 * DAY), (_HOURS, 3 * WEEK)):
        found, count = _buckets(values, hour % hours, hours)
        good = (count >= _ENOUGH) & (seen >= least)
        better, use = (np.tile(x, (1, _HOURS // hours)) for x in (found, good))
        profile = np.where(use, better, profile)
    return profile


def _buckets(values: Floats, bucket: Times, buckets: int) -> tuple[Floats, Times]:
    """Median and number of points per bucket: (C, T), bucket of each row (T,) -> (C, B), (C, B)."""
    sizes = np.bincount(bucket, minlength=buckets)
    order = np.argsort(bucket, kind="stable")
    rank = np.arange(len(bucket)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    table = np.full((len(values), buckets, int(sizes.max())), np.nan)
    table[:, bucket[order], rank] = values[:, order]
    return median(table), np.isfinite(table).sum(axis=-1)


def _expected(profile: Floats, times: Times) -> Floats:
    """Between the middles of two hours, linearly: (…, 168) -> (…, R)."""
    place = times / HOUR - 0.5
    before = np.floor(place).astype(np.int64)
    part = place - before
    out: Floats = profile[..., before % _HOURS] * (1 - part) + profile[..., (before + 1) % _HOURS] * part
    return out


def _scale(values: Floats, residual: Floats) -> Floats:
    """(C, T) -> (C,): never so small that what a gauge rounds away is strange."""
    low, middle, high = quantiles(values, np.array([0.0, 0.5, 1.0])).T
    floor = np.maximum(0.01 * np.abs(middle), 1e-3 * (high - low))
    scale = 1.4826 * median(np.abs(residual - median(residual)[:, None]))
    return np.where(np.isnan(middle), np.nan, np.maximum(np.maximum(scale, floor), 1e-9))
