"""Injected anomalies: seeded, in the held-out rows only; the measure prefers scores that see them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.anomaly import inject


@given(series=st.integers(1, 6), rows=st.integers(1, 900), seed=st.integers(0, 50))
@settings(max_examples=40)
def test_only_the_windows_of_a_copy_change(series: int, rows: int, seed: int) -> None:
    values = np.random.default_rng(0).normal(size=(series, 1_000))
    kept = values.copy()
    found = inject.inject(values, rows=rows, seed=seed)
    np.testing.assert_array_equal(values, kept)
    touched = np.zeros(values.shape, np.bool_)
    for event in found.events:
        assert 0 <= event.start < event.end <= rows
        touched[list(event.series), 1_000 - rows + event.start : 1_000 - rows + event.end] = True
    np.testing.assert_array_equal(found.values[~touched], values[~touched])
    assert np.isfinite(found.values).all()


def test_every_kind_comes_and_none_overlap() -> None:
    found = inject.inject(np.random.default_rng(0).normal(size=(4, 4_000)), rows=800, seed=3)
    assert {event.kind for event in found.events} == {
        "spike", "level shift", "ramp", "flatline", "dropout", "variance burst",
    }  # fmt: skip
    ends = found.windows.ravel()
    assert (np.diff(ends) >= 0).all()


def test_the_same_seed_gives_the_same_events() -> None:
    values = np.random.default_rng(0).normal(size=(4, 1_000))
    one, two, other = (inject.inject(values, rows=500, seed=seed) for seed in (1, 1, 2))
    assert one.events == two.events != other.events
    np.testing.assert_array_equal(one.values, two.values)


@pytest.mark.parametrize("value", [0.0, 5.0, np.nan])
def test_constant_and_empty_series(value: float) -> None:
    found = inject.inject(np.full((2, 300), value), rows=200, seed=0)
    assert found.values.shape == (2, 300)


def test_the_measure_prefers_scores_that_see_the_events() -> None:
    rng = np.random.default_rng(0)
    windows = np.array([[50, 60], [120, 123], [200, 240]])
    clean = rng.random(400)
    blind, some, all_ = clean.copy(), clean.copy(), clean.copy()
    some[55] = 2
    for start, end in windows:
        all_[start:end] += 2
    found = [inject.separation(clean, spoilt, windows) for spoilt in (blind, some, all_)]
    assert found[0] < found[1] < found[2] == 1.0
    assert inject.recall_at(clean, some, windows) == pytest.approx(1 / 3)


def test_the_measure_without_events_or_scores() -> None:
    none = np.zeros((0, 2), np.int64)
    assert inject.separation(np.zeros(5), np.zeros(5), none) == 0.0
    assert inject.separation(np.full(5, np.nan), np.full(5, np.nan), np.array([[1, 2]])) == 0.0
