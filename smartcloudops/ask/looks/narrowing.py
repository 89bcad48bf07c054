"""A PromQL expression for some series only: a matcher put into every selector, so that a server reads only those."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

# label, operator, value
Matcher = tuple[str, str, str]

_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
      |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
      |(?P<number>0x[0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+|(?:ms|[smhdwy])[\dmshdwy]*)?)
      |(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)
      |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)
_LISTS = frozenset(("by", "without", "on", "ignoring", "group_left", "group_right"))
_WORDS = frozenset(("and", "or", "unless", "atan2", "bool", "offset", "inf", "nan", "start", "end")) | _LISTS
_TOTALS = frozenset(
    ("sum", "min", "max", "avg", "group", "stddev", "stdvar", "count", "count_values", "bottomk", "topk", "quantile")
)

Token = tuple[str, str]


def narrowed(expr: str, matchers: Iterable[Matcher]) -> str:
    """The expression with these matchers in every selector.

    It is the expression's answer for those series wherever what is computed for one of them needs no other.

    >>> narrowed('100 * avg by (instance) (rate(cpu{mode="idle"}[5m]))', [("instance", "=", "a:1")])
    '100 * avg by (instance) (rate(cpu{mode="idle",instance="a:1"}[5m]))'
    """
    inside = ",".join(f"{label}{test}{quoted(value)}" for label, test, value in matchers)
    tokens = _tokens(expr)
    out: list[str] = []
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        end = _end(tokens, at)
        if text == "{" or (kind == "word" and _names(tokens, at)):
            out.append(_selector(tokens, at, end, inside))
        else:
            out += [each for _, each in tokens[at:end]]
        at = end
    return "".join(out)


def metric_names(expr: str) -> list[str]:
    """The names of metrics in an expression, in order, each once.

    >>> metric_names('sum by (job) (rate(a_total{x="b"}[5m])) / on() group_left c offset 5m')
    ['a_total', 'c']
    """
    tokens = _tokens(expr)
    found: list[str] = []
    at = 0
    while at < len(tokens):
        if tokens[at][0] == "word" and _names(tokens, at):
            found.append(tokens[at][1])
        at = _end(tokens, at)
    return list(dict.fromkeys(found))


def expanded(expr: str, known: Mapping[str, str]) -> str:
    """The expression with what known names stand for in their place, where they stand alone.

    >>> expanded("topk(3, cpu) > cpu{a='b'}", {"cpu": "100 * x"})
    "topk(3, (100 * x)) > cpu{a='b'}"
    """
    tokens = _tokens(expr)
    out: list[str] = []
    at = 0
    while at < len(tokens):
        kind, text = tokens[at]
        end = _end(tokens, at)
        alone = kind == "word" and end == at + 1 and not _is(tokens, _next(tokens, at), "[")
        if alone and text in known and _names(tokens, at):
            out.append(f"({known[text]})")
        else:
            out += [each for _, each in tokens[at:end]]
        at = end
    return "".join(out)


def quoted(value: str) -> str:
    r"""As PromQL writes a text.

    >>> print(quoted('a"b'))
    "a\"b"
    """
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def any_of(label: str, values: Sequence[str]) -> Matcher:
    """A matcher for one of several values of a label.

    >>> any_of("instance", ["a.b:1", "c"])
    ('instance', '=~', 'a\\\\.b:1|c')
    """
    if len(values) == 1:
        return label, "=", values[0]
    return label, "=~", "|".join(re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", value) for value in values)


def _tokens(expr: str) -> list[Token]:
    return [(str(match.lastgroup), match[0]) for match in _TOKEN.finditer(expr)]


def _end(tokens: Sequence[Token], at: int) -> int:
    """Where what begins here ends: a selector with its braces, a list of labels, a range, else one token."""
    kind, text = tokens[at]
    following = _next(tokens, at)
    if text in "{[" and kind == "mark":
        return _closing(tokens, at)
    if kind == "word" and text.lower() in _LISTS and _is(tokens, following, "("):
        return _closing(tokens, following)
    if kind == "word" and _names(tokens, at) and _is(tokens, following, "{"):
        return _closing(tokens, following)
    return at + 1


def _names(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word is the name of a metric: no keyword, no function, no aggregation."""
    word, following = tokens[at][1].lower(), _next(tokens, at)
    if word in _WORDS or _is(tokens, following, "("):
        return False
    then = tokens[following][1].lower() if following < len(tokens) else ""
    return not (word in _TOTALS and then in ("by", "without"))


def _selector(tokens: Sequence[Token], at: int, end: int, inside: str) -> str:
    """From the name or the brace to the closing brace, which may not be there, with the matchers before it."""
    text = "".join(each for _, each in tokens[at:end])
    if end == at + 1 and text != "{":
        return f"{text}{{{inside}}}"
    body = text.rstrip()
    if not body.endswith("}"):
        return text
    kept = body[:-1].rstrip()
    return f"{kept}{'' if kept.endswith(('{', ',')) else ','}{inside}}}"


def _next(tokens: Sequence[Token], at: int) -> int:
    at += 1
    while at < len(tokens) and tokens[at][0] == "blank":
        at += 1
    return at


def _is(tokens: Sequence[Token], at: int, text: str) -> bool:
    return at < len(tokens) and tokens[at][1] == text


def _closing(tokens: Sequence[Token], at: int) -> int:
    """Behind the mark that closes the one here, or at the end."""
    close = {"{": "}", "[": "]", "(": ")"}[tokens[at][1]]
    return next((i + 1 for i in range(at, len(tokens)) if tokens[i][1] == close), len(tokens))
