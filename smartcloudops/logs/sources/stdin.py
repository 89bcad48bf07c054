"""Logs on standard input, as one object: `kubectl logs … | sco logs search timeout -`."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from smartcloudops.logs.objects import BUFFER, LogObject

_PIECE = 1 << 20
_MOMENT_S = 0.005


@dataclass(slots=True)
class Stdin:
    """The source `-`. It can be read once."""

    name: str = "-"
    layout: str = "auto"
    format: str = "auto"
    zone: str = "UTC"
    listings: int = 0
    known: Any = None
    file: BinaryIO | None = None

    def address(self, key: str = "") -> str:
        """What messages call it."""
        return "standard input"

    def folders(self, prefix: str = "") -> Iterator[str]:
        """None."""
        return iter(())

    def level(self, prefix: str = "") -> Iterator[str | LogObject]:
        """The one object."""
        return self.objects()

    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]:
        """The one; how large it is nobody knows."""
        return iter([LogObject("-", BUFFER + 1, 0)])

    def warm(self) -> None:
        """Nothing to load."""

    def reader(self) -> _Reader:
        """Reads it as it comes."""
        return _Reader(self.file or sys.stdin.buffer)


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, one: LogObject) -> bytes:
        """All of it."""
        return self._file.read()

    def stream(self, one: LogObject, *, start: int = 0, piece: int = _PIECE) -> Iterator[bytes]:
        """As it comes, in few pieces: a pipe gives 64 KiB at a time, and each piece has its price at every stage."""
        read = getattr(self._file, "read1", self._file.read)
        held: list[bytes] = []
        size = 0
        while data := read(piece):
            held.append(data)
            size += len(data)
            if size >= piece or not _is_waiting(self._file):
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)

    def close(self) -> None:
        """It is not ours to close."""


def _is_waiting(file: BinaryIO) -> bool:
    """Whether more is there, or comes in a moment."""
    try:
        return bool(select.select([file], [], [], _MOMENT_S)[0])
    except (OSError, ValueError):
        return True
