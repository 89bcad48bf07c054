"""How a line of JSON is built: its keys, in their order, and what kinds of values they have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Everything that these let through is JSON, and read as the same by any parser: no exponents, no numbers that are too
# long, no halves of surrogate pairs. What they do not let through is read record by record.
STRING = rb'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?:[0-9abcefABCEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))*"'
PLAIN_STRING = rb'"[^"\\\x00-\x1f]*"'
NUMBER = rb"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?"
_SCALAR = rb"(?:" + STRING + rb"|" + NUMBER + rb"|true|false|null)"
_LIST = rb"\[[ ]?(?:" + _SCALAR + rb"(?:,[ ]?" + _SCALAR + rb")*)?[ ]?\]"
VALUE = rb"(?:" + _SCALAR + rb"|" + _LIST + rb")"

_TOKEN = re.compile(
    rb'(?P<string>"(?:[^"\\]|\\.)*")|(?P<bare>[-+.0-9a-zA-Z]+)|(?P<mark>[{}:,])'
    rb"|(?P<list>\[[^\[\]{}]*\])|(?P<blank>[ \t]+)"
)
_ONE_VALUE = re.compile(rb"(?:" + VALUE + rb")\Z")
_LONGEST, _MOST_KEYS = 16 << 10, 200


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value in a line: the keys that lead to it, the bytes from the quote of its key up to it, and itself."""

    path: tuple[str, ...]
    before: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """The bytes of a line between its values (one more than there are values), and the values as `leaves`."""

    between: tuple[bytes, ...]
    leaves: tuple[Leaf, ...]

    def pattern(self, special: Mapping[int, bytes]) -> bytes:
        """A pattern (RE2, Latin-1) of all lines of this shape, with their ends; `special` ones for some leaves."""
        parts = [re.escape(self.between[0])]
        for number, text in enumerate(self.between[1:]):
            parts += [special.get(number, VALUE), re.escape(text)]
        return b"".join(parts) + rb"\r?\n"

    def fields(self, values: list[Any]) -> dict[str, Any]:
        """The object that a line is, with those values."""
        found: dict[str, Any] = {}
        for leaf, value in zip(self.leaves, values, strict=True):
            inside = found
            for name in leaf.path[:-1]:
                inside = inside.setdefault(name, {})
            inside[leaf.path[-1]] = value
        return found

    @property
    def has_lists(self) -> bool:
        """Whether there is a list in it."""
        return any(leaf.value.startswith(b"[") for leaf in self.leaves)


def shape_of(line: bytes) -> Shape | None:
    """The shape of a line; None where it has none that can be relied on.

    No key twice in one object, no escapes in a key, no empty object, no object in a list, nothing but an object.

    >>> shape = shape_of(b'{"level": "INFO", "user": {"id": 7}}')
    >>> [(leaf.path, leaf.before) for leaf in shape.leaves]
    [(('level',), b'"level": '), (('user', 'id'), b'"id": ')]
    """
    if len(line) > _LONGEST:
        return None
    try:
        reader = _Reader(line)
        reader.object(())
        reader.end()
    except _Odd:
        return None
    return Shape((*reader.between, reader.text), tuple(reader.leaves))


class _Odd(Exception):
    """The line has no shape that can be relied on."""


class _Reader:
    """Reads one line, token by token."""

    def __init__(self, line: bytes) -> None:
        self._tokens = _tokens(line)
        self._kind, self._token = "", b""
        self.between: list[bytes] = []
        self.leaves: list[Leaf] = []
        self.text = b""
        self._key = b""
        self._step()

    def _step(self) -> bytes:
        """The token in hand; the next one is in hand then."""
        token, blank = self._token, b""
        kind, self._token = next(self._tokens)
        if kind == "blank":
            blank = self._token
            kind, self._token = next(self._tokens)
        self._kind = kind
        self._blank = blank
        return token

    def _mark(self, mark: bytes) -> None:
        if self._token != mark:
            raise _Odd
        self.text += self._blank + self._token
        self._step()

    def object(self, path: tuple[str, ...]) -> None:
        """An object, keys and all."""
        self._mark(b"{")
        names: set[str] = set()
        while self._token != b"}":
            if names:
                self._mark(b",")
            name = self._name()
            if name in names:
                raise _Odd
            names.add(name)
            self._value((*path, name))
        if path and not names:
            raise _Odd
        self._mark(b"}")

    def _name(self) -> str:
        if self._kind != "string" or b"\\" in self._token or len(self._token) < 3:
            raise _Odd
        self.text += self._blank
        self._key = self._token
        try:
            name = self._token[1:-1].decode()
        except UnicodeDecodeError as e:
            raise _Odd from e
        self.text += self._step()
        start = len(self.text) - len(self._key)
        self._mark(b":")
        self.text += self._blank
        self._blank = b""
        self._key = self.text[start:]
        return name

    def _value(self, path: tuple[str, ...]) -> None:
        if self._token == b"{":
            self.object(path)
            return
        if self._kind not in ("string", "bare", "list") or not _ONE_VALUE.match(self._token):
            raise _Odd
        if len(self.leaves) >= _MOST_KEYS:
            raise _Odd
        self.leaves.append(Leaf(path, self._key, self._token))
        self.between.append(self.text)
        self.text = b""
        self._step()

    def end(self) -> None:
        """Nothing follows."""
        if self._kind != "end" or self._blank:
            raise _Odd


def _tokens(line: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(line):
        found = _TOKEN.match(line, at)
        if found is None:
            raise _Odd
        at = found.end()
        yield found.lastgroup or "", found[0]
    while True:
        yield "end", b""
