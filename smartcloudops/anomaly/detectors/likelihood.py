"""Whether the residuals of the last rows still come from the same distribution as those of the last day.

The mean of few recent ones against mean and spread of many, as the anomaly likelihood of Ahmad, Lavin, Purdy,
Agha: Unsupervised real-time anomaly detection for streaming data, Neurocomputing 262, 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores, hours
from smartcloudops.anomaly.rolling import total

_SHORT, _LONG, _LEAST = 12, 276, 24
_LIMIT = 10.0
# In scales: keeps the ratio finite where residuals stand still.
_FLOOR = 0.1

Stacked = Mapping[str, npt.NDArray[Any]]


class Likelihood:
    """No options. Arrays: those of `hours.learn`.

    >>> times = np.arange(200) * 60_000
    >>> values = np.sin(np.arange(200.0))[None, None]
    >>> values[0, 0, 150:] += 2
    >>> scene = Scene(times, 60_000, values, np.zeros((1, 200, 0), np.float32))
    >>> arrays = {name: array[None] for name, array in DETECTOR.fit(scene, seed=0, options={}).items()}
    >>> raw = DETECTOR.score(arrays, scene).raw[0, 0]
    >>> int(np.nanargmax(raw)) in range(155, 165)
    True
    """

    scope: Literal["group", "series"] = "series"
    robust = True

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """See `Detector`; nothing is random."""
        return hours.learn(scene)

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """|mean of 12 rows - mean of the 276 up to the row before| in their standard deviations, (G, C, R)."""
        return Scores(_likelihood(hours.residuals(arrays, scene, scene.rows + _LONG, _LIMIT), scene.rows))

    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
        """See `Detector`."""
        return _likelihood(hours.walked(came, _LIMIT), len(came.times))

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        hours.validate(arrays, series)


DETECTOR = Likelihood()


def _likelihood(z: Floats, rows: int) -> Floats:
    """Residuals, NaN = missing, and how many rows are to be scored: (G, C, T) -> (G, C, rows)."""
    lack = max(0, rows + _LONG - z.shape[-1])
    z = np.pad(z, ((0, 0), (0, 0), (lack, 0)), constant_values=np.nan)
    here = np.isfinite(z)
    z = np.where(here, z, 0.0)
    short, _, some = _moments(z, here, _SHORT, rows)
    long, spread, many = _moments(z[..., :-1], here[..., :-1], _LONG, rows)
    known = here[..., -rows:] & (some > _SHORT / 2) & (many >= _LEAST)
    return np.where(known, np.abs(short - long) / (spread + _FLOOR), np.nan)


def _moments(z: Floats, here: npt.NDArray[np.bool_], window: int, rows: int) -> tuple[Floats, Floats, Floats]:
    """Mean, standard deviation and number of the points in a window; missing ones are 0 in z."""
    count = total(here.astype(np.float64), window, rows)
    some = np.maximum(count, 1.0)
    mean = total(z, window, rows) / some
    square = total(z * z, window, rows) / some
    return mean, np.sqrt(np.maximum(square - mean * mean, 0.0)), count
