"""Values as written (TOML, variables, flags) to the values that the settings hold."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import ConfigError, UsageError
from smartcloudops.core.keys import Key, display, toml_text
from smartcloudops.core.quantities import parse_size
from smartcloudops.core.settings import Form
from smartcloudops.core.times import now_ms, parse_duration, parse_range


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written: relative paths start at `base`, `~` is `home`."""

    where: str
    base: Path
    home: Path


class _WrongError(Exception):
    """What was expected instead; an example in TOML."""

    def __init__(self, expected: str, example: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.example = example


def convert(key: Key, value: object, place: Place) -> Any:
    """The value that the section's dataclass holds (durations in ms); ConfigError says what was expected."""
    try:
        converted = _FORMS[key.form](value, place)
        _check(key, converted)
    except _WrongError as e:
        shown = "" if key.masked else f" = {_short(value)}"
        message = f"{place.where}: [{key.section}] {key.last}{shown} is not {e.expected}"
        raise ConfigError(message, hint=f"write {key.last} = {_example(key, e)}") from e
    return converted


def from_text(key: Key, text: str) -> object:
    """What a variable holds: a TOML value; anything else is a string.

    Keys that want text take it as it is, unless it is a quoted TOML string.
    """
    if key.form in ("text", "uri", "path", "program") and not text.startswith(('"', "'")):
        return text
    import tomllib

    try:
        table = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return table["value"] if len(table) == 1 else text


def _short(value: object) -> str:
    text = toml_text(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _example(key: Key, e: _WrongError) -> str:
    if key.choices:
        return toml_text(list(key.choices[:1]) if isinstance(key.default, tuple) else key.choices[0])
    if key.form == "duration" or key.minimum is not None or key.default in (None, (), {}, ""):
        return e.example
    return display(key, key.default)


def _check(key: Key, value: Any) -> None:
    items = value if isinstance(value, tuple) else (value,)
    if key.choices:
        for each in items:
            if each not in key.choices:
                raise _WrongError(f"one of {', '.join(key.choices)}", "")
    for each in items:
        _check_bounds(key, each)


def _check_bounds(key: Key, value: Any) -> None:
    low, high = key.minimum, key.maximum
    if low is not None and not value >= low:
        raise _WrongError(f"at least {_unit(key, low)}", _unit(key, low))
    if high is not None and not value <= high:
        raise _WrongError(f"at most {_unit(key, high)}", _unit(key, high))


def _unit(key: Key, bound: float) -> str:
    return display(key, int(bound)) if key.form == "duration" else f"{bound:.15g}"


def _text(value: object, _: Place) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongError("text", '"…"')
    if any(not c.isprintable() and c != "\n" for c in value):
        raise _WrongError("printable text", '"…"')
    return value


def _texts(value: object, place: Place) -> tuple[str, ...]:
    return tuple(_text(each, place) for each in _list(value, "a list of texts", '["…"]'))


def _list(value: object, expected: str, example: str) -> list[object] | tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise _WrongError(expected, example)
    return value


def _flag(value: object, _: Place) -> bool:
    if not isinstance(value, bool):
        raise _WrongError("true or false", "true")
    return value


def _whole(value: object, _: Place) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _WrongError("a whole number", "1")
    return value


def _number(value: object, _: Place) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise _WrongError("a number", "1.0")
    return float(value)


def _wholes(value: object, place: Place) -> tuple[int, ...]:
    return tuple(_whole(each, place) for each in _list(value, "a list of whole numbers", "[100, 200]"))


def _duration(value: object, _: Place) -> int:
    example = f'"{value}d"' if isinstance(value, int) and not isinstance(value, bool) else '"5m"'
    if not isinstance(value, str):
        raise _WrongError("a duration with its unit", example)
    try:
        return parse_duration(value)
    except UsageError as e:
        raise _WrongError("a duration", example) from e


def _size(value: object, _: Place) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = parse_size(value) if isinstance(value, str) else None
    if found is None:
        raise _WrongError("a size", '"256MB"')
    return found


def _path(value: object, place: Place) -> Path:
    text = str(value) if isinstance(value, Path) else _text(value, place)
    if text == "~" or text.startswith("~/"):
        return place.home / text[2:]
    return place.base / text


def _program(value: object, place: Place) -> str:
    text = _text(value, place)
    return str(_path(text, place)) if "/" in text else text


def _uri(value: object, place: Place) -> str:
    text = _text(value, place)
    return text if "://" in text else str(_path(text, place))


def _argv(value: object, place: Place) -> tuple[str, ...]:
    example = '["pass", "show", "prometheus"]'
    try:
        words = shlex.split(value) if isinstance(value, str) else value
    except ValueError as e:
        raise _WrongError("a program and its arguments", example) from e
    argv = tuple(_text(each, place) for each in _list(words, "a program and its arguments", example))
    if not argv:
        raise _WrongError("a program and its arguments", example)
    return (_program(argv[0], place), *argv[1:])


def _header_table(value: object, place: Place) -> dict[str, str]:
    example = '{ "X-Scope-OrgID" = "…" }'
    if not isinstance(value, Mapping):
        raise _WrongError("a table of texts", example)
    for name, each in value.items():
        _text(each, place)
        if not re.fullmatch(r"[A-Za-z0-9-]+", str(name)) or "\n" in each:
            raise _WrongError("a table of HTTP headers", example)
    return {str(name): str(each) for name, each in value.items()}


def _ranges(value: object, place: Place) -> tuple[str, ...]:
    example = '["2026-11-20..2026-11-21"]'
    texts = tuple(_text(each, place) for each in _list(value, "a list of SINCE..UNTIL", example))
    try:
        for each in texts:
            parse_range(each, now=now_ms())
    except UsageError as e:
        raise _WrongError(f"a list of SINCE..UNTIL ({e.message})", example) from e
    return texts


_FORMS: dict[Form, Callable[[object, Place], Any]] = {
    "text": _text,
    "texts": _texts,
    "flag": _flag,
    "whole": _whole,
    "wholes": _wholes,
    "number": _number,
    "duration": _duration,
    "size": _size,
    "path": _path,
    "program": _program,
    "argv": _argv,
    "uri": _uri,
    "table": _header_table,
    "ranges": _ranges,
}
