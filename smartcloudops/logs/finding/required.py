"""From the tree of a pattern: whether it may be empty, the literals it cannot do without, and its form in bytes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import assert_never

from smartcloudops.logs.finding.clauses import Clause, any_of
from smartcloudops.logs.finding.syntax import WIDE_FOLDS, Among, Char, Edge, Either, Every, Node, Repeat

# Shorter literals are in too many lines; more spellings of one, or longer ones, help no more.
_SHORTEST, _SPELLINGS, _LONGEST, _FEW = 3, 16, 256, 4
# What a repetition in bytes may count to: RE2 takes 1000.
_HIGHEST = 1000


def stripped(node: Node) -> Node:
    """Matches in the same lines, without what its ends may leave out: `a.*` is `a`.

    >>> from smartcloudops.logs.finding.syntax import tree_of
    >>> stripped(tree_of("x*a.+")) == tree_of("a.")
    True
    """
    if isinstance(node, Repeat):
        if node.low == 0:
            return Every()
        return stripped(node.part) if node.low == 1 else Repeat(node.part, node.low, node.low)
    if isinstance(node, Either):
        return Either(tuple(map(stripped, node.parts)))
    if isinstance(node, Every):
        return _without_ends(list(node.parts))
    return node


def _without_ends(parts: list[Node]) -> Node:
    if len(parts) == 1:
        return stripped(parts[0])
    for end in (0, -1):
        while parts and isinstance(parts[end], Repeat):
            left = _shortened(parts[end])
            if left is not None:
                parts[end] = left
                break
            del parts[end]
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def _shortened(node: Node) -> Node | None:
    assert isinstance(node, Repeat)
    if node.low == 0:
        return None
    return node.part if node.low == 1 else Repeat(node.part, node.low, node.low)


def may_be_empty(node: Node) -> bool:
    """Whether it can match without a character."""
    if isinstance(node, Every):
        return all(map(may_be_empty, node.parts))
    if isinstance(node, Either):
        return any(map(may_be_empty, node.parts))
    if isinstance(node, Repeat):
        return node.low == 0 or may_be_empty(node.part)
    return isinstance(node, Edge)


@dataclass(frozen=True, slots=True)
class _Found:
    """Of a part: all its spellings where they are few, and what else it needs."""

    spellings: frozenset[bytes] | None
    folded: bool = False
    clauses: tuple[Clause, ...] = ()

    def needs(self) -> tuple[Clause, ...]:
        return (*self.clauses, *_clause(self.spellings, self.folded))


_NOTHING = frozenset({b""})


def clauses_of(node: Node) -> tuple[Clause, ...]:
    """The literals, at least three bytes long, one of which stands in every match; a clause for each place.

    >>> from smartcloudops.logs.finding.syntax import tree_of
    >>> [sorted(c.literals) for c in clauses_of(tree_of("conn(ection|) ?refused.*timeouts?"))]
    [[b'conn refused', b'connection refused', b'connectionrefused', b'connrefused'], [b'timeout', b'timeouts']]
    """
    return tuple(dict.fromkeys(_look(node).needs()))


def _clause(spellings: frozenset[bytes] | None, folded: bool) -> tuple[Clause, ...]:
    if not spellings or min(map(len, spellings)) < _SHORTEST:
        return ()
    return (Clause(spellings, folded),)


def _look(node: Node) -> _Found:
    match node:
        case Char(char, folded):
            return _Found(frozenset({char.encode()}), folded)
        case Among(bits, high):
            few = not high and bits.bit_count() <= _FEW
            return _Found(frozenset(bytes([c]) for c in range(128) if bits >> c & 1) if few else None)
        case Edge():
            return _Found(_NOTHING)
        case Every(parts):
            return _look_at_every(parts)
        case Either(parts):
            return _look_at_either([_look(part) for part in parts])
        case Repeat(part, low, high):
            return _look_at_repeat(_look(part), low, high)
        case _:
            assert_never(node)


def _look_at_every(parts: tuple[Node, ...]) -> _Found:
    clauses: list[Clause] = []
    run, folded, whole = _NOTHING, False, True
    for part in parts:
        found = _look(part)
        clauses += found.clauses
        joined = _joined(run, found.spellings)
        if joined is not None:
            run, folded = joined, folded or found.folded
            continue
        clauses += _clause(_lower(run, folded), folded)
        whole = False
        run, folded = found.spellings or _NOTHING, found.folded
    run = _lower(run, folded)
    if whole:
        return _Found(run, folded, tuple(clauses))
    return _Found(None, clauses=(*clauses, *_clause(run, folded)))


def _joined(run: frozenset[bytes], more: frozenset[bytes] | None) -> frozenset[bytes] | None:
    """Each of `run` followed by each of `more`; None where that is too much."""
    if more is None or len(run) * len(more) > _SPELLINGS or max(map(len, run), default=0) > _LONGEST:
        return None
    return frozenset(a + b for a, b in itertools.product(run, more))


def _lower(spellings: frozenset[bytes], folded: bool) -> frozenset[bytes]:
    return frozenset(s.lower() for s in spellings) if folded else spellings


def _look_at_either(branches: list[_Found]) -> _Found:
    folded = any(b.folded for b in branches)
    spellings: frozenset[bytes] | None = frozenset()
    for branch in branches:
        both = None if spellings is None or branch.spellings is None else spellings | branch.spellings
        spellings = both if both is not None and len(both) <= _SPELLINGS else None
    if spellings is not None:
        return _Found(_lower(spellings, folded), folded)
    return _Found(None, clauses=any_of(b.needs() for b in branches))


def _look_at_repeat(found: _Found, low: int, high: int | None) -> _Found:
    if low == 0:
        optional = high == 1 and found.spellings is not None
        return _Found(found.spellings | _NOTHING, found.folded) if optional and found.spellings else _Found(None)
    if low == high and found.spellings is not None and len(found.spellings) == 1:
        (only,) = found.spellings
        if len(only) * low <= _LONGEST:
            return _Found(frozenset({only * low}), found.folded, found.clauses)
    return _Found(None, clauses=found.needs())


def in_bytes(node: Node) -> bytes:
    r"""A pattern of bytes that matches wherever the tree does, or more, for RE2 in Latin-1 and for Hyperscan.

    Both must read `^` and `$` as the ends of lines. A character beyond ASCII is one to four high bytes.

    >>> from smartcloudops.logs.finding.syntax import tree_of
    >>> in_bytes(tree_of("a[0-9]"))
    b'a[\\x30-\\x39]'
    """
    match node:
        case Char(char, folded):
            return _letter(char) if folded else quoted(char.encode())
        case Among():
            return _one_of(node)
        case Edge(kind):
            return kind.encode()
        case Every(parts):
            return b"".join(map(in_bytes, parts))
        case Either(parts):
            return b"(?:%b)" % b"|".join(map(in_bytes, parts))
        case Repeat(part, low, high):
            return _repeated(part, low, high)
        case _:
            assert_never(node)


def quoted(literal: bytes) -> bytes:
    """A literal as a pattern."""
    return b"".join(b"%c" % c if chr(c).isalnum() and c < 128 else rb"\x%02x" % c for c in literal)


def folded_bytes(literal: bytes) -> bytes:
    """A lower-case literal as a pattern that finds it in either case."""
    return b"".join(_letter(chr(c)) if 97 <= c <= 122 else quoted(bytes([c])) for c in literal)


def _letter(char: str) -> bytes:
    pair = b"[%b%b]" % (char.encode(), char.upper().encode())
    wide = WIDE_FOLDS.get(char)
    return b"(?:%b|%b)" % (pair, quoted(wide.encode())) if wide else pair


def _one_of(node: Among) -> bytes:
    if node.high:
        return rb"(?:%b|[\x80-\xff]{1,4})" % _set(node.ascii) if node.ascii else rb"[\x80-\xff]{1,4}"
    # A class of nothing matches nothing: a line break is in no line.
    return _set(node.ascii) if node.ascii else rb"\x0a"


def _set(bits: int, high: bytes = b"") -> bytes:
    codes = [c for c in range(128) if bits >> c & 1]
    runs = []
    for _, group in itertools.groupby(enumerate(codes), key=lambda pair: pair[1] - pair[0]):
        run = [code for _, code in group]
        runs.append(rb"\x%02x-\x%02x" % (run[0], run[-1]) if len(run) > 1 else rb"\x%02x" % run[0])
    return b"[%b%b]" % (b"".join(runs), high)


def _repeated(part: Node, low: int, high: int | None) -> bytes:
    if isinstance(part, Among) and part.high:
        body = _set(part.ascii, rb"\x80-\xff")
        high = None if high is None or high * 4 > _HIGHEST else high * 4
    else:
        body = b"(?:%b)" % in_bytes(part)
    signs = {(0, None): b"*", (1, None): b"+", (0, 1): b"?"}
    if (low, high) in signs:
        return body + signs[low, high]
    return body + (b"{%d,}" % low if high is None else b"{%d,%d}" % (low, high))
