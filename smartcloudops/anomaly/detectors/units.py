"""A series in its own units, and the range it has kept: what several detectors share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.anomaly.rolling import median, quantiles

Stacked = Mapping[str, npt.NDArray[Any]]


def learn(values: Floats) -> Arrays:
    """centre, scale float64 (C,): median and robust standard deviation of each series, NaN or Inf = missing, (C, T)."""
    known = np.where(np.isfinite(values), values, np.nan)
    low, centre, high = quantiles(known, np.array([0.05, 0.5, 0.95])).T
    scale = np.maximum(1.4826 * median(np.abs(known - centre[:, None])), (high - low) / 3.3)
    scale = np.maximum(np.maximum(scale, 1e-3 * np.abs(centre)), 1e-9)
    return {"centre": np.nan_to_num(centre), "scale": np.nan_to_num(scale, nan=1.0)}


def standard(arrays: Stacked, scene: Scene, rows: int, limit: float) -> Floats:
    """The last `rows` values in scales from the centre, clipped at ± limit, NaN = missing: (G, C, rows).

    Rows before the grid count as missing.
    """
    values = scene.values[:, :, -rows:]
    with np.errstate(over="ignore", invalid="ignore"):
        z = (values - arrays["centre"][..., None]) / arrays["scale"][..., None]
    z[~np.isfinite(values)] = np.nan
    lack = rows - values.shape[2]
    z = np.pad(z, ((0, 0), (0, 0), (lack, 0)), constant_values=np.nan) if lack else z
    return np.clip(z, -limit, limit)


def beyond(z: Floats, low: Floats, high: Floats) -> Floats:
    """How far each value leaves the range of those before it, low to high at first; 0 inside, NaN where z is.

    (G, C, T) and (G, C) -> (G, C, T).

    >>> beyond(np.array([[[1.0, 3.0, -2.0, 2.0]]]), np.zeros((1, 1)), np.zeros((1, 1)))
    array([[[1., 2., 2., 0.]]])
    """
    above, below = (np.where(np.isnan(z), missing, z) for missing in (-np.inf, np.inf))
    top = np.maximum.accumulate(np.concatenate([high[..., None], above[..., :-1]], axis=-1), axis=-1)
    bottom = np.minimum.accumulate(np.concatenate([low[..., None], below[..., :-1]], axis=-1), axis=-1)
    out: Floats = np.maximum(np.maximum(z - top, bottom - z), 0.0)
    return out


def extent(z: Floats) -> tuple[Floats, Floats]:
    """The lowest and highest value, 0 included: (…, T), NaN = missing -> (…,), (…,)."""
    known = np.where(np.isnan(z), 0.0, z)
    return known.min(axis=-1, initial=0.0), known.max(axis=-1, initial=0.0)


def validate(arrays: Stacked, series: int) -> int:
    """Check arrays of `learn` that came from a file; ModelError names what is wrong. Gives G, the number of groups."""
    centre = require(arrays, "centre", "f8", (None, series))
    between("centre", centre, -1e300, 1e300)
    between("scale", require(arrays, "scale", "f8", centre.shape), 1e-300, 1e300)
    return len(centre)


def validate_extent(arrays: Stacked, groups: int, series: int, limit: float) -> None:
    """Check low and high (G, C) that came from a file; ModelError names what is wrong."""
    between("low", require(arrays, "low", "f8", (groups, series)), -limit, 0.0)
    between("high", require(arrays, "high", "f8", (groups, series)), 0.0, limit)
