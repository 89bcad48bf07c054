"""How far the residual leaves the range that it has kept so far: records of what is unusual at this hour.

As the range of values themselves (see `range_novelty`), but of what the hour of the day or week leaves over, and
smoothed, for single rows set records by noise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores, hours, units
from smartcloudops.anomaly.rolling import total

_SMOOTH = 6
_LIMIT = 50.0

Stacked = Mapping[str, npt.NDArray[Any]]


class Novelty:
    """No options. Arrays: those of `hours.learn`; low, high float64 (C,): the range of the smoothed residual, in
    scales, within ± 50.

    >>> times = np.arange(200) * 60_000
    >>> values = np.sin(np.arange(200.0))[None, None]
    >>> values[0, 0, 150:] += 9
    >>> scene = Scene(times, 60_000, values, np.zeros((1, 200, 0), np.float32))
    >>> early = Scene(times[:100], 60_000, values[..., :100], np.zeros((1, 100, 0), np.float32))
    >>> arrays = {name: array[None] for name, array in DETECTOR.fit(early, seed=0, options={}).items()}
    >>> raw = DETECTOR.score(arrays, scene).raw[0, 0]
    >>> bool(raw[150:156].max() > 1 > raw[170:].max())
    True
    """

    scope: Literal["group", "series"] = "series"
    robust = True

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """See `Detector`; nothing is random. The range is of residuals as they were when they came."""
        smooth = _smooth(hours.walked(scene, _LIMIT))[0]
        low, high = units.extent(smooth)
        return {**hours.learn(scene), "low": low, "high": high}

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """Scales beyond the range of history and of the grid's earlier rows, 0 inside, (G, C, R)."""
        smooth = _smooth(hours.residuals(arrays, scene, len(scene.times), _LIMIT))
        return Scores(units.beyond(smooth, arrays["low"], arrays["high"])[..., -scene.rows :])

    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
        """See `Detector`."""
        nothing = np.zeros((1, came.values.shape[1]))
        return units.beyond(_smooth(hours.walked(came, _LIMIT)), nothing, nothing)

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        units.validate_extent(arrays, hours.validate(arrays, series), series, _LIMIT)


DETECTOR = Novelty()


def _smooth(z: Floats) -> Floats:
    """Means of six residuals, NaN where half of them or the newest is missing, (G, C, T)."""
    length = z.shape[-1]
    z = np.pad(z, ((0, 0), (0, 0), (_SMOOTH - 1, 0)), constant_values=np.nan)
    here = np.isfinite(z)
    count = total(here.astype(np.float64), _SMOOTH, length)
    mean = total(np.where(here, z, 0.0), _SMOOTH, length) / np.maximum(count, 1.0)
    return np.where((count > _SMOOTH / 2) & here[..., _SMOOTH - 1 :], mean, np.nan)
