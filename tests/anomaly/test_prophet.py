"""The Prophet detector: what NumPy evaluates is what Prophet predicts."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pytest

from smartcloudops.anomaly.detectors import Floats, Scene, prophet
from smartcloudops.anomaly.detectors.prophet import DETECTOR
from smartcloudops.core.times import DAY, HOUR, MINUTE

STEP = 15 * MINUTE
START = 1_767_225_600_000 + 7 * MINUTE + 345


def load(days: int, seed: int = 0) -> Floats:
    """A daily wave, a quiet weekend and a trend that bends, with noise: (T,)."""
    times = np.arange(days * DAY // STEP) * STEP
    day = times / DAY
    wave = 3 * np.sin(2 * np.pi * day) + 2 * ((day + 3) % 7 < 5) + 0.2 * day + np.maximum(day - 8, 0)
    return 50 + wave + np.random.default_rng(seed).normal(size=len(times))


def scene_of(values: Floats) -> Scene:
    times = START + np.arange(values.shape[-1], dtype=np.int64) * STEP
    return Scene(times, STEP, values[None], np.zeros((1, len(times), 0), np.float32))


@pytest.mark.parametrize("days", [3, 10, 15])
@pytest.mark.parametrize("unit", [1.0, -1e9])
def test_equal_to_prophets_own_prediction(days: int, unit: float) -> None:
    import pandas as pd

    scene = scene_of(load(days)[None] * unit)
    model = prophet.reference(*prophet.hourly(scene.values[0, 0], scene.times))
    times = START + np.arange(-50, len(scene.times) + 500) * STEP
    with warnings.catch_warnings():
        # Prophet's own, from pandas.
        warnings.simplefilter("ignore")
        theirs = model.predict(pd.DataFrame({"ds": pd.to_datetime(times, unit="ms")}))["yhat"].to_numpy()
    ours = prophet.predict({name: array[None] for name, array in prophet.export(model).items()}, times)[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_only_the_named_series_are_fitted() -> None:
    values = np.stack([load(4, seed) for seed in range(3)])
    values[2, 200:] = np.nan
    scene = scene_of(values)
    arrays = DETECTOR.fit(scene, seed=0, options={"series": np.array([False, True, True])})
    # The third has fewer than 48 hours.
    values[2, 150:] = np.nan
    short = DETECTOR.fit(scene_of(values), seed=0, options={"series": np.array([False, True, True])})
    assert np.isfinite(arrays["scale"]).tolist() == [False, True, True]
    assert np.isfinite(short["scale"]).tolist() == [False, True, False]
    found = DETECTOR.score({name: array[None] for name, array in short.items()}, scene)
    assert found.expected is not None
    for part in (found.raw, found.expected):
        assert np.isfinite(part[0]).all(axis=-1).tolist() == [False, True, False]


def test_a_value_off_its_hour_is_strange() -> None:
    values = load(8)[None]
    arrays = {name: a[None] for name, a in DETECTOR.fit(scene_of(values), seed=0, options={}).items()}
    values[0, 700] += 12
    raw = DETECTOR.score(arrays, scene_of(values)).raw[0, 0]
    assert raw.argmax() == 700
    assert np.median(raw) < 1.5


def test_constant_series() -> None:
    values = np.stack([np.full(400, 7.0), np.zeros(400)])
    arrays = {name: a[None] for name, a in DETECTOR.fit(scene_of(values), seed=0, options={}).items()}
    DETECTOR.validate(arrays, series=2, features=0)
    assert (DETECTOR.score(arrays, scene_of(values)).raw < 1e-3).all()


def test_hourly_medians_stand_at_the_mean_time_of_their_rows() -> None:
    times = np.array([0, 20, 40, 60, 130, 140, 150, 300], np.int64) * MINUTE + 500
    values = np.array([1.0, 9.0, 2.0, 5.0, np.nan, 4.0, 8.0, np.nan])
    moments, medians = prophet.hourly(values, times)
    assert medians.tolist() == [2.0, 5.0, 6.0]
    assert moments.tolist() == [20 * MINUTE, HOUR, 145 * MINUTE]


def test_stan_is_silent(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        DETECTOR.fit(scene_of(load(3)[None]), seed=0, options={})
    out, err = capfd.readouterr()
    assert (out, err, [r for r in caplog.records if r.name.startswith(("cmdstanpy", "prophet"))]) == ("", "", [])
