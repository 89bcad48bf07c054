"""Lines of one shape without escapes: proven and cut in one pass over a block, by one pattern for a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from smartcloudops.logs.counting.moments import Stamp
from smartcloudops.logs.counting.shapes import PLAIN_STRING, STRING, Leaf, Shape
from smartcloudops.logs.formats import Reading

# As JSON has them but for exponents, of any length. Possessive: what does not fit fails at once.
_TEXT = rb'"[^"]*+"'
_NUMBER = rb"-?+(?:[1-9][0-9]*+|0)(?:\.[0-9]++)?+"
_SCALAR = rb"(?:" + _TEXT + rb"|" + _NUMBER + rb"|true|false|null)"
_LIST = rb"\[ ?(?:" + _SCALAR + rb"(?:, ?" + _SCALAR + rb")*+)? ?\]"
# A reader that takes these for what they are finds nothing else in a line that passes.
_PROBES = {
    b'{"a":"\x01\x00\x1f\x7f","b":7}': 7,
    b'{"a":-1234567890123456789012345678901234567890,"b":7}': 7,
    b'{"a":0.%b,"b":"\x02"}' % (b"1" * 500): "\x02",
    b'{"a":%b.5,"b":1.25}' % (b"9" * 400): 1.25,
}


class Quick:
    """Cuts lines of a shape: `names` are the keys of what it gives, in their order.

    Text may hold control characters, and numbers may have any length, which JSON forbids or parsers cannot hold;
    `suits` says whether the reading of an object takes such lines as what they look like.
    """

    def __init__(self, shape: Shape, cuts: dict[bytes, bytes], stamp: Stamp | None) -> None:
        """`cuts`: the form of each value that is wanted (RE2), by what stands before it."""
        self.befores: list[bytes] = []
        parts = [re.escape(shape.between[0])]
        for leaf, text in zip(shape.leaves, shape.between[1:], strict=True):
            if stamp is not None and leaf.before == stamp.before:
                self.befores.append(leaf.before)
                parts.append(_grouped(stamp.value))
            elif leaf.before in cuts:
                self.befores.append(leaf.before)
                form = cuts[leaf.before]
                parts.append(rb'"([^"]*+)"' if form == PLAIN_STRING else _grouped(form))
            else:
                parts.append(_form(leaf))
            parts.append(re.escape(text))
        self._findall: Callable[[bytes], list[Any]] = re.compile(
            b"^" + b"".join(parts) + rb"\r?\n", re.MULTILINE
        ).findall

    def cut(self, lines: bytes) -> dict[bytes, list[bytes]] | None:
        """The values by what stands before them; None where some of these whole lines is of another shape, or has an
        escape."""
        if b"\\" in lines:
            return None
        found = self._findall(lines)
        # Each match begins with a line and ends with one: as many matches as lines, and none holds two or leaves any.
        if len(found) != lines.count(b"\n"):
            return None
        if len(self.befores) == 1:
            return {self.befores[0]: found}
        return dict(zip(self.befores, map(list, zip(*found, strict=True)), strict=True))


def quick(shape: Shape, cuts: dict[bytes, bytes], stamp: Stamp | None) -> Quick | None:
    """For lines of a shape; None where nothing is cut, or what is may hold escapes."""
    made = Quick(shape, cuts, stamp)
    return made if made.befores and STRING not in cuts.values() else None


def suits(reading: Reading) -> bool:
    """Whether lines that pass are read as what they look like."""
    return all(reading.read(line).fields.get("b") == value for line, value in _PROBES.items())


def _grouped(value: bytes) -> bytes:
    """A pattern of a value as a group, without its quotes."""
    return b'"(%b)"' % value[1:-1] if value.startswith(b'"') else b"(%b)" % value


def _form(leaf: Leaf) -> bytes:
    if leaf.value.startswith(b'"'):
        return _TEXT
    if leaf.value.startswith(b"["):
        return _LIST
    if leaf.value == b"null":
        return b"null"
    return rb"(?:true|false)" if leaf.value[:1] in b"tf" else _NUMBER
