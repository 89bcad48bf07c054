"""Counts, percentiles and estimates in bounded memory keep the errors that they state, however they are merged."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from itertools import pairwise
from multiprocessing.reduction import ForkingPickler
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND
from smartcloudops.logs.counting import distinct as distinct_module
from smartcloudops.logs.counting import frequent as frequent_module
from smartcloudops.logs.counting import measured as measured_module
from smartcloudops.logs.counting import timeline as timeline_module
from smartcloudops.logs.counting.distinct import Distinct
from smartcloudops.logs.counting.frequent import Frequent
from smartcloudops.logs.counting.measured import Measured
from smartcloudops.logs.counting.quantiles import ERROR, Quantiles, number_of
from smartcloudops.logs.counting.timeline import WIDTHS, Timeline, width_for

PARTS = st.lists(st.lists(st.text("abcdefghij", min_size=1, max_size=2), max_size=40), max_size=6)


def merged(parts):
    def take(a, b):
        a.merge(b)
        return a

    return reduce(take, parts)


def through_a_pipe(parts):
    """As workers send them."""
    return ForkingPickler.loads(ForkingPickler.dumps(parts))


def frequent(values, limit: int) -> Frequent[str]:
    found = Frequent[str](limit)
    for at in range(0, len(values), 5):
        found.add(Counter(values[at : at + 5]))
    return found


@settings(max_examples=80, deadline=None)
@given(PARTS, st.integers(2, 12), st.randoms())
def test_every_count_is_within_its_error(parts, limit, random) -> None:
    truth = Counter(value for part in parts for value in part)
    pieces = [frequent(part, limit) for part in parts]
    random.shuffle(pieces)
    found = merged([Frequent[str](limit), *pieces])
    assert found.total == truth.total()
    assert len(found.counts) <= limit + limit // 2
    for one in found.top():
        assert one.count - one.error <= truth[one.value] <= one.count
    assert all(truth[value] <= found.floor for value in truth if value not in found.counts)
    assert found.characters == sum(map(len, found.counts))


@settings(max_examples=100, deadline=None)
@given(PARTS, st.randoms())
def test_few_values_are_exact_in_any_order(parts, random) -> None:
    pieces = [frequent(part, 1_000) for part in parts]
    random.shuffle(pieces)
    found = merged([Frequent[str](1_000), *pieces])
    assert found.exact and found.counts == Counter(value for part in parts for value in part)
    assert not found.errors


def test_the_most_frequent_of_many_are_found() -> None:
    random = Random(5)
    values = [f"user {int(random.paretovariate(1))}" for _ in range(60_000)]
    truth = Counter(values)
    found = frequent(values, 200)
    assert not found.exact
    assert {one.value for one in found.top(10)} == {value for value, _ in truth.most_common(10)}


def test_long_values_are_bounded_too(monkeypatch) -> None:
    monkeypatch.setattr(frequent_module, "_CHARACTERS", 1_000)
    found = Frequent[str]()
    for n in range(100):
        found.add({f"{n:0100}": 1 + 99 * (n == 3)})
        assert found.characters <= 1_000
    assert found.floor and found.top(1)[0].value == f"{3:0100}"


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-1000, 1000).map(float),
    st.sampled_from([0.0, 5e-324]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(NUMBERS, max_size=30), min_size=1, max_size=5), st.sampled_from([0, 0.25, 0.5, 0.9, 0.99, 1]))
def test_percentiles_are_within_one_percent(parts, share) -> None:
    pieces = []
    for part in parts:
        pieces.append(Quantiles())
        pieces[-1].add(Counter(part))
    whole, backwards = merged(through_a_pipe(pieces)), merged(pieces[::-1])
    ordered = sorted(value for part in parts for value in part)
    if not ordered:
        with pytest.raises(ValueError, match="no values"):
            whole.at(share)
        return
    true = ordered[int(share * (len(ordered) - 1))]
    assert abs(whole.at(share) - true) <= abs(true) * (ERROR + 1e-9) + 1e-323
    assert whole == backwards
    assert (whole.count, whole.low, whole.high) == (len(ordered), ordered[0], ordered[-1])


@pytest.mark.parametrize(
    ("value", "number"),
    [("12", 12.0), ("-1.5e3", -1500.0), (".5", 0.5), (7, 7.0), (0.25, 0.25)]
    + [
        (v, None)
        for v in ("", "1_000", " 1", "1 ", "inf", "nan", "0x1f", "12ms", "١٢", "1e999", True, None, [1], "+", 1e999)
    ],
)
def test_what_a_number_is(value, number) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize("count", [0, 1, 999, 20_000, 20_001, 41_000, 60_000])
def test_estimates_of_different_values(count) -> None:
    pieces = [Distinct() for _ in range(3)]
    for n, piece in enumerate(pieces):
        piece.add(f"v{i}" for i in range(count) if i % 3 == n or i % 7 == 0)
    found, backwards = merged(through_a_pipe(pieces)), merged(pieces[::-1])
    assert abs(found.estimate() - count) <= (0 if found.exact else count * distinct_module.ERROR)
    assert found.exact is (count <= distinct_module.EXACT)
    assert found == backwards


TIMES = st.lists(st.lists(st.tuples(st.integers(-DAY, 40 * DAY), st.sampled_from("abcdef")), max_size=30), max_size=5)


def timeline(part, width: int = SECOND, *, fixed: bool = False) -> Timeline[str]:
    found = Timeline[str](width, fixed)
    for moment in part:
        found.add({moment: 1})
    return found


@settings(max_examples=80, deadline=None)
@given(TIMES, st.randoms())
def test_buckets_are_exact_and_the_same_in_any_order(parts, random) -> None:
    timeline_module.BUCKETS, kept = 20, timeline_module.BUCKETS
    try:
        pieces = [timeline(part) for part in parts]
        one_way = merged([Timeline[str](), *through_a_pipe(pieces)])
        random.shuffle(pieces)
        other_way = merged([Timeline[str](), *pieces])
    finally:
        timeline_module.BUCKETS = kept
    assert one_way == other_way
    assert max(map(len, one_way.series.values()), default=0) <= 20
    every = [moment for part in parts for moment in part]
    start = 4 * DAY
    truth = Counter(time - (time - start) % one_way.width for time, _ in every)
    assert one_way.totals() == dict(sorted(truth.items()))


def test_a_width_that_was_asked_for_stays() -> None:
    found = timeline([(n * 7 * MINUTE, "a") for n in range(3_000)], 7 * MINUTE, fixed=True)
    assert found.width == 7 * MINUTE and len(found.totals()) == 3_000


def test_buckets_fit_what_will_be_shown() -> None:
    found = timeline([(n * SECOND, "a") for n in range(100)])
    found.fit(0, HOUR)
    assert found.width == 5 * MINUTE and found.totals() == {0: 100}
    asked = timeline([(0, "a")], fixed=True)
    asked.fit(0, HOUR)
    assert asked.width == SECOND


def test_many_series_are_thrown_together_and_the_total_stays(monkeypatch) -> None:
    monkeypatch.setattr(timeline_module, "SERIES", 10)
    truth = Counter({f"s{n}": 1 + 50 * (n < 3) for n in range(40)})
    found = Timeline[str]()
    for name, count in truth.items():
        found.add({(HOUR, name): count})
    assert found.totals() == {HOUR: truth.total()}
    assert len(found.series) <= 10 and found.lost
    for name, line in found.series.items():
        assert truth[name] - found.lost <= line.total() <= truth[name]
    assert {"s0", "s1", "s2"} <= set(found.series)


def test_widths_divide_each_other() -> None:
    assert all(wide % narrow == 0 for narrow, wide in pairwise(WIDTHS))
    assert width_for(10**15, 10) == WIDTHS[-1]


def test_groups_of_numbers_are_bounded(monkeypatch) -> None:
    monkeypatch.setattr(measured_module, "GROUPS", 10)
    found = Measured()
    for n in range(50):
        found.add({(f"g{n}",): {1.5: 1 + 9 * (n == 0), None: 1, "fast": 2}})
    assert len(found.groups) <= 10 and ("g0",) in found.groups
    whole = found.all()
    assert (whole.quantiles.count, whole.missing, whole.other, whole.example) == (59, 50, 100, "fast")
