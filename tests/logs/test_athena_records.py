"""What the tables' patterns read in records, and what rows become; values never reach the text of a statement."""

from __future__ import annotations

import re
import string

import pytest
from fakes.athena_questions import CASES, SINCE, UNTIL, Place, asked, planned
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import UsageError
from smartcloudops.core.times import DAY, parse_time
from smartcloudops.logs.athena.costing import price
from smartcloudops.logs.athena.results import hit_of
from smartcloudops.logs.athena.selecting import quoted
from smartcloudops.logs.athena.tables import PLAIN, TABLES
from smartcloudops.logs.formats import Hint
from smartcloudops.logs.formats.reading import open_reading
from smartcloudops.logs.sieve import Question

ALB = (
    "https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048"
    ' 0.037 200 200 0 57 "GET https://www.example.com:443/ HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2'
    " arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067"
    ' "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/1"'
    ' 1 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-"'
)
NLB = (
    "tls 2.0 2018-12-20T02:59:40 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341"
    " 172.100.100.185:443 5 2 98 246 - arn:aws:acm:us-east-2:671290407336:certificate/2a108f19 -"
    ' ECDHE-RSA-AES128-SHA tlsv12 - my-network-loadbalancer.elb.us-east-2.amazonaws.com h2 h2 "h2","http/1.1"'
    " 2020-04-01T08:51:20"
)
FLOW = (
    "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK"
)
S3 = (
    "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000]"
    ' 192.0.2.3 79a59df900b949e5 3E57427F3EXAMPLE REST.GET.VERSIONING - "GET /b?versioning HTTP/1.1" 200 - 113 - 7 -'
    ' "-" "S3Console/0.4" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV4'
    " ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - -"
)
EDGE = (
    "2019-12-04 21:02:31 LAX1 392 192.0.2.100 GET d111111abcdef8.cloudfront.net /index.html 200 - Mozilla/5.0%20(X)"
    " - - Hit SOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ== d111111abcdef8.cloudfront.net https 23 0.001 -"
    " TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 Hit HTTP/2.0 - - 11040 0.001 Hit text/html 78 - -"
).replace(" ", "\t")
EDGE_HEAD = (
    "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status"
    " cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol"
    " cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version"
    " fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type"
    " sc-content-len sc-range-start sc-range-end\n"
)
FLOW_HEAD = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
    " log-status\n"
)
RECORDS = {
    "alb": (ALB, {"client_port": "2817", "elb_status_code": "200", "request_url": "https://www.example.com:443/",
                  "actions_executed": "authenticate,forward", "lambda_error_reason": "-", "conn_trace_id": None}),
    "nlb": (NLB, {"target_port": "443", "tls_protocol_version": "tlsv12", "alpn_be_protocol": "h2"}),
    "vpcflow": (FLOW, {"dstport": "22", "start": "1418530010", "log_status": "OK"}),
    "s3access": (S3, {"requestdatetime": "06/Feb/2019:00:00:38 +0000", "httpstatus": "200", "useragent":
                      '"S3Console/0.4"', "tlsversion": "TLSV1.2", "aclrequired": "-"}),
    "cloudfront": (EDGE, {"date": "2019-12-04", "sc_status": "200", "cs_user_agent": "Mozilla/5.0%20(X)",
                          "c_port": "11040", "sc_range_end": "-"}),
}  # fmt: skip


def read(layout: str, line: str) -> dict[str, str | None]:
    """What Hive's RegexSerDe makes of a line: a group for each column, the line first; Java and Python agree here."""
    table = TABLES[layout]
    found = re.fullmatch(f"({table.pattern}|.*)", line)
    assert found is not None and len(found.groups()) == 1 + len(table.columns)
    assert found[1] == line
    return dict(zip((column.name for column in table.columns), found.groups()[1:], strict=True))


@pytest.mark.parametrize("layout", RECORDS)
def test_a_record_as_aws_documents_it_is_read(layout):
    line, fields = RECORDS[layout]
    assert fields.items() <= read(layout, line).items()


@pytest.mark.parametrize("layout", RECORDS)
def test_fields_that_aws_adds_at_the_end_break_nothing(layout):
    line, fields = RECORDS[layout]
    more = "\tnew\tnewer" if layout == "cloudfront" else ' TID_1 "x y" new'
    assert {name: value for name, value in fields.items() if value is not None}.items() <= read(
        layout, line + more
    ).items()


@pytest.mark.parametrize("layout", RECORDS)
def test_a_line_of_another_form_is_kept_without_fields(layout):
    for line in ("", "no such format", RECORDS[layout][0][:70], '"', "a" * 10_000):
        assert set(read(layout, line).values()) == {None}


@pytest.mark.parametrize("layout", RECORDS)
def test_fields_go_by_the_names_that_a_search_has_for_them(layout):
    """What is only made of others there, or added by newer versions, has no column."""
    heads = {"cloudfront": EDGE_HEAD, "vpcflow": FLOW_HEAD}
    line = RECORDS[layout][0]
    reading = open_reading(f"{heads.get(layout, '')}{line}\n".encode(), Hint(key="x"))
    fields = reading.read(line.encode()).fields
    assert reading.format == layout
    unknown = {name for name in fields if TABLES[layout].column(name) is None}
    assert unknown <= {"path", "method", "request_verb", "request_url", "request_proto", "transformed_host",
                       "transformed_uri", "request_transform_status"}  # fmt: skip
    assert "status" not in unknown


def test_alb_without_a_target_and_with_a_broken_request():
    line = ALB.replace("10.0.0.1:80", "-").replace("GET https://www.example.com:443/ HTTP/1.1", "- http://x:80- ")
    assert read("alb", line)["request_url"] == "http://x:80-" and read("alb", line)["target_ip"] == ""


def test_a_row_is_a_hit_as_a_search_gives_it():
    row = {"sco_object": "s3://b-b/x/2026/a.gz", "sco_time": "2026-11-20T10:00:00.500 UTC", "sco_line": ALB,
           "elb_status_code": "200", "request_processing_time": "0.086", "target_status_code": None}  # fmt: skip
    row["sco_time"] = "2026-11-20T10:00:00.500Z"
    hit = hit_of(row, TABLES["alb"], "s3://b-b/x/")
    assert (hit.key, hit.offset, hit.line.decode()) == ("2026/a.gz", -1, ALB)
    assert hit.event and hit.event.time == parse_time("2026-11-20T10:00:00.500Z", now=0)
    assert hit.event.fields == {"elb_status_code": 200, "request_processing_time": 0.086}


def test_fields_of_a_json_line_are_those_of_the_line():
    row = {"sco_object": "s3://b-b/a", "sco_time": None, "sco_line": '{"a": {"b": 1}}'}
    hit = hit_of(row, PLAIN, "s3://b-b/")
    assert hit.event and hit.event.time is None and hit.event.fields == {"a": {"b": 1}}
    for odd in ("[1]", "{", "plain", '"x"', "[" * 100_000):
        assert hit_of({**row, "sco_line": odd}, PLAIN, "s3://b-b/").event.fields == {}


def test_structs_come_as_json():
    hit = hit_of({"useridentity": '{"arn": "x"}', "eventname": "Get"}, TABLES["cloudtrail"], "s3://b/")
    assert hit.event.fields == {"useridentity": {"arn": "x"}, "eventname": "Get"}


def test_ten_megabytes_are_paid_for_at_least():
    assert price(1)[0] == price(10_000_000)[0] == pytest.approx(0.00005)
    assert price(10**12)[0] == pytest.approx(5.0)


# Marked, so that what is looked for in a statement is nothing of its own.
MARK = "Zq7"
NASTY = st.text(alphabet=string.printable + "'\"`;?\u2019\u00e9\x00$", max_size=40).map(lambda text: MARK + text)


@settings(max_examples=150, deadline=None)
@given(layout=st.sampled_from(sorted(CASES)), pattern=NASTY, value=NASTY, fixed=st.booleans(), fold=st.booleans())
def test_no_value_reaches_the_text_of_a_statement(layout, pattern, value, fixed, fold):
    place = Place("s3://my-logs", layout)
    column = TABLES[layout].columns[2].name if TABLES[layout].columns else "a.b"
    question = asked(pattern, fixed=fixed, ignore_case=fold, fields=(f"{column}={value}", f"{column}!={value}"))
    try:
        statement = planned(place, question)
    except UsageError:
        return
    plain = planned(place, asked("x", fixed=True, ignore_case=fold, fields=(f"{column}=y", f"{column}!=z")))
    assert MARK not in statement.sql and MARK.lower() not in statement.sql
    if fixed:
        assert statement.sql == plain.sql, "the text depends on no value"
    assert all(is_one_literal(value) for value in statement.values)


@settings(max_examples=100, deadline=None)
@given(name=NASTY)
def test_no_name_of_a_field_reaches_the_text_of_a_statement(name):
    for layout in ("sco", "alb", "cloudtrail"):
        try:
            statement = planned(Place("s3://my-logs", layout), asked(None, where=f"`{name.replace('`', '``')}` = 1"))
        except UsageError:
            continue
        assert MARK not in statement.sql
        assert all(is_one_literal(value) for value in statement.values)


@settings(max_examples=100, deadline=None)
@given(since=st.integers(0, 4 * 10**12), length=st.integers(1, 400 * DAY), layout=st.sampled_from(sorted(CASES)))
def test_no_date_reaches_the_text_of_a_statement(since, length, layout):
    place = Place("s3://my-logs", layout)
    assert (
        planned(place, Question("a", since=since, until=since + length)).sql
        == planned(place, Question("a", since=SINCE, until=UNTIL)).sql
    )


@given(st.text())
def test_a_quoted_value_is_one_literal(text):
    try:
        assert is_one_literal(quoted(text))
    except UsageError:
        assert len(text) > 500


def is_one_literal(value: str) -> bool:
    """Whether a value is one number or one text, with nothing behind it."""
    if re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?", value):
        return True
    return value[0] == value[-1] == "'" and len(value) >= 2 and "'" not in value[1:-1].replace("''", "")
