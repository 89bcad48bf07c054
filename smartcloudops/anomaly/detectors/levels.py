"""The middle of a series and its robust spread, whatever the hour: what detectors without a season share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.anomaly.rolling import median, quantiles

_LIMIT = 1e6

Stacked = Mapping[str, npt.NDArray[Any]]


def learn(scene: Scene) -> Arrays:
    """centre, scale float64 (C,): median, and the larger of robust standard deviation and span of the middle 90 %."""
    values = np.where(np.isfinite(scene.values[0]), scene.values[0], np.nan)
    low, centre, high = quantiles(values, np.array([0.05, 0.5, 0.95])).T
    scale = np.maximum(1.4826 * median(np.abs(values - centre[:, None])), (high - low) / 3.3)
    scale = np.maximum(np.maximum(scale, 1e-3 * np.abs(centre)), 1e-9)
    return {"centre": np.nan_to_num(centre), "scale": np.nan_to_num(scale, nan=1.0)}


def standard(arrays: Stacked, scene: Scene, rows: int) -> Floats:
    """The last `rows` values in scales from the centre, NaN = missing or before the grid: (G, C, rows)."""
    values = scene.values[:, :, -rows:]
    with np.errstate(over="ignore", invalid="ignore"):
        z = (values - arrays["centre"][..., None]) / arrays["scale"][..., None]
    z[~np.isfinite(values)] = np.nan
    lack = rows - values.shape[2]
    z = np.pad(z, ((0, 0), (0, 0), (lack, 0)), constant_values=np.nan) if lack else z
    return np.clip(z, -_LIMIT, _LIMIT)


def validate(arrays: Stacked, series: int) -> None:
    """Check arrays of `learn` that came from a file; ModelError names what is wrong."""
    centre = require(arrays, "centre", "f8", (None, series))
    between("centre", centre, -1e300, 1e300)
    between("scale", require(arrays, "scale", "f8", centre.shape), 1e-300, 1e300)
