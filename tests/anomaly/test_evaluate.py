"""Event figures against a slow reference that follows the definition row by row, and edges by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.anomaly.evaluate import Track, average_precision, counts, delays, evaluate, windows_of
from smartcloudops.core.times import HOUR, MINUTE, WEEK


def slow_counts(track: Track) -> tuple[int, int, int]:
    """Met, missed, false: one row after the other."""
    step = sorted(np.diff(track.times).tolist())[len(track.times) // 2] if len(track.times) > 1 else 5 * MINUTE
    gap, repeat = max(1, round(HOUR / step)), max(1, round(4 * HOUR / step))
    windows = [(a, b) for a, b in track.windows.tolist() if b >= track.first]
    up = [i for i in range(track.first, len(track.times)) if track.alerts[i]]
    met = sum(any(a <= i <= b for i in up) for a, b in windows)
    runs: list[list[int]] = []
    for i in up:
        if any(a <= i <= b for a, b in windows):
            continue
        if runs and i - runs[-1][-1] <= gap:
            runs[-1].append(i)
        else:
            runs.append([i])
    return met, len(windows) - met, sum(math.ceil((run[-1] - run[0] + 1) / repeat) for run in runs)


def slow_precision(positive: list[bool], score: list[float]) -> float:
    """Every distinct score as a threshold, from the top."""
    levels = sorted({-math.inf if s != s else s for s in score}, reverse=True)
    area, before = 0.0, 0
    for level in levels:
        taken = [p for p, s in zip(positive, score, strict=True) if (-math.inf if s != s else s) >= level]
        area += (sum(taken) - before) * sum(taken) / len(taken)
        before = sum(taken)
    return area / sum(positive)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    rows = draw(st.integers(3, 300))
    step = draw(st.sampled_from([MINUTE, 5 * MINUTE, 7 * MINUTE, HOUR, 5 * HOUR]))
    score = np.round(rng.normal(size=rows), draw(st.integers(0, 3)))
    score[: draw(st.integers(0, 3))] = np.nan
    ends = np.sort(rng.integers(0, rows, size=(draw(st.integers(0, 5)), 2)), axis=1)
    alerts = rng.random(rows) < draw(st.sampled_from([0.0, 0.02, 0.3, 1.0]))
    return Track(np.arange(rows) * step, score, alerts, ends.astype(np.int64), draw(st.integers(0, rows // 2)))


@given(st.lists(tracks(), min_size=1, max_size=4))
@settings(max_examples=150)
def test_figures_follow_the_definition(many: list[Track]) -> None:
    expected = [slow_counts(track) for track in many]
    assert [tuple(counts(track)) for track in many] == expected
    met, missed, false = (sum(column) for column in zip(*expected, strict=True))
    found = evaluate(many)
    assert found.precision == pytest.approx(met / (met + false) if met + false else 0.0)
    assert found.recall == pytest.approx(met / (met + missed) if met + missed else 0.0)
    both = found.precision + found.recall
    assert found.f1 == pytest.approx(2 * found.precision * found.recall / both if both else 0.0)


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.5, 1.0, 2.5, math.nan])), min_size=1, max_size=60).filter(
        lambda rows: any(positive for positive, _ in rows)
    )
)
def test_average_precision_follows_the_definition(rows: list[tuple[bool, float]]) -> None:
    positive, score = map(list, zip(*rows, strict=True))
    found = average_precision(np.array(positive), np.array(score))
    assert found == pytest.approx(slow_precision(positive, score))


def test_alerting_always_is_expensive() -> None:
    rows = 2016
    alerts = np.ones(rows, np.bool_)
    track = Track(np.arange(rows) * 5 * MINUTE, np.zeros(rows), alerts, np.array([[500, 520]]))
    found = evaluate([track])
    assert found.counts.met == 1 and found.counts.false == math.ceil(500 / 48) + math.ceil(1495 / 48)
    assert found.f1 < 0.05


def test_delay_is_the_median_of_the_windows_met() -> None:
    alerts = np.zeros(100, np.bool_)
    alerts[[12, 34, 80]] = True
    track = Track(np.arange(100) * MINUTE, np.zeros(100), alerts, np.array([[10, 20], [30, 40], [50, 60]]))
    assert delays(track) == [(2, 2 * MINUTE), (4, 4 * MINUTE)]
    found = evaluate([track])
    assert (found.delay_rows, found.delay_ms) == (3.0, 3.0 * MINUTE)
    assert (found.windows, found.counts.missed, found.counts.false) == (3, 1, 1)


def test_false_alarms_are_spread_over_every_series() -> None:
    alerts = np.zeros(2016, np.bool_)
    alerts[[300, 900]] = True
    track = Track(np.arange(2016) * 5 * MINUTE, np.zeros(2016), alerts, np.zeros((0, 2), np.int64), series=4)
    found = evaluate([track])
    assert found.weeks == pytest.approx(4 * 2016 * 5 * MINUTE / WEEK)
    assert found.false_per_week == pytest.approx(0.5)
    assert math.isnan(found.auc_pr) and math.isnan(found.delay_rows)


def test_windows_off_the_grid_and_before_the_start() -> None:
    times = np.arange(0, 10 * MINUTE, MINUTE)
    rows = windows_of(times, [(MINUTE, 3 * MINUTE), (MINUTE + 1, 99 * MINUTE), (MINUTE + 1, MINUTE + 2)])
    assert rows.tolist() == [[1, 3], [2, 9], [2, 1]]
    track = Track(times, np.zeros(10), np.zeros(10, np.bool_), rows[:1], first=4)
    assert evaluate([track]).windows == 0


def test_nothing_at_all() -> None:
    found = evaluate([])
    assert (found.windows, found.precision, found.recall, found.f1, found.false_per_week) == (0, 0.0, 0.0, 0.0, 0.0)
