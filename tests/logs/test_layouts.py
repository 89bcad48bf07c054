"""What users write for layouts, and what a key then says; keys of AWS services as their documentation shows them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import UsageError
from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND, parse_time
from smartcloudops.logs import layouts

A = "123456789012"
ELB = f"AWSLogs/{A}/elasticloadbalancing/us-east-2/2026/11/27/{A}_elasticloadbalancing_us-east-2_"
ALB = f"{ELB}app.web.50dc6c495c0c9188_"
_IP = "172.160.1.192_20sg8hgm"
_TRAIL = "CloudTrail/us-east-2/2026/11/27/{A}_CloudTrail_us-east-2_20261127T0210Z_Mu0KsOhtH1ar15ZZ.json.gz"
_FLOW = f"{A}_vpcflowlogs_us-east-1_fl-1234abcd_20261127T1620Z_fe123456.log"
_HIVE = f"AWSLogs/aws-account-id={A}/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=11/day=27"
_WAF = "2026/11/27/00/25/{A}_waflogs_us-east-1_TEST-WEBACL_20261127T0025Z_e0ca43b5.log.gz"
_EDGE = "EMLARXS9EXAMPLE"
_UUID = "11111111-2222-3333-4444-555555555555"
# Layout, key, and from when to when its records may be, on 27 November.
DOCUMENTED = [
    # The end of five minutes, or of an hour.
    ("alb", f"{ALB}20261127T2340Z_{_IP}.log.gz", "23:35", "23:40"),
    ("nlb", f"{ELB}net.tls.50dc6c495c0c9188_20261127T0105Z_a1b2c3d4.log.gz", "01:00", "01:05"),
    ("elb", f"{ELB}classic_20261127T0100Z_{_IP}.log", "00:00", "01:00"),
    # Delivery, up to 15 minutes later and more.
    ("cloudtrail", f"AWSLogs/{A}/{_TRAIL}".replace("{A}", A), "01:40", "02:10"),
    ("cloudtrail", f"AWSLogs/o-exampleorgid/{A}/{_TRAIL}".replace("{A}", A), "01:40", "02:10"),
    (
        "cloudtrail",
        f"AWSLogs/{A}/{_TRAIL}".replace("{A}", A).replace("CloudTrail", "CloudTrail-Insight"),
        "01:40",
        "02:10",
    ),
    # The start of five minutes; flows are gathered for up to ten.
    ("vpcflow", f"AWSLogs/{A}/vpcflowlogs/us-east-1/2026/11/27/{_FLOW}.gz", "16:10", "16:25"),
    ("vpcflow", f"AWSLogs/{A}/vpcflowlogs/us-east-1/2026/11/27/16/{_FLOW}.gz", "16:10", "16:25"),
    ("vpcflow", f"{_HIVE}/hour=16/{_FLOW}.parquet", "16:10", "16:25"),
    ("vpcflow", f"{_HIVE}/{_FLOW}.gz", "16:10", "16:25"),
    ("waf", f"AWSLogs/{A}/WAFLogs/us-east-1/TEST-WEBACL/{_WAF}".replace("{A}", A), "00:20", "00:30"),
    ("waf", f"AWSLogs/{A}/WAFLogs/cloudfront/TEST-WEBACL/{_WAF}".replace("{A}", A), "00:20", "00:30"),
    # The hour of the requests.
    ("cloudfront", f"{_EDGE}.2026-11-27-20.a103fd5a.gz", "20:00", "20:59"),
    ("cloudfront", f"AWSLogs/{A}/CloudFront/{_EDGE}/2026/11/27/20/{_EDGE}.2026-11-27-20.a103fd5a.gz", "20:00", "20:59"),
    (
        "cloudfront",
        f"AWSLogs/{A}/CloudFront/DistributionId={_EDGE}/year=2026/month=11/day=27/hour=20/{_EDGE}.2026-11-27-20.a.parquet",
        "20:00",
        "20:59",
    ),
    # Delivery, within hours.
    ("s3access", "2026-11-27-12-34-56-3B0A1B0C0D0E0F00", "06:00", "12:34"),
    ("s3access", "access-2026-11-27-12-34-56-3B0A1B0C0D0E0F00", "06:00", "12:34"),
    ("s3access", f"{A}/us-west-2/site/2026/11/27/2026-11-27-00-00-00-3B0A1B0C0D0E0F00", "00:00", "23:59"),
    # When its oldest record came in.
    ("firehose", f"2026/11/27/04/web-1-2026-11-27-04-05-06-{_UUID}.gz", "04:05", "04:20"),
    ("sco", "logs/web-1/dt=2026-11-27/hour=04/a.log.gz", "04:00", "04:59"),
]


def at(text: str) -> int:
    return parse_time(text, now=0)


@pytest.mark.parametrize(("name", "key", "first", "last"), DOCUMENTED)
def test_a_name_that_is_documented_tells_when_its_records_were(name, key, first, last):
    span = layouts.parse(name).span(key)
    assert span is not None
    first_ms, last_ms = at(f"2026-11-27T{first}"), at(f"2026-11-27T{last}")
    assert span[0] <= first_ms and last_ms < span[1] <= last_ms + HOUR
    assert span[1] - span[0] <= last_ms - first_ms + (DAY if name == "s3access" else 0) + 2 * HOUR
    assert layouts.parse(name).fitted([f"team/{key}"]).span(f"team/{key}") == span


def test_what_is_delivered_after_midnight_is_of_the_day_before():
    span = layouts.parse("alb").span(f"{ALB}20261126T2359Z_{_IP}.log.gz")
    assert (
        span is not None
        and span[0] <= at("2026-11-26T23:54")
        and at("2026-11-26T23:59") < span[1] < at("2026-11-27T00:10")
    )


def test_a_source_may_begin_anywhere_in_what_a_service_writes():
    key = f"{ALB}20261127T2340Z_{_IP}.log.gz"
    whole = layouts.parse("alb").span(key)
    parts = key.split("/")
    for cut in range(len(parts)):
        inside = layouts.parse("alb").placed("s3://logs/" + "".join(f"{part}/" for part in parts[:cut]))
        if cut < 7:
            assert inside.span("/".join(parts[cut:])) == whole
    copied = layouts.parse("alb").fitted(["/".join(parts[1:])])
    assert copied.span("/".join(parts[1:])) == whole
    assert copied.names("/".join(parts[1:])) == {"account": A, "region": "us-east-2"}


def test_what_holds_no_logs_is_ignored():
    trail = layouts.parse("cloudtrail")
    file = f"{A}_CloudTrail-Digest_us-east-1_t_us-east-1_20261127T021000Z.json.gz"
    digest = f"AWSLogs/{A}/CloudTrail-Digest/us-east-1/2026/11/27/{file}"
    assert trail.ignores(digest) and not trail.ignores(digest.replace("CloudTrail-Digest/", "CloudTrail/"))


def test_a_file_far_from_its_folders_date_goes_by_the_folder():
    layout = layouts.parse("alb")
    moved = layout.span(f"{ALB}20200101T0000Z_{_IP}.log.gz")
    assert moved is not None and moved[0] <= at("2026-11-27") < moved[1] and moved[0] > at("2026-11-26T12:00")


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("albs", "no layout named 'albs'", "alb"),
        ("", "no layout named ''", "known:"),
        ("{year}/", "{year} is no part of a date", "{yyyy}"),
        ("{yyyy}/{MM}/{dd}/", "needs {mm}", "{mm} is the month, {MM} the minute"),
        ("{yyyy}/{dd}/", "needs {mm}", "month"),
        ("{hh}/", "needs {yyyy}", "template"),
        ("{host}/", "no part of a date", "template"),
        ("{yyyy}/{yyyy}/", "{yyyy} occurs twice", "once"),
        ("{host}/{host}/{yyyy}", "{host} occurs twice", "another name"),
        ("{a}{b}/{yyyy}", "where {a} ends", "template"),
        ("{yyyy", "brace", "template"),
        ("yyyy}", "brace", "template"),
        ("{yyyy}//{mm}", "empty path part", "template"),
        ("{a b}/{yyyy}", "no name", "template"),
        ("{}/{yyyy}", "no name", "template"),
        ("s3://b/{yyyy}/", "relative to the source", "template"),
        ("\x1b[31m{yyyy}{", "brace", "template"),
    ],
)  # fmt: skip
def test_a_layout_that_is_none_says_why(text, said, hint):
    with pytest.raises(UsageError) as caught:
        layouts.parse(text)
    assert said in caught.value.message and hint in (caught.value.hint or "")
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "key", "span"),
    [
        ("dt={yyyy}-{mm}-{dd}", "dt=1970-01-02/a.log", (DAY, 2 * DAY)),
        ("dt={yyyy}-{mm}-{dd}", "dt=1970-01-02", (DAY, 2 * DAY)),
        ("dt={yyyy}-{mm}-{dd}", "dt=1970-01-021/a.log", None),
        ("{host}/app-{yyyy}{mm}{dd}-{hh}{MM}{ss}.gz", "w/app-19700102-000100.gz", (DAY + MINUTE, DAY + 61 * SECOND)),
        ("{yyyy}/{mm}/{dd}/", "1970/02/30/a.log", None),
        ("{yyyy}/{mm}/{dd}/", "app.log", None),
        # What lies beside the layout in a dated folder goes by the folder.
        ("{yyyy}/{mm}/{dd}/", "1970/readme", (0, 365 * DAY)),
        # Two dates, and nothing tells which one is meant.
        ("{app}-{yyyy}{mm}{dd}", "a-19700101-19700103.log", (0, 3 * DAY)),
        ("{mm}-{dd}-{yyyy}/", "01-02-1970/a", (DAY, 2 * DAY)),
    ],
)  # fmt: skip
def test_what_a_template_says_of_a_key(text, key, span):
    assert layouts.parse(text).span(key) == span


TEMPLATES = (
    "{yyyy}/{mm}/{dd}/{hh}/",
    "dt={yyyy}-{mm}-{dd}",
    "{host}/app-{yyyy}{mm}{dd}-{hh}{MM}{ss}.log.gz",
    "logs/{app}/{host}/year={yyyy}/month={mm}/",
    "{yyyy}{mm}{dd}T{hh}{MM}-{host}.gz",
    "{dd}.{mm}.{yyyy}/",
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(lambda d: d.replace(tzinfo=UTC))


def written(template: str, moment: datetime, host: str) -> str:
    parts = {"yyyy": "%Y", "mm": "%m", "dd": "%d", "hh": "%H", "MM": "%M", "ss": "%S"}
    values = {name: moment.strftime(form) for name, form in parts.items()}
    key = template.format(**values, host=host, app="shop")
    return key + "x.log" if key.endswith("/") else key


@settings(max_examples=150)
@given(st.sampled_from(TEMPLATES), moments, st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True))
def test_a_key_that_was_written_at_a_moment_covers_it(template, moment, host):
    layout = layouts.parse(template)
    key = written(template, moment, host)
    span = layout.span(key)
    ms = int(moment.timestamp() * 1000)
    assert span is not None and span[0] <= ms < span[1]
    assert layout.follows(key)
    if "{host}" in template and not host.isdigit():
        assert layout.names(key)["host"] == host


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_any_text_is_a_layout_or_a_usage_error(text):
    try:
        layout = layouts.parse(text)
    except UsageError:
        return
    layout.span("2026/11/27/x")


@settings(max_examples=200)
@given(st.text(max_size=80), st.sampled_from([*layouts.KNOWN, *TEMPLATES]))
def test_no_key_breaks_a_layout(key, name):
    span = layouts.parse(name).placed("s3://b/AWSLogs/").span(key)
    assert span is None or span[0] < span[1]
