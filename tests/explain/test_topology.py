"""Graphs: unions, loops, ways, and files of edges."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core.errors import DataError
from smartcloudops.explain.topology import graph, loops, read_edges

NODES = st.sampled_from("abcdefgh")
EDGES = st.lists(st.tuples(NODES, NODES), max_size=30)


@given(EDGES)
def test_loops_are_what_reaches_each_other(edges):
    calls = graph(edges)
    ring = loops(calls)
    assert set(ring) == calls.nodes
    for a in calls.nodes:
        for b in calls.nodes:
            assert (ring[a] == ring[b]) == (b in calls.depths(a) and a in calls.depths(b))


@given(EDGES, NODES, NODES)
def test_a_path_is_a_shortest_chain_of_calls(edges, start, end):
    calls = graph(edges)
    way, depth = calls.path(start, end, {}), calls.depths(start)
    assert bool(way) == (end in depth)
    if way:
        assert (way[0], way[-1], len(way)) == (start, end, depth[end] + 1)
        assert all(b in calls.callees[a] for a, b in itertools.pairwise(way))


def test_a_chain_of_ten_thousand_is_no_trouble():
    calls = graph([(f"n{i}", f"n{i + 1}") for i in range(10_000)])
    assert len(loops(calls)) == 10_001
    assert len(calls.path("n0", "n10000", {})) == 10_001


def test_edges_of_a_file():
    text = '\ufeffcallee,weight,caller\r\ndb,3,"a,b"\n\n db , ,web\n'
    assert read_edges(text, where="x") == [("a,b", "db"), ("web", "db")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 does not name"),
        ("from,to\na,b\n", "line 1 does not name"),
        ("caller,callee\na\n", "line 2 names no caller or no callee"),
        ('caller,callee\na,"b\n', "line 2"),
    ],
)
def test_faults_of_an_edge_file_are_named(text, said):
    with pytest.raises(DataError, match=said):
        read_edges(text, where="edges.csv")
