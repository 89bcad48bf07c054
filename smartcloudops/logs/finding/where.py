r"""The filter language of --where: `status >= 500 and path ~ "^/api"`.

    filter     = part { or part }                    and binds tighter than or, not tighter than both
    part       = term { and term }
    term       = not term | ( filter ) | exists(FIELD) | FIELD | FIELD SIGN VALUE | FIELD [not] in (VALUE, …)
    SIGN       = = | != | < | <= | > | >= | ~ | !~
    FIELD      a name with dots, or anything in backquotes: `cs(User-Agent)`
    VALUE      500, -1.5, true, false, "text" or 'text' (\" \\ \n \t \r \u00e9; any other backslash stays: "\d+")

A number compares by size with fields that are numbers, or text that is a plain decimal; with others it is unequal, and
neither smaller nor larger. Text compares character by character with the field's text, so "2026-11-20" <= time works;
`~` finds an RE2 pattern in it. A field that is missing, or null, makes every comparison false, also != and !~;
`not (a = 1)` is then true. A field alone means that it is there. Keywords in any case; &&, ||, ! and == work, too.

>>> parse('status >= 500 and path ~ "^/api"').matches({"status": "503", "path": "/api/v1"})
True
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from smartcloudops.logs.finding.filters import (
    KEYWORDS,
    AllOf,
    AnyOf,
    Compare,
    Constant,
    Exists,
    Filter,
    Matches,
    Not,
    OneOf,
    Operator,
)
from smartcloudops.logs.finding.misread import Misread

# So deep may brackets and `not` be nested.
_DEEPEST = 100
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.]))
  | (?P<word>[^\W\d][\w.@$/-]*)
  | `(?P<quoted>(?:[^`]|``)+)`
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<sign>==|!=|<=|>=|!~|=~|&&|\|\||[=<>~!(),])
  | (?P<end>\Z)
)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_MEANT = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_ALIAS = {"&&": "and", "||": "or", "!": "not", "==": "=", "=~": "~"}
_COMPARED: dict[str, Operator] = {"=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_DURATION = re.compile(r"\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w)\b")


class _Token(NamedTuple):
    kind: str
    value: str
    at: int


def parse(text: str) -> Filter:
    """A filter; Misread says where it cannot be read."""
    parser = _Parser(text)
    found = parser.alternatives()
    if parser.token.kind != "end":
        raise parser.wrong("nothing more is expected here", hint="join conditions with and, or")
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.depth = 0
        self.at = 0
        self.token = self.read()

    def wrong(self, why: str, *, hint: str | None = None, at: int | None = None) -> Misread:
        """What is wrong at that place, by default at the token that comes next."""
        return Misread(why, text=self.text, at=self.token.at if at is None else at, hint=hint)

    def read(self) -> _Token:
        found = _TOKEN.match(self.text, self.at)
        if found is None or found.lastgroup is None:
            raise self.unreadable()
        self.at = found.end()
        kind, start = found.lastgroup, found.start(found.lastgroup)
        value = found[kind]
        if kind == "word" and value.lower() in KEYWORDS:
            return _Token("key", value.lower(), start)
        if kind == "sign":
            value = _ALIAS.get(value, value)
            return _Token("key" if value in KEYWORDS else kind, value, start)
        return _Token(kind, value, start)

    def unreadable(self) -> Misread:
        rest = self.text[self.at :]
        at = len(self.text) - len(rest.lstrip())
        rest = rest.lstrip()
        if rest[:1] in ("'", '"', "`"):
            return self.wrong(f"{rest[0]} is not closed", at=at, hint="within text a quote is written with a backslash")
        if (found := _DURATION.match(rest)) is not None:
            hint = "logs hold durations as numbers of any unit: write the number alone, as the field has it"
            return self.wrong(f"{found[0]} is no value here", at=at, hint=hint)
        return self.wrong("this cannot be read", at=at, hint="put text in quotes, and odd names in backquotes")

    def next(self) -> _Token:
        token = self.token
        self.token = self.read()
        return token

    def takes(self, kind: str, value: str) -> bool:
        """Whether that comes next; it is gone then."""
        if (self.token.kind, self.token.value) != (kind, value):
            return False
        self.next()
        return True

    def expect(self, sign: str, why: str) -> None:
        if not self.takes("sign", sign):
            raise self.wrong(f"{why}: `{sign}` is missing")

    def alternatives(self) -> Filter:
        parts = [self.conjunction()]
        while self.takes("key", "or"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def conjunction(self) -> Filter:
        parts = [self.term()]
        while self.takes("key", "and"):
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def term(self) -> Filter:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.wrong(f"nested deeper than {_DEEPEST} levels")
        try:
            return self.unguarded_term()
        finally:
            self.depth -= 1

    def unguarded_term(self) -> Filter:
        if self.takes("key", "not"):
            return Not(self.term())
        if self.takes("sign", "("):
            inside = self.alternatives()
            self.expect(")", "a bracket is open")
            return inside
        if self.takes("key", "exists"):
            self.expect("(", "write exists(field)")
            name = self.name()
            self.expect(")", "write exists(field)")
            return Exists(name)
        return self.condition(self.name())

    def name(self) -> str:
        kind, value, _ = self.token
        if kind == "word":
            return self.next().value
        if kind == "quoted":
            return self.next().value.replace("``", "`")
        hints = {"key": f"a field of that name is `{value}` in backquotes", "end": "such as status >= 500"}
        raise self.wrong(
            "the name of a field is expected here", hint=hints.get(kind, "the field comes first, then its value")
        )

    def condition(self, name: str) -> Filter:
        negated = self.takes("key", "not")
        if self.takes("key", "in"):
            return OneOf(name, self.listed(), negated)
        if negated:
            raise self.wrong("`in` is expected after not")
        sign = self.token.value if self.token.kind == "sign" else ""
        if sign in ("~", "!~"):
            self.next()
            return self.pattern(name, negated=sign == "!~")
        if sign in _COMPARED:
            self.next()
            return Compare(name, _COMPARED[sign], self.constant())
        return Exists(name)

    def pattern(self, name: str, *, negated: bool) -> Filter:
        at, kind = self.token.at, self.token.kind
        if kind != "text":
            raise self.wrong("a pattern in quotes is expected here", hint='such as path ~ "^/api"')
        text = unquoted(self.next().value)
        try:
            return Matches(name, text, negated)
        except Misread as e:
            raise self.wrong(e.message, at=at, hint=e.hint) from e

    def listed(self) -> tuple[Constant, ...]:
        self.expect("(", "values follow in brackets")
        constants = [self.constant()]
        while self.takes("sign", ","):
            constants.append(self.constant())
        self.expect(")", "the list of values is open")
        return tuple(constants)

    def constant(self) -> Constant:
        kind, value, _ = self.token
        if kind == "number":
            number = int(value) if value.removeprefix("-").isdecimal() and len(value) < 40 else float(value)
            if math.isinf(number):
                raise self.wrong("the number is too large")
            self.next()
            return number
        if kind == "text":
            return unquoted(self.next().value)
        if kind == "key" and value in ("true", "false"):
            return self.next().value
        hints = {"word": f'text goes in quotes: "{value}"', "key": "a missing field, or null, is not exists(field)"}
        raise self.wrong("a value is expected here", hint=hints.get(kind, "a number, or text in quotes"))


def unquoted(literal: str) -> str:
    r"""Text without its quotes and escapes; a backslash before anything else stays, for patterns.

    >>> unquoted(r'"a\"b\d\u0041"')
    'a"b\\dA'
    """
    return _ESCAPE.sub(_unescaped, literal[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    if found[1] is not None:
        return chr(int(found[1], 16))
    return _MEANT.get(found[2], found[0])
