"""Times as logs write them: every row of the table, zones, years that are missing, and what is no time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from smartcloudops.core.errors import UsageError
from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND
from smartcloudops.logs.formats import Hint
from smartcloudops.logs.formats.stamp_table import STAMPS, TEN, Stamp
from smartcloudops.logs.formats.stamps import Stamps, parse_stamp

NOON = Hint(modified=TEN + 2 * HOUR)
rows = pytest.mark.parametrize("stamp", STAMPS, ids=lambda stamp: stamp.name)

SAME = [
    "2026-11-20T10:00:00Z",
    "2026-11-20t10:00:00z",
    "2026-11-20 10:00:00",
    "2026-11-20 10:00:00Z",
    "2026-11-20T10:00:00+00:00",
    "2026-11-20T11:00:00+0100",
    "2026-11-20T11:00:00+01",
    "2026-11-20 11:00:00 +01:00",
    "2026-11-20 10:00:00 +0000 UTC",
    "2026-11-20 11:00:00 CET",
    "2026-11-20 05:00:00 EST",
    "2026-11-20_10:00:00",
    "2026/11/20 10:00:00",
    "2026.11.20 10:00:00",
    "20261120T100000Z",
    "20261120T110000+0100",
    "20261120100000",
    "20261120 10:00:00",
    "20/Nov/2026:10:00:00 +0000",
    "[20/Nov/2026:03:00:00 -0700]",
    "20/Nov/2026:10:00:00.000",
    "20 Nov 2026 10:00:00,000",
    "20-Nov-2026 10:00:00",
    "Fri, 20 Nov 2026 10:00:00 GMT",
    "Fri, 20 Nov 2026 12:00:00 +0200",
    "Friday, 20-Nov-26 10:00:00 GMT",
    "Fri Nov 20 10:00:00 2026",
    "Fri Nov 20 10:00:00.000000 2026",
    "Fri Nov 20 05:00:00 EST 2026",
    "Fri 20 Nov 2026 10:00:00 AM UTC",
    "Nov 20 10:00:00",
    "Nov 20 2026 10:00:00",
    "Nov 20, 2026 10:00:00 AM",
    "11/20/2026 10:00:00 AM",
    "I1120 10:00:00.000000",
    "10:00:00",
    "10:00:00.000",
    "1795168800",
    "1795168800.0",
    "1795168800000",
    "1795168800000000",
    "1795168800000000000",
    "/Date(1795168800000)/",
    "/Date(1795168800000+0100)/",
    1795168800,
    1795168800.0,
    1795168800000,
    1795168800000000,
    1795168800000000000,
    b"2026-11-20T10:00:00Z",
]
NONE = [
    "", " ", "-", "soon", "2026-13-20T10:00:00Z", "2026-11-31 10:00:00", "2026-11-20T25:00:00Z", "30/Feb/2026:10:00:00",
    "2026-11-20 10:00:00 XYZT", "2026-11-20 10:00:00 IST", "99:00:00", "1.5", "12", "10.0.0.1",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2026-11-20T10:0:1Z ", "x" * 10_000, "٢٠٢٦-11-20T10:00:00Z", None, True, 0, -5, 3.25, float("nan"),
    float("inf"), 10**30, [], {}, b"\xff\xfe",
]  # fmt: skip


@rows
def test_each_row_reads_its_example(stamp: Stamp) -> None:
    assert parse_stamp(stamp.example.encode(), NOON) == stamp.value
    assert stamp.example[0] in stamp.starts


@rows
def test_each_row_is_found_at_the_start_of_a_line(stamp: Stamp) -> None:
    for line in (f"{stamp.example} ready", f"[{stamp.example}] ready", f"{stamp.example}: ready"):
        time, end = Stamps(NOON).leading(line)
        assert (time, line[end:].strip(" :")) == (stamp.value, "ready")


@pytest.mark.parametrize("value", SAME, ids=str)
def test_many_ways_to_write_one_time(value: Any) -> None:
    stamps = Stamps(NOON)
    assert [stamps(value), stamps(value)] == [TEN, TEN]


@pytest.mark.parametrize("value", NONE, ids=lambda value: str(value)[:20])
def test_what_is_no_time(value: Any) -> None:
    stamps = Stamps(NOON)
    assert [stamps(value), stamps(value)] == [None, None]


@pytest.mark.parametrize("sign", [".", ","])
@pytest.mark.parametrize(("digits", "ms"), [("5", 500), ("12", 120), ("123", 123), ("1239", 123), ("999999999", 999)])
@pytest.mark.parametrize("zone", ["", "Z", "+00:00", " UTC"])
def test_fractions_are_cut_to_milliseconds(sign: str, digits: str, ms: int, zone: str) -> None:
    stamps = Stamps(Hint())
    for _ in range(2):
        assert stamps(f"2026-11-20T10:00:00{sign}{digits}{zone}") == TEN + ms
    assert Stamps(Hint())(f"20/Nov/2026 10:00:00{sign}{digits}{zone}") == TEN + ms


def test_a_leap_second_is_the_next_second() -> None:
    new_year = int(datetime(2017, 1, 1, tzinfo=UTC).timestamp()) * SECOND
    for text in ("2016-12-31T23:59:60Z", "2016-12-31 23:59:60 UTC", "31/Dec/2016:23:59:60 +0000"):
        assert Stamps(Hint())(text) == new_year


def test_epochs_keep_their_milliseconds() -> None:
    stamps = Stamps(Hint())
    for value in (1795168800.123, "1795168800.123", 1795168800123, "1795168800123456", 1795168800123456789):
        assert stamps(value) == TEN + 123


@pytest.mark.parametrize("zone", ["Europe/Berlin", "+01:00", "+0100", "CET"])
def test_a_time_without_a_zone_is_in_the_zone_of_the_object(zone: str) -> None:
    stamps = Stamps(Hint(zone=zone, modified=TEN))
    for text in (
        "2026-11-20 11:00:00",
        "2026-11-20T11:00:00.000",
        "20/Nov/2026:11:00:00",
        "Nov 20 11:00:00",
        "11:00:00",
    ):
        assert stamps(text) == TEN
    assert stamps("2026-11-20 10:00:00Z") == stamps("2026-11-20 10:00:00 UTC") == TEN


def test_a_short_name_of_several_zones_is_read_where_the_object_is_in_one() -> None:
    assert Stamps(Hint(zone="Asia/Kolkata"))("2026-11-20 15:30:00 IST") == TEN
    assert Stamps(Hint(zone="Europe/London"))("2026-07-01 11:00:00 BST") == Stamps(Hint())("2026-07-01T10:00:00Z")
    assert Stamps(Hint(zone="Europe/London"))("2026-11-20 10:00:00 BST") is None


def test_hours_that_clocks_skip_or_repeat() -> None:
    stamps = Stamps(Hint(zone="Europe/Berlin"))
    assert stamps("2026-03-29 02:30:00") == Stamps(Hint())("2026-03-29T01:30:00Z")
    # Of the two the first, as summer time still counts it.
    assert stamps("2026-10-25 02:30:00") == Stamps(Hint())("2026-10-25T00:30:00Z")
    assert stamps("2026-10-25 02:30:00 CET") == Stamps(Hint())("2026-10-25T01:30:00Z")


def test_a_zone_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(UsageError) as e:
        Stamps(Hint(zone="Europe/Berln"))
    assert e.value.hint == "did you mean `Europe/Berlin`?"
    with pytest.raises(UsageError, match="no time zone"):
        Stamps(Hint(zone="../../etc/passwd"))


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * SECOND)


@pytest.mark.parametrize(
    ("text", "hint", "expected"),
    [
        # Written on New Year's Eve, stored in the new year.
        ("Dec 31 23:59:59", Hint(modified=ms("2027-01-01T00:05Z")), "2026-12-31T23:59:59Z"),
        ("Jan  1 00:00:01", Hint(modified=ms("2027-01-01T00:05Z")), "2027-01-01T00:00:01Z"),
        # The writer's clock is ahead.
        ("Jan  1 00:00:01", Hint(modified=ms("2026-12-31T23:59Z")), "2027-01-01T00:00:01Z"),
        ("Nov 20 10:00:00", Hint(modified=ms("2027-03-01T00:00Z")), "2026-11-20T10:00:00Z"),
        # The key says more than when it was copied.
        (
            "Dec 31 23:59:59",
            Hint(modified=ms("2030-06-01T00:00Z"), since=ms("2027-01-01T00:00Z")),
            "2026-12-31T23:59:59Z",
        ),
        ("Feb 29 10:00:00", Hint(modified=ms("2025-06-01T00:00Z")), "2024-02-29T10:00:00Z"),
        ("E1231 23:59:59.5", Hint(modified=ms("2027-01-01T00:05Z")), "2026-12-31T23:59:59.5Z"),
    ],
)
def test_the_year_comes_from_the_object(text: str, hint: Hint, expected: str) -> None:
    assert Stamps(hint)(text) == ms(expected)


def test_the_day_of_a_clock_comes_from_the_object() -> None:
    day = TEN - 10 * HOUR
    written = Stamps(Hint(modified=day + HOUR))
    assert [written("00:59:00"), written("23:59:00")] == [day + 59 * MINUTE, day - MINUTE]
    promised = Stamps(Hint(modified=day + 9 * DAY, since=day))
    assert [promised("00:00:00"), promised("23:59:00")] == [day, day + DAY - MINUTE]


def test_without_a_year_or_a_day_from_anywhere_there_is_no_time() -> None:
    assert [Stamps(Hint())(text) for text in ("Nov 20 10:00:00", "10:00:00", "I1120 10:00:00")] == [None] * 3


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-20",
        "10.0.0.1 connected",
        "1795168800abc",
        "20261120T100000ZZTOP",
        "12345 rows",
        "May I ask",
        "Mon plan",
        "3:4",
    ],
)
def test_lines_that_begin_with_no_time(line: str) -> None:
    assert Stamps(NOON).leading(line) == (None, 0)


def test_what_was_kept_never_grows_without_end() -> None:
    stamps = Stamps(Hint())
    for number in range(20_000):
        assert stamps(f"{TEN + number}") == TEN + number
        stamps(f"2026-11-20T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z")
    assert len(stamps._memo) <= 4096
    assert len(stamps._seconds) <= 4096


@pytest.mark.parametrize(
    "value", ["2026-11-20T10:01:Z", "2026-11-20T10:01:0Z", "2026-11-20T10:01:00", "2026-11-20T10:01"]
)
def test_texts_that_python_reads_in_its_own_way_never_raise(value: str) -> None:
    assert Stamps(NOON)(value) in (None, TEN + 60_000)
