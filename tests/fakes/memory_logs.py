"""A source of logs in memory, with objects that are denied, slow or deadly on request."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from smartcloudops.logs.objects import LogObject, Unread

DEADLY = b"\0kill"


@dataclass
class Memory:
    """Keys and their stored bytes. `wrong`: what reading a key raises."""

    content: Mapping[str, bytes]
    wrong: Mapping[str, Exception] = field(default_factory=dict)
    slow_s: float = 0.0
    name: str = "memory"
    layout: str = "auto"
    format: str = "auto"
    zone: str = "UTC"
    listings: int = 0
    known: Any = None
    fails_after: int | None = None
    made: list[MemoryReader] = field(default_factory=list)
    storage: Callable[[str], str] = lambda key: "STANDARD"

    def address(self, key: str = "") -> str:
        return f"memory://{key}"

    def folders(self, prefix: str = "") -> Iterator[str]:
        self.listings += 1
        names = {k[len(prefix) :].partition("/")[0] + "/" for k in self.content if k.startswith(prefix)}
        yield from sorted(n for n in names if any(k.startswith(prefix + n) for k in self.content))

    def level(self, prefix: str = "") -> Iterator[str | LogObject]:
        yield from self.folders(prefix)
        yield from (one for one in self.objects(prefix) if "/" not in one.key[len(prefix) :])

    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]:
        self.listings += 1
        for number, key in enumerate(sorted(self.content)):
            if self.fails_after is not None and number >= self.fails_after:
                raise self.wrong["listing"]
            if key.startswith(prefix) and key > after:
                yield LogObject(key, len(self.content[key]), 1_700_000_000_000, f"e{hash(self.content[key])}")

    def warm(self) -> None:
        pass

    def reader(self) -> MemoryReader:
        self.made.append(MemoryReader(self))
        return self.made[-1]


class MemoryReader:
    """Reads from memory; counts what it holds at once."""

    def __init__(self, source: Memory) -> None:
        self._source, self._lock = source, threading.Lock()
        self.now = self.most = 0
        self.closed = False

    def read(self, one: LogObject) -> bytes:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self._source.slow_s)
        with self._lock:
            self.now -= 1
        return self._bytes(one)

    def stream(self, one: LogObject, *, start: int = 0, piece: int = 8 << 20) -> Iterator[bytes]:
        data = self._bytes(one)
        yield from (data[at : at + piece] for at in range(start, len(data), piece))

    def _bytes(self, one: LogObject) -> bytes:
        if one.key in self._source.wrong:
            raise self._source.wrong[one.key]
        data = self._source.content[one.key]
        if data.startswith(DEADLY):
            os.kill(os.getpid(), signal.SIGKILL)
        return data

    def close(self) -> None:
        self.closed = True


def denied() -> Unread:
    return Unread("denied", "access is denied: not for you")
