"""Filters on fields as conditions on columns; a comparison with a field that is missing is false, as in a search."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from smartcloudops.core.errors import UsageError
from smartcloudops.core.registry import nearest
from smartcloudops.core.text import printable
from smartcloudops.logs.athena.projecting import Projection
from smartcloudops.logs.athena.selecting import Condition, quoted, regex
from smartcloudops.logs.athena.tables import Column, Table
from smartcloudops.logs.finding import where
from smartcloudops.logs.finding.conditions import condition as of_field
from smartcloudops.logs.finding.filters import AllOf, AnyOf, Compare, Constant, Exists, Filter, Matches, Not, OneOf
from smartcloudops.logs.sieve import Question

# A name of a field inside of JSON: it becomes part of a path, which goes to Athena as a value.
_NAME = re.compile(r'[^"\\\x00-\x1f\x7f]+')
# Of a name with more dots than this only the two readings that are usual are tried: nested, and one key.
_DOTS = 3


@dataclass(frozen=True, slots=True)
class Value:
    """A field as SQL: its text, and the same as a number; null where it is missing. `values` go with either."""

    text: str
    number: str
    values: tuple[str, ...] = ()

    def repeated(self, sql: str, *more: str) -> Condition:
        """A condition that holds `{text}` or `{number}` once or more, before its own values."""
        count = sql.count("{text}") + sql.count("{number}")
        return Condition(
            sql.replace("{text}", self.text).replace("{number}", self.number), (*self.values * count, *more)
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """What names of fields mean in a table."""

    table: Table
    place: Projection

    def value(self, name: str) -> Value:
        """The field of a name; UsageError names the nearest of those that there are."""
        column = self.table.column(name)
        if column is not None and not column.is_nested:
            return _plain(column, dashes=self.table.serde == "regex")
        for key, own in self.place.names.items():
            if own == name:
                return _text(f'"{key}"')
        if self.table.documents == ("line",):
            return _inside("line", name)
        head, dot, rest = name.partition(".")
        column = self.table.column(head)
        if column is not None and dot:
            if column.name in self.table.documents:
                return _inside(f'"{column.name}"', rest)
            if rest.lower() in _paths(column.type):
                return _text(".".join(f'"{part}"' for part in (column.name, *rest.lower().split("."))))
        raise self._unknown(name)

    def _unknown(self, name: str) -> UsageError:
        known = [column.name for column in self.table.columns if not column.is_nested]
        known += [f"{c.name}.{path}" for c in self.table.columns for path in _paths(c.type)]
        known += self.place.names.values()
        return UsageError(f"the table has no column for the field '{printable(name)}'", hint=nearest(name, known))


def _plain(column: Column, *, dashes: bool) -> Value:
    sql = f'"{column.name}"'
    if column.is_number:
        return Value(f"CAST({sql} AS varchar)", sql)
    return _text(f"nullif({sql}, '-')" if dashes else sql)


def _text(sql: str, values: tuple[str, ...] = ()) -> Value:
    return Value(sql, f"TRY_CAST({sql} AS double)", values)


def _inside(document: str, name: str) -> Value:
    """A field of a JSON document: of that very key first, else along the dots."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"Athena has no path to a field '{printable(name)}'", hint="sco logs search does")
    paths = tuple(quoted(path) for path in _json_paths(name))
    each = ", ".join([f"json_extract_scalar({document}, ?)"] * len(paths))
    return _text(f"coalesce({each})" if len(paths) > 1 else each, paths)


def _json_paths(name: str) -> Iterator[str]:
    """Every way to read a name as keys; an element of a list goes by its index.

    >>> list(_json_paths("a.b.0"))
    ['$["a.b.0"]', '$["a"]["b"][0]', '$["a"]["b.0"]', '$["a.b"][0]']
    """
    parts = name.split(".")
    if len(parts) > _DOTS + 1:
        yield from (_path([name]), _path(parts))
        return
    yield _path([name])
    yield from dict.fromkeys(_path(split) for split in _splits(parts) if len(split) > 1)


def _splits(parts: list[str]) -> Iterator[list[str]]:
    if not parts:
        yield []
    for count in range(1, len(parts) + 1):
        for rest in _splits(parts[count:]):
            yield [".".join(parts[:count]), *rest]


def _path(keys: list[str]) -> str:
    head, *rest = keys
    steps = [f'["{head}"]', *(f"[{key}]" if key.isdecimal() and key.isascii() else f'["{key}"]' for key in rest)]
    return "$" + "".join(steps)


def _paths(kind: str) -> list[str]:
    """The text fields of a struct, with dots; lists and maps have none.

    >>> _paths("struct<a:string,b:struct<c:string,d:map<string,string>>>")
    ['a', 'b.c']
    """
    if not kind.startswith("struct<"):
        return []
    found: list[str] = []
    for name, inner in _members(kind[len("struct<") : -1]):
        found += [name] if inner == "string" else [f"{name}.{deeper}" for deeper in _paths(inner)]
    return found


def _members(text: str) -> Iterator[tuple[str, str]]:
    """The members of a struct: name and type."""
    depth, start = 0, 0
    for at, char in enumerate(f"{text},"):
        depth += (char == "<") - (char == ">")
        if char == "," and depth == 0:
            name, _, kind = text[start:at].partition(":")
            yield name, kind
            start = at + 1


def conditions(question: Question, columns: Columns) -> tuple[Condition, ...]:
    """The conditions that a question sets on fields; UsageError for a field that the table does not have."""
    parts = [of_field(text) for text in question.fields]
    if question.where.strip():
        parts.append(where.parse(question.where))
    return tuple(_condition(part, columns) for part in parts)


def _condition(part: Filter, columns: Columns) -> Condition:
    return _KINDS[type(part)](part, columns)


def _compare(part: Compare, columns: Columns) -> Condition:
    value = columns.value(part.name)
    if part.sign == "!=":
        return _equal(value, (part.constant,), negated=True)
    kind = "{text}" if isinstance(part.constant, str) else "{number}"
    return value.repeated(f"coalesce({kind} {part.sign} ?, false)", _constant(part.constant))


def _equal(value: Value, constants: tuple[Constant, ...], *, negated: bool) -> Condition:
    """Whether it is one of them; a number is unequal to text that is none."""
    each = [f"coalesce({'{text}' if isinstance(c, str) else '{number}'} = ?, false)" for c in constants]
    values = [v for c in constants for v in (*value.values, _constant(c))]
    plain = Value(value.text, value.number)
    inside = plain.repeated(" OR ".join(each)).sql
    if not negated:
        return Condition(f"({inside})", tuple(values))
    return Condition(f"({value.text} IS NOT NULL AND NOT ({inside}))", (*value.values, *values))


def _constant(constant: Constant) -> str:
    return quoted(constant) if isinstance(constant, str) else repr(constant)


def _matches(part: Matches, columns: Columns) -> Condition:
    sign = "NOT " if part.negated else ""
    return columns.value(part.name).repeated(
        f"coalesce({sign}regexp_like({{text}}, ?), false)", quoted(regex(part.pattern))
    )


def _one_of(part: OneOf, columns: Columns) -> Condition:
    return _equal(columns.value(part.name), part.constants, negated=part.negated)


def _exists(part: Exists, columns: Columns) -> Condition:
    return columns.value(part.name).repeated("({text} IS NOT NULL)")


def _joined(part: AllOf | AnyOf, columns: Columns) -> Condition:
    found = [_condition(each, columns) for each in part.parts]
    word = " AND " if isinstance(part, AllOf) else " OR "
    return Condition(f"({word.join(c.sql for c in found)})", tuple(v for c in found for v in c.values))


def _not(part: Not, columns: Columns) -> Condition:
    inside = _condition(part.part, columns)
    return Condition(f"(NOT {inside.sql})", inside.values)


_KINDS: dict[type[Any], Callable[[Any, Columns], Condition]] = {
    Compare: _compare,
    Matches: _matches,
    OneOf: _one_of,
    Exists: _exists,
    AllOf: _joined,
    AnyOf: _joined,
    Not: _not,
}
