"""The seasonal detector: which profile, what it expects, what it finds strange."""

from __future__ import annotations

import numpy as np
import pytest

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene
from smartcloudops.anomaly.detectors.seasonal import DETECTOR
from smartcloudops.core.times import DAY, HOUR

STEP = HOUR // 4


def scene_of(values: Floats, start: int = 0) -> Scene:
    times = start + np.arange(values.shape[-1], dtype=np.int64) * STEP
    return Scene(times, STEP, values[None], np.zeros((1, len(times), 0), np.float32))


def fit(values: Floats) -> Arrays:
    arrays = DETECTOR.fit(scene_of(values), seed=0, options={})
    return {name: array[None] for name, array in arrays.items()}


def weeks(count: float, seed: int = 0) -> Floats:
    """Days with a peak, none at the weekend, small noise: (1, T)."""
    times = np.arange(round(count * 7 * DAY / STEP)) * STEP
    busy = (times // DAY + 3) % 7 < 5
    noise = np.random.default_rng(seed).normal(size=len(times)) * 0.1
    return (10 + busy * 5 * np.sin(2 * np.pi * times / DAY) + noise)[None]


def test_a_weekly_profile_knows_the_weekend() -> None:
    values = weeks(4)
    found = DETECTOR.score(fit(values), scene_of(values))
    assert found.expected is not None
    assert np.quantile(np.abs(found.expected - values[None]), 0.95) < 0.5


def test_two_weeks_give_a_daily_profile() -> None:
    profile = fit(weeks(2))["profile"][0, 0]
    np.testing.assert_array_equal(profile[:24], profile[24:48])
    assert np.ptp(profile) > 5


def test_two_days_give_a_median() -> None:
    values = weeks(2 / 7)
    assert np.unique(fit(values)["profile"]) == pytest.approx([np.median(values)])


def test_a_usual_value_at_an_unusual_hour_is_strange() -> None:
    values = weeks(4)
    arrays = fit(values)
    changed = values.copy()
    night = 4 * 7 * 96 - 3 * 96 + 72
    changed[0, night] = 15
    found = DETECTOR.score(arrays, scene_of(changed))
    assert found.lower is not None
    assert found.upper is not None
    assert found.raw[0, 0, night] == found.raw.max() > 10
    assert changed[0, night] > found.upper[0, 0, night] > found.lower[0, 0, night]


def test_gaps_stay_gaps_and_empty_series_stay_silent() -> None:
    values = np.concatenate([weeks(1), np.full((1, 672), np.nan)])
    values[0, 100] = np.nan
    found = DETECTOR.score(fit(values), scene_of(values)).raw[0]
    assert np.isnan(found[0]).sum() == 1
    assert np.isnan(found[1]).all()


def test_a_constant_is_usual_and_a_change_of_it_strange() -> None:
    values = np.full((2, 672), 100.0)
    values[1] = 0
    arrays = fit(values)
    changed = values + np.array([[0.5], [0.001]])
    assert (DETECTOR.score(arrays, scene_of(values)).raw == 0).all()
    assert DETECTOR.score(arrays, scene_of(changed)).raw[0, 0, 0] == pytest.approx(0.5)
    assert DETECTOR.score(arrays, scene_of(changed)).raw[0, 1, 0] > 1e3
