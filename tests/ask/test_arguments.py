"""What models write as arguments becomes what tools may run with, or a sentence about why not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.ask.arguments import canonical, checked
from smartcloudops.core.errors import UsageError

SCHEMA = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "description": "PromQL"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 50},
        "share": {"type": "number"},
        "open": {"type": "boolean"},
        "state": {"type": "string", "enum": ["firing", "pending"]},
        "hosts": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["query"],
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"query": "up"}', {"query": "up"}),
        ('{"query": "up", "limit": "5"}', {"query": "up", "limit": 5}),
        ('{"query": "up", "limit": 5.0}', {"query": "up", "limit": 5}),
        ('{"query": "up", "limit": 500}', {"query": "up", "limit": 50}),
        ('{"query": "up", "limit": null, "state": ""}', {"query": "up"}),
        ('{"query": 5, "open": "True"}', {"query": "5", "open": True}),
        ('{"query": "up", "hosts": "web-1"}', {"query": "up", "hosts": ("web-1",)}),
        ('{"query": "up", "share": "0.5"}', {"query": "up", "share": 0.5}),
    ],
)
def test_mild_mistakes_are_mended(text: str, wanted: dict[str, object]) -> None:
    assert checked(SCHEMA, text) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "`query` is missing"),
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
        ('{"query": {"a": 1}}', "`query` is to be of type string"),
        ('{"query": "up", "limit": 0}', "at least 1"),
        ('{"query": "up", "limit": 1.5}', "type integer"),
        ('{"query": "up", "limit": 1e999}', "type integer"),
        ('{"query": "up", "share": NaN}', "type number"),
        ('{"query": "up", "open": "yes"}', "type boolean"),
        ('{"query": "up", "state": "fired"}', "cannot be 'fired'"),
        ('{"query": "up", "url": "http://x"}', "no argument `url`"),
        ('{"query": "' + "a" * 5000 + '"}', "longer than 4,000"),
        ("[" * 3999, "no JSON"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_reason(text: str, said: str) -> None:
    with pytest.raises(UsageError) as e:
        checked(SCHEMA, text)
    assert said in e.value.message


def test_a_wrong_choice_is_told_the_nearest() -> None:
    with pytest.raises(UsageError) as e:
        checked(SCHEMA, '{"query": "up", "state": "firng"}')
    assert e.value.hint == "did you mean `firing`?"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4))
def test_no_value_of_any_kind_gets_past_the_schema(value: object) -> None:
    for name, kind in (("query", str), ("limit", int), ("share", float), ("open", bool), ("hosts", tuple)):
        try:
            found = checked(SCHEMA, json.dumps({"query": "up", name: value}))
        except UsageError:
            continue
        assert name not in found or isinstance(found[name], kind)


def test_the_same_call_reads_the_same_however_it_was_written() -> None:
    assert canonical("q", checked(SCHEMA, '{"limit": "5", "query": "up"}')) == canonical(
        "q", checked(SCHEMA, '{"query":"up","limit":5,"state":null}')
    )
