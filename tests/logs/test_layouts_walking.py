"""Pruning before listing: whatever is asked for, nothing that can hold it is left out, and few requests are made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fakes.listed_source import ListedSource
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.times import DAY, HOUR
from smartcloudops.logs import layouts
from smartcloudops.logs.layouts.walking import Stretch, walk

A, B = "111111111111", "222222222222"
START = datetime(2025, 11, 1, tzinfo=UTC)
_ELB, _ELB_ = "elasticloadbalancing/us-east-1", "elasticloadbalancing_us-east-1"
_STAMP = "%Y%m%dT%H%MZ"
KNOWN = {
    "alb": f"AWSLogs/{{a}}/{_ELB}/%Y/%m/%d/{{a}}_{_ELB_}_app.w.{{n}}_{_STAMP}_i_x.log",
    "elb": f"AWSLogs/{{a}}/{_ELB}/%Y/%m/%d/{{a}}_{_ELB_}_old{{n}}_{_STAMP}_i_x.log",
    "cloudtrail": f"AWSLogs/{{a}}/CloudTrail/eu-west-1/%Y/%m/%d/{{a}}_CloudTrail_eu-west-1_{_STAMP}_{{n}}.json.gz",
    "vpcflow": f"AWSLogs/{{a}}/vpcflowlogs/us-east-1/%Y/%m/%d/%H/{{a}}_vpcflowlogs_us-east-1_f{{n}}_{_STAMP}_x.gz",
    "waf": f"AWSLogs/{{a}}/WAFLogs/us-east-1/acl{{n}}/%Y/%m/%d/%H/%M/{{a}}_waflogs_us-east-1_acl_{_STAMP}_x.log.gz",
    "cloudfront": "E{n}AAAAAAAA.%Y-%m-%d-%H.0a0a0a0a.gz",
    "s3access": "site{n}-%Y-%m-%d-%H-%M-00-0123456789ABCDEF",
    "firehose": "%Y/%m/%d/%H/w-{n}-%Y-%m-%d-%H-%M-00-11111111-2222-3333-4444-555555555555",
    "sco": "logs/web-{n}/dt=%Y-%m-%d/hour=%H/a.log.gz",
}
OWN = {
    "{yyyy}/{mm}/{dd}/{hh}/": "%Y/%m/%d/%H/{n}.log",
    "{host}/{yyyy}/{mm}/{dd}/": "web{n}/%Y/%m/%d/%H.log",
    "dt={yyyy}-{mm}-{dd}": "dt=%Y-%m-%d/{n}.log",
    "{host}/app-{yyyy}{mm}{dd}-{hh}{MM}{ss}.log.gz": "web{n}/app-%Y%m%d-%H%M00.log.gz",
    "{yyyy}/{mm}/{dd}/{host}/{hh}/": "%Y/%m/%d/web{n}/%H/a.log",
    "{dd}.{mm}.{yyyy}/": "%d.%m.%Y/{n}.log",
    "{app}-{yyyy}-{mm}.log": "shop{n}-%Y-%m.log",
    "year={yyyy}/month={mm}/day={dd}/": "year=%Y/month=%m/day=%d/{n}.log",
}
STRAYS = (
    "app.log", "zz.log", "2025/notes.txt", "2025/11/x/y.log", "2026.log", "2025-old/a.log",
    "web1/error.log", "web1/app-1.log",
    "web1/app-99.log", "2025/13/01/a.log", "misc/deep/er/a.log", "~last", "0", "dt=nodate/a.log",
    "year=2025/a", "web1/2025/a.log",
    f"AWSLogs/{A}/Config/a.json", "AWSLogs/readme", f"AWSLogs/{A}/elasticloadbalancing/ap/x.log",
    "logs/web-1/app.log", "logs/x.log",
)  # fmt: skip

moments = st.integers(0, 60 * 24 * 2).map(lambda half_hours: START + timedelta(minutes=30 * half_hours))
edges = st.none() | moments.map(lambda moment: int(moment.timestamp() * 1000))


def keys_of(form: str, times: list[datetime]) -> list[str]:
    return [t.strftime(form).format(a=(A, B)[i % 2], n=i % 3) for i, t in enumerate(times)]


def walked(source, layout, since, until) -> list[str]:
    """Keys that the walk leads to."""
    found = []
    for one in walk(source, layout, since, until):
        if not isinstance(one, Stretch):
            found.append(one.key)
            continue
        for item in source.objects(one.prefix, after=one.after):
            if one.ends_before(item.key):
                break
            found.append(item.key)
    return found


@settings(max_examples=150)
@given(
    st.sampled_from([*KNOWN.items(), *OWN.items()]),
    st.lists(moments, max_size=30),
    st.sets(st.sampled_from(STRAYS), max_size=6),
    edges,
    edges,
    st.sampled_from(["", "team/", "a/b/"]),
)
def test_nothing_is_left_out_that_can_hold_the_window_or_has_no_date(case, times, strays, since, until, lead):
    name, form = case
    own = keys_of(form, times)
    if name in KNOWN:
        own, beside = [lead + key for key in own], {lead + key for key in strays}
        # In the dated folders of services nothing else is looked for, and among flat names that begin with another one.
        strays = {key for key in beside if "2025/" not in key} if "/%Y" in form or form[0] == "%" else set()
    layout = layouts.parse(name).placed("s3://logs/").fitted(own)
    if name in KNOWN and not layout.matching(own):
        return
    source = ListedSource({*own, *strays})
    found = walked(source, layout, since, until)
    assert len(found) == len(set(found))
    for key in {*own, *strays} - set(found):
        span = layout.span(key)
        assert span is not None, key
        assert (since is not None and span[1] <= since) or (until is not None and span[0] >= until), (key, span)
    prefixes = list(layout.prefixes(source, since, until))
    assert all(any(key.startswith(prefix) for prefix in prefixes) for key in found)


def load_balancers(accounts: int = 3, days: int = 730, step_h: int = 3) -> list[str]:
    """Two years of some accounts in four regions."""
    regions = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1")
    times = [START - timedelta(days=days) + timedelta(hours=h) for h in range(0, days * 24, step_h)]
    stem = "AWSLogs/{a}/elasticloadbalancing/{r}/%Y/%m/%d/{a}_elasticloadbalancing_{r}_app.w.1_%Y%m%dT%H%MZ_i_x.log"
    return [
        t.strftime(stem.format(a=f"{n}" * 12, r=region))
        for n in range(1, accounts + 1)
        for region in regions
        for t in times
    ]


@pytest.mark.parametrize(
    ("name", "keys", "most"),
    [
        ("alb", load_balancers(days=200), 20),
        ("sco", keys_of("logs/h{n}/dt=%Y-%m-%d/hour=%H/a.gz", [START + timedelta(hours=h) for h in range(2000)]), 8),
        ("cloudfront", keys_of(KNOWN["cloudfront"], [START + timedelta(hours=h) for h in range(6000)]), 8),
        ("{yyyy}/{mm}/{dd}/{hh}/", keys_of("%Y/%m/%d/%H/{n}", [START + timedelta(hours=h) for h in range(5000)]), 8),
        ("app-{yyyy}{mm}{dd}{hh}", keys_of("app-%Y%m%d%H", [START + timedelta(hours=h) for h in range(9000)]), 3),
    ],
)
def test_one_hour_takes_few_requests(name, keys, most):
    source = ListedSource(keys)
    layout = layouts.parse(name).placed("s3://logs/").fitted(keys[:10])
    since = int(
        (START - timedelta(days=3) if name == "alb" else START + timedelta(days=20, hours=5)).timestamp() * 1000
    )
    found = walked(source, layout, since, since + HOUR)
    assert found and source.listings <= most, source.listings
    assert len(found) < 200


def test_a_long_window_is_listed_in_long_runs():
    keys = keys_of("%Y/%m/%d/%H/{n}", [START + timedelta(hours=h) for h in range(9000)])
    source = ListedSource(keys)
    since = int((START + timedelta(days=2, hours=5)).timestamp() * 1000)
    found = walked(source, layouts.parse("{yyyy}/{mm}/{dd}/{hh}/"), since, since + 300 * DAY)
    # 7,200 keys are eight pages; the rest finds where the window begins and ends.
    assert len(found) == len(set(found)) == 7200 and source.listings <= 24, source.listings


def test_a_window_that_is_open_on_one_side():
    keys = load_balancers(accounts=1, days=40)
    layout = layouts.parse("alb")
    for since, until in ((START - timedelta(days=1), None), (None, START - timedelta(days=39))):
        bounds = [None if edge is None else int(edge.timestamp() * 1000) for edge in (since, until)]
        source = ListedSource(keys)
        found = walked(source, layout, *bounds)
        assert 30 < len(found) < 70 and source.listings <= 8


def test_without_a_window_all_is_one_listing():
    assert list(walk(ListedSource([]), layouts.parse("alb"), None, None)) == [Stretch("")]
