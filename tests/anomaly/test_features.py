"""Features: causal, the same for any history, never NaN, named."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.anomaly import features
from smartcloudops.anomaly.catalogue import STATISTICS, Windows
from smartcloudops.anomaly.detectors import Arrays, Floats
from smartcloudops.anomaly.features import Plan
from smartcloudops.core.errors import ModelError

STEP = 300_000
SMALL = Windows(3, 6, 20)


def plan_of(series: int) -> Plan:
    return Plan.of(series=series, step=STEP, windows=SMALL)


def history(series: int, rows: int, seed: int = 0, missing: float = 0.1) -> Floats:
    rng = np.random.default_rng(seed)
    values = 10 + rng.normal(size=(series, rows)).cumsum(axis=1)
    values[rng.random(values.shape) < missing] = np.nan
    return values


def stack(*learnt: Arrays) -> Arrays:
    return {name: np.stack([one[name] for one in learnt]) for name in learnt[0]}


def times_of(rows: int) -> Any:
    return np.arange(rows, dtype=np.int64) * STEP


@given(series=st.integers(1, 4), seed=st.integers(0, 50), at=st.integers(31, 99))
@settings(max_examples=25)
def test_what_comes_later_changes_nothing(series: int, seed: int, at: int) -> None:
    plan, values, times = plan_of(series), history(series, 100, seed), times_of(100)
    arrays = stack(features.learn(plan, values, times))
    changed = values.copy()
    changed[:, at:] = np.random.default_rng(seed).normal(size=(series, 100 - at)) * 1e6
    before = features.compute(plan, arrays, values[None], times, 70)
    after = features.compute(plan, arrays, changed[None], times, 70)
    np.testing.assert_array_equal(before[:, : at - 30], after[:, : at - 30])


@given(rows=st.integers(1, 40), extra=st.integers(0, 30), seed=st.integers(0, 50))
@settings(max_examples=25)
def test_longer_history_gives_the_same_bits(rows: int, extra: int, seed: int) -> None:
    plan, values, times = plan_of(3), history(3, 120, seed), times_of(120)
    arrays = stack(features.learn(plan, values, times))
    need = rows + plan.lookback + extra
    whole = features.compute(plan, arrays, values[None], times, 120)[:, -rows:]
    part = features.compute(plan, arrays, values[None, :, -need:], times[-need:], rows)
    np.testing.assert_array_equal(whole, part)


def test_groups_together_are_as_alone_however_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, times = plan_of(3), times_of(1300)
    values = np.stack([history(3, 1300, seed) for seed in range(5)])
    learnt = [features.learn(plan, one, times) for one in values]
    alone = [features.compute(plan, stack(a), v[None], times, 1200) for a, v in zip(learnt, values, strict=True)]
    monkeypatch.setattr(features, "_CELLS", 2_500)
    together = features.compute(plan, stack(*learnt), values, times, 1200)
    np.testing.assert_array_equal(np.concatenate(alone), together)


@given(
    series=st.integers(1, 4),
    seed=st.integers(0, 50),
    bad=st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e300, 2.0**64, 0.0]),
    share=st.floats(0, 1),
)
@settings(max_examples=40)
def test_no_value_leaks_nan_or_leaves_the_limit(series: int, seed: int, bad: float, share: float) -> None:
    plan, values, times = plan_of(series), history(series, 60, seed), times_of(60)
    spoilt = np.where(np.random.default_rng(seed).random(values.shape) < share, bad, values)
    for train, score in ((values, spoilt), (spoilt, values), (spoilt, spoilt)):
        arrays = stack(features.learn(plan, train, times))
        features.validate(plan, arrays)
        found = features.compute(plan, arrays, score[None], times, 60)
        assert found.dtype == np.float32
        assert np.isfinite(found).all()
        assert np.abs(found).max() <= features.LIMIT


@pytest.mark.parametrize("value", [0.0, 7.0, -1e12, 1e-12])
def test_constant_series(value: float) -> None:
    plan, times = plan_of(2), times_of(60)
    values = np.full((2, 60), value)
    arrays = stack(features.learn(plan, values, times))
    found = features.compute(plan, arrays, values[None], times, 10)[0]
    assert np.isfinite(found).all()
    # Once the windows are full, only the clock moves.
    assert (found[:, :-5] == found[0, :-5]).all()


def test_fewer_rows_than_a_window_needs() -> None:
    plan, times = plan_of(2), times_of(100)
    arrays = stack(features.learn(plan, history(2, 100), times))
    found = features.compute(plan, arrays, history(2, 3)[None], times[:3], 3)
    at = features.names(plan, ["a", "b"], arrays["pairs"][0]).index("a: standard deviation 1h40m")
    assert (found[0, :1, at] == arrays["medians"][0, at]).all()


def test_values_mean_what_their_names_say() -> None:
    plan, times = plan_of(2), times_of(100)
    values = history(2, 100, missing=0)
    learnt = features.learn(plan, values, times)
    names = features.names(plan, ["a", "b"], learnt["pairs"])
    row = dict(zip(names, features.compute(plan, stack(learnt), values[None], times, 1)[0, 0].tolist(), strict=True))
    z = (values - learnt["centre"][:, None]) / learnt["scale"][:, None]
    assert row["a: value"] == pytest.approx(z[0, -1], rel=1e-5)
    assert row["b: mean 15m"] == pytest.approx(z[1, -3:].mean(), rel=1e-5)
    assert row["b: standard deviation 30m"] == pytest.approx(z[1, -6:].std(), rel=1e-5)
    assert row["a: range 30m"] == pytest.approx(np.ptp(z[0, -6:]), rel=1e-5)
    assert row["a: change 5m"] == pytest.approx(z[0, -1] - z[0, -2], rel=1e-5)
    assert row["a ~ b: correlation 30m"] == pytest.approx(np.corrcoef(z[:, -6:])[0, 1], rel=1e-5)
    assert row["all series: largest distance from normal"] == pytest.approx(np.abs(z[:, -1]).max(), rel=1e-5)
    hour = 2 * np.pi * (99 * 5 / 60) / 24
    assert row["hour of day (sin)"] == pytest.approx(np.sin(hour), rel=1e-5)


@pytest.mark.parametrize("series", [1, 2, 3, 5, 10, 30, 120])
def test_names_match_features_and_are_unique(series: int) -> None:
    plan, values, times = plan_of(series), history(series, 60), times_of(60)
    learnt = features.learn(plan, values, times)
    names = features.names(plan, [f"s{i}" for i in range(series)], learnt["pairs"])
    assert len(names) == len(set(names)) == plan.features == len(learnt["medians"])
    assert features.compute(plan, stack(learnt), values[None], times, 2).shape == (1, 2, plan.features)


def test_about_140_features_for_an_instance() -> None:
    assert [Plan.of(series=c, step=STEP).features for c in (3, 5, 10, 20)] == [121, 137, 147, 137]


def test_owners_are_the_series_in_the_name() -> None:
    plan, values, times = plan_of(4), history(4, 60), times_of(60)
    learnt = features.learn(plan, values, times)
    series = ["aaa", "bbb", "ccc", "ddd"]
    names = features.names(plan, series, learnt["pairs"])
    mine = features.owners(plan, learnt["pairs"][None])[0]
    for c, one in enumerate(series):
        assert [one in name for name in names] == mine[c].tolist()


def test_pairs_are_the_most_alike() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(8, 300))
    values[6] = 5 - 3 * values[1] + rng.normal(size=300) * 0.01
    learnt = features.learn(Plan.of(series=8, step=STEP), values, times_of(300))
    assert learnt["pairs"][0].tolist() == [1, 6]


def test_winsorise_pulls_in_extremes_and_keeps_gaps() -> None:
    values = history(1, 1000, missing=0)
    values[0, 5], values[0, 6] = 1e9, np.nan
    learnt = features.learn(plan_of(1), values, times_of(1000))
    tame = features.winsorise(values, learnt)
    assert tame[0, 5] == learnt["high"][0] < 1e3
    assert np.isnan(tame[0, 6])
    assert values[0, 5] == 1e9


def test_plan_survives_json() -> None:
    plan = plan_of(7)
    assert Plan.from_dict(json.loads(json.dumps(plan.as_dict()))) == plan


@pytest.mark.parametrize(
    "change",
    [{"series": 0}, {"step": "x"}, {"windows": {"short": 9, "mid": 3, "long": 20}}, {"statistics": ["nonsense"]},
     {"pairs": 99}, {"windows": None}],
)  # fmt: skip
def test_a_foreign_plan_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        Plan.from_dict(plan_of(3).as_dict() | change)


@pytest.mark.parametrize("name", ["centre", "scale", "low", "high", "pairs", "medians"])
def test_damaged_arrays_are_refused_by_name(name: str) -> None:
    plan = plan_of(3)
    arrays = stack(features.learn(plan, history(3, 60), times_of(60)))
    spoilt = np.full_like(arrays[name], 99 if name == "pairs" else np.nan)
    for wrong in (arrays[name][:, :-1], arrays[name].astype(np.complex128), spoilt):
        with pytest.raises(ModelError, match=name):
            features.validate(plan, arrays | {name: wrong})
    with pytest.raises(ModelError, match=name):
        features.validate(plan, {key: array for key, array in arrays.items() if key != name})


def test_every_statistic_is_used_by_a_lone_series() -> None:
    assert dataclasses.asdict(Plan.of(series=1, step=STEP))["statistics"] == tuple(STATISTICS)
