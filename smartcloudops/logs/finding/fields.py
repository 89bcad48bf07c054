"""The fields of an event by name, and their values as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def value_of(fields: Mapping[str, Any], name: str) -> Any:
    """The value under a name: of that very key first, else along the dots; None where there is none, or null.

    Elements of lists go by their index. Case-sensitive.

    >>> event = {"http.status": 500, "user": {"name": "ann", "roles": ["admin", "dev"]}}
    >>> value_of(event, "http.status"), value_of(event, "user.name"), value_of(event, "user.roles.1")
    (500, 'ann', 'dev')
    """
    if name in fields:
        return fields[name]
    dot = name.find(".")
    while dot >= 0:
        found = _inside(fields.get(name[:dot]), name[dot + 1 :])
        if found is not None:
            return found
        dot = name.find(".", dot + 1)
    return None


def _inside(value: Any, rest: str) -> Any:
    if isinstance(value, Mapping):
        return value_of(value, rest)
    if isinstance(value, list):
        index, _, deeper = rest.partition(".")
        if index.isdecimal() and len(index) < 10 and int(index) < len(value):
            return _inside(value[int(index)], deeper) if deeper else value[int(index)]
    return None


def field_text(value: Any) -> str:
    """A value as text: as it is, true and false, digits; lists and objects as compact JSON; null is empty.

    >>> [field_text(v) for v in ("a", 500, 0.5, True, None, {"a": [1, "é"]})]
    ['a', '500', '0.5', 'true', '', '{"a":[1,"é"]}']
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Nested objects as one level of dotted names, in order; lists stay as they are.

    >>> flat({"a": {"b": 1, "c": {"d": []}}, "e": {}})
    {'a.b': 1, 'a.c.d': [], 'e': {}}
    """
    return dict(_pairs(fields, ""))


def _pairs(fields: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _pairs(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
