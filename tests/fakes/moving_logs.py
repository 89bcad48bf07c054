"""A bucket of logs in memory that changes while it is followed, and what drives a follow through such changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from smartcloudops.core.errors import UnreachableError
from smartcloudops.logs.objects import Hit, LogObject, Trouble, Unread
from smartcloudops.logs.tailing import Follow, Item, Note


@dataclass
class Bucket:
    """Keys with content and the server's time of the last PUT. `cut_after`: the next listing breaks off after so many
    objects; `down`: nothing is answered; `unread`: what reading a key raises."""

    now: int = 1_700_000_000_000
    name: str = "bucket"
    layout: str = "auto"
    format: str = "auto"
    zone: str = "UTC"
    listings: int = 0
    known: Any = None
    down: bool = False
    cut_after: int | None = None
    reads: int = 0
    unread: dict[str, list[Exception]] = field(default_factory=dict)
    content: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    def put(self, key: str, data: bytes) -> None:
        self.content[key] = data, self.now

    def address(self, key: str = "") -> str:
        return f"s3://bucket/{key}"

    def folders(self, prefix: str = "") -> Iterator[str]:
        self._answer()
        inside = [key[len(prefix) :] for key in self.content if key.startswith(prefix)]
        yield from sorted({f"{rest.partition('/')[0]}/" for rest in inside if "/" in rest})

    def level(self, prefix: str = "") -> Iterator[str | LogObject]:
        yield from self.folders(prefix)
        yield from (one for one in self.objects(prefix) if "/" not in one.key[len(prefix) :])

    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]:
        self._answer()
        for number, (key, (data, modified)) in enumerate(sorted(self.content.items())):
            if self.cut_after is not None and number >= self.cut_after:
                self.cut_after = None
                raise UnreachableError("s3://bucket: no answer to a listing: the server broke off")
            if key.startswith(prefix) and key > after:
                yield LogObject(key, len(data), modified, hashlib.md5(data).hexdigest())

    def _answer(self) -> None:
        self.listings += 1
        if self.down:
            raise UnreachableError("s3://bucket: no answer: nothing answers at that address")

    def reader(self) -> Bucket:
        return self

    def read(self, one: LogObject) -> bytes:
        self.reads += 1
        if waiting := self.unread.get(one.key):
            raise waiting.pop(0)
        if one.key not in self.content:
            raise Unread("gone", "it is not there any more")
        return self.content[one.key][0]

    def stream(self, one: LogObject, *, start: int = 0, piece: int = 8 << 20) -> Iterator[bytes]:
        data = self.read(one)
        yield from (data[at : at + piece] for at in range(start, len(data), piece))

    def warm(self) -> None:
        pass

    def close(self) -> None:
        pass


class Over(Exception):
    """The schedule of a follow is through."""


@dataclass
class Schedule:
    """Does the next step each time a follow waits; `clock` is the wall clock it sees, in ms."""

    steps: Iterator[Callable[[], None]]
    clock: int = 1_700_000_000_000
    waited: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.clock += round(seconds * 1000)
        step = next(self.steps, None)
        if step is None:
            raise Over
        step()


def followed(follow: Follow) -> list[Item]:
    """All that a follow gives until its schedule is over."""
    found: list[Item] = []
    try:
        found.extend(follow)
    except Over:
        found.extend(follow.rest())
    return found


def lines(items: Iterable[Item]) -> list[str]:
    return [item.line.decode() for item in items if isinstance(item, Hit)]


def notes(items: Iterable[Item]) -> list[str]:
    return [item.kind for item in items if isinstance(item, Note)]


def troubles(items: Iterable[Item]) -> list[str]:
    return [item.damage for item in items if isinstance(item, Trouble)]
