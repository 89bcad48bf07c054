"""A search within limits, for those who cannot wait and may not fetch everything: it says what it did not look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from smartcloudops.core.quantities import quantity
from smartcloudops.core.times import HOUR
from smartcloudops.logs.objects import Hit, LogObject, Trouble, Unread
from smartcloudops.logs.searching import Asked, Coverage, Search
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.sources import Reader, Source
from smartcloudops.logs.whereabouts import host_of_hit

T = TypeVar("T")

_LATE = "out of time"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many objects, stored bytes, decoded bytes of one object, and seconds."""

    objects: int = 500
    stored: int = 64 << 20
    decoded: int = 1 << 30
    seconds: float = 12.0


class Look:
    """Iterate it, once, for hits with their events; then it tells what was covered. Threads only, no processes.

    `wanted`: hosts that an object's key may name; objects of others are not read. Raises what a search raises.
    """

    def __init__(
        self,
        source: Source,
        question: Question,
        limits: Limits,
        *,
        wanted: Callable[[str], bool] = lambda host: True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits, self._wanted = limits, wanted
        self._place = _Within(source, monotonic, monotonic() + limits.seconds)
        asked = Asked(
            self._place, question, slack=HOUR, events=True, workers=0, cap=limits.decoded, skip=self._is_too_much
        )
        self._search = Search(asked)
        self._host = host_of_hit(lambda: self._search.coverage.listing.layout)
        self._objects = self._stored = 0
        self.left = self.left_bytes = 0
        self.late = False

    def __iter__(self) -> Iterator[Hit]:
        for item in self._search:
            if isinstance(item, Hit):
                yield item
            elif item.why == _LATE:
                self.late = True
                return
            if self._place.is_late():
                self.late = True
                return

    @property
    def coverage(self) -> Coverage:
        """How far it came."""
        return self._search.coverage

    @property
    def troubles(self) -> list[Trouble]:
        """What could not be read."""
        return [one for one in self._search.coverage.troubles if one.why != _LATE]

    def host_of(self, hit: Hit) -> str | None:
        """The host of a hit, by its format or its key."""
        return self._host(hit)

    def missing(self) -> list[str]:
        """What was not looked at, in sentences; none where all was."""
        said = []
        if self.left:
            limits = f"{self._limits.objects:,} objects or {quantity(self._limits.stored, 'bytes')}"
            said.append(
                f"not looked at: {self.left:,} more objects, {quantity(self.left_bytes, 'bytes')} (limit {limits});"
                " ask for a shorter time"
            )
        if self.late or self._place.cut:
            said.append(
                f"stopped after {self._limits.seconds:g} s, before the end; ask for a shorter time, or for rare text"
            )
        said += [f"unread: {one.address}: {one.why} ({one.damage})" for one in self.troubles[:_NAMED]]
        if len(self.troubles) > _NAMED:
            said.append(f"unread: {len(self.troubles) - _NAMED:,} more objects")
        return said

    def _is_too_much(self, one: LogObject) -> bool:
        layout = self._search.coverage.listing.layout
        host = layout.names(one.key).get("host") if layout else None
        if host is not None and not self._wanted(host):
            return True
        if self._objects == self._limits.objects or self._stored + one.size > self._limits.stored:
            self.left += 1
            self.left_bytes += one.size
            return True
        self._objects += 1
        self._stored += one.size
        return False


@dataclass
class _Within:
    """A source that has no more when the time is up."""

    source: Source
    monotonic: Callable[[], float]
    until_s: float
    cut: bool = False
    listings: int = 0
    name: str = field(init=False)
    layout: str = field(init=False)
    format: str = field(init=False)
    zone: str = field(init=False)

    def __post_init__(self) -> None:
        self.name, self.layout = self.source.name, self.source.layout
        self.format, self.zone = self.source.format, self.source.zone

    def is_late(self) -> bool:
        return self.monotonic() > self.until_s

    def address(self, key: str = "") -> str:
        return self.source.address(key)

    def folders(self, prefix: str = "") -> Iterator[str]:
        yield from self._while_in_time(self.source.folders(prefix))

    def level(self, prefix: str = "") -> Iterator[str | LogObject]:
        yield from self._while_in_time(self.source.level(prefix))

    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]:
        yield from self._while_in_time(self.source.objects(prefix, after=after))

    def _while_in_time(self, items: Iterator[T]) -> Iterator[T]:
        for item in items:
            if self.is_late():
                self.cut = True
                return
            yield item
        self.listings = self.source.listings

    @property
    def known(self) -> Any:
        return self.source.known

    @known.setter
    def known(self, found: Any) -> None:
        self.source.known = found

    def warm(self) -> None:
        self.source.warm()

    def reader(self) -> Reader:
        return _Reader(self.source.reader(), self)


@dataclass
class _Reader:
    reader: Reader
    place: _Within

    def read(self, one: LogObject) -> bytes:
        self._check()
        return self.reader.read(one)

    def stream(self, one: LogObject, *, start: int = 0, piece: int = 8 << 20) -> Iterator[bytes]:
        for data in self.reader.stream(one, start=start, piece=piece):
            self._check()
            yield data

    def close(self) -> None:
        self.reader.close()

    def _check(self) -> None:
        if self.place.is_late():
            raise Unread("unreadable", _LATE)
