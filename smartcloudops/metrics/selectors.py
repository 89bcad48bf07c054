"""Plain series selectors: the part of PromQL that can be answered without a server."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from smartcloudops.core.errors import UsageError

_SELECTOR = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(.*)\})?\s*", re.DOTALL)
_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

_TESTS: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "=~": lambda value, pattern: re.fullmatch(pattern, value) is not None,
    "!~": lambda value, pattern: re.fullmatch(pattern, value) is None,
}


@dataclass(frozen=True, slots=True)
class Selector:
    """Matchers (label, operator, value) that a series must all pass; an absent label is an empty one."""

    matchers: tuple[tuple[str, str, str], ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a series of these labels is selected."""
        return all(_TESTS[test](labels.get(label, ""), value) for label, test, value in self.matchers)


def parse_selector(expr: str) -> Selector:
    """Read `name{label="x",other!="y",third=~"a|b"}`; UsageError for any other PromQL.

    >>> parse_selector('up{job=~"node|db"}').matches({"__name__": "up", "job": "db"})
    True
    """
    whole = _SELECTOR.fullmatch(expr)
    if whole is None or not (whole[1] or whole[2]):
        raise _no_promql(expr)
    matchers = [("__name__", "=", whole[1])] if whole[1] else []
    body, at = (whole[2] or "").strip(), 0
    while at < len(body):
        match = _MATCHER.match(body, at)
        if match is None:
            raise _no_promql(expr)
        matchers.append((match[1], match[2], _value(match[2], match[3], expr)))
        at = match.end()
    return Selector(tuple(matchers))


def _value(test: str, quoted: str, expr: str) -> str:
    value = _ESCAPE.sub(lambda m: "\n" if m[1] == "n" else m[1], quoted)
    if test in ("=~", "!~"):
        try:
            re.compile(value)
        except re.error as e:
            raise UsageError(f"`{expr}`: '{value}' is no regular expression: {e}") from e
    return value


def _no_promql(expr: str) -> UsageError:
    return UsageError(
        f"`{expr}` needs a server: a file knows plain selectors only, not PromQL",
        hint='write `name` or `name{label="value"}`, or set `[prometheus] url`',
    )
