"""The ensemble: who speaks for which history, how scores are put together, and how often noise raises an alert."""

from __future__ import annotations

import numpy as np
import pytest

from smartcloudops.anomaly import ensemble, scoring
from smartcloudops.anomaly.detectors import Floats
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.fitting import Recipe, fit_group
from smartcloudops.anomaly.groups import Group
from smartcloudops.anomaly.judge import Policy, State, judge
from smartcloudops.anomaly.model import single
from smartcloudops.core.errors import ModelError
from smartcloudops.core.times import DAY, HOUR, MINUTE, WEEK

STEP = 5 * MINUTE


def noise(kind: str, seed: int, series: int, rows: int) -> Floats:
    rng = np.random.default_rng(seed)
    draws = rng.normal(size=(series, rows))
    if kind == "season":
        return draws + 5 * np.sin(2 * np.pi * np.arange(rows) * STEP / DAY)
    if kind == "memory":
        for i in range(1, rows):
            draws[:, i] += 0.9 * draws[:, i - 1]
    return draws


@pytest.mark.parametrize("series", [1, 10])
@pytest.mark.parametrize("kind", ["independent", "memory", "season"])
def test_fresh_noise_alerts_about_once_a_week_at_most(kind: str, series: int) -> None:
    rows, fresh, alerts = 2 * WEEK // STEP, 2 * WEEK // STEP, 0
    times = np.arange(rows + fresh, dtype=np.int64) * STEP
    names = tuple(f"s{i}" for i in range(series))
    recipe = Recipe(STEP, 0, ({"engine": "numpy", "trees": 64, "max_samples": 256},))
    plan = Plan.of(series=series, step=STEP)
    for seed in range(2):
        values = noise(kind, seed, series, rows + fresh)
        shard = single(fit_group(Group("g", names, names, values[:, :rows]), times[:rows], recipe))
        since = rows - plan.lookback
        found = scoring.score(plan, shard, values[None, :, since:], times[since:], fresh)
        alerts += int(judge(times[rows:], found.alarm[0], State(), Policy()).is_anomaly.sum())
    assert alerts <= 4  # in four weeks


def wave(rows: int = 500) -> Floats:
    return np.sin(np.arange(rows) / 20.0)[None]


@pytest.mark.parametrize(
    ("values", "step", "leaps"),
    [
        (wave(), STEP, False),
        (noise("independent", 0, 1, 500), STEP, False),
        (wave(), HOUR, False),
        (noise("independent", 0, 1, 500), HOUR, True),
        (wave(), MINUTE, True),
    ],
)
def test_cadence_and_smoothness_choose(values: Floats, step: int, leaps: bool) -> None:
    choice = ensemble.choose(values, step)
    assert ("jump" in choice.alarm) == leaps
    assert set(choice.alarm) | choice.score | choice.apart <= set(choice.detectors)
    assert choice.why.startswith("alarms on ")


def test_prophet_speaks_in_the_score_where_it_was_asked_for() -> None:
    choice = ensemble.choose(wave(), STEP, prophet=True)
    assert "prophet" in choice.score and "prophet" not in choice.alarm


def test_likelihood_is_heard_in_small_groups_only() -> None:
    assert ensemble.choose(np.repeat(wave(), 4, axis=0), STEP).apart == {"likelihood"}
    assert not ensemble.choose(np.repeat(wave(), 5, axis=0), STEP).apart


@pytest.mark.parametrize("missing", [np.nan, 1.0])
def test_a_series_without_change_is_not_smooth(missing: float) -> None:
    assert ensemble.smoothness(np.full((2, 9), missing)) == 0.0


def test_an_alarm_is_one_where_the_mean_probability_is_the_bar() -> None:
    score = np.full((1, 3), np.log(0.01) / np.log(STEP / WEEK))
    bar, weight = np.array([0.01]), np.ones((1, 2))
    assert ensemble.alarm([score, score], weight, bar, STEP) == pytest.approx(1.0)
    # The strangest of ten series answers for having been picked.
    many = np.repeat(score[:, None], 10, axis=1)
    assert ensemble.alarm([many, many], weight, bar, STEP) == pytest.approx(0.5)
    silent = np.full((1, 3), np.nan)
    assert ensemble.alarm([score, silent], weight, bar, STEP) == pytest.approx(1.0)
    assert np.isnan(ensemble.alarm([silent, silent], weight, bar, STEP)).all()


def test_a_detector_apart_raises_the_score_and_costs_a_little() -> None:
    score, other = np.array([[0.2, 0.9, np.nan]]), np.array([[[2.0, 0.1, np.nan]]])
    alone = ensemble.beside(score, [other], np.zeros((1, 1)), STEP)
    np.testing.assert_array_equal(alone, score)
    both = ensemble.beside(score, [other], np.ones((1, 1)), STEP)[0]
    assert 1.8 < both[0] < 2.0 and 0.8 < both[1] < 0.9 and np.isnan(both[2])


def test_damaged_choices_are_refused() -> None:
    arrays = {name: array[None] for name, array in ensemble.choose(wave(), STEP).arrays().items()}
    ensemble.validate(arrays, 1, 4)
    for key, wrong in (("weights", np.ones((1, 2, 4))), ("bar", np.zeros(1)), ("memory", np.array([np.nan]))):
        with pytest.raises(ModelError):
            ensemble.validate(arrays | {key: wrong}, 1, 4)
