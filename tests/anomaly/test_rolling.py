"""Rolling sums and extremes, against the obvious."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.anomaly import rolling


@given(window=st.integers(1, 40), rows=st.integers(1, 30), extra=st.integers(0, 20), seed=st.integers(0, 99))
def test_fold_is_the_obvious_window(window: int, rows: int, extra: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(2, rows + window - 1 + extra))
    windows = np.lib.stride_tricks.sliding_window_view(x, window, axis=-1)[:, -rows:]
    np.testing.assert_allclose(rolling.total(x, window, rows), windows.sum(axis=-1), atol=1e-12)
    np.testing.assert_array_equal(rolling.lowest(x, window, rows), windows.min(axis=-1))
    np.testing.assert_array_equal(rolling.highest(x, window, rows), windows.max(axis=-1))


@given(window=st.integers(1, 40), rows=st.integers(1, 30), seed=st.integers(0, 99))
def test_longer_history_gives_the_same_bits(window: int, rows: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(3, 200)) * 1e6
    short = x[:, -(rows + window - 1) :]
    np.testing.assert_array_equal(rolling.total(x, window, rows), rolling.total(short, window, rows))


def test_fold_returns_a_copy() -> None:
    x = np.arange(5.0)
    rolling.total(x, 1, 5)[:] = 9
    assert x.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.9])
def test_quantiles_agree_with_numpy(missing: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 5, 60))
    x[rng.random(x.shape) < missing] = np.nan
    q = np.array([0.0, 0.005, 0.3, 0.5, 0.99, 1.0])
    expected = np.moveaxis(np.nanquantile(x, q, axis=-1), 0, -1)
    np.testing.assert_allclose(rolling.quantiles(x, q), expected)


def test_quantiles_of_nothing_are_missing() -> None:
    assert np.isnan(rolling.median(np.full((2, 3), np.nan))).all()
