"""The isolation forest: scikit-learn is the reference, our own engine must isolate as well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.anomaly.detectors import Arrays, Scene, forest_sklearn, isolation_forest
from smartcloudops.anomaly.detectors.isolation_forest import DETECTOR, contributions, score_rows
from smartcloudops.core.errors import UsageError

ENGINES = ["sklearn", "numpy"]
Features = Any


def draw(rows: int = 700, width: int = 12, seed: int = 0) -> Features:
    """Normal, rounded, constant and heavy-tailed columns."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rows, width)).astype(np.float32)
    features[:, 1] = np.round(features[:, 1])
    features[:, 2] = 7
    features[:, 3] = rng.standard_t(2, size=rows) * 1e6
    return features


def fit(features: Features, **options: Any) -> Arrays:
    rows = len(features)
    scene = Scene(np.arange(rows) * 60_000, 60_000, np.zeros((1, 1, rows)), features[None])
    arrays = DETECTOR.fit(scene, seed=5, options=options)
    return {name: array[None] for name, array in arrays.items()}


@pytest.mark.parametrize("samples", [2, 64, 256, 512])
@pytest.mark.parametrize("rows", [40, 700])
def test_scores_equal_sklearn(samples: int, rows: int) -> None:
    features = draw(rows)
    arrays = fit(features, trees=30, max_samples=samples)
    reference = forest_sklearn.reference(features, trees=30, samples=min(samples, rows), seed=5)
    asked = np.concatenate([features, draw(200, seed=1) * 3])
    np.testing.assert_allclose(score_rows(arrays, asked[None])[0], -reference.score_samples(asked), rtol=1e-9)


def test_a_row_on_a_threshold_goes_where_sklearn_sends_it() -> None:
    features = np.round(draw(), 1)
    arrays = fit(features, trees=50)
    reference = forest_sklearn.reference(features, trees=50, samples=256, seed=5)
    bounds = arrays["threshold"][0]
    asked = np.repeat(features[:1], 400, axis=0)
    for tree, row in enumerate(asked):
        row[arrays["feature"][0, tree % 50, : 1 << 4]] = bounds[tree % 50, : 1 << 4]
    asked = np.nan_to_num(asked, posinf=1.0)
    np.testing.assert_allclose(score_rows(arrays, asked[None])[0], -reference.score_samples(asked), rtol=1e-9)


@given(x=st.floats(-(2.0**99), 2.0**99), y=st.floats(-(2.0**99), 2.0**99, width=32))
def test_rounding_down_keeps_every_comparison(x: float, y: float) -> None:
    down = forest_sklearn.round_down(np.array([x]))
    assert (np.float32(y) <= down[0]) == (y <= x)
    assert float(down[0]) <= x


@pytest.mark.parametrize("engine", ENGINES)
def test_chunks_and_groups_change_nothing(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    features = [draw(seed=seed) for seed in range(3)]
    one = [fit(f, engine=engine, trees=20, max_samples=64) for f in features]
    alone = [score_rows(arrays, f[None])[0] for arrays, f in zip(one, features, strict=True)]
    stacked = {name: np.concatenate([arrays[name] for arrays in one]) for name in one[0]}
    monkeypatch.setattr(isolation_forest, "_WALKS", 900)
    np.testing.assert_array_equal(score_rows(stacked, np.stack(features)), np.stack(alone))


def test_our_engine_scores_as_sklearn_on_average() -> None:
    features = draw(2_000, 20)
    outliers = features[:50] * np.float32(4)
    asked = np.concatenate([features, outliers])[None]
    theirs, ours = (score_rows(fit(features, engine=e, trees=400), asked)[0] for e in ENGINES)
    assert np.corrcoef(theirs, ours)[0, 1] > 0.95
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.01)


def test_our_engine_builds_sound_trees() -> None:
    features = draw()
    arrays = fit(features, engine="numpy", trees=40, max_samples=128)
    # Every point that grew a tree is in one of its leaves.
    points = np.where(arrays["leaf"] > 0, (arrays["leaf"] & 4095) + 1, 0)
    assert (points.sum(axis=-1) <= 128).all()
    assert (points.sum(axis=-1) >= 120).all()
    split = np.isfinite(arrays["threshold"])
    assert not (arrays["feature"][split] == 2).any()


@pytest.mark.parametrize("engine", ENGINES)
def test_constant_features_isolate_nothing(engine: str) -> None:
    features = np.ones((300, 4), np.float32)
    arrays = fit(features, engine=engine)
    assert np.unique(score_rows(arrays, features[None])).size == 1


def test_contributions_name_the_series_that_is_off() -> None:
    features = draw(1_000, 20)
    owners = np.kron(np.eye(5, dtype=np.bool_), np.ones(4, np.bool_))[None]
    arrays = fit(features)
    asked = np.repeat(np.median(features, axis=0)[None, None], 3, axis=1)
    asked[0, 1, 4:8] = 50
    asked[0, 2, 0], asked[0, 2, 16:20] = 50, 50
    shares = contributions(arrays, asked, np.median(features, axis=0)[None], owners)
    assert shares.shape == (1, 3, 5)
    assert shares[0, 0].tolist() == [0] * 5
    assert shares[0, 1].argmax() == 1
    assert np.argsort(shares[0, 2])[-1] == 4
    np.testing.assert_allclose(shares[0, 1:].sum(axis=-1), 1)


@pytest.mark.parametrize("samples", [0, 3, 100, 1 << 13])
def test_max_samples_is_a_power_of_two(samples: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        fit(draw(50), max_samples=samples)


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(UsageError, match="scikit"):
        fit(draw(50), engine="scikit")
