"""The ensemble: who speaks for which history, how scores are put together, and how often noise raises an alert."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

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
        since = rows - scoring.lookback(plan)
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
    assert set(choice.alarm) | set(choice.score) == set(choice.detectors)
    assert choice.why.startswith("alarms on ")


def test_prophet_speaks_in_the_score_where_it_was_asked_for() -> None:
    choice = ensemble.choose(wave(), STEP, prophet=True)
    assert "prophet" in choice.score and "prophet" not in choice.alarm


def test_many_series_alarm_where_two_of_three_agree() -> None:
    few, many = (ensemble.choose(np.repeat(wave(), count, axis=0), STEP) for count in (4, 5))
    assert "matrix_profile" in few.alarm and "range_novelty" in few.alarm
    assert many.alarm == ("isolation_forest", "jump", "range_novelty")
    assert few.rows == many.rows == ensemble.LONGEST


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
    # One that alone has spoken is not enough.
    assert ensemble.alarm([score, silent], weight, bar, STEP) == pytest.approx(0.6)
    assert np.isnan(ensemble.alarm([silent, silent], weight, bar, STEP)).all()


def test_the_score_is_the_mean_of_those_that_take_part() -> None:
    forest, series = np.array([[1.0, 1.0, np.nan]]), np.array([[[3.0, np.nan, np.nan], [2.0, 5.0, np.nan]]])
    both = ensemble.combine([forest, series], np.ones((1, 2)))[0]
    np.testing.assert_array_equal(both, [2.0, 3.0, np.nan])
    np.testing.assert_array_equal(ensemble.combine([forest, series], np.array([[1.0, 0.0]])), forest)


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-50, 50) | st.just(np.nan)), st.integers(1, 12))
def test_means_over_rows_are_of_what_is_known(scores: Floats, rows: int) -> None:
    found = ensemble.over_rows(scores, rows)
    for i in range(len(scores)):
        window = scores[max(0, i - rows + 1) : i + 1]
        expected = np.nanmean(window) if np.isfinite(scores[i]) else np.nan
        np.testing.assert_allclose(found[i], expected, atol=1e-12)


@pytest.mark.parametrize(("values", "step"), [(wave(), STEP), (noise("independent", 0, 1, 500), HOUR)])
def test_no_detector_alone_raises_an_alarm_or_holds_one(values: Floats, step: int) -> None:
    choice = ensemble.choose(values, step)
    bar, weight = np.array([choice.bar]), np.ones((1, len(choice.alarm)))
    for sure in range(len(choice.alarm)):
        scores = [np.full((1, 1), 9.0 if at == sure else 0.0) for at in range(len(choice.alarm))]
        assert ensemble.alarm(scores, weight, bar, step)[0, 0] < Policy().keep
    assert ensemble.alarm([np.full((1, 1), 9.0)] * len(choice.alarm), weight, bar, step) > 1


def test_no_detector_alone_raises_an_alarm_where_others_are_silent() -> None:
    choice = ensemble.choose(wave(), STEP)
    bar, weight, count = np.array([choice.bar]), np.ones((1, len(choice.alarm))), len(choice.alarm)
    for silent in range(count - 1):
        values = [9.0, *[np.nan] * silent, *[0.0] * (count - 1 - silent)]
        of_group = [np.full((1, 1), v) for v in values]
        assert ensemble.alarm(of_group, weight, bar, STEP)[0, 0] < Policy().keep
        # One series that only the sure one hears, beside one that all hear.
        of_series = [np.array([[[v], [0.0]]]) for v in values]
        assert ensemble.alarm(of_series, weight, bar, STEP)[0, 0] < Policy().keep


def test_a_trifle_after_a_past_without_change_is_no_wonder() -> None:
    times = np.arange(1500, dtype=np.int64) * STEP
    values = np.full((1, 1500), 50.0)
    values[0, 1400:] += 1e-9
    recipe = Recipe(STEP, 0, ({"engine": "numpy", "trees": 64, "max_samples": 256},))
    shard = single(fit_group(Group("g", ("s",), ("s",), values[:, :1200]), times[:1200], recipe))
    found = scoring.score(Plan.of(series=1, step=STEP), shard, values[None], times, 300)
    assert np.nanmax(found.alarm) < 1


def test_damaged_choices_are_refused() -> None:
    choice = ensemble.choose(wave(), STEP)
    chosen = {name: array[None] for name, array in choice.arrays(choice.detectors).items()}
    count = len(choice.detectors)
    ensemble.validate(chosen, 1, count)
    bad = {"weights": np.ones((1, 3, count)), "bar": np.zeros(1), "memory": np.array([np.nan]), "rows": np.array([99])}
    for key, wrong in bad.items():
        with pytest.raises(ModelError):
            ensemble.validate(chosen | {key: wrong}, 1, count)
