"""What is looked for: positions in a buffer that may match, found fast, and the exact decision on a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from smartcloudops.logs.objects import Event


@dataclass(frozen=True, slots=True)
class Question:
    """What a user looks for. Nothing is checked yet; `finding.compile.compiled` does, and raises UsageError.

    `pattern`: RE2 syntax, or literal with `fixed`; None or "" matches every record. `fields`: `level=ERROR` as typed.
    `where`: the filter as typed. `since` and `until` (ms, until exclusive) bound the record's own time.
    """

    pattern: str | None = None
    fixed: bool = False
    ignore_case: bool = False
    invert: bool = False
    fields: tuple[str, ...] = ()
    where: str = ""
    since: int | None = None
    until: int | None = None


class Sieve(Protocol):
    """A compiled question. Made once, used by every worker; safe to inherit by a fork."""

    # Whether deciding needs the event (fields, where, since, until).
    needs_event: bool
    # Whether nothing is ruled out by raw bytes, so that every record must be looked at (`candidates` is not used).
    looks_at_all: bool

    # Positions that may lie in matching records: ascending, at most one a line, a superset of the truth. With `lines`
    # false records may share a line (CloudTrail): then it is every position that may lie in one.
    def candidates(self, data: bytes, *, lines: bool = True) -> Iterator[int]: ...

    # The decision. `event` is called at most once, and only if the bytes did not decide.
    def matches(self, record: bytes, event: Callable[[], Event]) -> bool: ...

    # Where in a record that matches the pattern matched, to mark it: spans in order; none with `invert`.
    def marks(self, record: bytes) -> list[tuple[int, int]]: ...
