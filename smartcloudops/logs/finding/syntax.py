"""The syntax of RE2, read into a tree of what a line must look like; flags that only matter across lines are gone.

Only patterns that RE2 takes are read here. The tree is for finding candidates, so it may say more than the pattern
does, never less: one character beyond ASCII is any, and a class by Unicode property is every character.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Literal

# As bit sets of ASCII codes.
_NEWLINE = 1 << 10
ALL_ASCII = (1 << 128) - 1
_KELVIN, _LONG_S, UNKNOWN = "\u212a", "\u017f", "\ufffd"
# Characters under (?i) that also have a form beyond ASCII.
WIDE_FOLDS = {"k": _KELVIN, "s": _LONG_S}
_COUNT = re.compile(r"\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\}")
_GROUP = re.compile(r"\?(?:P?<\w+>|([imsU]*)(?:-([imsU]*))?([:)]))")
_OCTAL = re.compile(r"[0-7]{1,3}")
_HEX = re.compile(r"\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2})")
_PROPERTY = re.compile(r"\{[^}]*\}|.", re.DOTALL)
_POSIX = re.compile(r"\[:(\^?)(\w+):\]")
_CONTROL = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Char:
    """That character; `folded`: an ASCII letter, in either case."""

    char: str
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Among:
    """One character of these in ASCII (a bit set), or any beyond it where `high`. Never a line break."""

    ascii: int
    high: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """All of them, one after the other."""

    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """One of them."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """It, `low` to `high` times; None is without end."""

    part: Node
    low: int
    high: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A place without width: the start or end of the line, a word boundary or none."""

    kind: Literal["^", "$", r"\b", r"\B"]


Node = Char | Among | Every | Either | Repeat | Edge


class UnreadableError(ValueError):
    """Syntax that is not known here, though RE2 takes it."""


class LineBreakError(ValueError):
    """A line break, which no line holds. The argument is where."""


def _bits(chars: str) -> int:
    return sum(1 << ord(c) for c in set(chars))


_UPPER, _LOWER = _bits(string.ascii_uppercase), _bits(string.ascii_lowercase)
_WORD = _bits(string.ascii_letters + string.digits + "_")
_CLASSES = {"d": _bits(string.digits), "s": _bits("\t\n\f\r "), "w": _WORD}
_POSIX_CLASSES = {
    "alnum": _bits(string.ascii_letters + string.digits),
    "alpha": _bits(string.ascii_letters),
    "ascii": ALL_ASCII,
    "blank": _bits("\t "),
    "cntrl": (1 << 32) - 1 | 1 << 127,
    "digit": _bits(string.digits),
    "graph": _bits(string.ascii_letters + string.digits + string.punctuation),
    "lower": _bits(string.ascii_lowercase),
    "print": _bits(string.ascii_letters + string.digits + string.punctuation + " "),
    "punct": _bits(string.punctuation),
    "space": _bits("\t\n\v\f\r "),
    "upper": _bits(string.ascii_uppercase),
    "word": _WORD,
    "xdigit": _bits(string.hexdigits),
}
_EVERYTHING = Among(ALL_ASCII & ~_NEWLINE, high=True)
_EDGES: dict[str, Edge] = {"A": Edge("^"), "z": Edge("$"), "b": Edge(r"\b"), "B": Edge(r"\B")}


def tree_of(pattern: str, *, ignore_case: bool = False) -> Node:
    r"""The tree of a pattern. UnreadableError, LineBreakError.

    >>> tree_of("ab?")
    Every(parts=(Char(char='a', folded=False), Repeat(part=Char(char='b', folded=False), low=0, high=1)))
    """
    parser = _Parser(pattern, fold=ignore_case)
    try:
        found = parser.alternatives()
    except (IndexError, KeyError, RecursionError) as e:
        raise UnreadableError(pattern) from e
    if parser.at < len(pattern):
        raise UnreadableError(pattern)
    return found


@dataclass(frozen=True, slots=True)
class _Set:
    """What stands in a class. `wide`: the ASCII letters that (?i) adds for characters beyond ASCII."""

    bits: int
    high: bool = False
    wide: int = 0
    known: bool = True

    def with_(self, other: _Set) -> _Set:
        return _Set(self.bits | other.bits, self.high or other.high, self.wide | other.wide, self.known and other.known)

    def folded(self) -> _Set:
        bits = self.bits | self.wide
        bits |= (bits & _UPPER) << 32 | (bits & _LOWER) >> 32
        return _Set(bits, self.high or bool(bits & _bits("ks")), self.wide, self.known)

    def negated(self) -> _Set:
        return _Set(ALL_ASCII & ~self.bits, high=True) if self.known else self


def _between(low: int, high: int) -> _Set:
    bits = (1 << min(high, 127) + 1) - (1 << low) if low < 128 else 0
    wide = [_bits(c + c.upper()) for c, wide in WIDE_FOLDS.items() if low <= ord(wide) <= high]
    return _Set(bits, high > 127, sum(wide))


def _among(group: _Set) -> Among:
    return Among(group.bits & ~_NEWLINE, group.high)


def _one(char: str, *, fold: bool) -> Node:
    if char.isascii():
        return Char(char.lower(), True) if fold and char.isalpha() else Char(char)
    if char == UNKNOWN or fold:
        return _among(_between(ord(char), ord(char)).folded())
    return Char(char)


def tree_of_literal(text: str, *, ignore_case: bool = False) -> Node:
    """The tree of a pattern that means just itself."""
    return Every(tuple(_one(char, fold=ignore_case) for char in text))


class _Parser:
    def __init__(self, text: str, *, fold: bool) -> None:
        self.text = text
        self.at = 0
        self.fold = fold

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def takes(self, expected: re.Pattern[str]) -> re.Match[str]:
        found = expected.match(self.text, self.at)
        if found is None:
            raise UnreadableError(self.text)
        self.at = found.end()
        return found

    def alternatives(self) -> Node:
        branches = [self.sequence()]
        while self.peek() == "|":
            self.at += 1
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else Either(tuple(branches))

    def sequence(self) -> Node:
        parts: list[Node] = []
        while self.peek() not in ("", "|", ")"):
            if not self.counted(parts):
                parts += self.atom()
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def counted(self, parts: list[Node]) -> bool:
        """Whether a repetition stands here; it is put around the last part."""
        sign = self.peek()
        if sign in ("*", "+", "?"):
            self.at += 1
            low, high = (1 if sign == "+" else 0), (1 if sign == "?" else None)
        elif sign == "{" and (count := _COUNT.match(self.text, self.at)):
            self.at = count.end()
            low = int(count[1])
            high = low if count[2] is None else int(count[3]) if count[3] else None
        else:
            return False
        self.at += self.peek() == "?"
        parts[-1] = Repeat(parts[-1], low, high)
        return True

    def atom(self) -> list[Node]:
        char = self.take()
        if char == "(":
            return self.group()
        if char == "[":
            return [self.char_class()]
        if char == "\\":
            return self.escape()
        if char in "^$":
            return [Edge("^" if char == "^" else "$")]
        return [_EVERYTHING if char == "." else self.char(char, self.at - 1)]

    def group(self) -> list[Node]:
        """What the brackets hold; flags without a colon are for what follows."""
        outside = self.fold
        if self.peek() == "?":
            found = self.takes(_GROUP)
            if found[3]:
                self.fold = ("i" in found[1] or self.fold) and "i" not in (found[2] or "")
            if found[3] == ")":
                return []
        inside = self.alternatives()
        if self.take() != ")":
            raise UnreadableError(self.text)
        self.fold = outside
        return [inside]

    def char(self, char: str, at: int) -> Node:
        """A character that is written at that place."""
        if char == "\n":
            raise LineBreakError(at)
        return _one(char, fold=self.fold)

    def escape(self) -> list[Node]:
        start, kind = self.at - 1, self.take()
        if kind == "Q":
            quoted, _, _ = self.text[self.at :].partition("\\E")
            self.at = min(self.at + len(quoted) + 2, len(self.text))
            return [self.char(c, start + 2 + i) for i, c in enumerate(quoted)]
        if kind in _EDGES:
            return [_EDGES[kind]]
        if kind == "C":
            return [_EVERYTHING]
        group = self.perl_class(kind)
        return [self.char(self.escaped(kind), start) if group is None else _among(group)]

    def perl_class(self, kind: str) -> _Set | None:
        r"""\d, \W, \pL and the like; None for other escapes."""
        if kind in "pP":
            self.takes(_PROPERTY)
            return _Set(ALL_ASCII, high=True, known=False)
        if kind.lower() not in _CLASSES:
            return None
        bits = _CLASSES[kind.lower()]
        return _Set(bits) if kind.islower() else _Set(ALL_ASCII & ~bits, high=True)

    def escaped(self, kind: str) -> str:
        """The character that an escape means."""
        if kind in _CONTROL:
            return _CONTROL[kind]
        if kind == "x":
            found = self.takes(_HEX)
            return chr(int(found[1] or found[2], 16))
        if kind in "01234567":
            self.at -= 1
            return chr(int(self.takes(_OCTAL)[0], 8))
        if kind.isalnum():
            raise UnreadableError(self.text)
        return kind

    def char_class(self) -> Node:
        negated = self.peek() == "^"
        self.at += negated
        found, first = _Set(0), True
        while first or self.peek() != "]":
            found = found.with_(self.class_item())
            first = False
        self.at += 1
        if self.fold:
            found = found.folded()
        return _among(found.negated() if negated else found)

    def class_item(self) -> _Set:
        posix = _POSIX.match(self.text, self.at)
        if posix is not None:
            self.at = posix.end()
            bits = _POSIX_CLASSES[posix[2]]
            return _Set(ALL_ASCII & ~bits, high=True) if posix[1] else _Set(bits)
        if self.peek() == "\\":
            start = self.at
            self.at += 2
            group = self.perl_class(self.text[start + 1])
            if group is not None:
                return group
            self.at = start
        return self.char_range()

    def char_range(self) -> _Set:
        low = high = self.class_char()
        if self.peek() == "-" and self.text[self.at + 1] != "]":
            self.at += 1
            high = self.class_char()
        return _between(ord(low), ord(high))

    def class_char(self) -> str:
        char = self.take()
        return self.escaped(self.take()) if char == "\\" else char
