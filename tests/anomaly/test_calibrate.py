"""Calibration: probabilities that are monotone, honest about rates, and careful with little history."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.anomaly import calibrate
from smartcloudops.core.errors import ModelError
from smartcloudops.core.times import WEEK

STEP = 300_000
DRAWS = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape),
    "student": lambda rng, shape: rng.standard_t(3, size=shape),
    "uniform": lambda rng, shape: rng.random(shape),
    "rounded": lambda rng, shape: np.round(rng.exponential(size=shape), 1),
    "mostly zero": lambda rng, shape: np.maximum(rng.normal(size=shape) - 1, 0),
    "constant": lambda rng, shape: np.full(shape, 3.0),
}


@given(kind=st.sampled_from(list(DRAWS)), n=st.integers(0, 400), seed=st.integers(0, 99), far=st.floats(0, 1e9))
def test_p_never_rises_with_the_score(kind: str, n: int, seed: int, far: float) -> None:
    rng = np.random.default_rng(seed)
    past = DRAWS[kind](rng, (3, n))
    arrays = calibrate.learn(past)
    calibrate.validate(arrays, (3,))
    asked = np.sort(np.concatenate([past, rng.normal(size=(3, 20)), np.full((3, 1), far)], axis=1), axis=1)
    p = calibrate.p_values(arrays, asked)
    if n == 0:
        assert np.isnan(p).all()
        return
    assert (np.diff(p, axis=1) <= 1e-12).all()
    assert (p >= calibrate.FLOOR).all()
    assert (p <= 1).all()


@pytest.mark.parametrize("n", [500, 4_032, 20_000])
@pytest.mark.parametrize("kind", ["normal", "exponential", "student"])
def test_the_rate_of_alarms_is_about_one_a_week(kind: str, n: int) -> None:
    rng = np.random.default_rng(1)
    arrays = calibrate.learn(DRAWS[kind](rng, (100, n)))
    fresh = calibrate.p_values(arrays, DRAWS[kind](rng, (100, 20_160)))
    rate = (calibrate.scores(fresh, STEP) >= 1).mean() * WEEK / STEP
    assert 1 / 3 < rate < 3


@pytest.mark.parametrize("kind", ["normal", "exponential", "student", "uniform"])
def test_p_is_uniform_on_fresh_data(kind: str) -> None:
    rng = np.random.default_rng(2)
    arrays = calibrate.learn(DRAWS[kind](rng, (100, 2_000)))
    p = calibrate.p_values(arrays, DRAWS[kind](rng, (100, 2_000)))
    for level in (0.8, 0.5, 0.2, 0.1, 0.05):
        assert (p < level).mean() == pytest.approx(level, rel=0.1)


@pytest.mark.parametrize("n", [1, 3, 10, 30])
def test_little_history_raises_no_alarm(n: int) -> None:
    arrays = calibrate.learn(np.random.default_rng(0).normal(size=(50, n)))
    p = calibrate.p_values(arrays, np.full((50, 1), 1e6))
    assert (calibrate.scores(p, STEP) < 1).all()
    assert (p <= 1 / (n + 1) + 1e-12).all()


def test_a_constant_past_finds_change_strange_and_itself_usual() -> None:
    arrays = calibrate.learn(np.zeros((1, 500)))
    p = calibrate.p_values(arrays, np.array([[0.0, -1.0, 1.0]]))[0]
    assert p[:2].tolist() == [1.0, 1.0]
    assert calibrate.scores(p[2:], STEP)[0] > 1


def test_gaps_stay_gaps_and_do_not_count() -> None:
    past = np.array([[1.0, np.nan, 2.0, np.inf, 3.0]])
    arrays = calibrate.learn(past)
    assert arrays["n"].tolist() == [3]
    assert np.isnan(calibrate.p_values(arrays, np.array([[np.nan]]))).all()


def test_stacked_tables_answer_as_alone() -> None:
    rng = np.random.default_rng(3)
    past, asked = rng.normal(size=(4, 3, 300)), rng.normal(size=(4, 3, 7)) * 3
    together = calibrate.p_values(calibrate.learn(past), asked)
    alone = [[calibrate.p_values(calibrate.learn(past[g, c]), asked[g, c]) for c in range(3)] for g in range(4)]
    np.testing.assert_array_equal(together, np.array(alone))


def test_one_event_a_week_scores_one_at_any_step() -> None:
    for step in (15_000, 60_000, STEP, 3_600_000):
        assert calibrate.scores(np.array([step / WEEK]), step)[0] == pytest.approx(1.0)
    assert calibrate.rare(30 * WEEK) == 0.5


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("body", lambda a: a[..., ::-1]),
        ("body", lambda a: a * np.nan),
        ("tail", lambda a: -a),
        ("n", lambda a: a.astype(np.float64)),
        ("tail", lambda a: a[..., :2]),
    ],
)
def test_damaged_tables_are_refused(name: str, change: Any) -> None:
    arrays = calibrate.learn(np.random.default_rng(0).normal(size=(2, 100)))
    with pytest.raises(ModelError):
        calibrate.validate(arrays | {name: change(arrays[name])}, (2,))


def test_crossed_keeps_the_rate_of_a_combination() -> None:
    rng = np.random.default_rng(4)
    rates = {}
    for how in ("seen", "crossed"):
        alarms = 0.0
        for _ in range(8):
            past, fresh = rng.normal(size=(20, 600)), rng.normal(size=(20, 6_000))
            table = calibrate.learn(past)
            own = calibrate.crossed(past) if how == "crossed" else calibrate.p_values(table, past)
            combined = calibrate.learn(calibrate.scores(own, STEP).max(axis=0))
            asked = calibrate.scores(calibrate.p_values(table, fresh), STEP).max(axis=0)
            alarms += (calibrate.scores(calibrate.p_values(combined, asked), STEP) >= 1).mean() / 8
        rates[how] = alarms * WEEK / STEP
    assert rates["crossed"] < 2 < rates["seen"]


def test_crossed_survives_hardly_any_past() -> None:
    for n in (0, 1, 3):
        assert calibrate.crossed(np.zeros((2, n))).shape == (2, n)
