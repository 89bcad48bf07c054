"""Fetching ahead of the work, within a budget of bytes: while one object is decoded, the next ones are on their way."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from smartcloudops.logs.objects import BUFFER, LogObject, Unread
from smartcloudops.logs.sources import Reader

FETCHERS = 4
# Objects that are fetched, or about to be, before they are asked for.
_AHEAD = 256
_PIECE = 8 << 20
T = TypeVar("T")


class Budget:
    """Bytes that may be held at once. What is larger than all of it waits until nothing else is held."""

    def __init__(self, size: int) -> None:
        self._size, self._held = size, 0
        self._changed = threading.Condition()
        self._closed = False

    def take(self, count: int) -> bool:
        """Wait until there is room; False when the budget was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self._held or self._held + count <= self._size)
            self._held += count
            return not self._closed

    def give_back(self, count: int) -> None:
        """So many bytes are free again."""
        with self._changed:
            self._held -= count
            self._changed.notify_all()

    def close(self) -> None:
        """Let go of who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Threads:
    """So many threads that make calls, in the order in which they are asked to.

    Not those of concurrent.futures: a process does not end before these do, and a server may be long in answering.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._calls: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        for _ in range(count):
            threading.Thread(target=self._live, name=name, daemon=True).start()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """What the call will give, or raise."""
        future: Future[T] = Future()
        self._calls.put((future, call))
        return future

    def close(self) -> None:
        """Calls that have not begun never will; who waits for them is told."""
        with suppress(queue.Empty):
            while True:
                asked = self._calls.get_nowait()
                if asked is not None:
                    asked[0].cancel()
        for _ in range(self._count):
            self._calls.put(None)

    def _live(self) -> None:
        while (asked := self._calls.get()) is not None:
            future, call = asked
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as e:  # noqa: BLE001 - a border of threads: who asks for the result raises it
                    future.set_exception(e)
            del asked, future, call


@dataclass(slots=True)
class Fetched:
    """An object whose stored bytes are there, or on their way in pieces."""

    one: LogObject
    pieces: Iterator[bytes]
    cost: int = 0


@dataclass(slots=True)
class _Ahead:
    objects: Iterator[LogObject]
    reader: Reader
    budget: Budget
    fetchers: int
    threads: Threads = field(init=False)
    queue: deque[tuple[LogObject, Future[bytes] | None, int] | BaseException | None] = field(default_factory=deque)
    ready: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False

    def __post_init__(self) -> None:
        self.threads = Threads(self.fetchers, "fetch")

    def feed(self) -> None:
        """Hand objects to the fetchers as room is found for them; ends with None, or with what went wrong."""
        end: BaseException | None = None
        try:
            for one in self.objects:
                cost = min(one.size, BUFFER)
                if not self._has_room() or not self.budget.take(cost):
                    break
                whole = one.size <= BUFFER
                self._put((one, self.threads.submit(partial(self.reader.read, one)) if whole else None, cost))
        except BaseException as e:  # noqa: BLE001 - a border of threads: the consumer raises it
            end = e
        self._put(end)

    def _has_room(self) -> bool:
        """Wait until few enough are ahead, however small; False when nobody takes them any more."""
        with self.ready:
            self.ready.wait_for(lambda: self.closed or len(self.queue) < _AHEAD)
            return not self.closed

    def _put(self, item: tuple[LogObject, Future[bytes] | None, int] | BaseException | None) -> None:
        with self.ready:
            self.queue.append(item)
            self.ready.notify_all()

    def take(self) -> Fetched | None:
        """The next object; None at the end."""
        with self.ready:
            self.ready.wait_for(lambda: bool(self.queue))
            item = self.queue.popleft()
            self.ready.notify_all()
        if item is None or isinstance(item, BaseException):
            if item is not None:
                raise item
            return None
        one, future, cost = item
        return Fetched(one, self._whole(future) if future else ahead_of(self.reader.stream(one, piece=_PIECE)), cost)

    @staticmethod
    def _whole(future: Future[bytes]) -> Iterator[bytes]:
        try:
            data = future.result()
        except Unread as e:
            if e.got:
                yield e.got
            raise
        del future
        yield data

    def close(self) -> None:
        with self.ready:
            self.closed = True
            self.ready.notify_all()
        self.budget.close()
        self.threads.close()


def fetched(
    objects: Iterator[LogObject], reader: Reader, *, budget: int, fetchers: int = FETCHERS
) -> Iterator[Fetched]:
    """Objects in order, each with its stored bytes: one piece for those up to BUFFER, several for larger ones.

    Reading the pieces raises what the reader raises. What `objects` raises is raised here.
    """
    ahead = _Ahead(objects, reader, Budget(budget), fetchers)
    feeder = threading.Thread(target=ahead.feed, name="feed", daemon=True)
    feeder.start()
    try:
        while (got := ahead.take()) is not None:
            yield got
            ahead.budget.give_back(got.cost)
    finally:
        ahead.close()


def ahead_of(items: Iterator[T], depth: int = 1) -> Iterator[T]:
    """The same items, `depth` of them made in a thread before they are asked for."""
    end = object()

    def step() -> T | object:
        return next(items, end)

    threads = Threads(1, "ahead")
    waiting = deque(threads.submit(step) for _ in range(depth))
    try:
        while (item := waiting.popleft().result()) is not end:
            waiting.append(threads.submit(step))
            yield item  # type: ignore[misc]
    finally:
        threads.close()
