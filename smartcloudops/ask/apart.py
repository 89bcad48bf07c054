"""Work in a child process while this one loads a library: one interpreter would do the two in line, two use two cores.

The child is forked, so that it begins at once and knows all that its parent knows. That is safe only where nothing else
runs in the parent, and on Linux; elsewhere the caller does the work itself.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar, cast

T = TypeVar("T")
_BLOCK = 1 << 16


@dataclass(slots=True)
class Child(Generic[T]):
    """Work under way in a child process."""

    pid: int
    _pipe: int

    def result(self, wait_s: float) -> T | None:
        """What it came to; None where it is not there in time, or failed. The child has ended then, either way."""
        data, whole = bytearray(), False
        deadline = time.monotonic() + wait_s
        try:
            while not whole and select.select([self._pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                block = os.read(self._pipe, _BLOCK)
                data += block
                whole = not block
        finally:
            os.close(self._pipe)
            if not whole:
                os.kill(self.pid, signal.SIGKILL)
            status = os.waitpid(self.pid, 0)[1]
        if not whole or status != 0 or not data:
            return None
        # Nobody but our own child holds the other end of the pipe.
        return cast(T, pickle.loads(data))  # noqa: S301


def is_possible() -> bool:
    """Whether a child can be forked safely here and now."""
    return sys.platform == "linux" and threading.active_count() == 1


def begin(work: Callable[[], T]) -> Child[T]:
    """Begin the work in a child; what it prints is lost, what it returns must be picklable."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _work(work, writing)
    os.close(writing)
    return Child(pid, reading)


def _work(work: Callable[[], object], pipe: int) -> NoReturn:
    """Never returns into the parent's code: neither its cleaning up nor its buffers are the child's."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with os.fdopen(pipe, "wb") as out:
            out.write(pickle.dumps(work(), pickle.HIGHEST_PROTOCOL))
        status = 0
    finally:
        os._exit(status)
