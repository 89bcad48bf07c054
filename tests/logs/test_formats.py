"""Formats by the content that services write: what is detected, and what each says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartcloudops.core.errors import UsageError
from smartcloudops.logs.formats import FORMATS, Hint, Reading
from smartcloudops.logs.formats.reading import open_reading
from smartcloudops.logs.formats.stamp_table import TEN
from smartcloudops.logs.objects import Event

HINT = Hint(modified=TEN + 1000)


def opened(*lines: str, format: str = "auto") -> tuple[Reading, list[Event]]:
    data = "".join(f"{line}\n" for line in lines).encode()
    reading = open_reading(data, HINT, format=format)
    return reading, [reading.read(data[a:b]) for a, b in reading.framing.records(data)]


@pytest.mark.parametrize(
    "line",
    [
        '{"__REALTIME_TIMESTAMP":"1795168800000000","_HOSTNAME":"web-1","PRIORITY":"3","MESSAGE":"late"}',
        '{"log":"late\\n","stream":"stderr","time":"2026-11-20T10:00:00.000000000Z"}',
        '{"version":"1.1","host":"web-1","short_message":"late","timestamp":1795168800.0,"level":3}',
        '{"@timestamp":"2026-11-20T10:00:00.000Z","log":{"level":"error"},"message":"late","host":{"name":"web-1"}}',
        '{"timestamp":1795168800000,"message":"late","ingestionTime":1795168800500}',
        '{"level":50,"time":1795168800000,"pid":1,"hostname":"web-1","msg":"late"}',
        '{"level":"error","ts":1795168800.0,"caller":"a.go:7","msg":"late"}',
        '{"@t":"2026-11-20T10:00:00.0000000Z","@l":"Error","@mt":"late"}',
        '{"asctime":"2026-11-20 10:00:00,000","levelname":"ERROR","message":"late"}',
        '{"time":"soon","ts":"2026-11-20T10:00:00Z","msg":"late"}',
        '{"date":"2026-11-20","time":"10:00:00","msg":"late"}',
        '{"t":{"x":1},"datetime":"20/Nov/2026:10:00:00 +0000","body":"late"}',
        ' {"time":"2026-11-20T10:00:00Z"} ',
    ],
)
def test_json_of_many_kinds(line: str) -> None:
    reading, (event, again) = opened(line, line)
    assert reading.format == "json"
    assert event == again == Event(TEN, json.loads(line))


def test_each_json_line_may_have_its_time_elsewhere() -> None:
    _, events = opened(
        '{"ts":1795168800}', '{"time":"2026-11-20T10:00:00Z"}', '{"a":1}', '{"ts":"x","@timestamp":1795168800}'
    )
    assert [event.time for event in events] == [TEN, TEN, None, TEN]


ODD_JSON: list[tuple[bytes, dict[str, Any]]] = [
    (b'{"a":"\xff"}', {"a": "\ufffd"}),
    (b'{"a":"b\x00c\x01"}', {"a": "b\x00c\x01"}),
    (b'{"a":NaN,"b":-Infinity}', {"a": None, "b": None}),
    (b'{"a":"\\ud800x","b":"\\ud83d\\ude00"}', {"a": "\ufffdx", "b": "\U0001f600"}),
    (b"\0\0\0" + b'{"a":1}', {"a": 1}),
    (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
    (b'{"a":1}\r', {"a": 1}),
    (b'{"a":1,"a":2}', {"a": 2}),
]


@pytest.mark.parametrize(("line", "fields"), ODD_JSON, ids=lambda value: repr(value)[:24])
def test_json_that_is_not_quite_json(line: bytes, fields: dict[str, Any]) -> None:
    event = open_reading(b'{"a":1}\n' * 3, HINT).read(line)
    assert event.fields == fields
    json.dumps(event.fields).encode()


@pytest.mark.parametrize(
    "line", [b'{"a":', b"[1,2]", b"17", b'"text"', b'{"a":1} x', b"{" * 100_000, b'{"a":' + b"[" * 100_000]
)
def test_json_that_is_none_is_a_message(line: bytes) -> None:
    assert open_reading(b'{"a":1}\n', HINT).read(line).fields == {"message": line.decode()}


def test_numbers_beyond_64_bits_keep_their_digits() -> None:
    event = open_reading(b'{"a":1}\n', HINT).read(b'{"x":NaN,"a":123456789012345678901234567890,"b":1e999,"c":7}')
    assert event.fields == {"x": None, "a": "123456789012345678901234567890", "b": "1e999", "c": 7}


def test_nginx_and_apache_write_access_logs() -> None:
    _, events = opened(
        '192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET /a?b=c HTTP/1.1" 200 -',
        '::1 - ann b [20/Nov/2026:10:00:00 +0000] "POST /x HTTP/2.0" 499 0 "https://s.example/" "M \\"5\\"" 0.003 "x"',
        'shop.example:443 192.0.2.7 - - [20/Nov/2026:11:00:00 +0100] "\\x16\\x03" 400 226 "-" "-"',
    )
    assert [event.time for event in events] == [TEN] * 3
    common, combined, vhost = (dict(event.fields) for event in events)
    assert (common["client"], common["path"], common["query"], common["status"]) == ("192.0.2.7", "/a", "b=c", 200)
    assert "bytes" not in common
    assert (combined["user"], combined["user_agent"], combined["more"]) == ("ann b", 'M \\"5\\"', '0.003 "x"')
    assert (vhost["vhost"], vhost["request"], vhost["status"]) == ("shop.example:443", "\\x16\\x03", 400)


def test_errors_of_web_servers() -> None:
    nginx = (
        "2026/11/20 10:00:00 [error] 31#32: *7 connect() failed (111: Connection refused) while connecting to upstream,"
        ' client: 192.0.2.7, server: _, request: "GET /a, b HTTP/1.1", upstream: "http://[::1]:80/", host: "shop"'
    )
    reading, (event,) = opened(nginx)
    assert (reading.format, event.time) == ("nginx", TEN)
    assert event.fields["message"] == "connect() failed (111: Connection refused) while connecting to upstream"
    assert event.fields["request"] == "GET /a, b HTTP/1.1"
    assert (event.fields["client"], event.fields["host"], event.fields["connection"]) == ("192.0.2.7", "shop", 7)
    reading, (old,) = opened("[Fri Nov 20 10:00:00 2026] [error] [client 192.0.2.7] File does not exist: /x")
    assert (reading.format, old.time, old.fields["message"]) == ("apache", TEN, "File does not exist: /x")


def test_load_balancers_with_columns_missing_or_new() -> None:
    example = FORMATS.load("alb").example.decode()
    refused = (
        "h2 2026-11-20T10:00:00.000000Z app/a/1 [2001:db8::1]:2817 - -1 -1 -1 460 - 0 0"
        ' "- http://shop.example:80- " "-" - - - "-" "-" "-" - 2026-11-20T10:00:00Z "waf" "-" "-"'
    )
    reading, (whole, future, short) = opened(example, f'{example} "new" 7', refused)
    assert reading.format == "alb"
    assert whole.fields == future.fields | {
        name: whole.fields[name] for name in ("transformed_host", "transformed_uri", "request_transform_status")
    }
    assert {whole.fields[name] for name in ("method", "request_verb")} == {"POST"}
    assert (whole.fields["path"], whole.fields["status"], whole.fields["conn_trace_id"]) == ("/pay", 503, "TID_1")
    assert (short.fields["client_ip"], short.fields["target_ip"], short.fields["status"]) == (
        "[2001:db8::1]",
        None,
        460,
    )
    assert short.time == TEN


def test_cloudfront_and_iis_by_their_header() -> None:
    reading, (version, names, event) = opened(
        "#Version: 1.0",
        "#Fields: date time x-edge-location cs(User-Agent) sc-status",
        "2026-11-20\t10:00:00\tFRA\tMozilla/5.0%20(X11)\t200",
    )
    assert reading.format == "cloudfront"
    assert [version.time, names.fields["message"][:8]] == [None, "#Fields:"]
    assert event.time == TEN
    assert event.fields["cs_user_agent"] == "Mozilla/5.0%20(X11)"
    reading, (_, iis) = opened("#Fields: date time cs-uri-stem sc-status", "2026-11-20 10:00:00 /a 404")
    assert (reading.format, iis.time, iis.fields["path"], iis.fields["status"]) == ("iis", TEN, "/a", 404)


def test_flow_logs_by_their_header() -> None:
    reading, (header, event, nothing) = opened(
        "account-id vpc-id srcaddr start end action flow-direction",
        "111122223333 vpc-1 192.0.2.7 1795168800 1795168860 REJECT ingress",
        "111122223333 vpc-1 - 1795168800 1795168860 - -",
    )
    assert reading.format == "vpcflow"
    assert (header.time, event.time, event.fields["flow_direction"]) == (None, TEN, "ingress")
    assert nothing.fields["srcaddr"] is None


TRAIL = [
    {"eventTime": f"2026-11-20T10:00:0{n}Z", "eventName": 'a"}],[{\\', "x": {"y": [{}, {"z": "{"}]}} for n in range(5)
]


@pytest.mark.parametrize("indent", [None, 2])
def test_cloudtrail_records_by_their_place(indent: int | None) -> None:
    data = json.dumps({"Records": TRAIL}, indent=indent).encode()
    for document in (data, data + b"\n" + data, b"\xef\xbb\xbf" + data):
        reading = open_reading(document[: len(document) // 2], HINT)
        assert reading.format == "cloudtrail"
        spans = list(reading.framing.records(document))
        assert [json.loads(document[a:b]) for a, b in spans] == TRAIL * document.count(b"Records")
        assert [reading.read(document[a:b]).time for a, b in spans][:5] == [TEN + 1000 * n for n in range(5)]
        assert reading.framing.around(document, 0) == (0, 0)
        assert reading.framing.around(document, len(document) - 1)[0] == len(document) - 1


@pytest.mark.parametrize("size", [1, 2, 7, 33, 100])
def test_a_document_in_pieces_gives_the_same_records(size: int) -> None:
    data = json.dumps({"Records": TRAIL}).encode()
    framing = open_reading(data, HINT).framing
    carry, found = b"", []
    for at in range(0, len(data), size):
        carry += data[at : at + size]
        cut = framing.cut(carry)
        found += [carry[a:b] for a, b in framing.records(carry[:cut])]
        carry = carry[cut:]
    assert list(map(json.loads, found)) == TRAIL
    assert list(framing.records(carry)) == []


def test_a_document_that_is_still_in_a_long_string_costs_its_length() -> None:
    data = b'{"Records":[{"a":1},{"b":"' + b"x{}" * 1_000_000
    framing = open_reading(data[:1000], HINT).framing
    assert framing.cut(data) == data.index(b",{")


def test_syslog_old_and_new() -> None:
    reading, events = opened(
        "<34>Nov 20 10:00:00 web-1 su: 'su root' failed",
        "Nov 20 10:00:00 web-1 kernel: [12.5] oom",
        "Nov 20 10:00:00 web-1 sshd[311]: ok",
        "2026-11-20T10:00:00.000000+00:00 web-1 systemd[1]: Started",
        '<165>1 2026-11-20T10:00:00Z web-1 app 7 ID47 [a@1 k="v\\"\\]" l=""][b@1 x="1"] \ufeffté',
        "<0>1 - - - - - -",
        "71 <14>1 2026-11-20T10:00:00Z web-1 app - - - hello",
    )
    assert reading.format == "syslog"
    assert [event.time for event in events] == [TEN] * 5 + [None, TEN]
    assert events[0].fields == {"priority": 34, "host": "web-1", "app": "su", "message": "'su root' failed"}
    assert events[2].fields == {"host": "web-1", "app": "sshd", "pid": "311", "message": "ok"}
    assert events[3].fields["app"] == "systemd"
    assert events[4].fields["data"] == {"a@1": {"k": 'v"]', "l": ""}, "b@1": {"x": "1"}}
    assert events[4].fields["message"] == "té"
    assert events[5].fields == {"priority": 0, "message": ""}


def test_applications_that_begin_with_a_time_are_no_syslog() -> None:
    reading, _ = opened("2026-11-20T10:00:00.000Z INFO main: ready", "2026-11-20T10:00:00.000Z handler took 7: ok")
    assert reading.format == "trace"


def test_logfmt_with_quotes_and_words_alone() -> None:
    reading, (event,) = opened('ts=2026-11-20T10:00:00Z msg="a \\"b\\" \\u00e9\\n" err= fatal n=1 path=/a?b=c x="open')
    assert reading.format == "logfmt"
    assert event.time == TEN
    assert dict(event.fields) == {
        "ts": "2026-11-20T10:00:00Z", "msg": 'a "b" é\n', "err": "", "fatal": "", "n": "1", "path": "/a?b=c",
        "x": '"open',
    }  # fmt: skip


def test_a_format_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(UsageError) as e:
        open_reading(b"", HINT, format="ngnix")
    assert (e.value.message, e.value.hint) == ("no log format named 'ngnix'", "did you mean `nginx`?")
    with pytest.raises(UsageError):
        open_reading(b"", Hint(zone="Mars/Base"))


def test_what_is_said_by_name_holds_for_any_content() -> None:
    reading, (event,) = opened('{"time":"2026-11-20T10:00:00Z"}', format="nginx")
    assert reading.format == "nginx"
    assert event == Event(TEN, {"time": "2026-11-20T10:00:00Z"})
