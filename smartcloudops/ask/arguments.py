"""A tool's arguments: the JSON that a model wrote, checked against the tool's flat schema, mildly corrected."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from smartcloudops.core.errors import UsageError
from smartcloudops.core.registry import nearest

_LONGEST = 4000


def checked(parameters: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The arguments that a tool may run with; None and "" count as not given. UsageError says what is wrong.

    >>> checked({"properties": {"limit": {"type": "integer", "maximum": 20}}}, '{"limit": "5"}')
    {'limit': 5}
    """
    given = _object(text)
    known: Mapping[str, Mapping[str, Any]] = parameters.get("properties", {})
    for name in given:
        if name not in known:
            raise UsageError(f"there is no argument `{name}`", hint=nearest(name, known) if known else "it takes none")
    found = {name: _value(name, known[name], value) for name, value in given.items() if value not in (None, "")}
    for name in parameters.get("required", ()):
        if name not in found:
            raise UsageError(f"the argument `{name}` is missing", hint=known[name].get("description"))
    return found


def canonical(name: str, arguments: Mapping[str, Any]) -> str:
    """The same text for the same call, however it was written."""
    return f"{name} {json.dumps(arguments, sort_keys=True)}"


def _object(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    if len(text) > _LONGEST:
        raise UsageError(f"the arguments are longer than {_LONGEST:,} characters", hint="a shorter query")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise UsageError(f"the arguments are no JSON: {e}", hint='one object, such as {"query": "up"}') from e
    if not isinstance(found, dict):
        raise UsageError("the arguments are no JSON object", hint='such as {"query": "up"}')
    return found


def _value(name: str, schema: Mapping[str, Any], value: Any) -> Any:
    kind = schema.get("type", "string")
    try:
        found = _KINDS[kind](value)
    except (TypeError, ValueError, OverflowError) as e:
        raise UsageError(f"`{name}` is to be of type {kind}", hint=schema.get("description")) from e
    if "enum" in schema and found not in schema["enum"]:
        raise UsageError(f"`{name}` cannot be {found!r}", hint=nearest(str(found), map(str, schema["enum"])))
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and found < low:
        raise UsageError(f"`{name}` is to be at least {low}")
    return min(found, high) if high is not None else found


def _text(value: Any) -> str:
    if isinstance(value, bool | int | float):
        return str(value)
    if not isinstance(value, str):
        raise TypeError
    # A lone surrogate is no text that can be sent.
    return value.encode("utf-8", "replace").decode()


def _whole(value: Any) -> int:
    if isinstance(value, bool) or float(value) != int(float(value)):
        raise ValueError
    return int(float(value))


def _number(value: Any) -> float:
    found = float(value)
    if isinstance(value, bool) or found != found or found in (float("inf"), float("-inf")):
        raise ValueError
    return found


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[str(value).lower()] if str(value).lower() in ("true", "false") else _no()


def _no() -> bool:
    raise ValueError


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(each) for each in value) if isinstance(value, list) else (_text(value),)


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "string": _text,
    "integer": _whole,
    "number": _number,
    "boolean": _flag,
    "array": _texts,
}
