"""How independent work is spread: in this process, or over processes; results come in order and are identical."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol, TypeVar

from smartcloudops.core.errors import ScoError

Task = TypeVar("Task")
Result = TypeVar("Result")


class Runner(Protocol):
    """Applies a picklable function to every task."""

    # Results in the order of the tasks, each as soon as it and all before it are there.
    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]: ...


class Serial:
    """One task after the other, in this process."""

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """Apply `work` to each task."""
        return map(work, tasks)


class Processes:
    """`workers` processes, each started afresh so that no lock or thread of the parent is inherited."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """Apply `work` to each task; ScoError where a worker died (out of memory, killed)."""
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_quiet_worker)
        try:
            yield from _in_order(pool, work, tasks, ahead=2 * self.workers)
        except BrokenProcessPool as e:
            hint = "free some memory or lower [train] workers, then run the command again"
            raise ScoError("a worker process died; most often the machine ran out of memory", hint=hint) from e
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def choose(workers: int | None, tasks: int) -> Runner:
    """Processes where there is work for more than one; `workers` None means one a processor."""
    count = min(workers or len(os.sched_getaffinity(0)), tasks)
    return Processes(count) if count > 1 else Serial()


def _in_order(
    pool: ProcessPoolExecutor, work: Callable[[Task], Result], tasks: Sequence[Task], *, ahead: int
) -> Iterator[Result]:
    """Submit a few tasks ahead of the reader, so that tasks and results never all lie in memory twice."""
    pending: list[Future[Result]] = []
    for task in tasks:
        pending.append(pool.submit(work, task))
        while len(pending) >= ahead or (pending and pending[0].done()):
            if not pending[0].done():
                wait(pending[:1], return_when=FIRST_COMPLETED)
            yield pending.pop(0).result()
    for future in pending:
        yield future.result()


def _quiet_worker() -> None:
    """Ctrl-C reaches the whole process group: the parent alone decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
