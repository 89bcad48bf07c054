"""Child programs: argument lists only, never a shell; bounded in time and output."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from smartcloudops.core.errors import ScoError, UsageError
from smartcloudops.core.redact import redact
from smartcloudops.core.times import format_duration

_CHUNK = 65_536
_STDIN = 2
_LAST_LINES = 10
_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended; `truncated` if it printed more than was kept."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str
    truncated: bool


def run(
    argv: Sequence[str],
    *,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    input: bytes = b"",
    cwd: Path | None = None,
    max_output: int = 16_000_000,
    check: bool = True,
) -> Completed:
    """Run a program in a process group of its own and keep up to `max_output` bytes of each stream.

    Raises UsageError if it is missing, ScoError if it cannot start, takes longer than `timeout_s` (its whole
    group is killed), or, with `check`, ends with a status other than 0. A negative status is a signal.
    """
    process = _start(argv, env, cwd)
    kept = _Streams(process, input, max_output)
    in_time = False
    try:
        in_time = kept.pump(time.monotonic() + timeout_s)
    finally:
        if not in_time:
            _end_group(process)
        kept.close()
    if not in_time:
        took = format_duration(round(timeout_s * 1000))
        raise ScoError(f"`{_shown(argv)}` took longer than {took} and was stopped{_tail(kept)}")
    done = Completed(tuple(argv), process.returncode, kept.text(0), kept.text(1), kept.truncated)
    if check and done.status != 0:
        raise ScoError(f"`{_shown(argv)}` {_ended(done.status)}{_tail(kept)}")
    return done


class _Streams:
    """Feeds standard input and drains both outputs at once, so that neither side can block the other."""

    def __init__(self, process: subprocess.Popen[bytes], data: bytes, limit: int) -> None:
        self._process = process
        self._data = memoryview(data)
        self._limit = limit
        self._kept = (bytearray(), bytearray())
        self.truncated = False
        self._selector = selectors.DefaultSelector()
        pipes = (process.stdout, process.stderr, process.stdin)
        self._pipes = [pipe for pipe in pipes if pipe is not None]
        for number, pipe in enumerate(self._pipes):
            os.set_blocking(pipe.fileno(), False)
            event = selectors.EVENT_WRITE if number == _STDIN else selectors.EVENT_READ
            self._selector.register(pipe, event, number)

    def pump(self, deadline: float) -> bool:
        """Move bytes until the program has ended and closed its outputs; False if the deadline came first."""
        while self._selector.get_map():
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            for entry, _ in self._selector.select(left_s):
                self._move(entry)
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _move(self, entry: selectors.SelectorKey) -> None:
        alive = self._feed(entry.fd) if entry.data == _STDIN else self._drain(entry.fd, entry.data)
        if not alive:
            self._selector.unregister(entry.fileobj)
            _close(self._pipes[entry.data])

    def _feed(self, fd: int) -> bool:
        try:
            self._data = self._data[os.write(fd, self._data[:_CHUNK]) :] if self._data else self._data
        except BrokenPipeError:
            return False
        return bool(self._data)

    def _drain(self, fd: int, number: int) -> bool:
        data = os.read(fd, _CHUNK)
        kept = self._kept[number]
        room = self._limit - len(kept)
        self.truncated |= len(data) > room
        kept += data[: max(0, room)]
        return bool(data)

    def text(self, number: int) -> str:
        return self._kept[number].decode(errors="replace")

    def close(self) -> None:
        self._selector.close()
        for pipe in self._pipes:
            _close(pipe)


def _close(stream: IO[bytes]) -> None:
    with suppress(BrokenPipeError):
        stream.close()


def _start(argv: Sequence[str], env: Mapping[str, str] | None, cwd: Path | None) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            list(argv), stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, env=env, cwd=cwd, start_new_session=True
        )
    except FileNotFoundError as e:
        if cwd is not None and not cwd.is_dir():
            raise ScoError(f"cannot run `{argv[0]}` in {cwd}: no such directory") from e
        raise UsageError(f"no program `{argv[0]}`", hint="install it, or put it on PATH") from e
    except (OSError, ValueError) as e:
        raise ScoError(f"cannot run `{_shown(argv)}`: {e}") from e


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the group to end, wait a little, then kill what is left of it."""
    if process.poll() is None:
        _signal_group(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _shown(argv: Sequence[str]) -> str:
    return redact(shlex.join(argv))


def _ended(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    return f"was ended by {signal.Signals(-status).name}"


def _tail(kept: _Streams) -> str:
    lines = (kept.text(1).strip() or kept.text(0).strip()).splitlines()[-_LAST_LINES:]
    return ":\n" + "\n".join(f"  {redact(line)}" for line in lines) if lines else ""
