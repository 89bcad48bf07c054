"""Quiet data accuse nobody, however many series there are, and a fault among them is still found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from smartcloudops.core.times import DAY
from smartcloudops.explain.entities import Recording
from smartcloudops.explain.explaining import explain
from smartcloudops.explain.ranking import rank_series
from smartcloudops.explain.settle import Question
from smartcloudops.explain.tails import lasting, rare, surprise
from smartcloudops.metrics.series import parse_series_name

STEP = 300_000
ROWS = 18
METRICS = ("cpu_percent", "memory_percent", "disk_io_busy", "net_bytes", "tcp_connections")
NOISES = ("plain", "heavy", "sticky", "bursts", "skewed", "counts")


def noise(rng: np.random.Generator, kind: str, rows: int) -> np.ndarray:
    """As real series move: plain, with heavy tails, sticky, with short bursts, skewed."""
    if kind == "heavy":
        return 0.03 * rng.standard_t(3, rows)
    if kind == "skewed":
        return np.exp(rng.normal(0, 0.25, rows)) - 1
    found = rng.normal(0, 0.03, rows)
    if kind == "sticky":
        for i in range(1, rows):
            found[i] += 0.9 * found[i - 1]
    if kind == "bursts":
        found += (rng.random(rows) < 0.005) * rng.exponential(0.5, rows)
    return found


def column(rng: np.random.Generator, kind: str, times: np.ndarray) -> np.ndarray:
    season = 1 + rng.uniform(0, 0.4) * np.sin(2 * np.pi * times / DAY + rng.uniform(0, 6))
    if kind == "counts":
        return rng.poisson(rng.uniform(0.2, 5) * season).astype(float)
    return rng.uniform(5, 80) * season * (1 + noise(rng, kind, len(times)))


def recorded(names: Sequence[str], seed: int, *, kinds: Sequence[str] = NOISES, history: int = 2016) -> Recording:
    """Quiet series of these names, each with a noise of its own."""
    rng = np.random.default_rng(seed)
    times = 1_700_000_100_000 + np.arange(history + ROWS, dtype=np.int64) * STEP
    values = np.stack([column(rng, kinds[int(rng.integers(len(kinds)))], times) for _ in names])
    labels = tuple(parse_series_name(name) for name in names)
    past = values[:, :history]
    return Recording(times[history:], STEP, tuple(names), labels, values[:, history:], times[:history], past)


def hosts(count: int, metrics: Sequence[str] = METRICS) -> list[str]:
    return [f'{metrics[i % len(metrics)]}{{instance="h{i // len(metrics)}"}}' for i in range(count)]


@pytest.mark.parametrize(("count", "seeds"), [(50, 20), (200, 10), (1_000, 4)])
def test_hosts_that_are_well_are_not_accused(count, seeds):
    quiet = [explain(recorded(hosts(count), seed), Question()) for seed in range(seeds)]
    assert sum(bool(found.suspects) for found in quiet) <= 1
    calm = next(found for found in quiet if not found.suspects)
    assert any(limit.startswith("no series stands out") for limit in calm.limits)
    assert all("deviations at most" in r.reason for r in calm.ruled_out)


def test_a_time_that_somebody_names_accuses_nobody_either():
    for seed in range(5):
        recording = recorded(hosts(200), seed)
        assert not explain(recording, Question(None, int(recording.times[6]))).suspects


@pytest.mark.parametrize("history", [144, 288, 864])
def test_nor_does_a_short_history(history):
    quiet = [explain(recorded(hosts(50), seed, history=history), Question()) for seed in range(20)]
    assert sum(bool(found.suspects) for found in quiet) <= 2


@pytest.mark.parametrize("label", ["service", "instance"])
def test_of_many_parts_the_loudest_is_not_accused_by_chance(label):
    kinds = ("plain", "heavy", "sticky", "bursts", "skewed")
    metrics = ("requests_per_second", "latency_seconds", "cpu_percent")
    names = [f'{metric}{{{label}="s{i}"}}' for i in range(60) for metric in metrics]
    quiet = [explain(recorded(names, seed, kinds=kinds), Question()) for seed in range(10)]
    assert not any(found.suspects for found in quiet)


@pytest.mark.parametrize("count", [50, 1_000])
@pytest.mark.parametrize("kind", ["plain", "heavy", "sticky", "bursts"])
def test_a_fault_among_them_is_first(count, kind):
    recording = recorded(hosts(count), 3)
    rng = np.random.default_rng(9)
    own = column(rng, kind, np.concatenate([recording.past_times, recording.times]))
    values, past = recording.values.copy(), recording.past.copy()
    past[7], values[7] = own[: past.shape[1]], own[past.shape[1] :]
    values[7, -6:] += 1.5 * np.median(past[7])
    found = explain(replace(recording, values=values, past=past), Question())
    assert [s.entity for s in found.suspects] == [recording.names[7]]
    assert found.suspects[0].onset == int(recording.times[-6]) == found.symptom.at
    assert recording.names[7] not in [r.entity for r in found.ruled_out]


def test_what_happened_before_may_happen_again():
    recording = recorded(hosts(50), 5, kinds=("plain",))
    values, past = recording.values.copy(), recording.past.copy()
    past[7, 500:512] += 60
    values[7, -6:] += 60
    found = explain(replace(recording, values=values, past=past), Question())
    assert [s.entity for s in found.suspects] == [recording.names[7]]


def test_where_an_incident_is_known_those_that_stray_at_all_are_named():
    recording = recorded(hosts(200), 1)
    question = Question(None, int(recording.times[6]))
    assert not rank_series(recording, question).suspects
    known = rank_series(recording, question, certain=True)
    assert known.suspects and {s.confidence for s in known.suspects} <= {"low", "medium"}
    assert any("chance" in limit for limit in known.limits)


def test_tails_grow_with_the_rows_that_are_looked_at():
    past = np.abs(np.random.default_rng(0).normal(0, 1, (3, 2_000)))
    few, many = (rare(past, looks, 0.1, 0.15) for looks in (20, 20_000))
    assert (many > few).all() and (few > 2).all() and (many < 30).all()
    assert (rare(past[:, :50], 20_000, 0.1, 0.15) > rare(past[:, :50], 20, 0.1, 0.15)).all()


def test_one_row_is_no_level_and_gaps_are_nothing():
    assert lasting(np.array([[0.0, 0, 9, 0, 0, 0]]), 5).max() == 0
    past = np.abs(np.random.default_rng(1).normal(0, 1, (1, 2_000)))
    past[0, ::7] = np.nan
    rows = np.array([[np.nan, 1.0, 8, 8, np.nan, 8, 1]])
    assert surprise(rows, past, 7, least=5.0, days=7)[0] > 1
    assert surprise(np.full((1, 7), np.nan), past, 7, least=5.0, days=7)[0] == 0
