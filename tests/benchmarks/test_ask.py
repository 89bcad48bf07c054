"""The made incidents are what they say, answers are read as a person reads them, and the figures are right by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from smartcloudops.metrics.file import File


@pytest.fixture
def made(benchmark):
    return benchmark("ask_scenarios")


@pytest.fixture
def ask(benchmark):
    benchmark("ask_scenarios")
    return benchmark("ask")


def test_the_same_seed_is_the_same_scenario(made):
    one, two, other = made.scenario(5), made.scenario(5), made.scenario(9)
    np.testing.assert_array_equal(one.values, two.values)
    assert one.question == two.question and one.key == two.key
    assert (one.values != other.values).any()


def test_every_fault_size_background_and_enough_quiet_ones_are_reported(made, ask):
    first, _, last = ask.REPORTED.partition(":")
    sizes, faults, grounds = [], [], []
    for seed in range(int(first), int(last)):
        if seed % 4 == 3:
            continue  # a hundred hosts take longer and have the same faults
        one = made.scenario(seed)
        sizes.append(len(one.hosts))
        faults.append(one.fault)
        grounds.append(one.background)
    assert int(last) - int(first) >= 200
    assert set(sizes) == {1, 5, 20} and set(grounds) == set(made.BACKGROUNDS)
    assert set(faults) == {*made.FAULTS, "quiet"}
    assert faults.count("quiet") >= 0.25 * len(faults)


def test_a_fault_changes_its_host_from_its_start_on(made):
    one = next(s for s in made.scenarios(range(1, 400, 4)) if s.fault == "cpu hog" and s.strength > 0.5)
    host, cpu = one.hosts.index(one.culprit), made.NAMES.index("cpu")
    row = int(np.searchsorted(one.times, one.start))
    assert one.times[row] == one.start and one.times[-1] == one.end
    usual = np.nanmedian(one.values[host, cpu, :row])
    assert np.nanmedian(one.values[host, cpu, row:]) > usual + 10
    assert one.end - one.times[0] >= 7 * 86_400_000


def test_the_file_is_read_as_it_was_made(made, tmp_path):
    one = made.scenario(1)
    made.write(one, tmp_path / "one.parquet")
    source = File(tmp_path / "one.parquet")
    extent = source.extent()
    assert (extent.end, extent.step) == (one.end, made.STEP)
    assert {m.name for m in source.offers()} == {name.partition("{")[0] for name in made.NAMES}
    assert all(m.by == ("instance",) for m in source.offers())


TEXT = """web-1 does not stand out. What does: **db-1** is slow: its `disk_busy` is 98% now, usually 12% [E4].

- Next, **web-2** since 14:00Z: its `cpu` is 90% now [E4].
- Also **db-1** again: its `memory` [E4]."""


def test_culprits_are_hosts_in_bold_with_the_first_metric_after_each(ask):
    assert [(host, metric) for host, metric, _ in ask.culprits(TEXT)] == [("db-1", "disk_busy"), ("web-2", "cpu")]
    assert list(ask.culprits("Nothing stands out: web-1 has `cpu` 12% [E1].")) == []


def test_an_answer_is_judged_by_host_and_metric(ask, made):
    one = replace(made.scenario(0), fault="disk saturated", culprit="db-1:9100", metrics=("disk_busy",), missing=False)
    right = ask.judged(one, TEXT, (0, 4), 1.0)
    assert (right.first, right.three, right.calm) == (True, True, False)
    second = ask.judged(replace(one, culprit="web-2", metrics=("cpu",)), TEXT, (0, 4), 1.0)
    assert (second.first, second.three) == (False, True)
    wrong = ask.judged(replace(one, metrics=("cpu",)), TEXT, (0, 4), 1.0)
    assert (wrong.first, wrong.three) == (False, False)
    gone = replace(one, missing=True)
    assert not ask.judged(gone, TEXT, (0, 4), 1.0).first
    assert ask.judged(gone, "**db-1** is silent: no metric of it has a value [E4].", (0, 1), 1.0).first
    quiet = replace(one, fault="quiet", culprit=None)
    assert ask.judged(quiet, "Nothing stands out [E4].", (0, 0), 1.0).calm
    rates = ask.rates([right, second, ask.judged(quiet, "", (0, 0), 1.0)])
    assert rates == {"first": 0.5, "three": 1.0, "calm": 1.0}
    assert list(ask.failures([right])) == [] and len(list(ask.failures([second]))) == 1
    assert ask.table([right, second])


def test_a_dozen_scenarios_through_the_real_loop(ask):
    found = ask.outcomes([seed for seed in range(12) if seed % 4 != 3], processes=1)
    rates = ask.rates(found)
    assert rates["first"] >= 0.8 and rates["calm"] == 1.0
    assert sum(o.numbers for o in found) > 20
    assert sum(o.marks for o in found) == 0
