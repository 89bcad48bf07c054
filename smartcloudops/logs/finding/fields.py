"""The fields of an event by name, and their values as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TOO_DEEP = "(nested too deeply to be shown)"
# JSON is written by libraries that go less deep than the one that reads it.
_DEEPEST = 100


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
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    except RecursionError:
        return TOO_DEEP


def shallow(fields: Mapping[str, Any], line: bytes) -> Mapping[str, Any]:
    """The fields of a line, but for what is nested so deeply that it cannot be written; the line itself has it.

    >>> deep = b'{"a":1,"b":' + b"[" * 500 + b"]" * 500 + b"}"
    >>> shallow(json.loads(deep), deep)
    {'a': 1, 'b': '(nested too deeply to be shown)'}
    """
    if line.count(b"[") + line.count(b"{") <= _DEEPEST:
        return fields
    return {name: TOO_DEEP if _is_deep(value) else value for name, value in fields.items()}


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, Mapping | list)
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
        ]
    return bool(level)


def flat(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Nested objects as one level of dotted names, in order; lists stay as they are.

    >>> flat({"a": {"b": 1, "c": {"d": []}}, "e": {}})
    {'a.b': 1, 'a.c.d': [], 'e': {}}
    """
    found: dict[str, Any] = {}
    # Not recursive: programs nest objects more deeply than Python calls functions.
    open_ = [("", iter(fields.items()))]
    while open_:
        before, items = open_[-1]
        for name, value in items:
            if isinstance(value, Mapping) and value:
                open_.append((f"{before}{name}.", iter(value.items())))
                break
            found[f"{before}{name}"] = value
        else:
            open_.pop()
    return found
