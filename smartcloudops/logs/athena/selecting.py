"""The statement that finds records, and the values that go with it; none of them is part of its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from smartcloudops.core.errors import UsageError
from smartcloudops.core.times import rfc3339
from smartcloudops.logs.athena.projecting import TIME, Projection
from smartcloudops.logs.athena.tables import Column, Table
from smartcloudops.logs.finding.patterns import Pattern, is_literal
from smartcloudops.logs.layouts.shape import Shape
from smartcloudops.logs.sieve import Question

OBJECT, MOMENT, LINE = "sco_object", "sco_time", "sco_line"
_LONGEST_VALUE, _LONGEST_STATEMENT = 1024, 262_144
# What RE2 reads otherwise than Trino, or Trino not at all.
_FOREIGN = {
    r"(?<!\\)(?:\\\\)*\\C": r"\C, a single byte",
    r"\(\?[a-zA-Z]*U": "(?U), which makes everything ungreedy",
    r"\[\^?[^\]]*\[:\^?\w+:\]": "[[:class:]]",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition, with a question mark for each of its values, in order, as Athena takes them."""

    sql: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and its execution parameters."""

    sql: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of a table. `names`: values for each name in its place; `filters`: conditions on fields;
    `slack` (ms) widens the partitions, not the times of records; `since` and `until` bound both."""

    question: Question
    since: int
    until: int
    slack: int = 0
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    filters: tuple[Condition, ...] = ()
    limit: int | None = None


def quoted(text: str) -> str:
    """Text as an execution parameter: Athena takes literals, so quotes are doubled; UsageError for a long one.

    >>> quoted("it's")
    "'it''s'"
    """
    value = "'" + text.replace("'", "''") + "'"
    if len(value) > _LONGEST_VALUE:
        hint = "sco logs search takes any length"
        raise UsageError(f"Athena takes values of {_LONGEST_VALUE:,} characters, this has {len(text):,}", hint=hint)
    return value


def select(database: str, name: str, table: Table, place: Projection, shape: Shape, search: Search) -> Statement:
    """The statement that finds what is asked for."""
    conditions = [
        *_partitions(place, shape, search),
        *_times(table, place, search),
        *_pattern(table, search.question),
        *search.filters,
    ]
    shown = ",\n  ".join(_shown(table))
    where = "\n  AND ".join(condition.sql for condition in conditions)
    limit = "" if search.limit is None else f"\nLIMIT {search.limit:d}"
    sql = f'SELECT\n  {shown}\nFROM "{database}"."{name}"\nWHERE {where}{limit}'
    if len(sql) > _LONGEST_STATEMENT:
        raise UsageError("the statement is longer than Athena takes", hint="ask with fewer filters")
    return Statement(sql, tuple(value for condition in conditions for value in condition.values))


def _shown(table: Table) -> Iterable[str]:
    yield f'"$path" AS {OBJECT}'
    yield f"to_iso8601({table.time}) AS {MOMENT}"
    yield f"{table.text} AS {LINE}"
    yield from map(_cell, table.columns)


def _cell(column: Column) -> str:
    if column.is_nested:
        return f'json_format(CAST("{column.name}" AS JSON)) AS "{column.name}"'
    return f'"{column.name}"'


def _partitions(place: Projection, shape: Shape, search: Search) -> Iterable[Condition]:
    """What rules out whole partitions: the names, and the folders' dates, as far as records may be from those."""
    for key, name in place.names.items():
        values = tuple(map(quoted, search.names[name]))
        yield Condition(f'"{key}" IN ({", ".join("?" * len(values))})', values)
    first, last = reach(shape, search)
    if place.date:
        days = (quoted(place.written(first)), quoted(place.written(last)))
        yield Condition(f'"{TIME}" >= ? AND "{TIME}" <= ?', days)
    elif place.file:
        # Without folders by date all is one partition; what a name rules out need not be opened.
        paths = (quoted(place.file_start(first)), quoted(place.file_start(last) + "~"))
        yield Condition('"$path" >= ? AND "$path" <= ?', paths)


def reach(shape: Shape, search: Search) -> tuple[int, int]:
    """From when to when (ms) folders may be dated that hold records of the window."""
    first = search.since - search.slack - shape.late - shape.drift
    return first, search.until + search.slack + shape.early + shape.drift


def _times(table: Table, place: Projection, search: Search) -> Iterable[Condition]:
    """The record's own time; one without goes by the folder that it lies in."""
    own = f"{table.time} >= from_iso8601_timestamp(?) AND {table.time} < from_iso8601_timestamp(?)"
    values = [quoted(rfc3339(search.since)), quoted(rfc3339(search.until))]
    other = "true"
    if place.date:
        other = f'"{TIME}" >= ? AND "{TIME}" <= ?'
        values += [quoted(place.written(search.since)), quoted(place.written(search.until - 1))]
    yield Condition(f"coalesce({own}, {other})", tuple(values))


def _pattern(table: Table, question: Question) -> Iterable[Condition]:
    if not question.pattern:
        return
    # RE2 says what is wrong with it, before anybody else does.
    Pattern(question.pattern, fixed=question.fixed)
    found = (
        _literal(table.text, question)
        if question.fixed or is_literal(question.pattern)
        else _regex(table.text, question)
    )
    yield Condition(f"NOT {found.sql}", found.values) if question.invert else found


def _literal(text: str, question: Question) -> Condition:
    wanted = question.pattern or ""
    if question.ignore_case:
        return Condition(f"(strpos(lower({text}), ?) > 0)", (quoted(wanted.lower()),))
    return Condition(f"(strpos({text}, ?) > 0)", (quoted(wanted),))


def _regex(text: str, question: Question) -> Condition:
    pattern = regex(question.pattern or "")
    return Condition(f"regexp_like({text}, ?)", (quoted(f"(?i){pattern}" if question.ignore_case else pattern),))


def regex(pattern: str) -> str:
    """A pattern of RE2 as Trino's regular expressions have it; UsageError for what they do not have.

    >>> regex("(?P<code>5..)")
    '(?<code>5..)'
    """
    for foreign, about in _FOREIGN.items():
        if re.search(foreign, pattern):
            raise UsageError(f"Athena's regular expressions do not have {about}", hint="sco logs search does")
    return pattern.replace("(?P<", "(?<")
