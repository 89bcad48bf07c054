"""This machine's ring as a source: grids, rates over five minutes, clocks, names, and what it cannot answer."""

from __future__ import annotations

import numpy as np
import pytest

from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import DAY, HOUR, MINUTE
from smartcloudops.metrics import ring, sampling
from smartcloudops.metrics.host import STEP, Host
from smartcloudops.metrics.ring import Sample
from smartcloudops.metrics.series import Window

START = 1_800_000_000_000 // HOUR * HOUR
ROOT = 'disk_used{mountpoint="/"}'


def host(tmp_path, samples, *, wanted=(), now=None):
    path = sampling.ring_path(tmp_path)
    path.write_bytes(ring.serialise(samples))
    newest = max((each.time for each in samples), default=START)
    return Host(tmp_path, wanted, host="vm", now=newest if now is None else now)


def sample(ms, span=300.0, host="vm", **values):
    return Sample(START + ms, span, values, host)


def fetch(source, name, window):
    metric = next(each for each in source.offers() if each.name == name)
    return source.fetch(metric, window)


def test_samples_stand_at_the_grid_point_before_them_and_are_called_after_the_machine(tmp_path):
    late = [0, 3_000, 40_000, 10_000]
    samples = [sample(n * STEP + by, cpu=float(n), **{ROOT: 50.0 + n}) for n, by in enumerate(late)]
    source = host(tmp_path, samples)
    window = source.extent()
    assert window == Window(START - STEP, START + 3 * STEP, STEP)
    found = fetch(source, "cpu", window)
    assert found.names == ('cpu{instance="vm"}',)
    np.testing.assert_array_equal(found.values, [[np.nan, 0, 1, 2, 3]])
    (labels,) = fetch(source, "disk_used", window).labels
    assert labels == {"__name__": "disk_used", "mountpoint": "/", "instance": "vm"}


def test_a_timer_that_jitters_around_a_grid_point_leaves_no_hole(tmp_path):
    at = [0, STEP - 50, 2 * STEP + 20, 3 * STEP - 30, 4 * STEP + 10]
    source = host(tmp_path, [sample(ms, memory=float(n)) for n, ms in enumerate(at)])
    found = fetch(source, "memory", Window(START, START + 4 * STEP, STEP))
    np.testing.assert_array_equal(found.values, [[0, 1, 2, 3, 4]])


def test_a_hole_stays_a_hole(tmp_path):
    source = host(tmp_path, [sample(n * STEP, memory=float(n)) for n in (0, 1, 4, 5)])
    found = fetch(source, "memory", Window(START, START + 5 * STEP, STEP))
    np.testing.assert_array_equal(found.values, [[0, 1, np.nan, np.nan, 4, 5]])


def test_rates_over_a_minute_are_made_rates_over_five_and_levels_stay(tmp_path):
    rows = [sample(n * MINUTE, 60.0, cpu=100.0 * (n % 5 == 4), memory=float(n)) for n in range(30)]
    source = host(tmp_path, rows)
    window = Window(START + STEP, START + 5 * STEP, STEP)
    np.testing.assert_allclose(fetch(source, "cpu", window).values, 20.0)
    np.testing.assert_array_equal(fetch(source, "memory", window).values[0], [9, 14, 19, 24, 29])


def test_a_pause_weighs_as_little_as_it_lasted(tmp_path):
    rows = [sample(0, 240.0, cpu=10.0), sample(MINUTE, 0.7, cpu=100.0)]
    source = host(tmp_path, rows)
    found = fetch(source, "cpu", Window(START, START, STEP)).values[0, 0]
    assert found == pytest.approx((240 * 10 + 0.7 * 100) / 240.7)


@pytest.mark.parametrize(
    ("every", "step"), [(MINUTE, STEP), (STEP, STEP), (10 * MINUTE + 40, 10 * MINUTE), (HOUR, HOUR)]
)
def test_the_step_is_the_usual_distance_but_no_less_than_five_minutes(tmp_path, every, step):
    source = host(tmp_path, [sample(n * every, cpu=1.0) for n in range(50)])
    assert source.extent().step == step
    assert source.history().points == len({(START + n * every) // step for n in range(50)})


def test_samples_of_a_time_to_come_are_left_out_and_named(tmp_path):
    samples = [sample(n * STEP, cpu=1.0) for n in range(10)]
    source = host(tmp_path, samples, now=START + 6 * STEP)
    assert source.extent().end == START + 6 * STEP
    assert source.notes()[0].startswith("3 samples are of a time to come")


def test_samples_older_than_a_fortnight_do_not_count(tmp_path):
    source = host(tmp_path, [sample(-15 * DAY, cpu=1.0), sample(0, cpu=1.0)])
    assert source.history().samples == 1 and source.history().since == START


def test_a_machine_that_was_renamed_keeps_its_history_under_the_new_name(tmp_path):
    source = host(tmp_path, [sample(0, host="old", cpu=1.0), sample(STEP, host="vm", cpu=2.0)])
    found = fetch(source, "cpu", Window(START, START + STEP, STEP))
    assert found.names == ('cpu{instance="vm"}',) and found.values.tolist() == [[1, 2]]
    assert "this machine was called old" in source.notes()[0]


def test_settings_of_the_user_stand_in_for_those_of_the_preset_and_add_nothing_else(tmp_path):
    mine = Metric(name="cpu", expr="mine", min_dev=30.0)
    source = host(tmp_path, [sample(0, cpu=1.0)], wanted=[mine, Metric(name="queue", expr="queue")])
    names = [each.name for each in source.offers()]
    assert names.count("cpu") == 1 and "queue" not in names and mine in source.offers()
    assert source.fetch(mine, source.extent()).names == ('cpu{instance="vm"}',)


def test_what_the_machine_has_not_is_empty_and_no_error(tmp_path):
    source = host(tmp_path, [sample(0, cpu=1.0)])
    assert fetch(source, "swap", source.extent()).names == ()


def test_a_selector_is_answered_and_promql_names_what_is_known(tmp_path):
    source = host(tmp_path, [sample(0, cpu=1.0, **{ROOT: 50.0, 'disk_used{mountpoint="/var"}': 60.0})])
    found = source.fetch(Metric(name="", expr='disk_used{mountpoint=~"/v.*",instance="vm"}'), source.extent())
    assert found.values[0, -1] == 60.0 and len(found.names) == 1
    with pytest.raises(UsageError, match="needs a server: of this machine itself sco knows cpu, cpu_iowait"):
        source.fetch(Metric(name="", expr="rate(node_cpu_seconds_total[5m])"), source.extent())


def test_an_empty_ring_has_no_extent_but_a_way_to_one(tmp_path):
    source = Host(tmp_path, host="vm")
    source.check()
    assert source.history().since is None
    with pytest.raises(DataError, match="no history yet") as caught:
        source.extent()
    assert "sco detect" in (caught.value.hint or "")
