"""Reads objects of S3 over any client: whole or in pieces, resumed where a connection broke."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from smartcloudops.core.errors import ScoError
from smartcloudops.logs.objects import LogObject, Unread
from smartcloudops.logs.sources.patience import Patience

# Where a connection breaks, less is asked for at a time, so that something comes through.
_SMALLEST = 1 << 20


class Again(Exception):
    """It may work when it is asked again; if it never does, that was `final`. `got`: bytes that came before it."""

    def __init__(self, final: Unread | ScoError, *, got: bytes = b"", busy: bool = False) -> None:
        super().__init__(str(final))
        self.final, self.got, self.busy = final, got, busy


class Client(Protocol):
    """What sends a request and takes its answer in."""

    # Stored bytes of an object from `start` to before `end`, at least one of them, if it is still the one that was
    # listed. Raises Again, Unread for what is wrong with the object, ScoError for what is wrong with all of them.
    def get(self, one: LogObject, start: int, end: int) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """The reader of S3."""

    client: Client
    patience: Patience

    def read(self, one: LogObject) -> bytes:
        """The whole object; nothing is asked for an empty one. Unread has what came of it."""
        parts: list[bytes] = []
        try:
            parts.extend(self._span(one, 0, one.size))
        except Unread as e:
            e.got = b"".join(parts)
            raise
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def stream(self, one: LogObject, *, start: int = 0, piece: int = 8 << 20) -> Iterator[bytes]:
        """Pieces, one request each: a slow reader holds no connection open, which a server would end."""
        for at in range(start, one.size, piece):
            yield from self._span(one, at, min(at + piece, one.size))

    def _span(self, one: LogObject, start: int, end: int) -> Iterator[bytes]:
        """One piece, or several where the connection broke; what came before the last break is given out."""
        tries, reach = 0, end
        while start < end:
            self.patience.enter()
            failed = None
            try:
                got = self.client.get(one, start, min(reach, end))
            except Again as e:
                failed, got = e, e.got
            if got:
                yield got
            step, start = reach - start, start + len(got)
            if failed is not None:
                tries += 1
                if not self.patience.again(tries, busy=failed.busy):
                    raise failed.final from failed
                step = step if failed.busy else max(step // 4, _SMALLEST)
            reach = start + step

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()
