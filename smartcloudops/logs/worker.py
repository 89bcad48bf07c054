"""What a worker does: fetch ahead, decode, work, and say how each object ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from smartcloudops.logs.ahead import FETCHERS, Fetched, fetched
from smartcloudops.logs.codecs import decode
from smartcloudops.logs.objects import LogObject, Trouble, Unread
from smartcloudops.logs.sources import Source
from smartcloudops.logs.work import Done, Sofar, Work

# So often is told how far a large object has come.
_EVERY_S = 0.5
# tell(object, payload), tell(object, Sofar(…)) now and then, and tell(object, Done(…)) when it is through
Tell = Callable[[LogObject, Any], None]


@dataclass(frozen=True, slots=True)
class Job:
    """The work, where the objects come from, the most decoded bytes of one, and the stored bytes held ahead."""

    source: Source
    work: Work
    cap: int
    budget: int
    fetchers: int = FETCHERS


def serve(job: Job, objects: Iterator[LogObject], tell: Tell, pulse: Callable[[], None] = lambda: None) -> None:
    """Work on every object in turn; raises what none can be read without, and what `pulse` does, which each buffer
    calls."""
    reader = job.source.reader()
    try:
        for got in fetched(objects, reader, budget=job.budget, fetchers=job.fetchers):
            done = _worked(job, got, tell, pulse)
            tell(got.one, done)
    finally:
        reader.close()


def _worked(job: Job, got: Fetched, tell: Tell, pulse: Callable[[], None]) -> Done:
    one = got.one
    buffers = decode.decoded(got.pieces, cap=job.cap)
    counter = _Counter(buffers, pulse, lambda decoded: tell(one, Sofar(one, decoded)))
    troubles: tuple[Trouble, ...] = ()
    try:
        job.work(one, counter, lambda payload: tell(one, payload))
    except Unread as e:
        troubles = (Trouble(job.source.address(one.key), e.damage, e.why, counter.count),)
    return Done(one, counter.count, troubles)


class _Counter:
    """Counts the bytes that go through, and says so now and then."""

    def __init__(self, buffers: Iterator[bytes], pulse: Callable[[], None], say: Callable[[int], None]) -> None:
        self._buffers, self._pulse, self._say, self.count = buffers, pulse, say, 0
        self._next_s = time.monotonic() + _EVERY_S

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._pulse()
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + _EVERY_S
            self._say(self.count)
        buffer = next(self._buffers)
        self.count += len(buffer)
        return buffer
