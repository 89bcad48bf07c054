"""Counting lines in one pass over a block gives what reading every line gives, whatever the lines are."""

from __future__ import annotations

import json
from collections import Counter

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.logs.counting import Wanted, known
from smartcloudops.logs.counting.blockwise import Blockwise
from smartcloudops.logs.counting.columns import text_of
from smartcloudops.logs.counting.decoders import Boxes
from smartcloudops.logs.counting.places import Unfit
from smartcloudops.logs.counting.planning import Planner
from smartcloudops.logs.counting.plans import Plan
from smartcloudops.logs.counting.tally import Tally, empty
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.formats import Hint
from smartcloudops.logs.formats.reading import open_reading
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.scan import blocks
from smartcloudops.logs.sieve import Question

EVERYTHING = Question()
ONE = LogObject("a.json", 1, 1_795_168_800_000)
HEAD = b'{"time":"2026-11-20T10:00:00Z","level":"INFO"}\n'
WANTED = Wanted(
    by=(("level",), ("host", "user.id"), ("a.b",)), every=60_000, percentiles=("n",), distinct=("level", "tags")
)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch) -> None:
    monkeypatch.setattr(known, "_PIECE", 300)


def counted(data: bytes, wanted: Wanted, question: Question, *, zone: str = "UTC", at_once: bool = True) -> Tally:
    counter = Blockwise(wanted, question, compiled(question), zone=zone)
    if not at_once:
        counter._known.suits = lambda reading: False
    tally = empty(wanted)
    for block in blocks(ONE, [data], format="json", zone=zone):
        counter.take(block, tally)
    return tally


def figures(tally: Tally) -> list[object]:
    parts = [tally.records, tally.untimed, tally.first, tally.last, tally.present]
    return [*parts, tally.by, tally.timeline, tally.measured, tally.distinct]


TEXT = st.sampled_from(
    [
        "INFO",
        "ERROR",
        "",
        'say "hi"',
        "a\\b",
        "\u00e9",
        "\ud83d\ude00",
        "tab\t",
        '"level":"X"',
        "12",
        "]}",
        "null",
        "\x7f",
    ]
)
NUMBERS = st.sampled_from([0, 7, -3, 1.5, 250.25, 1e300, 2**60, 2**70, -0.0, 1e-7, 12345678901234567])
VALUES = st.one_of(TEXT, NUMBERS, st.sampled_from([True, False, None, [], [1, "x"], [{"a": 1}], {"id": 3}, {}]))
TIMES = st.one_of(
    st.integers(0, 400).map(lambda s: f"2026-11-20T10:{s // 60:02}:{s % 60:02}.{s:03}Z"),
    st.sampled_from(["", ".5", ".25", ".250", ".9999", ".999999999", ".0000000001"]).map(
        "2026-11-20T10:00:59{}Z".format
    ),
    st.sampled_from(
        ["2026-02-31T10:00:00Z", "2026-11-20T10:00:60Z", "2026-11-20 10:00:00,123", "2026-11-20T11:00:00+02:00", "no"]
    ),
    st.sampled_from([1795168800, 1795168800123, 1795168800.999999, 1795168800.5, 1795168860.25, 5]),
)
KEYS = ("level", "host", "n", "user", "tags", "a.b", "a", "severity", "pod", "date", "ts")
SPACES = st.sampled_from([(",", ":"), (", ", ": "), (",", " : ")])


@st.composite
def objects(draw) -> bytes:
    """A line as programs write it: few layouts, many values."""
    names = draw(st.sampled_from([("level", "host", "n"), ("level", "n", "user"), KEYS, ("severity", "pod", "tags")]))
    fields = {name: draw(VALUES) for name in names}
    fields["user"] = draw(st.sampled_from([{"id": 1}, {"id": "x"}, {"id": None, "b": 2}]))
    order = {"time": draw(TIMES), **fields} if draw(st.booleans()) else {**fields, "time": draw(TIMES)}
    separators = draw(SPACES)
    text = json.dumps(order, separators=separators, ensure_ascii=draw(st.booleans()))
    return text.encode("utf-8", "replace")


BROKEN = st.sampled_from(
    [
        b'{"time":"2026-11-20T10:00:01.001Z","level":"A","level":"B","host":"h","n":1,"user":{"id":1}}',
        b'{"time":"2026-11-20T10:00:01.001Z","l\\u0065vel":"A","host":"h","n":1,"user":{"id":1}}',
        b'{"level":"INFO","host":"h","n":01}',
        b'{"level":"INFO","host":"h","n":1',
        b'{"level":"INFO","host":"\xff","n":1}',
        b'{"level":"IN\x00FO","host":"h","n":1}',
        b'{"level":"\\ud800","host":"h","n":NaN}',
        b'{"level":"INFO"} {"level":"INFO"}',
        b'[{"level":"INFO"}]',
        b"level=INFO host=h n=1",
        b"  at com.example.Main(Main.java:1)",
        b"",
        b"{}",
        b"null",
        b' {"level":"INFO","host":"h","n":1}',
        b'{"level":"INFO","host":"h","n":1} ',
        b'{"x":{"level":"DEEP"},"level":"INFO","host":"h"}',
        b'{"level":{"level":"DEEP"},"host":{"name":"h"}}',
        b'{"level":"x',
        b'y","host":"h"}',
        b'{"level":"a"}][{"level":"b"}',
        b'{"level":"a"},""][{"level":"b"}',
        b'{"level":"a"},""',
        b'{"level":"a"},{"level":"b"}',
        b'{"level":"a","n":[1',
        b'2],"host":"h"}',
        b'{"level":"a","n":[',
        b"],",
    ]
)
LINES = st.lists(st.one_of(objects(), objects(), BROKEN), max_size=40)
QUESTIONS = st.sampled_from(
    [
        Question(),
        Question(since=1_795_168_860_000, until=1_795_168_920_500),
        Question(until=1_795_168_801_000),
        Question(since=1_700_000_000_000),
        Question(pattern="INFO"),
        Question(where="n > 1"),
    ]
)


@settings(max_examples=60, deadline=None)
@given(LINES, QUESTIONS, st.sampled_from([b"\n", b"\r\n"]), st.sampled_from(["UTC", "Europe/Berlin"]), st.booleans())
def test_at_once_and_one_by_one_are_the_same(lines, question, end, zone, ended) -> None:
    data = end.join([HEAD[:-1], *lines, *lines]) + (end if ended else b"")
    fast = counted(data, WANTED, question, zone=zone)
    assert figures(fast) == figures(counted(data, WANTED, question, zone=zone, at_once=False))


ODD = st.lists(
    st.sampled_from(
        [
            b"a",
            b"INFO",
            b" ",
            b"\x00",
            b"\x1f",
            b"\x7f",
            b"\xff",
            "\u00e9".encode(),
            b"{",
            b"}",
            b'","',
            b'\\"',
            b"\\u00e9",
        ]
    ),
    max_size=3,
).map(b"".join)
ODD_NUMBERS = st.sampled_from(
    [
        b"1",
        b"0",
        b"-7",
        b"2.50",
        b"01",
        b"-",
        b"1.",
        b".5",
        b"1e3",
        b"1" * 30,
        b"0." + b"1" * 40,
        b"9" * 400,
        b"-0",
        b'""',
    ]
)
COMMON = b'{"level":"INFO","n":1,"host":"h","m":5,"x":"y"}'


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(ODD, ODD_NUMBERS, ODD, ODD_NUMBERS, ODD, st.sampled_from([b"\n", b"\r\n", b" \n"])), max_size=6)
)
def test_odd_bytes_in_lines_that_are_alike(rows) -> None:
    odd = [b'{"level":"%b","n":%b,"host":"%b","m":%b,"x":"%b"}%b' % row for row in rows]
    data = b"".join([COMMON + b"\n", *(line + COMMON + b"\n" for line in odd), *odd])
    for wanted in (Wanted(by=(("level",),)), Wanted(by=(("level", "n"),), distinct=("host",), percentiles=("n",))):
        fast = counted(data, wanted, Question())
        assert figures(fast) == figures(counted(data, wanted, Question(), at_once=False))


@settings(max_examples=60, deadline=None)
@given(LINES)
def test_counts_are_those_of_reading_every_line(lines) -> None:
    data = b"\n".join([HEAD[:-1], *lines, *lines]) + b"\n"
    fast = counted(data, WANTED, Question())
    reading = open_reading(data, Hint("a.json", ONE.modified), format="json")
    events = [reading.read(line) for line in data.split(b"\n")[:-1]]
    levels = Counter((text_of(event, "level"),) for event in events)
    assert fast.records == len(events)
    assert fast.by[0].counts == levels
    assert fast.by[1].counts == Counter((text_of(e, "host"), text_of(e, "user.id")) for e in events)
    known_times = [event.time for event in events if event.time is not None]
    assert (fast.first, fast.last) == (min(known_times), max(known_times))


SCALARS = st.one_of(TEXT, NUMBERS, st.sampled_from([True, False, None]))
PARTS = st.sampled_from(["a", "b", "level", "host", "a.b", "name", "log", "pod", "severity", "host.name", "log.level"])
NESTED = st.recursive(
    st.one_of(SCALARS, st.just([{"b": 1}, 2])), lambda inner: st.dictionaries(PARTS, inner, max_size=3), max_leaves=5
)
FIELDS = st.dictionaries(PARTS, NESTED, max_size=5)
ASKED = st.sampled_from(
    ["level", "host", "a", "b", "a.b", "a.b.a", "b.a.b", "log", "log.level", "host.name", "a.0", "severity", "nope"]
)


@settings(max_examples=400, deadline=None)
@given(FIELDS, st.lists(FIELDS, min_size=1, max_size=6), st.lists(ASKED, min_size=1, max_size=3, unique=True))
def test_what_a_plan_takes_it_reads_as_it_is(sample, others, names) -> None:
    wanted = Wanted(by=tuple((name,) for name in names))
    reading = open_reading(HEAD, Hint(), format="json")
    try:
        layout = Planner(wanted, timed=False, zoneless=True).layout(json.dumps(sample).encode(), reading, None)
        plan = Plan(layout)
    except Unfit:
        return
    for fields in (sample, *others):
        line = json.dumps(fields).encode()
        event = reading.read(line)
        taken = plan.read(Boxes(line + b"\n"), width=None)
        if taken is not None and not taken.left:
            columns = taken.columns
            for name in names:
                assert columns.counted((name,)) == {(text_of(event, name),): 1}, (name, layout)


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ({"level": "INFO", "host": "web-1"}, ("level", "host")),
        ({"severity": "warn", "kubernetes": {"pod_name": "web-1"}}, ("level", "host")),
        ({"log": {"level": "warning"}, "host": {"name": "web-1", "ip": []}}, ("level", "host")),
        ({"log.level": "warn", "k8s": {"pod.name": "x"}}, ("level", "host")),
        ({"message": "neither"}, ("level", "host")),
        (
            {"request": {"status": 500, "user": None}, "http.route": "/"},
            ("request.status", "http.route", "request.user.id"),
        ),
        ({"text": 'quoted "text"\n and é \u0001'}, ("text",)),
    ],
)
def test_lines_as_they_are_known_are_read_in_one_pass(line, asked) -> None:
    lines = orjson.dumps(line) + b"\n"
    counter = known.Known(Wanted(by=tuple((name,) for name in asked)), timed=False, zoneless=True)
    reading = open_reading(lines * 20, Hint())
    list(counter.parts(lines, reading, width=None))
    parts = list(counter.parts(lines * 20, reading, width=None))
    assert [columns.rows if columns else None for _, columns in parts] == [
        len(range(a, b, len(lines))) for ((a, b),), _ in parts
    ]
    event = reading.read(lines)
    for name in asked:
        assert all(columns.counted((name,)).keys() == {(text_of(event, name),)} for _, columns in parts)


PARTS_OF_LINES = [
    b'{"level":"a"}', b'{"level":"x', b'y"}', b'{"level":"a"}][{"level":"b"}', b'{"level":"a"},""][{"level":"b"}',
    b'{"level":"a"} {"level":"b"}', b'{"level":"a","n":[1', b'2]}', b'{"level":', b'"a"}', b'{"level":"a"', b'}', b"",
    b'{"level":"a"},""', b'"",', b'][', b'"]["',
]  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PARTS_OF_LINES), min_size=1, max_size=6))
def test_an_object_is_a_line_and_a_line_is_an_object(lines) -> None:
    reading = open_reading(HEAD, Hint(), format="json")
    plan = Plan(Planner(Wanted(by=(("level",),)), timed=False, zoneless=True).layout(HEAD[:-1], reading, None))
    taken = plan.read(Boxes(b"\n".join(lines) + b"\n"), width=None)
    assert (taken is not None) == all(line == b'{"level":"a"}' for line in lines)


def counted_both_ways(lines: bytes, wanted: Wanted, question: Question = EVERYTHING) -> Tally:
    fast = counted(lines, wanted, question)
    assert figures(fast) == figures(counted(lines, wanted, question, at_once=False))
    return fast


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\tb.c", "\udcff"])
def test_a_name_that_no_decoder_can_look_for(name) -> None:
    lines = json.dumps({"level": "INFO", name: 1}).encode() + b"\n"
    assert counted_both_ways(lines * 30, Wanted(by=((name,),))).records == 30


@pytest.mark.parametrize("depth", [900, 985, 1000, 1020, 1100, 20_000])
def test_lines_that_are_nested_as_deeply_as_nothing_else(depth) -> None:
    usual = b'{"level":"INFO"}\n' * 30
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        deep = b'{"level":"INFO","x":' + opening * depth + b"1" + closing * depth + b"}\n"
        for lines in (usual + deep, deep + usual):
            assert counted_both_ways(lines, Wanted(by=(("level",),))).records == 31


@pytest.mark.parametrize("line", [{"severity": 30}, {"priority": 34}, {"level": 30}, {"level": "30"}])
def test_a_level_that_is_a_number_under_another_name_is_none(line) -> None:
    counted_both_ways(orjson.dumps(line) + b"\n" + orjson.dumps(line) + b"\n", Wanted(percentiles=("level",)))


def test_digits_of_a_second_that_a_number_cannot_hold() -> None:
    lines = b"".join(
        b'{"time":%d.%b}\n' % (at, part) for at in (1795168800, 4398046512) for part in (b"5", b"99999", b"999999")
    )
    for _ in range(2):
        counted_both_ways(lines, Wanted(every=1000))


def test_times_are_told_with_a_histogram_only() -> None:
    lines = b"".join(
        b'{"time":"2026-11-20T10:00:%02dZ","level":%b}\n' % (at, level)
        for at, level in ((1, b'"A"'), (1, b'"A"'), (0, b'["x"]'), (9, b'["x"]'), (2, b'"A"'))
    )
    tally = counted_both_ways(lines, Wanted(by=(("level",),)), Question(since=1_700_000_000_000))
    assert (tally.records, tally.first, tally.last) == (5, None, None)


def test_lines_of_one_layout_are_never_read_one_by_one() -> None:
    lines = b"".join(
        b'{"time":"2026-11-20T10:00:%02d.5Z","level":"%b","user":{"id":%d}}\n' % (n % 60, (b"INFO", b"WARN")[n % 2], n)
        for n in range(500)
    )
    counter = known.Known(Wanted(by=(("level",), ("user.id",))), timed=True, zoneless=True)
    reading = open_reading(lines, Hint())
    list(counter.parts(lines, reading, width=60_000))
    parts = list(counter.parts(lines, reading, width=60_000))
    assert all(columns is not None for _, columns in parts)
    assert sum(columns.rows for _, columns in parts if columns) == 500
    assert len(parts) == len(list(known._pieces(lines)))


@pytest.mark.parametrize(
    ("times", "width"),
    [
        (["10:00:01Z", "10:00:01.5Z", "10:00:00.123456789Z", "10:00:59.999999999Z", "10:01:00Z"], 60_000),
        (["10:00:01Z", "10:00:01.5Z", "10:00:01.25Z", "10:00:01.499Z"], 1_000),
        (["10:00:01.5Z", "10:00:01.25Z", "10:00:01.499Z"], 100),
    ],
)
def test_times_with_as_many_digits_as_they_need_are_read_in_one_pass(times, width) -> None:
    lines = b"".join(b'{"time":"2026-11-20T%b","level":"INFO"}\n' % time.encode() for time in times)
    reading = open_reading(lines, Hint())
    counter = known.Known(Wanted(every=width), timed=True, zoneless=True)
    list(counter.parts(lines, reading, width=width))
    ((_, columns),) = counter.parts(lines, reading, width=width)
    read = [reading.read(line).time for line in lines.splitlines()]
    assert columns is not None
    assert (columns.first, columns.last) == (min(read), max(read))
    assert [columns.moment(m) // width for m in columns.moments] == [time // width for time in read]


def test_lines_of_several_layouts_are_parted() -> None:
    lines = b"".join(
        b'{"level":"INFO","a":%d}\n{"level":"WARN","b":[%d]}\nplain %d\n{"msg":"x"}\n' % (n, n, n) for n in range(200)
    )
    tally = counted(lines, Wanted(by=(("level",),)), Question())
    assert tally.by[0].counts == {("INFO",): 200, ("WARN",): 200, (None,): 400}


def test_a_field_in_two_places_is_not_mistaken() -> None:
    lines = b'{"in":{"level":"LOW"},"level":"HIGH"}\n' * 50
    assert counted(lines, Wanted(by=(("level",),)), Question()).by[0].counts == {("HIGH",): 50}


def test_the_time_is_that_of_the_object_where_lines_have_two() -> None:
    line = b'{"ts":"2026-11-20T10:00:00Z","time":"2026-11-20T12:00:00Z","level":"INFO"}\n'
    wanted = Wanted(every=60_000)
    counter = Blockwise(wanted, Question(), compiled(Question()))
    for head in (b"", b'{"ts":"2026-11-20T09:00:00Z"}\n'):
        tallies = []
        for number in range(2):
            tally = empty(wanted)
            for block in blocks(ONE, [head + line * 30], format="json"):
                counter.take(block, tally) if number else Blockwise(wanted, Question(), compiled(Question()))._read(
                    block, ((a, b, None) for a, b in block.reading.framing.records(block.data)), tally
                )
            tallies.append(figures(tally))
        assert tallies[0] == tallies[1]
