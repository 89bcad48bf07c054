"""Groups of one shape and what was learnt of them -> comparable scores; the same code in training and detection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly import calibrate, ensemble, features
from smartcloudops.anomaly.detectors import DETECTORS, Arrays, Floats, Scene, Scores
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.model import Shard

COMBINED = "combined"
ENSEMBLE = "ensemble"
FEATURES = "features"


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of G groups of C series over the last R rows.

    score, p: calibrated, of the group, (G, R); n: rows of history behind them, (G,).
    alarm: what alerts are judged by, 1 is the threshold, (G, R); memory: see `ensemble.Choice`, (G,).
    detectors: calibrated scores by detector, (G, R) or (G, C, R). expected, lower, upper: (G, C, R), NaN = unknown.
    """

    score: Floats
    alarm: Floats
    memory: Floats
    p: Floats
    n: npt.NDArray[np.int64]
    detectors: Mapping[str, Floats]
    expected: Floats
    lower: Floats
    upper: Floats
    scene: Scene

    def own(self) -> Floats:
        """Each series' own calibrated score, the highest of its detectors; NaN = none spoke; (G, C, R)."""
        groups, series, _ = self.scene.values.shape
        nothing = np.full((groups, series, self.scene.rows), np.nan)
        spoke = [s for s in self.detectors.values() if s.ndim == 3]
        return np.asarray(np.fmax.reduce([nothing, *spoke]))


def detectors_of(arrays: Iterable[str]) -> list[str]:
    """The detectors that left arrays, in the order of their table."""
    parts = {key.partition(".")[0] for key in arrays}
    return [name for name in DETECTORS if name in parts]


def calibration_of(name: str) -> str:
    """The part that holds a detector's calibration."""
    return f"{name}:calibration"


def odds_of(name: str) -> str:
    """The part that holds a detector's calibration for the alarm, by rows that it had not learnt."""
    return f"{name}:odds"


def make_scene(plan: Plan, learnt: Arrays, values: Floats, times: npt.NDArray[np.int64], rows: int) -> Scene:
    """Compute the features of the last `rows` rows; infinite values count as missing."""
    known = np.where(np.isfinite(values), values, np.nan)
    return Scene(times, plan.step, known, features.compute(plan, learnt, known, times, rows))


def raw_scores(name: str, arrays: Arrays, scene: Scene) -> Scores:
    """What a detector says, silent about rows of a group in which every series is missing."""
    detector = DETECTORS.load(name)
    found = detector.score(arrays, scene)
    if detector.scope == "series":
        return found
    return Scores(np.where(_absent(scene), np.nan, found.raw), found.expected, found.lower, found.upper)


def _absent(scene: Scene) -> npt.NDArray[np.bool_]:
    """Rows of a group in which every series is missing, (G, R)."""
    return np.asarray(np.isnan(scene.values[:, :, -scene.rows :]).all(axis=1))


def lookback(plan: Plan) -> int:
    """Rows before the first scored row that its score looks at."""
    return plan.lookback + ensemble.LONGEST - 1


def score(plan: Plan, shard: Shard, values: Floats, times: npt.NDArray[np.int64], rows: int) -> Scored:
    """Score the last `rows` rows of values (G, C, T), better with `lookback` rows before them; row t sees rows <= t."""
    chosen = shard.part(ENSEMBLE)
    more = min(rows + int(chosen["rows"].max()) - 1, values.shape[2])
    scene = make_scene(plan, shard.part(FEATURES), values, times, more)
    detectors: dict[str, Floats] = {}
    odds: list[Floats] = []
    nothing = np.full((*values.shape[:2], more), np.nan)
    bands = {"expected": nothing, "lower": nothing, "upper": nothing}
    for name in detectors_of(shard.arrays):
        found = raw_scores(name, shard.part(name), scene)
        p = calibrate.p_values(shard.part(calibration_of(name)), found.raw)
        detectors[name] = calibrate.scores(p, plan.step)
        p = calibrate.p_values(shard.part(odds_of(name)), found.raw)
        odds.append(calibrate.scores(p, plan.step))
        bands = _over(bands, found)
    table, weights = shard.part(calibration_of(COMBINED)), chosen["weights"]
    together = ensemble.combine(list(detectors.values()), weights[:, 0])
    lasting = np.stack([ensemble.over_rows(s, int(k)) for s, k in zip(together, chosen["rows"], strict=True)])
    p = calibrate.p_values(table, lasting[:, -rows:])
    alarm = ensemble.alarm([s[..., -rows:] for s in odds], weights[:, 1], chosen["bar"], plan.step)
    newest = Scene(times, plan.step, scene.values, scene.features[:, -rows:])
    own = {name: s[..., -rows:] for name, s in detectors.items()}
    bands = {name: band[..., -rows:] for name, band in bands.items()}
    score = calibrate.scores(p, plan.step)
    return Scored(score, alarm, chosen["memory"], p, table["n"], own, scene=newest, **bands)


def _over(bands: Mapping[str, Floats], found: Scores) -> dict[str, Floats]:
    """What a later detector expects goes before what an earlier one does, where it has an opinion."""
    if found.expected is None or found.lower is None or found.upper is None:
        return dict(bands)
    new = {"expected": found.expected, "lower": found.lower, "upper": found.upper}
    return {key: np.where(np.isnan(found.expected), bands[key], new[key]) for key in bands}


def validate(plan: Plan, shard: Shard) -> None:
    """Check every array of a shard that came from a file; ModelError names what is wrong."""
    groups, series = len(shard.groups), plan.series
    features.validate(plan, shard.part(FEATURES))
    calibrate.validate(shard.part(calibration_of(COMBINED)), (groups,))
    found = detectors_of(shard.arrays)
    ensemble.validate(shard.part(ENSEMBLE), groups, len(found))
    for name in found:
        detector = DETECTORS.load(name)
        detector.validate(shard.part(name), series=series, features=plan.features)
        lead = (groups,) if detector.scope == "group" else (groups, series)
        for part in (calibration_of(name), odds_of(name)):
            calibrate.validate(shard.part(part), lead)
