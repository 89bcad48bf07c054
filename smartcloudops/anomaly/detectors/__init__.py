"""The detectors: each scores how strange rows are; calibration makes scores comparable, the judge decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from smartcloudops.core.registry import Registry

Floats = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Scene:
    """G groups of C series each on one grid, to be fitted (G = 1) or scored (any G).

    times: int64 ms, shape (T,); step: ms; values: raw, NaN = missing, shape (G, C, T);
    features: float32, no NaN, shape (G, R, F), for the last R ≤ T rows, those that are to be scored.
    Fitting uses R = T.
    """

    times: npt.NDArray[np.int64]
    step: int
    values: Floats
    features: npt.NDArray[np.float32]

    @property
    def rows(self) -> int:
        """R, the number of rows to be scored, at the end of the grid."""
        return int(self.features.shape[1])


@dataclass(frozen=True, slots=True)
class Scores:
    """Raw scores, higher is stranger, NaN = cannot be scored: (G, R) by group, (G, C, R) by series.

    expected, lower, upper: in the series' unit, shape (G, C, R), from detectors that know them.
    """

    raw: Floats
    expected: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None


class Detector(Protocol):
    """A detector is stateless; what it learns is a flat dict of arrays."""

    # Whether one score is given per group and row, or per series and row.
    scope: Literal["group", "series"]

    # Whether it learns from the history as it came; where extremes would spoil it, from a winsorised copy.
    robust: bool

    # Learn from one group (G = 1, R = T). `options`: the detector's own settings (grid search).
    # Returned arrays have a shape that depends only on C, F and the options, so that groups can be stacked.
    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays: ...

    # Score all groups at once; every array has a leading axis of length G. Causal: row t sees rows <= t.
    # numpy only: nothing heavier is imported here.
    def score(self, arrays: Mapping[str, npt.NDArray[Any]], scene: Scene) -> Scores: ...

    # Raw scores of one history (G = 1), winsorised and as it came, each row judged by what rows before it taught:
    # what honest probabilities rest on. NaN where nothing was known yet; (1, T) or (1, C, T).
    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats: ...

    # Check arrays that came from a file (leading axis G): shapes, dtypes, ranges. ModelError names what is wrong.
    def validate(self, arrays: Mapping[str, npt.NDArray[Any]], *, series: int, features: int) -> None: ...


DETECTORS: Registry[Detector] = Registry(
    "detector",
    {
        "isolation_forest": "smartcloudops.anomaly.detectors.isolation_forest:DETECTOR",
        "seasonal": "smartcloudops.anomaly.detectors.seasonal:DETECTOR",
        "novelty": "smartcloudops.anomaly.detectors.novelty:DETECTOR",
        "range_novelty": "smartcloudops.anomaly.detectors.range_novelty:DETECTOR",
        "likelihood": "smartcloudops.anomaly.detectors.likelihood:DETECTOR",
        "jump": "smartcloudops.anomaly.detectors.jump:DETECTOR",
        "matrix_profile": "smartcloudops.anomaly.detectors.matrix_profile:DETECTOR",
        "prophet": "smartcloudops.anomaly.detectors.prophet:DETECTOR",
    },
)
