"""Filters at random, and what they mean, said once more and slowly."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from typing import Any

import re2
from fakes.odd_json import NAMES, WORDS, constants
from hypothesis import strategies as st

from smartcloudops.logs.finding.fields import value_of
from smartcloudops.logs.finding.filters import AllOf, AnyOf, Compare, Constant, Exists, Filter, Matches, Not, OneOf

SIGNS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_PATTERNS = [
    "ERROR",
    "(?i)error",
    "^5",
    "^b",
    "00$",
    "1|50",
    "user-[0-9]+",
    "x y",
    "a.b",
    "rue",
    "é",
    "/api/v[12]",
    ".",
    "n",
]


def filters() -> st.SearchStrategy[Filter]:
    """Trees of every kind of part."""
    name = st.sampled_from([*NAMES, "a.b.a", "level.0", "cs(x)", "in", "back`quote"])
    pattern = st.one_of(st.sampled_from(_PATTERNS), st.sampled_from(WORDS).map(re2.escape)).filter(_holds_no_break)
    leaves = st.one_of(
        st.builds(Compare, name, st.sampled_from(["=", "=", "!=", "<", "<=", ">", ">="]), constants()),
        st.builds(Matches, name, pattern, st.booleans()),
        st.builds(OneOf, name, st.lists(constants(), min_size=1, max_size=3).map(tuple), st.booleans()),
        st.builds(Exists, name),
    )
    return st.recursive(leaves, _joined, max_leaves=5)


def _holds_no_break(text: str) -> bool:
    return "\n" not in text


def _joined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, parts), st.builds(AnyOf, parts), st.builds(Not, inner))


def is_kept(node: Filter, fields: Mapping[str, Any]) -> bool:
    """What the documentation of the language says, word for word."""
    if isinstance(node, Not):
        return not is_kept(node.part, fields)
    if isinstance(node, AllOf):
        return all(is_kept(part, fields) for part in node.parts)
    if isinstance(node, AnyOf):
        return any(is_kept(part, fields) for part in node.parts)
    assert isinstance(node, Compare | Matches | OneOf | Exists)
    value = value_of(fields, node.name)
    if value is None or isinstance(node, Exists):
        return value is not None
    if isinstance(node, Matches):
        return any(re2.search(node.pattern, line) for line in _text(value).split("\n")) != node.negated
    if isinstance(node, OneOf):
        return any(_compares(value, "=", constant) for constant in node.constants) != node.negated
    if node.sign == "!=":
        return not _compares(value, "=", node.constant)
    return _compares(value, node.sign, node.constant)


def _compares(value: Any, sign: str, constant: Constant) -> bool:
    if isinstance(constant, str):
        return bool(SIGNS[sign](_text(value), constant))
    try:
        number = json.loads(value, parse_constant=str) if isinstance(value, str) else value
    except json.JSONDecodeError:
        number = float(value) if value.lstrip("-0").isdecimal() else None
    if isinstance(number, bool) or not isinstance(number, int | float) or (isinstance(value, str) and "e" in value):
        return False
    return bool(SIGNS[sign](number, constant))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if type(value) in (int, float) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
