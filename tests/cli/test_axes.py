"""Ticks that are round, enclose what is shown, and can be told apart by their labels."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smartcloudops.cli.render.axes import time_labels, time_ticks, value_ticks
from smartcloudops.core.quantities import alike, quantity
from smartcloudops.core.times import DAY, FIRST, HOUR, LAST, MINUTE

FINITE = st.floats(allow_nan=False, allow_infinity=False)
MOST = st.integers(3, 20)
UNITS = st.sampled_from(["", "%", "s", "bytes", "bytes/s", "messages"])


@given(FINITE, FINITE, MOST, st.booleans())
@example(5e-324, 1e-323, 4, False)
@example(-1.7e308, 1.7e308, 3, True)
@example(0.0, 0.0, 3, True)
@example(1e16, 1e16 + 2, 5, False)
def test_value_ticks_enclose_the_values_in_even_steps(a, b, most, binary):
    low, high = min(a, b), max(a, b)
    ticks = value_ticks(low, high, most, binary=binary)
    assert 2 <= len(ticks) <= most
    assert all(y > x for x, y in pairwise(ticks))
    steps = [y - x for x, y in pairwise(ticks)]
    invisible = max(steps) * 1e-9
    assert ticks[0] - invisible <= max(low, -1e300) and ticks[-1] + invisible >= min(high, 1e300)
    assert max(steps) - min(steps) <= 1e-6 * max(steps)


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e12), MOST)
def test_value_ticks_are_round_and_use_the_room(low, span, most):
    ticks = value_ticks(low, low + span, most)
    step = min(y - x for x, y in pairwise(ticks))
    leading = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(leading - round_) for round_ in (1, 2, 5, 10)) < 1e-3
    assert ticks[1] > low - 1e-9 * abs(low) and ticks[-2] < low + span + 1e-9 * abs(low + span)


@given(FINITE, FINITE, MOST, UNITS)
def test_labels_of_ticks_tell_them_apart(a, b, most, unit):
    ticks = value_ticks(min(a, b), max(a, b), most, binary=unit.startswith("bytes"))
    labels = alike(ticks, unit)
    assert len(set(labels)) == len(ticks)
    assert all(label == label.strip() for label in labels) and "-0" not in labels


@pytest.mark.parametrize(
    ("values", "unit", "labels"),
    [
        ([0, 20_000, 40_000], "", ["0 k", "20 k", "40 k"]),
        ([0, 2.5, 5], "s", ["0.0 s", "2.5 s", "5.0 s"]),
        ([-1, 0, 1], "%", ["-1%", "0%", "1%"]),
        ([0, 1024**3], "bytes/s", ["0 GiB/s", "1 GiB/s"]),
        ([0, 50], "messages", ["0", "50"]),
        ([0, 1e-9], "", ["0e+00", "1e-09"]),
    ],
)
def test_labels_read_as_people_write(values, unit, labels):
    assert alike(values, unit) == labels


@given(FINITE, UNITS)
def test_quantities_stay_short(value, unit):
    assert len(quantity(value, unit)) <= 24


@given(st.integers(FIRST, LAST), st.integers(0, LAST - FIRST), st.integers(1, 30))
@example(LAST - 1, 1, 3)
@example(FIRST, LAST - FIRST, 1)
def test_time_ticks_lie_inside_and_rise(first, span, most):
    last = min(first + span, LAST)
    ticks = time_ticks(first, last, most)
    assert len(ticks) <= most
    assert all(first <= t <= last for t in ticks) and all(y > x for x, y in pairwise(ticks))
    labels = time_labels(ticks)
    assert len(labels) == len(ticks)


@given(st.integers(0, 4_000_000_000_000), st.integers(MINUTE, 30 * DAY), st.integers(4, 12))
def test_time_ticks_are_many_enough_and_round(first, span, most):
    ticks = time_ticks(first, first + span, most)
    assert len(ticks) >= min(2, most // 4)
    step = min((y - x for x, y in pairwise(ticks)), default=MINUTE)
    assert all(t % min(step, HOUR) == 0 for t in ticks)


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        (23 * HOUR, 25 * HOUR, ["23:00", "23:30", "01-02", "00:30", "01:00"]),
        (0, 2500, ["01-01", "00:00:00.500", "00:00:01.000", "00:00:01.500", "00:00:02.000", "00:00:02.500"]),
        (1, 28 * DAY, ["01-05", "01-12", "01-19", "01-26"]),
        (1, 400 * DAY, ["1970-03", "1970-05", "1970-07", "1970-09", "1970-11", "1971-01"]),
        (1, 3000 * DAY, ["1972", "1974", "1976", "1978"]),
    ],
)
def test_times_read_as_people_write(first, last, labels):
    assert time_labels(time_ticks(first, last, 6)) == labels
