"""Distance from the median in robust standard deviations, whatever the hour.

Iglewicz & Hoaglin: How to Detect and Handle Outliers, ASQC, 1993; where more than half of a series stands still, the
span of its middle 90 % is the unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores, levels
from smartcloudops.anomaly.detectors.walks import walk

Stacked = Mapping[str, npt.NDArray[Any]]


class RobustZ:
    """No options. Arrays: those of `levels.learn`.

    >>> values = np.sin(np.arange(200.0))[None, None]
    >>> values[0, 0, 150] = 9
    >>> scene = Scene(np.arange(200) * 60_000, 60_000, values, np.zeros((1, 200, 0), np.float32))
    >>> arrays = {name: array[None] for name, array in DETECTOR.fit(scene, seed=0, options={}).items()}
    >>> int(np.nanargmax(DETECTOR.score(arrays, scene).raw))
    150
    """

    scope: Literal["group", "series"] = "series"
    robust = True

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """See `Detector`; nothing is random."""
        return levels.learn(scene)

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """|value - median| in scales, (G, C, R)."""
        return Scores(np.abs(levels.standard(arrays, scene, scene.rows)))

    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
        """See `Detector`."""
        return walk(self, came, came, seed=seed, options=options)

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        levels.validate(arrays, series)


DETECTOR = RobustZ()
