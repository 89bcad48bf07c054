"""How keys hold dates, as users write it: `logs/{host}/dt={yyyy}-{mm}-{dd}/`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from smartcloudops.core.errors import UsageError
from smartcloudops.core.text import printable
from smartcloudops.logs.layouts.units import UNITS, finest

# What people write for a part of a date that is called otherwise here.
_MEANT = {
    "year": "yyyy", "YYYY": "yyyy", "yy": "yyyy", "Y": "yyyy", "y": "yyyy",
    "month": "mm", "Mm": "mm", "m": "mm",
    "day": "dd", "DD": "dd", "d": "dd", "D": "dd",
    "hour": "hh", "HH": "hh", "H": "hh", "h": "hh",
    "minute": "MM", "M": "MM", "min": "MM",
    "second": "ss", "SS": "ss", "s": "ss", "S": "ss",
    "date": "yyyy}-{mm}-{dd",
}  # fmt: skip
_BRACED = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_HINT = "a template is like {yyyy}/{mm}/{dd}/{hh}/ or {host}/app-{yyyy}{mm}{dd}.log; known ones: sco logs ls --help"


@dataclass(frozen=True, slots=True)
class Token:
    """Text as it is, a part of a date, or a name for whatever stands there."""

    text: str
    unit: bool = False
    name: bool = False


Tokens = tuple[Token, ...]


@dataclass(frozen=True)
class Template:
    """Tokens by path part. With `folder` the last part is a folder; else it may go on, in a folder or a file.

    `kinds`: regular expressions for some of the names; any other name is any text without a slash.
    """

    text: str
    parts: tuple[Tokens, ...]
    folder: bool
    kinds: Mapping[str, str]

    @cached_property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """For each part; what follows the last one is left open unless it is a folder."""
        last = len(self.parts) - 1
        return tuple(
            re.compile(self._part(part, lazy=True) + (self._ending() if i == last and not self.folder else r"\Z"))
            for i, part in enumerate(self.parts)
        )

    def readings(self, start: int) -> tuple[re.Pattern[str], ...]:
        """For keys that begin with part `start`: with the shortest names, and with the longest where that differs.

        Where both match and say different dates, neither can be told to be right.
        """
        if start >= len(self.parts):
            return (re.compile(""),)
        ending = "/" if self.folder else self._ending()
        found = {
            "/".join(self._part(part, lazy=lazy) for part in self.parts[start:]) + ending for lazy in (True, False)
        }
        return tuple(re.compile(pattern) for pattern in sorted(found))

    def _ending(self) -> str:
        """What must follow a template that goes on: a date's last digit is its last, a name takes the whole part."""
        last = self.parts[-1][-1]
        return r"(?!\d)" if last.unit else r"(?=/|\Z)" if last.name else ""

    def _part(self, part: Tokens, *, lazy: bool) -> str:
        mixed = sum(token.name for token in part) and len(part) > 1
        return "".join(self._token(token, "+?" if lazy and mixed else "+") for token in part)

    def _token(self, token: Token, many: str) -> str:
        if token.unit:
            return f"(?P<{token.text}>{UNITS[token.text][1]})"
        if token.name:
            return f"(?P<{token.text}>{self.kinds.get(token.text, '[^/]' + many)})"
        return re.escape(token.text)

    @property
    def units(self) -> set[str]:
        """The parts of a date that it has."""
        return {token.text for part in self.parts for token in part if token.unit}

    @property
    def lead(self) -> int:
        """How many folders of any name it lies below."""
        return sum(part[0].text.startswith("lead") and part[0].name for part in self.parts)

    def led(self, folders: int) -> Template:
        """The same below so many folders of any name."""
        lead = tuple((Token(f"lead{i}", name=True),) for i in range(folders))
        return Template(self.text, lead + self.parts, self.folder, self.kinds)


def parse(text: str, kinds: Mapping[str, str] | None = None) -> Template:
    """The template that a text means; UsageError says what is wrong with it.

    >>> [len(part) for part in parse("{host}/dt={yyyy}-{mm}-{dd}/").parts]
    [1, 6]
    """
    stripped = text.strip().lstrip("/")
    if "://" in text or not stripped.strip("/"):
        raise _wrong(text, "it is relative to the source, without a bucket")
    folder = stripped.endswith("/")
    parts = tuple(tuple(_tokens(text, part)) for part in stripped.rstrip("/").split("/"))
    _check(text, [token for part in parts for token in part])
    return Template(stripped, parts, folder, kinds or {})


def _tokens(whole: str, part: str) -> Iterator[Token]:
    if not part:
        raise _wrong(whole, "it has an empty path part")
    at, last = 0, Token("")
    for found in _BRACED.finditer(part):
        yield from _literal(whole, part[at : found.start()])
        token = _named(whole, found[1])
        if last.name and token.name and found.start() == at:
            raise _wrong(whole, f"nothing tells where {{{last.text}}} ends and {{{token.text}}} begins")
        yield token
        last = token
        at = found.end()
    yield from _literal(whole, part[at:])


def _literal(whole: str, text: str) -> Iterator[Token]:
    if "{" in text or "}" in text:
        raise _wrong(whole, "a brace is not closed, or not opened")
    if text:
        yield Token(text)


def _named(whole: str, name: str) -> Token:
    if name in UNITS:
        return Token(name, unit=True)
    if name in _MEANT:
        raise UsageError(
            f"layout {printable(whole)!r}: {{{name}}} is no part of a date", hint=f"write {{{_MEANT[name]}}}"
        )
    if not _NAME.fullmatch(name):
        raise _wrong(whole, f"{{{printable(name)}}} is no name: letters, digits and underscores")
    return Token(name, name=True)


def _check(whole: str, tokens: list[Token]) -> None:
    """No part of a date twice or without the longer ones."""
    named = [token.text for token in tokens if token.unit or token.name]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice:
        raise _wrong(whole, f"{{{twice}}} occurs twice", hint="once is enough; another name, as {rest}, takes any text")
    units = [name for name in named if name in UNITS]
    if not units:
        raise _wrong(whole, "it has no part of a date")
    shortest = max(units, key=list(UNITS).index)
    if finest(units) != shortest:
        missing = next(unit for unit in UNITS if unit not in units)
        hint = "{mm} is the month, {MM} the minute" if missing in ("mm", "MM", "dd", "hh") else _HINT
        about = f"{{{shortest}}}, a {UNITS[shortest][0]}, needs {{{missing}}}, the {UNITS[missing][0]}"
        raise _wrong(whole, about, hint=hint)


def _wrong(whole: str, why: str, hint: str = _HINT) -> UsageError:
    return UsageError(f"layout {printable(whole)!r}: {why}", hint=hint)
