"""One group's history -> what is normal for it: features, detectors with their settings chosen, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly import calibrate, ensemble, features, inject
from smartcloudops.anomaly.detectors import DETECTORS, Arrays, Floats, Scene
from smartcloudops.anomaly.ensemble import FOREST
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.groups import Group
from smartcloudops.anomaly.model import GroupInfo, GroupModel, flatten
from smartcloudops.anomaly.scoring import (
    COMBINED,
    ENSEMBLE,
    FEATURES,
    calibration_of,
    make_scene,
    odds_of,
    raw_scores,
)

HELD_OUT = 0.2


@dataclass(frozen=True, slots=True)
class Recipe:
    """How groups are fitted. `grid`: the forest's options to choose from; `prophet`: names of metrics it models."""

    step: int
    seed: int
    grid: tuple[Mapping[str, Any], ...]
    prophet: frozenset[str] = frozenset()


def fit_group(group: Group, times: npt.NDArray[np.int64], recipe: Recipe) -> GroupModel:
    """Learn one group: values (C, T), rows at `times` (T,).

    The forest's options are chosen on the last fifth, in which anomalies are injected; then all is learnt again
    on everything. Fitted on winsorised copies; calibrated on the scores of what came.
    """
    plan = Plan.of(series=len(group.names), step=recipe.step)
    choice = ensemble.choose(group.values, recipe.step, prophet=bool(_named(group, recipe).any()))
    learnt = features.learn(plan, group.values, times)
    came, tame = _scenes(plan, learnt, group.values, times)
    options, why = _choose(plan, group, times, recipe)
    detectors = [name for name in DETECTORS if name in choice.detectors]
    parts: dict[str, Arrays] = {FEATURES: learnt, ENSEMBLE: choice.arrays(detectors)}
    calibrated: list[Floats] = []
    for name in detectors:
        own = _options(name, group, recipe, options)
        arrays, seen, unseen = _learn(name, tame, came, recipe.seed, own, rehearsed=name in choice.alarm)
        ranked = name in choice.score
        parts |= {name: arrays, odds_of(name): calibrate.learn(unseen)}
        parts[calibration_of(name)] = calibrate.learn(seen if ranked else unseen)
        if ranked:
            calibrated.append(calibrate.scores(calibrate.crossed(seen)[None], recipe.step))
    together = ensemble.combine(calibrated, np.ones((1, len(calibrated))))
    parts[calibration_of(COMBINED)] = calibrate.learn(ensemble.over_rows(together[0], choice.rows))
    rows = int(np.isfinite(group.values).any(axis=0).sum())
    chosen = {"options": dict(options), "explanation": f"{choice.why}; {why}"}
    return GroupModel(GroupInfo(group.key, group.names, group.metrics, rows, chosen), flatten(parts))


def _learn(
    name: str, tame: Scene, came: Scene, seed: int, options: Mapping[str, Any], *, rehearsed: bool
) -> tuple[Arrays, Floats, Floats]:
    """A detector's arrays, its raw scores of the rows that it has learnt, and (if asked for) as they came."""
    detector = DETECTORS.load(name)
    arrays = detector.fit(came if detector.robust else tame, seed=seed, options=options)
    seen = raw_scores(name, _stacked(arrays), came).raw[0]
    return arrays, seen, detector.rehearse(tame, came, seed=seed, options=options)[0] if rehearsed else seen


def _scenes(plan: Plan, learnt: Arrays, values: Floats, times: npt.NDArray[np.int64]) -> tuple[Scene, Scene]:
    """The history as it came, and winsorised."""
    stacked = _stacked(learnt)
    tame = features.winsorise(values, learnt)
    rows = len(times)
    return make_scene(plan, stacked, values[None], times, rows), make_scene(plan, stacked, tame[None], times, rows)


def _named(group: Group, recipe: Recipe) -> npt.NDArray[np.bool_]:
    """Which series Prophet models, (C,)."""
    return np.array([metric in recipe.prophet for metric in group.metrics])


def _options(name: str, group: Group, recipe: Recipe, forest: Mapping[str, Any]) -> Mapping[str, Any]:
    own: dict[str, Mapping[str, Any]] = {FOREST: forest, "prophet": {"series": _named(group, recipe)}}
    return own.get(name, {})


def _choose(plan: Plan, group: Group, times: npt.NDArray[np.int64], recipe: Recipe) -> tuple[Mapping[str, Any], str]:
    """The options of the grid whose forest tells injected anomalies in the last fifth best from what came there."""
    if len(recipe.grid) == 1:
        return recipe.grid[0], "forest as configured"
    cut = int(len(times) * (1 - HELD_OUT))
    past = group.values[:, :cut]
    learnt = features.learn(plan, past, times[:cut])
    _, tame = _scenes(plan, learnt, past, times[:cut])
    trial = _Trial(plan, learnt, group.values, times, cut, recipe.seed)
    found = [trial.separation(tame, options) for options in recipe.grid]
    best = int(np.argmax(found))
    return recipe.grid[best], f"forest {_said(recipe.grid[best])}: best of {len(found)} on injected anomalies"


def _said(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {options[key]:g}" for key in ("trees", "max_samples") if key in options)


class _Trial:
    """The held-out end of a history, as it came and with anomalies injected."""

    def __init__(
        self, plan: Plan, learnt: Arrays, values: Floats, times: npt.NDArray[np.int64], cut: int, seed: int
    ) -> None:
        self._seed = seed
        rows = len(times) - cut
        stacked = _stacked(learnt)
        since = max(0, cut - plan.lookback)
        self._clean = make_scene(plan, stacked, values[None, :, since:], times[since:], rows)
        self._injected = inject.inject(values[:, since:], rows=rows, seed=seed)
        spoilt = self._injected.values[None]
        self._spoilt = make_scene(plan, stacked, spoilt, times[since:], rows)

    def separation(self, tame: Scene, options: Mapping[str, Any]) -> float:
        """How well a forest with these options, fitted on `tame`, sees what was injected; 1 is always.

        Trial forests grow by the numpy engine, ten times faster and of the same distribution; the one that is
        kept grows by the engine that was asked for.
        """
        trial = {**options, "engine": "numpy"}
        arrays = _stacked(DETECTORS.load(FOREST).fit(tame, seed=self._seed, options=trial))
        clean = raw_scores(FOREST, arrays, self._clean).raw[0]
        spoilt = raw_scores(FOREST, arrays, self._spoilt).raw[0]
        return inject.separation(clean, spoilt, self._injected.windows)


def _stacked(arrays: Arrays) -> Arrays:
    return {key: array[None] for key, array in arrays.items()}


def fit_many(work: tuple[Sequence[Group], npt.NDArray[np.int64], Recipe]) -> list[GroupModel | str]:
    """Fit some groups; one that cannot be fitted gives its reason, and does not stop the others."""
    groups, times, recipe = work
    return [_fit_or_say(group, times, recipe) for group in groups]


def _fit_or_say(group: Group, times: npt.NDArray[np.int64], recipe: Recipe) -> GroupModel | str:
    try:
        return fit_group(group, times, recipe)
    except Exception as e:  # noqa: BLE001 - the border of one group in a fit: it is skipped and named
        return f"{type(e).__name__}: {e}"


def history_of(group: Group) -> npt.NDArray[np.int64]:
    """How many points each series has, (C,)."""
    points: npt.NDArray[np.int64] = np.isfinite(group.values).sum(axis=1)
    return points
