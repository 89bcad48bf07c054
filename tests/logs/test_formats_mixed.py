"""What is wrong with logs: formats in one file, bytes that are no text, lines without an end, clocks that go back."""

from __future__ import annotations

import pytest

from smartcloudops.logs.formats import FORMATS, Hint
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.reading import open_reading
from smartcloudops.logs.formats.stamp_table import TEN

HINT = Hint(modified=TEN + 1000)
LINE_FORMATS = [name for name in FORMATS if name not in ("cloudtrail", "document", "trace", "iis", "cloudfront")]


@pytest.mark.parametrize("name", ["json", "logfmt", "syslog", "nginx", "alb"])
@pytest.mark.parametrize("stray", ["json", "logfmt", "syslog", "nginx", "apache", "alb"])
def test_lines_of_another_format_are_read_too(name: str, stray: str) -> None:
    usual, other = FORMATS.load(name).example, FORMATS.load(stray).example
    reading = open_reading((usual + b"\n") * 5 + other + b"\n", HINT)
    # Both servers write the same access log; an error line tells them apart.
    assert reading.format == ("apache" if (name, stray) == ("nginx", "apache") else name)
    event = reading.read(other)
    assert event.time is not None
    assert event.time // 1000 == TEN // 1000
    assert event == FORMATS.load(stray).open(b"", HINT).read(other)


@pytest.mark.parametrize("name", LINE_FORMATS)
def test_a_few_odd_lines_do_not_hide_the_format(name: str) -> None:
    example = FORMATS.load(name).example
    odd = b"starting up\n\n\xff\xfe\0\n+++ exited +++\n"
    known = open_reading((example + b"\n") * 3, HINT).format
    assert open_reading(odd + (example + b"\n") * 12 + odd, HINT).format == known


def test_a_trace_behind_json_belongs_to_it() -> None:
    record = b'{"time":"2026-11-20T10:00:00Z","level":"error"}\njava.io.IOException: late\n\tat a.b(C.java:1)'
    data = (record + b"\n") * 3
    reading = open_reading(data, HINT)
    assert reading.format == "trace"
    assert [data[start:end] for start, end in reading.framing.records(data)] == [record] * 3
    event = reading.read(record)
    assert event.time == TEN
    assert event.fields["level"] == "error"
    assert event.fields["trace"] == "java.io.IOException: late\n\tat a.b(C.java:1)"


@pytest.mark.parametrize("name", LINE_FORMATS)
def test_a_plain_line_among_others_keeps_its_own_time(name: str) -> None:
    event = open_reading(FORMATS.load(name).example, HINT, format=name).read(
        b"2026-11-20 10:00:00 WARN disk is filling"
    )
    assert (event.time, event.fields) == (TEN, {"level": "WARN", "message": "disk is filling"})


@pytest.mark.parametrize(
    "head", [b"", b"\n", b"\r\n\r\n", b"\0" * 4096, b"x", b"\xff" * 300_000, b"words and words\n" * 3]
)
def test_heads_that_show_nothing_are_plain(head: bytes) -> None:
    reading = open_reading(head, Hint())
    assert reading.format == "plain"
    assert reading.read(b"what is this").fields == {"message": "what is this"}


@pytest.mark.parametrize("cut", range(1, 80, 7))
def test_a_head_within_its_first_line_counts_as_it_is(cut: int) -> None:
    line = b'{"time":"2026-11-20T10:00:00Z","level":"error","message":"late for ' + b"long " * 20 + b'"}'
    reading = open_reading(line[:cut], HINT)
    assert reading.read(line).time == TEN


def test_bytes_that_are_no_utf8_are_replaced_and_the_text_stays() -> None:
    line = b"Nov 20 10:00:00 web-1 app: caf\xe9 \xff\x00 end"
    event = open_reading(line + b"\n", HINT).read(line)
    assert event.fields["message"] == "caf\ufffd \ufffd\x00 end"


def test_lines_over_ten_megabytes() -> None:
    long = b"y" * (11 << 20)
    for line in (
        b'{"time":"2026-11-20T10:00:00Z","a":"' + long + b'"}',
        b"2026-11-20 10:00:00 " + long,
        b'time=2026-11-20T10:00:00Z a="' + long + b'"',
        b'192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET /' + long + b' HTTP/1.1" 200 1',
        b"Nov 20 10:00:00 web-1 app: " + long,
    ):
        event = open_reading(line[: 256 << 10], HINT).read(line)
        assert event.time == TEN
        assert sum(len(str(value)) for value in event.fields.values()) >= len(long)


def test_clocks_that_go_back_change_nothing() -> None:
    reading = open_reading(b"", HINT, format="logfmt")
    times = [f"2026-11-20T10:{minute:02d}:{second:02d}Z" for minute in (5, 0, 59, 1) for second in (9, 0, 59)]
    found = [reading.read(f"time={time} a=1".encode()).time for time in times]
    assert found == [reading.read(f"time={time} a=1".encode()).time for time in times]
    assert found[3] == TEN + 9_000


def test_line_ends_of_any_system() -> None:
    data = b"a\r\n\r\n\nb\rc\n\r\r\nd\r"
    spans = list(LINES.records(data))
    assert [data[start:end] for start, end in spans] == [b"a", b"", b"", b"b\rc", b"\r", b"d"]
    for start, end in spans:
        assert {LINES.around(data, at) for at in range(start, max(end, start + 1))} == {(start, end)}


@pytest.mark.parametrize("cut", ["", "a", "\n", "a\n", "a\nb", "a\r"])
def test_a_line_is_whole_with_its_end(cut: str) -> None:
    data = cut.encode()
    assert LINES.cut(data) == data.rfind(b"\n") + 1
