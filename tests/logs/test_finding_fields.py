"""Fields and filters: what the fast way finds is what orjson on every line finds, however the JSON is written."""

from __future__ import annotations

import pytest
from fakes.filter_trees import filters, is_kept
from fakes.odd_json import NAMES, WORDS, buffers
from fakes.slow_search import event_of, fast, is_found, lines_of
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import UsageError
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.finding.fields import field_text, flat, value_of
from smartcloudops.logs.finding.filters import Filter
from smartcloudops.logs.finding.scanners import Engine
from smartcloudops.logs.finding.values import clauses_of_regex, clauses_of_text
from smartcloudops.logs.finding.where import parse
from smartcloudops.logs.objects import Event
from smartcloudops.logs.sieve import Question

ENGINES = st.sampled_from(["hyperscan", "re2"])


@settings(max_examples=40, deadline=None)
@given(node=filters(), data=buffers(), engine=ENGINES)
def test_a_filter_finds_what_every_line_parsed_says(node: Filter, data: bytes, engine: Engine) -> None:
    expected = [start for start, end in lines_of(data) if is_kept(node, event_of(data[start:end]).fields)]
    assert fast(compiled(Question(where=str(node)), engine=engine), data) == expected


NUMBERS = st.one_of(st.integers(1, 1200), st.sampled_from([1.5, 9.99, 499.5, 100000, 10**11, 2.0]))


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    sign=st.sampled_from(["<", "<=", ">", ">="]),
    at=NUMBERS,
    data=buffers(),
    engine=ENGINES,
)
def test_a_range_finds_what_every_line_parsed_says(name, sign, at, data: bytes, engine: Engine) -> None:
    where = f"`{name}` {sign} {at!r}"
    node = parse(where)
    expected = [start for start, end in lines_of(data) if is_kept(node, event_of(data[start:end]).fields)]
    assert fast(compiled(Question(where=where), engine=engine), data) == expected


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(NAMES), value=st.sampled_from(WORDS), data=buffers(), engine=ENGINES)
def test_a_field_is_found_by_its_text(name: str, value: str, data: bytes, engine: Engine) -> None:
    fields = [(start, value_of(event_of(data[start:end]).fields, name)) for start, end in lines_of(data)]
    there = [(start, field_text(found)) for start, found in fields if found is not None]
    same = fast(compiled(Question(fields=(f"{name}={value}",)), engine=engine), data)
    other = fast(compiled(Question(fields=(f"{name}!={value}",)), engine=engine), data)
    assert same == [start for start, text in there if text == value]
    assert other == [start for start, text in there if text != value]


@settings(max_examples=40, deadline=None)
@given(node=filters(), word=st.sampled_from(["ERROR", "500", "a", "é"]), invert=st.booleans(), data=buffers())
def test_pattern_and_filter_both_hold(node: Filter, word: str, invert: bool, data: bytes) -> None:
    found = fast(compiled(Question(word, invert=invert, where=str(node))), data)
    expected = [
        start
        for start, end in lines_of(data)
        if is_found(word, data[start:end]) != invert and is_kept(node, event_of(data[start:end]).fields)
    ]
    assert found == expected


@pytest.mark.parametrize("engine", ["hyperscan", "re2"])
@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("status = 500", rb'{"status":"\u0035\u0030\u0030"}'),
        ("status = 500", b'{"status":5e2}'),
        ("status = 500", b'{"status": 0.5E+3}'),
        ("status = 500", b'{"status":[],"status":50000e-2}'),
        ("status = 500", b'{"status":499.99999999999999999}'),
        ("status = 500", b'{"status":"0500.0"}'),
        ("status in (404, 500)", b'{"status":5E2}'),
        ("status >= 500", b'{"status":499.99999999999999999}'),
        ("status >= 500", b'{"a":1,"status" : 5e2}'),
        ("status > 9", b'{"status":"0000010"}'),
        ("http.status > 99", b'{"http":{"status":100}}'),
        ("http.status > 99", b'{"http.status":100}'),
        ("size <= 500", b'{"size":500.0}'),
        ("size < 500", b'{"size":0.0000001}'),
        ("size < 500", rb'{"s\u0069ze":99}'),
        ("size < 3", b'{"size":-700}'),
        ("id = 123456789012", b'{"id":123456789011.999999999}'),
        ("id = 1000000000001", b'{"id":1000000000000.99999}'),
        ("f = 1.5", b'{"f":15e-1}'),
        ('level = "ERROR"', rb'{"level":"ERR\u004fR"}'),
        ('level ~ "(?i)^err"', rb'{"level":"ERR\u004fR"}'),
        ('level = "ERROR" or status = 500', rb'{"level":"\u0045RROR"}'),
        ('path = "/api/users"', rb'{"path":"\/api\/users"}'),
        ('path ~ "^/api/users"', rb'{"path":"\/api\/users"}'),
        ('f ~ "^1[.]5$"', b'{"f":15e-1}'),
        ('f ~ "100"', b'{"f":1e2}'),
        ('f = "100.0"', b'{"f":1e2}'),
        ('list = "[1,2]"', b'{"list": [1, 2]}'),
        ('list ~ "^.1,2"', b'{"list": [1, 2]}'),
        ('name ~ "caf\u00e9"', rb'{"name":"caf\u00E9"}'),
        ('name = "a\ufffdbc"', b'{"name":"a\xffbc"}'),
        ('name ~ "a.bc"', b'{"name":"a\xffbc"}'),
        ('text = "one\\ntwo"', rb'{"text":"one\ntwo"}'),
    ],
)
def test_a_value_is_found_however_it_is_written(engine: Engine, where: str, line: bytes) -> None:
    data = b'{"status":1}\n' + line + b"\r\n"
    assert fast(compiled(Question(where=where), engine=engine), data) == [13]


@pytest.mark.parametrize("where", ['a != "xyz"', 'a !~ "xyz"', "a not in ('xyz')", "not a = 'xyz'", "a > 'xyz'", "a"])
def test_what_must_not_be_there_is_not_looked_for(where: str) -> None:
    assert parse(where).literals == ()
    assert parse(f"b = 'uvw' or {where}").literals == ()
    assert len(parse(f"b = 'uvw' and {where}").literals) == 1


@pytest.mark.parametrize("text", ["true", "null", "NaN", "1.5", "-2e5", "[1,2]", '{"a":1}', "", "x", "/"])
def test_text_that_a_value_may_have_without_standing_in_the_line_is_not_looked_for(text: str) -> None:
    assert clauses_of_text(text) == ()


@pytest.mark.parametrize("pattern", ["1[.]5", "rue", "(?i)NULL", "a|1", "[0-9]+", "al$"])
def test_nor_is_a_part_of_it(pattern: str) -> None:
    assert clauses_of_regex(pattern) == ()


@pytest.mark.parametrize(
    ("field", "event", "kept"),
    [
        ("level=ERROR", {"level": "ERROR"}, True),
        ("level=ERROR", {"level": "error"}, False),
        ("level!=ERROR", {}, False),
        ("level!=ERROR", {"level": None}, False),
        ("status=500", {"status": 500}, True),
        ("status=500", {"status": 500.0}, False),
        ("ok=true", {"ok": True}, True),
        ("a.b=1", {"a": {"b": 1}}, True),
        ("a.b=1", {"a.b": 1, "a": {"b": 2}}, True),
        ("path~^/api", {"path": "/api/v1"}, True),
        ("path!~^/api", {"path": "/api/v1"}, False),
        ("msg=a = b", {"msg": "a = b"}, True),
        ("empty=", {"empty": ""}, True),
        (" spaced = x", {"spaced": " x"}, True),
        ("cs(User-Agent)~curl", {"cs(User-Agent)": "curl/8"}, True),
        ("list=[1,2]", {"list": [1, 2]}, True),
        ("list.1=2", {"list": [1, 2]}, True),
        ("list.2=2", {"list": [1, 2]}, False),
    ],
)
def test_fields_as_typed(field: str, event: dict[str, object], kept: bool) -> None:
    assert compiled(Question(fields=(field,))).matches(b"", lambda: Event(None, event)) is kept


@pytest.mark.parametrize("field", ["level", "=x", "level==ERROR", "status>=500", "a=~b", "path~(", "level~a(?=b)"])
def test_a_field_that_cannot_be_read_says_how_to_write_it(field: str) -> None:
    with pytest.raises(UsageError) as raised:
        compiled(Question(fields=(field,)))
    assert raised.value.hint
    assert field in raised.value.message


@pytest.mark.parametrize(
    ("since", "until", "time", "kept"),
    [(10, 20, 10, True), (10, 20, 20, False), (10, None, 9, False), (None, 20, 19, True), (10, 20, None, True)],
)
def test_the_window_is_that_of_the_records_own_time(
    since: int | None, until: int | None, time: int | None, kept: bool
) -> None:
    sieve = compiled(Question(since=since, until=until))
    assert sieve.needs_event
    assert sieve.looks_at_all
    assert sieve.matches(b"", lambda: Event(time)) is kept


def test_the_event_is_only_read_where_the_bytes_leave_it_open() -> None:
    asked: list[int] = []

    def event() -> Event:
        asked.append(1)
        return Event(None, {"a": 1})

    sieve = compiled(Question("word", fields=("a=1",), where="a > 0"))
    assert not sieve.matches(b"other", event)
    assert not asked
    assert sieve.matches(b"a word", event)
    assert len(asked) == 1


def test_flat_names_are_those_that_find_the_values() -> None:
    event = {"a": {"b": {"c": 1}, "d.e": 2}, "f": [{"g": 3}], "h": {}}
    assert all(value_of(event, name) == value for name, value in flat(event).items())
    assert list(flat(event)) == ["a.b.c", "a.d.e", "f", "h"]
