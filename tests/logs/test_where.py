"""The filter language: what it means, what it prints, where it stumbles."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.filter_trees import filters, is_kept
from fakes.odd_json import objects
from fakes.slow_search import event_of
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import UsageError
from smartcloudops.logs.finding.filters import AllOf, AnyOf, Compare, Exists, Filter, Matches, Not, OneOf
from smartcloudops.logs.finding.misread import Misread
from smartcloudops.logs.finding.where import parse

EVENT: dict[str, Any] = {
    "status": 503,
    "size": "1024",
    "took": "0.50",
    "id": "1e5",
    "path": "/api/v1/users",
    "time": "2026-11-20T10:00:00Z",
    "ok": False,
    "gone": None,
    "http": {"method": "GET", "code": 200.0},
    "lines": "one\ntwo",
}

_PIECES = ["a", "(", ")", "and", "or", "not", "in", "=", "~", ",", "'x'", '"', "`", "5", "1.5", "!"]


@settings(max_examples=100, deadline=None)
@given(filters())
def test_what_is_printed_reads_as_the_same(node: Filter) -> None:
    again = parse(str(node))
    assert str(again) == str(node)
    assert again == node


@settings(max_examples=100, deadline=None)
@given(node=filters(), text=objects())
def test_it_means_what_its_documentation_says(node: Filter, text: str) -> None:
    fields = event_of(text.encode()).fields
    assert node.matches(fields) == is_kept(node, fields)
    assert Not(node).matches(fields) != node.matches(fields)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.text(max_size=20),
        st.lists(
            st.sampled_from(["a", "(", ")", "and", "or", "not", "in", "=", "~", ",", "'x'", '"', "`", "5", "1.5", "!"])
        ).map(" ".join),
    )
)
def test_any_text_is_read_or_pointed_at(text: str) -> None:
    try:
        assert parse(str(parse(text))) == parse(text)
    except Misread as e:
        assert 1 <= e.column <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('status >= 500 and path ~ "^/api"', True),
        ("status = 503", True),
        ('status = "503"', True),
        ("status = 503.0", True),
        ("status != 503", False),
        ("size > 999", True),
        ('size > "999"', False),
        ("took = 0.5", True),
        ('took = "0.5"', False),
        ("id = 100000", False),
        ("id > 1", False),
        ("path > 1", False),
        ("path != 1", True),
        ("http.code = 200", True),
        ("http.method in ('GET', \"HEAD\")", True),
        ("http.method not in ('GET')", False),
        ("missing not in ('GET')", False),
        ("missing != 1", False),
        ("missing !~ 'x'", False),
        ("not (missing = 1)", True),
        ("not missing = 1", True),
        ("gone = 1 or gone != 1", False),
        ("exists(gone)", False),
        ("gone", False),
        ("ok", True),
        ("ok = false", True),
        ("ok = 0", False),
        ('"2026-11-19" < "x"', None),
        ('time >= "2026-11-20" and time < "2026-11-21"', True),
        ("status = 1 or status = 2 and missing or ok", True),
        ("(status = 1 or ok) and path", True),
        ("NOT missing AND Status", False),
        ("!missing && ok || missing", True),
        ("status == 503", True),
        ("`path` =~ '/v\\d+/'", True),
        (r'path ~ "\\d"', True),
        (r'path = "\u002fapi/v1/users"', True),
        ("lines ~ '^two$'", True),
        ("lines ~ 'one.two'", False),
        ("status >= -1.5e3", True),
    ],
)
def test_examples(text: str, kept: bool | None) -> None:
    if kept is None:
        with pytest.raises(Misread):
            parse(text)
    else:
        assert parse(text).matches(EVENT) is kept


def test_and_binds_tighter_than_or_and_not_tighter_than_both() -> None:
    a, b, c = Exists("a"), Exists("b"), Exists("c")
    assert parse("a or b and not c") == AnyOf((a, AllOf((b, Not(c)))))
    assert parse("a in (1, 'x')") == OneOf("a", (1, "x"))
    assert parse("a !~ 'x' and b <= 2") == AllOf((Matches("a", "x", True), Compare("b", "<=", 2)))


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("", 1, "status >= 500"),
        ("status >= ", 11, "number"),
        ("status 500", 8, "and, or"),
        ("level = ERROR", 9, 'quotes: "ERROR"'),
        ("level = null", 9, "not exists"),
        ("latency > 250ms", 11, "number alone"),
        ("ip = 10.0.0.1", 6, "quotes"),
        ("a = 'x", 5, "backslash"),
        ("(a = 1", 7, ""),
        ("a = 1)", 6, "and, or"),
        ("a in 1", 6, ""),
        ("a in (1 2)", 9, ""),
        ("a not like 'x'", 7, ""),
        ("path ~ api", 8, "path ~"),
        ("path ~ '(?=x)'", 8, "without"),
        ("in = 1", 1, "backquotes"),
        ("a = 1e999", 5, ""),
        ("a = 1 ; b", 7, "quotes"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text: str, column: int, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(text)
    assert isinstance(raised.value, Misread)
    assert raised.value.column == column
    assert raised.value.caret().splitlines()[-1] == " " * (column - 1) + "^"
    assert hint in (raised.value.hint or "")


def test_deep_nesting_is_refused_before_the_stack_ends() -> None:
    assert parse("(" * 90 + "a" + ")" * 90) == Exists("a")
    for text in ("(" * 5000 + "a" + ")" * 5000, "not " * 5000 + "a"):
        with pytest.raises(Misread, match="nested deeper"):
            parse(text)


def test_a_long_filter_is_no_deep_one() -> None:
    assert parse(" or ".join(["a = 1"] * 5000)).matches({"a": 1})


def test_a_caret_is_not_drawn_where_the_text_would_move_it() -> None:
    with pytest.raises(Misread) as raised:
        parse("a =\x1b[31m")
    assert raised.value.caret() == ""
