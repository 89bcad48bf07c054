"""A layout guessed from keys: right, or none; what only looks like a date must not rule out anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.times import DAY, HOUR
from smartcloudops.logs import layouts

A = "111111111111"
START = datetime(2025, 11, 1, tzinfo=UTC)


def over(form: str, *, step_h: int = 5, count: int = 40) -> list[str]:
    return [(START + timedelta(hours=step_h * i)).strftime(form).format(n=i % 3) for i in range(count)]


ELB = f"AWSLogs/{A}/elasticloadbalancing/us-east-1/%Y/%m/%d/{A}_elasticloadbalancing_us-east-1_"
TRAIL = f"AWSLogs/{A}/CloudTrail/us-east-1/%Y/%m/%d/{A}_CloudTrail_us-east-1_%Y%m%dT%H%MZ_x.json.gz"


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (f"{ELB}app.w.1_%Y%m%dT%H%MZ_i_x.log.gz", "alb"),
        (f"team/eu/{ELB}app.w.1_%Y%m%dT%H%MZ_i_x.log.gz", "alb"),
        (f"{ELB}net.w.1_%Y%m%dT%H%MZ_x.log.gz", "nlb"),
        (f"{ELB}classic_%Y%m%dT%H%MZ_i_x.log", "elb"),
        (TRAIL, "cloudtrail"),
        (TRAIL.removeprefix(f"AWSLogs/{A}/CloudTrail/us-east-1/"), "cloudtrail"),
        (TRAIL.replace("AWSLogs/", "AWSLogs/o-abcdefghij/", 1), "cloudtrail"),
        ("E{n}AAAAAAAA.%Y-%m-%d-%H.0a0a0a0a.gz", "cloudfront"),
        ("cdn/E{n}AAAAAAAA.%Y-%m-%d-%H.0a0a0a0a.gz", "cloudfront"),
        ("site-%Y-%m-%d-%H-%M-00-0123456789ABCDEF", "s3access"),
        (f"{A}/us-east-1/site/%Y/%m/%d/%Y-%m-%d-00-00-00-0123456789ABCDEF", "s3access"),
        ("%Y/%m/%d/%H/w-{n}-%Y-%m-%d-%H-%M-00-11111111-2222-3333-4444-555555555555", "firehose"),
        ("logs/web-{n}/dt=%Y-%m-%d/hour=%H/a.log.gz", "sco"),
        ("web-{n}/dt=%Y-%m-%d/hour=%H/a.log.gz", "sco"),
        ("%Y/%m/%d/%H/a.log", "{yyyy}/{mm}/{dd}/{hh}/"),
        ("web/%Y/%m/%d/a.log", "{folder0}/{yyyy}/{mm}/{dd}/"),
        ("app/year=%Y/month=%m/day=%d/{n}.gz", "{folder0}/year={yyyy}/month={mm}/day={dd}/"),
        ("app/year=%Y/month=%m/day=%d/hour=%H/{n}.gz", "{folder0}/year={yyyy}/month={mm}/day={dd}/hour={hh}/"),
        ("date=%Y-%m-%d/{n}.gz", "date={yyyy}-{mm}-{dd}/"),
        ("dt=%Y%m%d/{n}.gz", "dt={yyyy}{mm}{dd}/"),
        ("shop/%Y-%m-%d/{n}.gz", "{folder0}/{yyyy}-{mm}-{dd}/"),
        ("%Y-%m/{n}.gz", "{yyyy}-{mm}/"),
        ("app-%Y-%m-%d.log.gz", "app-{yyyy}-{mm}-{dd}"),
        ("app.log.%Y-%m-%d", "app.log.{yyyy}-{mm}-{dd}"),
        ("web/messages-%Y%m%d.gz", "{folder0}/messages-{yyyy}{mm}{dd}"),
    ],
)
def test_what_a_layout_is_guessed_to_be(form, name):
    found = layouts.guess(over(form))
    assert found is not None and found.name == name
    keys = over(form)
    for i, key in enumerate(keys):
        span = found.span(key)
        ms = int((START + timedelta(hours=5 * i)).timestamp() * 1000)
        assert span is not None and span[0] <= ms < span[1] + (DAY if "messages" in key else 0)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        ["app.log"],
        ["releases/10.12.2024/a.log", "releases/11.12.2024/a.log"],
        ["releases/2024.10.12/a.log", "releases/2024.11.01/a.log"],
        # Numbers: some are dates by chance, some are not.
        [f"orders/{n}/a.log" for n in range(20260101, 20260140)],
        [f"orders/2026/{n}/x.log" for n in range(1, 40)],
        [f"orders/2026/{n:02}/x.log" for n in range(1, 40)],
        [f"users/{n}/log" for n in range(2019, 2025)],
        [f"users/{n}/12/01/log" for n in range(1890, 2030, 7)],
        [f"blob/{n:040x}" for n in range(7**17, 7**17 + 30)],
        [f"x/20260101{n:06}.log" for n in range(30)],
        ["a20260101b.log", "a20260102b.log", "a20260103b.log"],
        ["app-20261301.log", "app-20260102.log", "app-20260103.log", "app-20260104.log"],
        ["app-20260102.log", "app-20260103.log"],
        ["1999/01/02/a.log", "1998/01/03/a.log"],
        ["%Y/{yyyy}/a"],
        [f"{n}-20260101-20260102.log" for n in range(9)],
    ],
)  # fmt: skip
def test_what_only_looks_like_a_date_is_none(keys):
    assert layouts.guess(keys) is None


def test_hours_need_to_be_seen():
    few = layouts.guess(["2026/11/27/00/a.log", "2026/11/28/01/a.log"])
    assert few is not None and few.name == "{yyyy}/{mm}/{dd}/"
    numbers = layouts.guess([f"2026/11/27/{n:02}/a.log" for n in range(40)])
    assert numbers is not None and numbers.name == "{yyyy}/{mm}/{dd}/"


def test_a_guessed_folder_may_hold_records_of_the_day_before():
    found = layouts.guess(over("%Y/%m/%d/a.log", step_h=24))
    assert found is not None
    span = found.span("2025/11/02/a.log")
    day = int(datetime(2025, 11, 2, tzinfo=UTC).timestamp() * 1000)
    assert span == (day - DAY, day + DAY + HOUR)


def test_a_date_in_a_name_may_be_that_of_either_end():
    weekly = layouts.guess(over("messages-%Y%m%d", step_h=7 * 24))
    assert weekly is not None
    span = weekly.span("messages-20251108")
    assert span is not None and span[1] - span[0] == 15 * DAY


def test_the_rarest_files_decide_how_far_dates_may_be_off():
    keys = [*over("a/app-%Y-%m-%d.log", step_h=24), "b/app-2025-10-01.log", "b/app-2025-11-01.log"]
    found = layouts.guess(keys)
    assert found is not None
    span = found.span("b/app-2025-11-01.log")
    assert span is not None and span[1] - span[0] == 63 * DAY


def test_several_layouts_in_one_bucket():
    keys = [*over(TRAIL), *over(f"{ELB}app.w.1_%Y%m%dT%H%MZ_i_x.log.gz"), *over("shop/%Y/%m/%d/a.log"), "notes.txt"]
    found = layouts.guess(keys)
    assert found is not None and set(found.name.split(" + ")) == {"alb", "cloudtrail", "{folder0}/{yyyy}/{mm}/{dd}/"}
    assert found.span("notes.txt") is None
    assert all(found.span(key) for key in keys[:-1])
    flow = f"AWSLogs/{A}/vpcflowlogs/us-east-1/2026/11/27/{A}_vpcflowlogs_us-east-1_fl-1_20261127T1620Z_x.log.gz"
    assert found.span(flow) is not None


FORMS = (
    TRAIL,
    "%Y/%m/%d/%H/{n}.log",
    "{n}/%Y-%m-%d/a.log",
    "app-{n}/year=%Y/month=%m/a.log",
    "app-%Y-%m-%d.log",
    "logs/web-{n}/dt=%Y-%m-%d/hour=%H/a.log.gz",
)
digits = st.text("0123456789", min_size=1, max_size=10)
noise = st.lists(
    st.one_of(
        digits,
        st.from_regex(r"v?\d{1,2}\.\d{1,2}\.\d{4}", fullmatch=True),
        st.from_regex(r"[0-9a-f]{8,16}", fullmatch=True),
        st.from_regex(r"[a-z]{1,6}-?\d{0,8}", fullmatch=True),
    ),
    min_size=1,
    max_size=3,
).map("/".join)


@settings(max_examples=60)
@given(st.sampled_from(FORMS), st.lists(st.integers(0, 3000), min_size=1, max_size=12), st.lists(noise, max_size=5))
def test_a_guess_never_rules_out_the_moment_of_a_key(form, hours, others):
    moments = [START + timedelta(hours=h) for h in hours]
    keys = [moment.strftime(form).format(n=i % 3) for i, moment in enumerate(moments)]
    found = layouts.guess([*keys, *others])
    for moment, key in zip(moments, keys, strict=True):
        span = found.span(key) if found else None
        ms = int(moment.timestamp() * 1000)
        assert span is None or span[0] <= ms < span[1]


@settings(max_examples=80)
@given(st.lists(digits, min_size=3, max_size=10), st.sampled_from(["{}/a", "x/{}/a.log", "id-{}.log", "{}"]))
def test_numbers_are_no_dates(numbers, form):
    """Unless every one of them is one."""
    found = layouts.guess([form.format(n) for n in numbers])
    assert found is None or all(len(n) != 8 or _is_date(n) for n in numbers)


def _is_date(text: str) -> bool:
    try:
        return 2000 <= datetime.strptime(text, "%Y%m%d").year < 2100
    except ValueError:
        return False
