"""References, excess and blame: the invariants of the arithmetic."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from smartcloudops.explain.blame import blame
from smartcloudops.explain.excess import distances, median, notable, rated, usual
from smartcloudops.explain.kinds import meaning
from smartcloudops.explain.topology import graph

LATENCY = meaning("latency_seconds")
NUMBERS = st.floats(-1e6, 1e6) | st.just(np.nan)


@given(arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 9)), elements=NUMBERS))
def test_median_is_numpys(values):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        np.testing.assert_allclose(median(values), np.nanmedian(values, axis=1), rtol=1e-12, atol=1e-9)


def test_what_was_bad_before_is_no_part_of_it():
    past = np.full((1, 50), 1.0)
    before = np.array([[1.5, 1.6]])
    normal = usual(past, before, LATENCY)
    over, sizes = distances(np.array([[1.5, 2.0, np.nan]]), before, normal, 1)
    np.testing.assert_allclose(over, [[0.0, 0.5, 0.0]])
    assert sizes[0, 1] == pytest.approx(0.5 / (0.02 + 1e-4))
    assert notable(over, sizes).tolist() == [[0.0, over[0, 1], 0.0]]


def test_without_history_the_rows_before_are_the_reference_and_without_either_nothing_is_said():
    before = np.array([[1.0, 1.0, 1.1], [np.nan] * 3])
    normal = usual(np.empty((2, 0)), before, LATENCY)
    assert normal.middle[0] == 1.0 and np.isnan(normal.middle[1])
    over, sizes = distances(np.array([[3.0], [3.0]]), before, normal, 1)
    assert over[0, 0] == 2.0 and over[1, 0] == sizes[1, 0] == 0.0


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=20), st.integers(0, 5))
def test_rates_add_up_to_what_the_counter_gained(steps, gap):
    total = np.cumsum(np.array(steps, float))
    total[1 : 1 + gap][: max(0, len(total) - 2)] = np.nan
    total[-1] = float(np.sum(steps))
    known = np.flatnonzero(~np.isnan(total))
    rate = rated(total[None], 1000)[0]
    gained = sum(rate[b] * (b - a) for a, b in itertools.pairwise(known))
    assert gained == pytest.approx(total[known[-1]] - total[known[0]])


def test_a_restart_counts_from_zero():
    np.testing.assert_array_equal(rated(np.array([[100.0, 7.0]]), 1000), [[np.nan, 7.0]])


ROWS = arrays(np.float64, (8, 3), elements=st.floats(0, 1e6))
EDGES = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=30)


@given(ROWS, EDGES)
def test_blame_is_never_negative_never_more_than_the_excess_and_scale_free(rows, edges):
    names = tuple("abcdefgh")
    found = blame(names, rows, graph(edges), "a").own
    total = rows.sum(axis=1)
    assert all(0 <= found[n] <= t * (1 + 1e-12) for n, t in zip(names, total, strict=True))
    twice = blame(names, rows * 4, graph(edges), "a").own
    assert all(twice[n] == pytest.approx(4 * found[n]) for n in names)


@given(ROWS, EDGES)
def test_calls_to_itself_and_doubles_change_nothing(rows, edges):
    names = tuple("abcdefgh")
    more = [*edges, *edges, *((n, n) for n in names)]
    assert blame(names, rows, graph(edges), "a") == blame(names, rows, graph(more), "a")


def test_a_loop_does_not_explain_itself_away():
    rows = np.array([[10.0], [10.0], [9.0]])
    found = blame(("web", "a", "b"), rows, graph([("web", "a"), ("a", "b"), ("b", "a")]), "web").own
    assert found == {"web": 0.0, "a": 1.0, "b": 9.0}


def test_parts_out_of_reach_count_half_and_a_missing_call_is_found():
    calls = graph([("web", "a"), ("other", "b")])
    apart = np.array([[10.0, 0.0], [9.0, 0.0], [0.0, 8.0]])
    assert blame(("web", "a", "b"), apart, calls, "web").own["b"] == 4.0
    together = blame(("web", "a", "b"), np.array([[10.0, 10.0], [0.0, 0.0], [9.0, 10.0]]), calls, "web")
    assert together.joined == (("web", "b"),)
    assert together.own["b"] == 19.0 > together.own["web"] > 0
