"""Filters on fields: a tree that decides on an event, prints as it is typed, and says what a raw line must hold."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from smartcloudops.logs.finding.clauses import Clause, any_of
from smartcloudops.logs.finding.fields import field_text, value_of
from smartcloudops.logs.finding.patterns import Pattern
from smartcloudops.logs.finding.values import clauses_of_number, clauses_of_range, clauses_of_regex, clauses_of_text

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
# A number compares by size, text by its characters.
Constant = int | float | str
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_WORD = re.compile(r"[^\W\d][\w.@$/-]*")
KEYWORDS = frozenset({"and", "or", "not", "in", "exists", "true", "false", "null"})
_ESCAPED = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\t": r"\t", "\r": r"\r"}


class Filter(Protocol):
    """A part of a filter, or all of it. Its text is one that `where.parse` reads as the same."""

    # Whether an event with these fields is kept.
    def matches(self, fields: Mapping[str, Any]) -> bool: ...

    # What the raw line of an event that is kept must hold; none where that cannot be told.
    @property
    def literals(self) -> tuple[Clause, ...]: ...


def number_of(value: Any) -> int | float | None:
    """A value as a number: one, or text that is a plain decimal (no exponent: 1e5 may be a part of an id).

    >>> [number_of(v) for v in (500, "500", "0.50", True, "1e5", " 1", None)]
    [500, 500, 0.5, None, None, None, None]
    """
    if isinstance(value, str):
        found = _DECIMAL.fullmatch(value)
        return None if found is None else float(value) if found[1] else int(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def equals(value: Any, constant: Constant) -> bool:
    """Whether a value, which is there, is that number or that text."""
    if isinstance(constant, str):
        return field_text(value) == constant
    return number_of(value) == constant


def _clauses_of(constant: Constant) -> tuple[Clause, ...]:
    return clauses_of_text(constant) if isinstance(constant, str) else clauses_of_number(constant)


@dataclass(frozen=True, slots=True)
class Compare:
    """`name >= 500`, `name != "text"`."""

    name: str
    sign: Operator
    constant: Constant

    def matches(self, fields: Mapping[str, Any]) -> bool:
        value = value_of(fields, self.name)
        if value is None:
            return False
        if self.sign in ("=", "!="):
            return equals(value, self.constant) == (self.sign == "=")
        left = field_text(value) if isinstance(self.constant, str) else number_of(value)
        return left is not None and _ORDER[self.sign](left, self.constant)

    @property
    def literals(self) -> tuple[Clause, ...]:
        if self.sign == "=":
            return _clauses_of(self.constant)
        if self.sign == "!=" or isinstance(self.constant, str):
            return ()
        return clauses_of_range(self.name, self.constant, above=self.sign in (">", ">="))

    def __str__(self) -> str:
        return f"{spelled(self.name)} {self.sign} {_constant(self.constant)}"


@dataclass(frozen=True, slots=True)
class Matches:
    """`name ~ "pattern"`, `name !~ "pattern"`: RE2, anywhere in the field's text."""

    name: str
    pattern: str
    negated: bool = False
    _compiled: Pattern = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_compiled", Pattern(self.pattern))

    def matches(self, fields: Mapping[str, Any]) -> bool:
        value = value_of(fields, self.name)
        if value is None:
            return False
        return self._compiled.found_in(field_text(value).encode("utf-8", "replace")) != self.negated

    @property
    def literals(self) -> tuple[Clause, ...]:
        return () if self.negated else clauses_of_regex(self.pattern)

    def __str__(self) -> str:
        return f"{spelled(self.name)} {'!~' if self.negated else '~'} {_constant(self.pattern)}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """`name in (1, "b")`, `name not in (…)`."""

    name: str
    constants: tuple[Constant, ...]
    negated: bool = False

    def matches(self, fields: Mapping[str, Any]) -> bool:
        value = value_of(fields, self.name)
        return value is not None and any(equals(value, c) for c in self.constants) != self.negated

    @property
    def literals(self) -> tuple[Clause, ...]:
        return () if self.negated else any_of(_clauses_of(c) for c in self.constants)

    def __str__(self) -> str:
        inside = ", ".join(map(_constant, self.constants))
        return f"{spelled(self.name)} {'not in' if self.negated else 'in'} ({inside})"


@dataclass(frozen=True, slots=True)
class Exists:
    """`exists(name)`, or the name alone: it is there, and not null."""

    name: str

    def matches(self, fields: Mapping[str, Any]) -> bool:
        return value_of(fields, self.name) is not None

    @property
    def literals(self) -> tuple[Clause, ...]:
        return ()

    def __str__(self) -> str:
        return f"exists({spelled(self.name)})"


@dataclass(frozen=True, slots=True)
class AllOf:
    """`a and b`."""

    parts: tuple[Filter, ...]

    def matches(self, fields: Mapping[str, Any]) -> bool:
        return all(part.matches(fields) for part in self.parts)

    @property
    def literals(self) -> tuple[Clause, ...]:
        return tuple(dict.fromkeys(clause for part in self.parts for clause in part.literals))

    def __str__(self) -> str:
        return " and ".join(f"({p})" if isinstance(p, AnyOf | AllOf) else str(p) for p in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`a or b`."""

    parts: tuple[Filter, ...]

    def matches(self, fields: Mapping[str, Any]) -> bool:
        return any(part.matches(fields) for part in self.parts)

    @property
    def literals(self) -> tuple[Clause, ...]:
        return any_of(part.literals for part in self.parts)

    def __str__(self) -> str:
        return " or ".join(f"({p})" if isinstance(p, AnyOf) else str(p) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """`not a`."""

    part: Filter

    def matches(self, fields: Mapping[str, Any]) -> bool:
        return not self.part.matches(fields)

    @property
    def literals(self) -> tuple[Clause, ...]:
        return ()

    def __str__(self) -> str:
        return f"not ({self.part})" if isinstance(self.part, AnyOf | AllOf) else f"not {self.part}"


def spelled(name: str) -> str:
    """A field's name as it is typed: odd ones in backquotes.

    >>> spelled("http.status"), spelled("cs(User-Agent)"), spelled("in")
    ('http.status', '`cs(User-Agent)`', '`in`')
    """
    if _WORD.fullmatch(name) and name.lower() not in KEYWORDS:
        return name
    return "`" + name.replace("`", "``") + "`"


def _constant(constant: Constant) -> str:
    if not isinstance(constant, str):
        return repr(constant)
    return '"' + "".join(_ESCAPED.get(c, c) for c in constant) + '"'
