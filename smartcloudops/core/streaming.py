"""A child program whose lines are read as they come, and which must not be cut off by the user's Ctrl-C.

It runs in a session of its own, so that the terminal's signals reach this process alone, which passes on what is meant:
the first SIGINT (or SIGTERM, or SIGHUP) at once, for a program that ends what it is at; a further one as is decided.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Literal

from smartcloudops.core.errors import ScoError, UsageError

_CHUNK = 65_536
_TICK_S = 0.2
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
    with _signals() as caught:
        process = _start(argv, env, cwd)
        reading = _Reading(process)
        try:
            _watch(process, reading, caught, on_line, on_tick, on_interrupt, decide)
        except BaseException:
            _send(process, signal.SIGKILL)
            raise
        finally:
            reading.close()
            status = process.wait()
    done = Streamed(status, reading.stderr(), caught.count, caught.terminated is not None)
    if caught.terminated is not None:
        signal.raise_signal(caught.terminated)
    return done


def _watch(
    process: subprocess.Popen[bytes],
    reading: _Reading,
    caught: _Caught,
    on_line: Callable[[str], None],
    on_tick: Callable[[], None],
    on_interrupt: Callable[[int], None],
    decide: Callable[[], Decision],
) -> None:
    heard = 0
    while reading.is_open:
        for line in reading.lines(_TICK_S):
            on_line(line)
        on_tick()
        if caught.count > heard:
            heard = caught.count
            if caught.passed:
                _obey(process, decide())
            else:
                caught.passed = True
                _send(process, signal.SIGINT)
                on_interrupt(heard)


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


def _start(argv: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
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
    process: subprocess.Popen[bytes]
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _rest: bytearray = field(default_factory=bytearray)
    _errors: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            self._selector.register(pipe, selectors.EVENT_READ)

    @property
    def is_open(self) -> bool:
        """Whether more may come."""
        return bool(self._selector.get_map())

    def lines(self, wait_s: float) -> Iterator[str]:
        """Whole lines of stdout that came within that time."""
        for entry, _ in self._selector.select(wait_s):
            data = os.read(entry.fd, _CHUNK)
            if not data:
                self._selector.unregister(entry.fileobj)
            if entry.fileobj is self.process.stderr:
                self._errors += data
                del self._errors[:-_STDERR_KEPT]
            else:
                yield from self._take(data)

    def _take(self, data: bytes) -> Iterator[str]:
        self._rest += data
        parts = bytes(self._rest).split(b"\n")
        *whole, rest = parts if data else [*parts, b""]
        self._rest = bytearray(rest[:_LONGEST_LINE])
        yield from (line.decode(errors="replace") for line in whole if line)

    def stderr(self) -> str:
        """The end of what it said there."""
        return self._errors.decode(errors="replace")

    def close(self) -> None:
        self._selector.close()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
