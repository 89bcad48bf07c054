"""How well a format fits the first lines of an object."""

from __future__ import annotations

from collections.abc import Callable


def share(lines: list[bytes], reads: Callable[[bytes], object]) -> float:
    """The share of lines that something says yes to.

    >>> share([b"a", b"b"], lambda line: line == b"a")
    0.5
    """
    return sum(map(bool, map(reads, lines))) / len(lines) if lines else 0.0
