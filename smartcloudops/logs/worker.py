"""What a worker does: fetch ahead, decode, work, and say how each object ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from smartcloudops.logs.ahead import FETCHERS, Fetched, fetched
from smartcloudops.logs.codecs import decode
from smartcloudops.logs.objects import LogObject, Trouble, Unread
from smartcloudops.logs.sources import Source
from smartcloudops.logs.work import Done, Work

# tell(object, payload), and tell(object, Done(…)) when it is through
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
    counter = _Counter(decode.decoded(got.pieces, cap=job.cap), pulse)
    troubles: tuple[Trouble, ...] = ()
    try:
        job.work(one, counter, lambda payload: tell(one, payload))
    except Unread as e:
        troubles = (Trouble(job.source.address(one.key), e.damage, e.why, counter.count),)
    return Done(one, counter.count, troubles)


class _Counter:
    """Counts the bytes that go through."""

    def __init__(self, buffers: Iterator[bytes], pulse: Callable[[], None]) -> None:
        self._buffers, self._pulse, self.count = buffers, pulse, 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._pulse()
        buffer = next(self._buffers)
        self.count += len(buffer)
        return buffer
