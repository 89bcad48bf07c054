"""From fetched matrices to groups, and what a metric's own settings let through."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.anomaly.groups import MAX_SERIES, entity, regroup
from smartcloudops.anomaly.policy import lasting
from smartcloudops.core.records import Skip
from smartcloudops.core.settings import Metric
from smartcloudops.metrics.series import Matrix, Window, series_name

WINDOW = Window(0, 4, 1)


def matrix(name: str, *labels: dict[str, str], skipped: tuple[Skip, ...] = ()) -> Matrix:
    whole = [{"__name__": name, **one} for one in labels]
    values = np.arange(len(whole) * 5, dtype=float).reshape(len(whole), 5)
    return Matrix(WINDOW.times(), tuple(map(series_name, whole)), tuple(whole), values, skipped)


def test_series_of_one_entity_come_together_in_order_of_metrics():
    cpu, disk = Metric("cpu", "cpu"), Metric("disk", "disk")
    fetched = [
        (cpu, matrix("cpu", {"instance": "b"}, {"instance": "a"})),
        (disk, matrix("disk", {"instance": "a", "device": "sdb"}, {"instance": "a", "device": "sda"})),
    ]
    found = regroup(fetched, WINDOW, "all")
    assert [g.key for g in found.groups] == ['{instance="a"}', '{instance="b"}']
    first = found.groups[0]
    assert first.names == (
        'cpu{instance="a"}',
        'disk{device="sda",instance="a"}',
        'disk{device="sdb",instance="a"}',
    )
    assert first.metrics == ("cpu", "disk", "disk")
    assert first.values[0].tolist() == [5, 6, 7, 8, 9]
    assert found.series == 4


def test_series_without_the_label_and_metrics_without_series():
    none, empty = Metric("x", "x", by=()), Metric("y", "y")
    skip = Skip("z", "native histogram")
    found = regroup([(none, matrix("x", {}, skipped=(skip,))), (empty, matrix("y"))], WINDOW, "a.csv")
    assert [g.key for g in found.groups] == ["a.csv"]
    assert (found.empty, found.skipped) == (("y",), (skip,))


def test_a_large_entity_is_split_into_parts():
    metric = Metric("x", "x")
    labels = [{"instance": "a", "n": f"{i:03}"} for i in range(2 * MAX_SERIES + 1)]
    found = regroup([(metric, matrix("x", *labels))], WINDOW, "all")
    assert [g.key for g in found.groups] == ['{instance="a"}', '{instance="a"} part 2', '{instance="a"} part 3']
    assert [len(g.names) for g in found.groups] == [MAX_SERIES, MAX_SERIES, 1]


def test_an_entity_has_only_the_labels_that_are_there():
    assert entity({"__name__": "x", "a": "1", "b": "2"}, ["a", "c"]) == '{a="1"}'
    assert entity({"__name__": "x"}, ["a"]) == ""


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 6))
def test_lasting_is_a_run_that_long_before_and_at_the_row(flags, rows):
    found = lasting(np.array(flags, bool), rows).tolist()
    assert found == [i >= rows and all(flags[i - rows : i + 1]) for i in range(len(flags))]
