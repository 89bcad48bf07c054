"""Distance from what is usual at this hour: a robust profile per series, by day or by week.

Hochenbaum, Vallis, Kejariwal: Automatic Anomaly Detection in the Cloud Via Statistical Learning, 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores, hours

_BAND = 4.0
_FAR = 1e6

Stacked = Mapping[str, npt.NDArray[Any]]


class Seasonal:
    """No options. Arrays: profile float64 (C, 168), the usual value in the middle of each hour of the week
    (counted from the epoch); scale float64 (C,); NaN for a series without a single point.

    From three weeks of history on the profile is weekly, from three days on daily, else one median.

    >>> times = np.arange(96) * 3_600_000
    >>> values = np.where(times // 3_600_000 % 24 == 6, 50.0, 10.0)[None, None]
    >>> scene = Scene(times, 3_600_000, values, np.zeros((1, 96, 0), np.float32))
    >>> arrays = {name: array[None] for name, array in DETECTOR.fit(scene, seed=0, options={}).items()}
    >>> found = DETECTOR.score(arrays, scene)
    >>> found.raw.shape, found.expected[0, 0, 6] > 25
    ((1, 1, 96), np.True_)
    """

    scope: Literal["group", "series"] = "series"
    robust = True

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """See `Detector`; nothing is random."""
        return hours.learn(scene)

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """|value - expected| in robust standard deviations, (G, C, R); the band is four of them wide each way."""
        times, values = scene.times[-scene.rows :], scene.values[:, :, -scene.rows :]
        expected = hours.expected(arrays["profile"], times)
        scale = arrays["scale"][..., None]
        with np.errstate(over="ignore", invalid="ignore"):
            raw = np.abs(values - expected) / scale
        raw[~np.isfinite(raw)] = np.nan
        return Scores(raw, expected, expected - _BAND * scale, expected + _BAND * scale)

    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
        """See `Detector`."""
        return np.abs(hours.walked(came, _FAR))

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        hours.validate(arrays, series)


DETECTOR = Seasonal()
