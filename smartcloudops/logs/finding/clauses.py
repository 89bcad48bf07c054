"""What a line must hold to match at all: one of some literals, or something that a pattern of bytes finds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from smartcloudops.logs.finding.syntax import WIDE_FOLDS

# More literals than this are no longer found one by one.
MOST = 32
_EDGE = re.compile(rb"(?<!\[)[$^]")


@dataclass(frozen=True, slots=True)
class Clause:
    """A line that matches holds one of `literals`, or `pattern` matches in it.

    `folded`: the literals are in lower case and ASCII letters are found in either case. `pattern` is in the syntax
    that RE2 (Latin-1) and Hyperscan share, never matches nothing, and holds no line break.
    """

    literals: frozenset[bytes] = frozenset()
    folded: bool = False
    pattern: bytes = b""

    @property
    def has_edges(self) -> bool:
        """Whether the pattern looks for the start or the end of a line."""
        return _EDGE.search(self.pattern) is not None

    def weight(self) -> tuple[bool, int, int]:
        """The larger, the rarer it looks: no pattern, a long shortest literal, few of them."""
        return not self.pattern, min(map(len, self.literals), default=0), -len(self.literals)


def either(first: Clause, second: Clause) -> Clause | None:
    """A clause for lines that keep one of the two; None where that would be too many literals."""
    folded = first.folded or second.folded
    literals = first.literals | second.literals
    if folded:
        literals = frozenset(literal.lower() for literal in literals)
    pattern = b"|".join(sorted({p for p in (first.pattern, second.pattern) if p}))
    return Clause(literals, folded, pattern) if len(literals) <= MOST else None


def rarest(clauses: Iterable[Clause]) -> Clause | None:
    """The one that looks rarest."""
    return max(clauses, key=Clause.weight, default=None)


def any_of(branches: Iterable[tuple[Clause, ...]]) -> tuple[Clause, ...]:
    """Clauses for lines that keep all those of one branch; none where a branch has none.

    >>> any_of([(Clause(frozenset({b"abc"})),), (Clause(frozenset({b"xyz"})),)])[0].literals == {b"abc", b"xyz"}
    True
    """
    found: Clause | None = None
    for branch in branches:
        best = rarest(branch)
        if best is None:
            return ()
        found = best if found is None else either(found, best)
        if found is None:
            return ()
    return () if found is None else (found,)


def wide_forms(literals: Iterable[bytes]) -> tuple[bytes, ...]:
    """What beyond ASCII may stand for a letter of folded literals: the Kelvin sign for k, a long s for s."""
    there = b"".join(literals)
    return tuple(wide.encode() for letter, wide in WIDE_FOLDS.items() if letter.encode() in there)
