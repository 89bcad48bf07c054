"""The same message many times is one message and a count: numbers and ids are what differs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable

# Different messages that are kept apart; of more of them only the count is known.
MOST = 2000
_LONGEST, _SHOWN = 1000, 240
_MASKS = re.compile(
    r"(?P<id>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b0x[0-9a-f]+\b"
    r"|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b)"
    r"|(?P<n>(?<![A-Za-z_])\d+(?:[.,:/T+Z-]*\d+)*Z?)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Repeat:
    """One message of one host: how often it came, when first and last (ms, None where no record has a time)."""

    host: str
    level: str
    template: str
    example: str
    count: int = 0
    first: int | None = None
    last: int | None = None

    def take(self, time: int | None) -> None:
        """Once more."""
        self.count += 1
        if time is not None:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)


def template(text: str) -> str:
    """What stays of a message where numbers, times, addresses and ids differ.

    >>> template("2026-11-20T10:02:07Z upstream 10.0.0.7:8080 timed out after 30.5 s (req 7f3a99c0deadbeef, web-2)")
    '<n> upstream <n> timed out after <n> s (req <id>, web-<n>)'
    """
    return _MASKS.sub(lambda found: f"<{found.lastgroup}>", text[:_LONGEST])


def shown(text: str) -> str:
    """A message in one line without control characters and secrets, cut where it is long."""
    safe = redact(printable(text[:_LONGEST]))
    return safe if len(safe) <= _SHOWN else safe[: _SHOWN - 1] + "…"


class Repeats:
    """Messages by host, level and template; `total` counts all, `beyond` those that came when MOST were known."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: dict[tuple[str, str, str], Repeat] = {}
        self.total = 0
        self.beyond = 0

    def take(self, text: str, *, host: str, level: str, time: int | None) -> None:
        """One message."""
        self.total += 1
        key = (host, level, template(text))
        found = self._known.get(key)
        if found is None:
            if len(self._known) == self._most:
                self.beyond += 1
                return
            found = self._known[key] = Repeat(host, level, key[2], shown(text))
        found.take(time)

    def ranked(self) -> list[Repeat]:
        """The most frequent first, then by host and text."""
        return sorted(self._known.values(), key=lambda one: (-one.count, one.host, one.template))
