"""Spreads objects over processes, one a core: decoding is the bound, and one interpreter would hold it back.

Workers are forked, so that imports and clients are there at once; fetchers of each worker keep it busy. Results come
as they are found. Own pipes rather than a pool: Ctrl-C must end a run at once, and a full disk or a slow terminal must
hold the workers back. With `workers=0` the same is done in this process, for programs with threads of their own.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection, wait
from typing import Any, cast

from smartcloudops.core.errors import ScoError
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.sources import Source
from smartcloudops.logs.work import Done, Given, Sofar, Work
from smartcloudops.logs.worker import Job, serve

BUDGET = 256 << 20
CAP = 64 << 30
# What a worker may have waiting: enough to fetch ahead, little enough to share the last objects fairly.
_WAITING, _WAITING_BYTES = 8, 48 << 20
# Objects that are listed ahead of the work, and payloads that wait for a slow reader.
_LISTED, _UNREAD = 4096, 64
_JOIN_S = 2.0
_AT_ONCE_S = 0.02
_END = object()
Result = Given | Sofar | Done
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(
    source: Source,
    objects: Iterable[LogObject],
    work: Work,
    *,
    workers: int | None = None,
    budget: int = BUDGET,
    cap: int = CAP,
    warm: Callable[[], None] = lambda: None,
) -> Iterator[Result]:
    """Do the work on every object; payloads, news and ends as they come, those of one object in order.

    `workers` None is one process a core; 0 is none but this one. `budget`: stored bytes held in flight by all of them;
    `cap`: decoded bytes of one object; `warm` loads what the work takes, in workers that have nothing to
    do yet. Raises what listing raises, and what no object can be read without (ScoError).
    However the caller leaves, no worker outlives it.
    """
    count = _count() if workers is None else workers
    job = Job(source, work, cap, budget // max(count, 1))
    crew = _Crew(job, count, warm) if count else None
    listing = _Listing(objects, is_heard=crew is not None)
    try:
        yield from crew.results(listing) if crew else _here(job, listing)
    finally:
        listing.stop()
        if crew:
            crew.dismiss()


def _count() -> int:
    # A forked child of a program with threads may find a lock held for ever.
    if sys.platform != "linux" or threading.active_count() > 1:
        return 0
    cores = len(os.sched_getaffinity(0))
    return cores if cores > 1 else 0


class _Listing:
    """Lists in a thread, ahead of the work; `wake` is readable when there is something new.

    `is_heard`: somebody takes note of the bells. Bells that nobody hears fill the pipe, and the thread waits for ever.
    """

    def __init__(self, objects: Iterable[LogObject], *, is_heard: bool) -> None:
        self._is_heard = is_heard
        self._queue: queue.Queue[Any] = queue.Queue(_LISTED)
        self.wake, self._bell = Pipe(duplex=False)
        self._stopped = False
        self.ended = False
        threading.Thread(target=self._list, args=(iter(objects),), name="list", daemon=True).start()

    def _list(self, objects: Iterator[LogObject]) -> None:
        end: Any = _END
        try:
            for one in objects:
                if self._stopped:
                    return
                self._put(one)
        except BaseException as e:  # noqa: BLE001 - a border of threads: the consumer raises it
            end = e
        self._put(end)

    def _put(self, item: Any) -> None:
        self._queue.put(item)
        if self._is_heard and (self._queue.qsize() == 1 or not isinstance(item, LogObject)):
            with suppress(OSError):
                self._bell.send_bytes(b"!")

    def next(self) -> LogObject | None:
        """The next object if there is one now."""
        if self.ended:
            return None
        try:
            item = self._queue.get_nowait()
        except queue.Empty:
            return None
        return self._seen(item)

    def every(self) -> Iterator[LogObject]:
        """All of them, as they come."""
        while (one := self._seen(self._queue.get())) is not None:
            yield one

    def _seen(self, item: Any) -> LogObject | None:
        if isinstance(item, LogObject):
            return item
        self.ended = True
        if item is not _END:
            raise item
        return None

    def hear(self) -> None:
        """Take note of the bells."""
        while self.wake.poll():
            self.wake.recv_bytes()

    def stop(self) -> None:
        """No more is wanted; the thread ends with the page in hand."""
        self._stopped = True
        with suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        self.wake.close()


class _Crew:
    """Forked workers, each with a pipe of its own."""

    def __init__(self, job: Job, count: int, warm: Callable[[], None]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        self._workers: list[_Worker] = []
        # Python forgets a Ctrl-C that comes within its own hooks of a fork.
        kept = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            for _ in range(count):
                self._workers.append(_Worker(job, warm, self._workers, kept))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, kept)

    def results(self, listing: _Listing) -> Iterator[Result]:
        """Hand out objects, take in what comes of them."""
        pipes = {worker.pipe: worker for worker in self._workers}
        while True:
            self._hand_out(listing)
            if listing.ended and not any(worker.waiting for worker in self._workers):
                return
            waited: list[Any] = [*pipes, *(() if listing.ended else (listing.wake,))]
            for ready in wait(waited):
                if ready is listing.wake:
                    listing.hear()
                else:
                    yield pipes[cast(Connection, ready)].take()

    def _hand_out(self, listing: _Listing) -> None:
        while True:
            worker = min(self._workers, key=lambda w: (w.bytes, len(w.waiting)))
            if len(worker.waiting) > 1 and (len(worker.waiting) >= _WAITING or worker.bytes >= _WAITING_BYTES):
                return
            one = listing.next()
            if one is None:
                return
            worker.give(one)

    def dismiss(self) -> None:
        """End every worker, whatever it is at."""
        for worker in self._workers:
            worker.kill()


class _Worker:
    """One process, and what it was given and has not ended."""

    def __init__(
        self, job: Job, warm: Callable[[], None], others: list[_Worker], signals: set[signal.Signals | int]
    ) -> None:
        context = get_context("fork")
        self.pipe, theirs = context.Pipe()
        foreign = [self.pipe, *(other.pipe for other in others)]
        self._process = context.Process(target=_live, args=(job, warm, theirs, foreign, signals), daemon=True)
        self._process.start()
        theirs.close()
        self.waiting: list[LogObject] = []
        self.bytes = 0
        self._source, self._known = job.source, job.source.known

    def give(self, one: LogObject) -> None:
        self.waiting.append(one)
        self.bytes += one.size
        try:
            if self._known != self._source.known:
                self._known = self._source.known
                self.pipe.send(_Known(self._known))
            self.pipe.send(one)
        except OSError as e:
            raise _died() from e

    def take(self) -> Result:
        try:
            message = self.pipe.recv()
        except (EOFError, OSError) as e:
            raise _died() from e
        if isinstance(message, BaseException):
            raise message
        # One object at a time, in the order given: what comes is of the first that waits.
        one = self.waiting[0]
        if isinstance(message, Done):
            self.waiting.pop(0)
            self.bytes -= one.size
            return message
        return message if isinstance(message, Sofar) else Given(one, message)

    def kill(self) -> None:
        self.pipe.close()
        self._process.kill()
        self._process.join(_JOIN_S)


def _died() -> ScoError:
    hint = "free some memory or lower --budget, then run the command again"
    return ScoError("a worker process died; most often the machine ran out of memory", hint=hint)


def _live(
    job: Job,
    warm: Callable[[], None],
    pipe: Connection,
    foreign: list[Connection],
    signals: set[signal.Signals | int],
) -> None:
    """A worker's life. The parent alone hears Ctrl-C; when it is gone, the pipe ends. `signals`: those it blocks."""
    from smartcloudops.logs.codecs import decode

    for other in foreign:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, signals)
    decode.tune_allocator()
    with suppress(OSError):
        try:
            # A server is a while in listing; a directory is not, and waits for nothing that it may not need.
            if not pipe.poll(_AT_ONCE_S):
                job.source.warm()
                decode.warm()
                warm()
            serve(job, _received(pipe, job.source), lambda one, message: pipe.send(message))
        except Exception as e:  # noqa: BLE001 - a border of processes: the parent raises it
            pipe.send(e)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the source knows by now, of the process that lists."""

    what: Any


def _received(pipe: Connection, source: Source) -> Iterator[LogObject]:
    with suppress(EOFError, OSError):
        while True:
            message = pipe.recv()
            if isinstance(message, _Known):
                source.known = message.what
            else:
                yield message


def _here(job: Job, listing: _Listing) -> Iterator[Result]:
    """The same in a thread of this process."""
    results: queue.Queue[Any] = queue.Queue(_UNREAD)
    stopped = threading.Event()

    def pulse() -> None:
        if stopped.is_set():
            raise _Stopped

    def tell(one: LogObject, message: Any) -> None:
        pulse()
        results.put(message if isinstance(message, Done | Sofar) else Given(one, message))

    def live() -> None:
        end: Any = _END
        try:
            serve(job, listing.every(), tell, pulse)
        except _Stopped:
            return
        except BaseException as e:  # noqa: BLE001 - a border of threads: the consumer raises it
            end = e
        results.put(end)

    threading.Thread(target=live, name="logs", daemon=True).start()
    try:
        while (item := results.get()) is not _END:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        with suppress(queue.Empty):
            while True:
                results.get_nowait()


class _Stopped(Exception):
    """Nobody takes the results any more."""
