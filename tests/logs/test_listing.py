"""What is listed for a window: everything that can hold it, counted; nothing more than that where names tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from fakes.listed_source import ListedSource
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import UsageError
from smartcloudops.core.times import DAY, HOUR, MINUTE, now_ms
from smartcloudops.logs import layouts
from smartcloudops.logs.listing import listed

START = datetime(2025, 11, 1, tzinfo=UTC)


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def hourly(form: str, hours: int, step: int = 1) -> list[str]:
    return [(START + timedelta(hours=h)).strftime(form) for h in range(0, hours, step)]


@cache
def load_balancers(days: int) -> list[str]:
    """Three accounts in four regions, an object every six hours."""
    stem = "AWSLogs/{a}/elasticloadbalancing/{r}/%Y/%m/%d/{a}_elasticloadbalancing_{r}_app.w.1_%Y%m%dT%H%MZ_i_x.log.gz"
    accounts, regions = ("1" * 12, "2" * 12, "3" * 12), ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")
    return [key for a in accounts for r in regions for key in hourly(stem.format(a=a, r=r), days * 24, 6)]


@pytest.mark.parametrize("layout", ["auto", "alb", "cloudtrail"])
def test_an_hour_among_two_years_takes_few_requests(layout):
    keys = load_balancers(730)
    source = ListedSource(keys, layout=layout)
    since = ms(START + timedelta(days=400, hours=10))
    found = listed(source, since=since, until=since + HOUR, slack=HOUR)
    hits = list(found)
    # Two roots, three accounts with their services, and one request for each account and region.
    assert found.requests == source.listings <= (30 if layout == "auto" else 22)
    assert len(keys) > 35_000 and len(hits) == found.objects == 12 and found.stored == 100 * found.objects
    assert found.undated == 0 and found.layout is not None
    assert all(one.since is not None and one.since < since + 2 * HOUR for one in hits)


def test_a_small_source_takes_one_request():
    source = ListedSource(hourly("%Y/%m/%d/%H/a.log", 900))
    found = listed(source, since=ms(START), until=ms(START) + HOUR, slack=0)
    assert [one.key for one in found] == ["2025/11/01/00/a.log", "2025/11/01/01/a.log"]
    assert found.requests == 1 and found.outside == 898


def test_what_has_no_date_is_part_of_every_window():
    source = ListedSource(
        [*hourly("%Y/%m/%d/%H/a.log", 3000), "app.log", "2025/notes.txt", "zz/b.log"], root="/var/log/"
    )
    found = listed(source, since=ms(START + timedelta(days=9)), until=ms(START + timedelta(days=9, hours=1)), slack=0)
    got = {one.key for one in found}
    assert {"app.log", "2025/notes.txt", "zz/b.log"} < got and len(got) < 10
    # Beside dated folders it goes by them.
    assert found.undated == 2


def test_without_a_window_nothing_is_left_out():
    keys = hourly("%Y/%m/%d/%H/a.log", 2500)
    source = ListedSource([*keys, "app.log"])
    found = listed(source, since=None, until=None, slack=HOUR)
    assert sorted(one.key for one in found) == sorted([*keys, "app.log"])
    assert found.requests == 3 and found.outside == 0 and found.undated == 1


def test_a_window_that_is_open_on_one_side():
    keys = hourly("%Y/%m/%d/%H/a.log", 5000)
    for since, until, count in ((START + timedelta(hours=4990), None, 11), (None, START + timedelta(hours=10), 11)):
        edges = [None if edge is None else ms(edge) for edge in (since, until)]
        found = listed(ListedSource(keys), since=edges[0], until=edges[1], slack=0)
        assert count - 1 <= len(list(found)) <= count + 1 and found.requests < 20


def test_slack_widens_the_window():
    source = ListedSource(hourly("%Y/%m/%d/%H/a.log", 100), layout="{yyyy}/{mm}/{dd}/{hh}/")
    since = ms(START + timedelta(hours=50))
    counts = [len(list(listed(source, since=since, until=since + HOUR, slack=slack))) for slack in (0, HOUR, 3 * HOUR)]
    assert counts == [1, 3, 7]


def test_s3_tells_when_a_file_was_stored_and_a_directory_does_not():
    since = ms(START)
    times = {"old.log": since - 2 * HOUR, "edge.log": since - HOUR + MINUTE, "new.log": since + DAY}
    stored = listed(ListedSource(times), since=since, until=None, slack=HOUR)
    assert [one.key for one in stored] == ["edge.log", "new.log"] and stored.outside == 1
    assert len(list(listed(ListedSource(times), since=since, until=None, slack=3 * HOUR))) == 3
    # Records of times to come are of another clock than that of the uploads.
    ahead = now_ms() + DAY
    assert len(list(listed(ListedSource(times), since=ahead, until=None, slack=HOUR))) == 3
    # Whoever wrote a file may have set its time.
    assert len(list(listed(ListedSource(times, root="/var/log/"), since=since, until=None, slack=HOUR))) == 3
    assert len(list(listed(ListedSource(times), since=None, until=since, slack=0))) == 3


def test_a_layout_that_is_none_is_said_before_anything_is_listed():
    with pytest.raises(UsageError, match="no layout named 'elbs'"):
        listed(ListedSource([], layout="elbs"), since=None, until=None, slack=0)


def test_a_layout_that_is_given_wins():
    source = ListedSource(hourly("%Y/%m/%d/%H/a.log", 100), layout="alb")
    given_ = layouts.parse("{yyyy}/{mm}/")
    found = listed(source, since=ms(START + timedelta(days=40)), until=None, slack=0, layout=given_)
    assert list(found) == [] and found.layout is not None and found.layout.name == "{yyyy}/{mm}/"


def test_digests_hold_no_logs():
    stem = "AWSLogs/111111111111/{kind}/us-east-1/%Y/%m/%d/111111111111_{kind}_us-east-1_%Y%m%dT%H%MZ_x.json.gz"
    keys = [key for kind in ("CloudTrail", "CloudTrail-Digest") for key in hourly(stem.format(kind=kind), 1500)]
    for since in (None, ms(START)):
        found = listed(ListedSource(keys), since=since, until=None, slack=0)
        assert all("/CloudTrail/" in one.key for one in found) and found.objects == 1500


FORMS = ("%Y/%m/%d/%H/a.log", "web/dt=%Y-%m-%d/a.log", "app-%Y-%m-%d.log", "x/%Y%m%d/a.log")


@settings(max_examples=25)
@given(st.sampled_from(FORMS), st.integers(900, 1300), st.integers(0, 1400), st.integers(1, 60))
def test_whatever_the_layout_the_objects_of_the_window_are_there(form, count, first, length):
    keys = {key: ms(START) + DAY * 365 for key in hourly(form, count * 9, 9)}
    source = ListedSource([*keys, "stray.txt", "b/stray.txt"])
    since = ms(START + timedelta(hours=first))
    until = since + length * HOUR
    got = [one.key for one in listed(source, since=since, until=until, slack=0)]
    moments = [START + timedelta(hours=9 * i) for i in range(count)]
    wanted = {moment.strftime(form) for moment in moments if since <= ms(moment) < until}
    assert wanted | {"stray.txt", "b/stray.txt"} <= set(got)
    assert len(got) == len(set(got))


def test_a_hundred_thousand_keys_are_listed_as_they_come():
    source = ListedSource(f"h/{i:06}.log" for i in range(100_000))
    found = iter(listed(source, since=None, until=None, slack=0))
    assert next(found).key == "h/000000.log" and source.listings == 1
    assert sum(1 for _ in found) == 99_999
