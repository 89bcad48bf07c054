"""Durations, times and ranges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core.errors import UsageError
from smartcloudops.core.times import DAY, HOUR, format_duration, parse_duration, parse_range, parse_time, rfc3339


@given(st.integers(1, 10**12))
def test_a_duration_as_shown_is_the_duration_to_two_units(ms: int) -> None:
    assert 0 <= ms - parse_duration(format_duration(ms)) < max(1, ms / 24)


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "5m!", "9" * 5000 + "d", "1.5h", "5M"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no duration"):
        parse_duration(text)


@given(st.integers(0, 4_000_000_000_000))
def test_a_time_as_shown_is_the_time(ms: int) -> None:
    assert parse_time(rfc3339(ms), now=0) == ms


def test_a_time_without_offset_is_utc() -> None:
    assert parse_time("1970-01-02", now=0) == DAY
    assert parse_time("1970-01-01T01:00", now=0) == HOUR
    assert parse_time("1970-01-01T01:00+01:00", now=0) == 0
    assert parse_time("1700000000", now=0) == 1_700_000_000_000


@pytest.mark.parametrize("text", ["", "..", "1h", "1h..2h", "a..b", "..1h", "2026-11-21..2026-11-20"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_range(text, now=0)


def test_a_range_ends_now_unless_it_says_when() -> None:
    assert parse_range("2h..1h", now=3 * HOUR) == (HOUR, 2 * HOUR)
    assert parse_range("2h..", now=3 * HOUR) == (HOUR, 3 * HOUR)
