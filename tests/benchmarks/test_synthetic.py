"""The synthetic week is what it says it is, and the same on every machine."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def synthetic(benchmark):
    return benchmark("synthetic")


def test_a_week_has_the_missions_size_and_share(synthetic):
    for seed in range(4):
        one = synthetic.week(seed)
        assert one.values.shape == (3, 10_081) and np.isfinite(one.values).all()
        assert one.times[-1] - one.times[0] == 7 * 86_400_000 and set(np.diff(one.times)) == {60_000}
        assert f"{one.anomalous.mean():.2%}" == "8.39%"
        assert one.values.min() >= 0 and one.values[:2].max() <= 100


def test_the_same_seed_is_the_same_week(synthetic):
    one, two, other = (synthetic.week(seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(one.values, two.values)
    np.testing.assert_array_equal(one.anomalous, two.anomalous)
    assert (one.anomalous != other.anomalous).any()


def test_the_week_as_files(synthetic, tmp_path):
    synthetic.write(tmp_path, 3)
    lines = (tmp_path / "week-3.csv").read_text().splitlines()
    assert lines[0] == "timestamp,cpu,memory,response_time" and len(lines) == 10_082
    flags = (tmp_path / "week-3.labels").read_text().splitlines()
    assert len(flags) == 10_082 and flags.count("1") == 846


def test_figures_by_hand(synthetic):
    one = synthetic.week(0)
    everything = synthetic.Learnt(lambda week: np.ones(len(week.times)), 0.5)
    found = synthetic.measure(everything, one)
    assert found.recall == 1.0 and found.precision == pytest.approx(846 / 10_081)
    assert found.f1 == pytest.approx(2 * found.precision / (1 + found.precision))
