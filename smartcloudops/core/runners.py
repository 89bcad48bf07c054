"""How independent work is spread: in this process, or over processes; results come in order and are identical.

Own workers on pipes, not concurrent.futures: its pool cannot be left while a large task waits in its queue (before
Python 3.12 a killed worker then hangs the parent for ever), and Ctrl-C must end a run at once.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, TypeVar, cast

from smartcloudops.core.errors import ScoError

Task = TypeVar("Task")
Result = TypeVar("Result")

_JOIN_S = 5.0
_LIBRARY_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


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
        """Apply `work` to each task; what it raises is raised here, ScoError where a worker died.

        However the caller leaves, no worker outlives it.
        """
        crew = [_Worker(work) for _ in range(self.workers)]
        try:
            yield from _in_order(crew, tasks)
        except BaseException:
            for worker in crew:
                worker.kill()
            raise
        for worker in crew:
            worker.dismiss()


def choose(workers: int | None, tasks: int) -> Runner:
    """Processes where there is work for more than one; `workers` None means one a processor."""
    count = min(workers or len(os.sched_getaffinity(0)), tasks)
    return Processes(count) if count > 1 else Serial()


class _Worker:
    """One process that takes a task at a time through a pipe."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        with _deaf_to_interrupts(), _single_threaded_libraries():
            self._process.start()
        theirs.close()

    def give(self, task: object) -> None:
        try:
            self.pipe.send(task)
        except OSError as e:
            raise _died() from e

    def take(self) -> Any:
        try:
            error, result = self.pipe.recv()
        except (EOFError, OSError) as e:
            raise _died() from e
        if error is not None:
            raise error
        return result

    def dismiss(self) -> None:
        """The closed pipe tells the worker that there is no more."""
        self.pipe.close()
        self._process.join(_JOIN_S)
        self._process.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.pipe.close()


def _died() -> ScoError:
    hint = "free some memory or lower [train] workers, then run the command again"
    return ScoError("a worker process died; most often the machine ran out of memory", hint=hint)


def _in_order(crew: Sequence[_Worker], tasks: Sequence[Task]) -> Iterator[Any]:
    idle, busy = list(crew), dict[Connection, tuple[_Worker, int]]()
    done: dict[int, Any] = {}
    given = taken = 0
    while taken < len(tasks):
        while idle and given < len(tasks):
            worker = idle.pop()
            worker.give(tasks[given])
            busy[worker.pipe] = (worker, given)
            given += 1
        for pipe in wait(list(busy)):
            worker, at = busy.pop(cast(Connection, pipe))
            done[at] = worker.take()
            idle.append(worker)
        while taken in done:
            yield done.pop(taken)
            taken += 1


def _serve(pipe: Connection, work: Callable[[Any], Any]) -> None:
    """A worker's life. SIGTERM ends it at once; what the work raises goes back."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(_answer(work, task))
        except OSError:
            return


def _answer(work: Callable[[Any], Any], task: object) -> tuple[Exception | None, Any]:
    try:
        return None, work(task)
    except Exception as e:  # noqa: BLE001 - a border of processes: the parent raises it
        return e, None


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Ctrl-C reaches the whole process group; a child started in here ignores it from its first moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _single_threaded_libraries() -> Iterator[None]:
    """Numerical libraries read these as they load: one thread each, where there is a process a processor."""
    added = [name for name in _LIBRARY_THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
