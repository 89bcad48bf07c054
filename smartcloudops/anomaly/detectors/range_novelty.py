"""How far a value leaves the range that the series has kept so far.

Records of independent draws come ever more rarely, the n-th row is one with probability 1 / n (Rényi, Théorie des
éléments saillants d'une suite d'observations, 1962), so a large one late is telling whatever the distribution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores, units

_LIMIT = 50.0

Stacked = Mapping[str, npt.NDArray[Any]]


class RangeNovelty:
    """No options. Arrays: those of `units.learn`; low, high float64 (C,): the range so far, in scales.

    >>> times = np.arange(200) * 60_000
    >>> values = np.sin(np.arange(200.0))[None, None]
    >>> values[0, 0, 150] = 9
    >>> scene = Scene(times, 60_000, values, np.zeros((1, 200, 0), np.float32))
    >>> early = Scene(times[:100], 60_000, values[..., :100], np.zeros((1, 100, 0), np.float32))
    >>> arrays = {name: array[None] for name, array in DETECTOR.fit(early, seed=0, options={}).items()}
    >>> np.flatnonzero(DETECTOR.score(arrays, scene).raw > 1).tolist()
    [150]
    """

    scope: Literal["group", "series"] = "series"
    robust = True

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """See `Detector`; nothing is random."""
        learnt = units.learn(scene.values[0])
        low, high = units.extent(_standard(learnt, scene)[0])
        return {**learnt, "low": low, "high": high}

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """Scales beyond the range of history and of the grid's earlier rows, 0 inside, (G, C, R)."""
        z = units.standard(arrays, scene, len(scene.times), _LIMIT)
        return Scores(units.beyond(z, arrays["low"], arrays["high"])[..., -scene.rows :])

    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
        """See `Detector`; nothing but the scale is learnt."""
        z = _standard(units.learn(came.values[0]), came)
        nothing = np.zeros(z.shape[:2])
        return units.beyond(z, nothing, nothing)

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        units.validate_extent(arrays, units.validate(arrays, series), series, _LIMIT)


DETECTOR = RangeNovelty()


def _standard(learnt: Arrays, scene: Scene) -> Floats:
    """The whole history in scales, (1, C, T)."""
    return units.standard({name: array[None] for name, array in learnt.items()}, scene, len(scene.times), _LIMIT)
