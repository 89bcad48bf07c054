"""A child program whose lines are read as they come, and which must not be cut off by the user's Ctrl-C.

It runs in a session of its own, so that the terminal's signals reach this process alone, which passes on what is meant:
the first SIGINT (or SIGTERM, or SIGHUP) at once, for a program that ends what it is at; a further one as is decided.
It writes to a file without a name rather than a pipe: where this process is killed, it goes on to its end, while a pipe
that nobody reads would kill it too, in the middle of what it is at. Nothing of what it wrote is left behind.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Literal

from smartcloudops.core.errors import ScoError, UsageError

_CHUNK = 1 << 20
_TICK_S = 0.1
_LONGEST_LINE = 16 << 20
_STDERR_KEPT = 256 << 10
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# What to do about a further interrupt, which is asked while the program goes on: wait for it, interrupt it once more
# (a program may give up what it is at then), or kill it.
Decision = Literal["wait", "interrupt", "kill"]


@dataclass(frozen=True, slots=True)
class Streamed:
    """How the program ended: its status (negative for a signal), the end of its stderr, and the signals that came."""

    status: int
    stderr: str
    interrupts: int
    terminated: bool


def stream(
    argv: Sequence[str],
    *,
    on_line: Callable[[str], None],
    on_tick: Callable[[], None] = lambda: None,
    on_interrupt: Callable[[int], None] = lambda count: None,
    decide: Callable[[], Decision] = lambda: "wait",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Streamed:
    """Run a program to its end, `on_line` for each line of its stdout and `on_tick` some times a second.

    `on_interrupt` hears of the first signal, which was passed on; `decide` is asked at every further one. SIGTERM and
    SIGHUP count as signals, and are raised again when the program has ended. Raises UsageError where the program is
    missing, ScoError where it cannot start; what a callback raises, after killing the program.
    """
    with _signals() as caught, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = _start(argv, env, cwd, out, err)
        reading = _Reading(out)
        try:
            with _ending(process) as ends:
                _watch(process, ends, reading, caught, on_line, on_tick, on_interrupt, decide)
        except BaseException:
            _send(process, signal.SIGKILL)
            process.wait()
            raise
        done = Streamed(process.returncode, _end_of(err), caught.count, caught.terminated is not None)
    if caught.terminated is not None:
        signal.raise_signal(caught.terminated)
    return done


def _watch(
    process: subprocess.Popen[bytes],
    ends: Callable[[], bool],
    reading: _Reading,
    caught: _Caught,
    on_line: Callable[[str], None],
    on_tick: Callable[[], None],
    on_interrupt: Callable[[int], None],
    decide: Callable[[], Decision],
) -> None:
    heard, has_ended = 0, False
    while not has_ended:
        has_ended = ends()
        for line in reading.lines(is_last=has_ended):
            on_line(line)
        on_tick()
        if caught.count > heard and not has_ended:
            heard = caught.count
            if caught.passed:
                _obey(process, decide())
            else:
                caught.passed = True
                _send(process, signal.SIGINT)
                on_interrupt(heard)


@contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[Callable[[], bool]]:
    """Tells whether the program ends within a moment; as soon as it does, where the kernel says so (Linux)."""
    try:
        fd = os.pidfd_open(process.pid)
    except (AttributeError, OSError):

        def waited() -> bool:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_TICK_S)
            return process.returncode is not None

        yield waited
        return
    ending = select.poll()
    ending.register(fd, select.POLLIN)
    try:
        yield lambda: bool(ending.poll(_TICK_S * 1000)) and process.wait() is not None
    finally:
        os.close(fd)


def _obey(process: subprocess.Popen[bytes], decision: Decision) -> None:
    if decision != "wait":
        _send(process, signal.SIGINT if decision == "interrupt" else signal.SIGKILL)


def _send(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


@dataclass(slots=True)
class _Caught:
    count: int = 0
    terminated: signal.Signals | None = None
    passed: bool = False

    def take(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        if number != signal.SIGINT:
            self.terminated = signal.Signals(number)


@contextmanager
def _signals() -> Iterator[_Caught]:
    """Count signals instead of obeying them. Only the main thread gets any."""
    caught = _Caught()
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return
    # A handler rather than "ignored", which the child would inherit.
    before = {number: signal.signal(number, caught.take) for number in _SIGNALS}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(
    argv: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None, out: IO[bytes], err: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    except FileNotFoundError as e:
        if cwd is not None and not cwd.is_dir():
            raise ScoError(f"cannot run `{argv[0]}` in {cwd}: no such directory") from e
        raise UsageError(f"no program `{argv[0]}`", hint="install it, or put it on PATH") from e
    except (OSError, ValueError) as e:
        raise ScoError(f"cannot run `{argv[0]}`: {e}") from e


@dataclass(slots=True)
class _Reading:
    """What was written since it was looked last; the writer's own place in the file is not moved."""

    file: IO[bytes]
    _at: int = 0
    _rest: bytes = b""

    def lines(self, *, is_last: bool) -> Iterator[str]:
        """Whole lines; with the last also what has no end."""
        while data := os.pread(self.file.fileno(), _CHUNK, self._at):
            self._at += len(data)
            *whole, rest = (self._rest + data).split(b"\n")
            self._rest = rest[:_LONGEST_LINE]
            yield from (line.decode(errors="replace") for line in whole if line)
        if is_last and self._rest:
            yield self._rest.decode(errors="replace")


def _end_of(file: IO[bytes]) -> str:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), _STDERR_KEPT, max(0, size - _STDERR_KEPT)).decode(errors="replace")
