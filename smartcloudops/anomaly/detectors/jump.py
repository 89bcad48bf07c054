"""How far a value leaps from the mean of the rows before it, in the usual size of such leaps.

An exponentially weighted chart in its rolling form (Montgomery: Introduction to Statistical Quality Control,
chapter 9): the unit follows the series' own recent unrest, so bursts do not drown in their fellows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores, units
from smartcloudops.anomaly.rolling import total

_NEAR, _UNREST, _LEAST = 24, 96, 8
_LIMIT = 1e6

Stacked = Mapping[str, npt.NDArray[Any]]


class Jump:
    """No options. Arrays: those of `units.learn`.

    >>> times = np.arange(200) * 60_000
    >>> values = np.sin(np.arange(200.0))[None, None]
    >>> values[0, 0, 150] = 9
    >>> scene = Scene(times, 60_000, values, np.zeros((1, 200, 0), np.float32))
    >>> arrays = {name: array[None] for name, array in DETECTOR.fit(scene, seed=0, options={}).items()}
    >>> int(np.nanargmax(DETECTOR.score(arrays, scene).raw))
    150
    """

    scope: Literal["group", "series"] = "series"
    robust = True

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """See `Detector`; nothing is random."""
        return units.learn(scene.values[0])

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """|value - mean of the 24 rows before| over the mean of that in the 96 rows before, (G, C, R)."""
        rows = scene.rows
        z = units.standard(arrays, scene, rows + _UNREST + _NEAR, _LIMIT)
        leap = np.abs(z[..., _NEAR:] - _mean(z[..., :-1], _NEAR, rows + _UNREST))
        unrest = _mean(leap[..., :-1], _UNREST, rows)
        return Scores(leap[..., -rows:] / np.maximum(unrest, 0.1))

    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
        """See `Detector`; nothing but the scale is learnt."""
        arrays = self.fit(came, seed=seed, options=options)
        return self.score({name: array[None] for name, array in arrays.items()}, came).raw

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        units.validate(arrays, series)


DETECTOR = Jump()


def _mean(z: Floats, window: int, rows: int) -> Floats:
    """Rolling means of what is there, NaN where fewer than eight points are."""
    here = np.isfinite(z)
    count = total(here.astype(np.float64), window, rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count >= _LEAST, total(np.where(here, z, 0.0), window, rows) / count, np.nan)
