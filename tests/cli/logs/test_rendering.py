"""Hits as lines, JSON, CSV and a table; what a terminal must not obey."""

from __future__ import annotations

import csv
import io
import json

import pytest

from smartcloudops.cli.render.logs import Look, form_of, shown
from smartcloudops.logs.objects import Event, Hit

TIME = 1_795_168_800_000


class Pipe(io.TextIOWrapper):
    """What a pipe gets, as bytes."""

    def __init__(self, tty: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty

    @property
    def got(self) -> bytes:
        self.flush()
        return self.buffer.getvalue()


def look(**more) -> Look:
    marks = more.pop("marks", lambda record: [(0, 3)])
    return Look("web", lambda key: f"s3://b/{key}", lambda hit: "web-1", marks, **more)


def written(form: str, *hits: Hit, tty: bool = False, **more) -> bytes:
    out = Pipe(tty)
    writer = form_of(form, look(**more), out)
    for hit in hits:
        writer.hit(hit)
    writer.close({"source": "web", "complete": True})
    return out.got


def hit(line: bytes = b"GET /", offset: int = 7, key: str = "a.log", **more) -> Hit:
    return Hit(key, offset, line, Event(TIME, {"level": "error", "http": {"status": 500}}), **more)


def test_a_pipe_gets_the_lines_as_they_are() -> None:
    assert written("text", hit(b"a\x1b[31m\xff\0"), hit(b"b")) == b"a\x1b[31m\xff\0\nb\n"


def test_groups_of_context_are_parted_as_grep_does() -> None:
    got = written(
        "text",
        hit(b"1", before=(b"0",), after=(b"2",)),
        hit(b"4", before=(b"3",), joined=True),
        hit(b"9", before=(b"8",)),
        hit(b"x", key="b.log", joined=True),
    )
    assert got == b"0\n1\n2\n3\n4\n--\n8\n9\n--\nx\n"


def test_a_terminal_sees_where_they_are_from_and_no_escapes(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    got = written("text", hit(b"abc \x1b]0;owned\x07 \xe2\x80\xae"), hit(b"d"), hit(b"e", key="b"), tty=True).decode()
    assert got.splitlines() == [
        "\x1b[35ms3://b/a.log\x1b[0m",
        "\x1b[1;31mabc\x1b[0m \\x1b]0;owned\\x07 \\u202e",
        "\x1b[1;31md\x1b[0m",
        "",
        "\x1b[35ms3://b/b\x1b[0m",
        "\x1b[1;31me\x1b[0m",
    ]


def test_no_colour_without_being_asked(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b" not in written("text", hit(), tty=True)


def test_an_endless_line_is_cut_on_a_terminal_only(monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    long = b"x" * 10_000_000
    assert len(written("text", hit(long))) == len(long) + 1
    cut = written("text", hit(long), tty=True)
    assert len(cut) < 5_000 and "… (10,000,000 bytes)" in cut.decode()


def test_json_lines_hold_where_when_and_what() -> None:
    (line,) = written("jsonl", hit()).splitlines()
    assert json.loads(line) == {
        "time": "2026-11-20T10:00:00Z",
        "source": "web",
        "object": "a.log",
        "offset": 7,
        "host": "web-1",
        "line": "GET /",
        "fields": {"level": "error", "http": {"status": 500}},
    }


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_document_is_json_however_many_hits(count) -> None:
    document = json.loads(written("json", *[hit(offset=n) for n in range(count)]))
    assert list(document) == ["schema_version", "hits", "source", "complete"]
    assert [h["offset"] for h in document["hits"]] == list(range(count))


def test_text_that_is_no_utf8_is_still_json() -> None:
    odd = Hit("a", 0, b"\xff\xed\xa0\x80", Event(None, {"x": "\ud800", "b": b"\xff", "n": float("nan")}))
    (line,) = written("jsonl", odd).splitlines()
    found = json.loads(line, parse_constant=lambda name: pytest.fail(name))
    assert found["time"] is None and found["line"].startswith("�") and found["fields"]["n"] is None


def test_csv_has_the_columns_that_were_asked_for() -> None:
    rows = list(
        csv.reader(
            io.StringIO(written("csv", hit(b'say "a,b"'), columns=("http.status", "level", "no", "line")).decode())
        )
    )
    assert rows == [["http.status", "level", "no", "line"], ["500", "ERROR", "", 'say "a,b"']]
    assert written("csv", hit()).splitlines()[0] == b"time,object,offset,host,level,line"


def test_a_table_on_a_pipe_is_plain() -> None:
    got = written("table", hit(b"GET \x1b[2J")).decode()
    assert got.splitlines()[1].split()[:3] == ["2026-11-20T10:00:00Z", "web-1", "ERROR"] and "\x1b" not in got
    assert written("table") == b"no hits\n"


def test_lines_of_a_stack_trace_stay_lines() -> None:
    assert shown(b"Traceback\n  File x\r") == "Traceback\n  File x\\r"


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_a_terminal_obeys_nothing_that_forms_for_programs_hold(form) -> None:
    odd = hit("a\x1b]0;own\x07 \x9b31m \x7f\r é 日\u202e".encode(), key="k\x1b[31m.log")
    shown, piped = written(form, odd, tty=True), written(form, odd)
    assert all(c.isprintable() or c == "\n" for c in shown.decode())
    assert "é 日" in shown.decode()
    if form == "csv":
        assert "\x1b]0;own\x07" in piped.decode()
    else:
        assert json.loads(shown) == json.loads(piped)
