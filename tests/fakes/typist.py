"""Somebody who types into a program on a pseudo-terminal and reads what it shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")
ENTER, ALT_ENTER, CTRL_C, CTRL_D, TAB, UP = "\r", "\x1b\r", "\x03", "\x04", "\t", "\x1b[A"


_ASKS = "\x1b[?2004h"


def shown(raw: str) -> str:
    """What was written, without escapes."""
    return _ESCAPES.sub("", raw).replace("\r", "")


class Typist:
    """A program with a terminal of its own, which is its controlling one: Ctrl-C reaches it as a signal."""

    def __init__(
        self, command: Sequence[str], *, columns: int = 80, lines: int = 30, cwd: str | None = None, **environment: str
    ) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
            "TERM": "xterm-256color",
            "PROMPT_TOOLKIT_NO_CPR": "1",
            **environment,
        }
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0),
        )
        self._theirs = theirs
        self.raw = ""
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._ours, text.encode())

    def until(self, text: str, *, within_s: float = 20.0) -> str:
        """Read on until that is shown, escapes apart; what was shown since the last time."""
        return self._until(lambda raw: text in shown(raw), text, within_s)

    def waits(self, *, within_s: float = 20.0) -> str:
        """Read on until it asks for a line (bracketed paste is on then); what was shown since the last time."""
        said = self._until(lambda raw: _ASKS in raw, "a prompt", within_s)
        self._read(0.1)
        self._seen = len(self.raw)
        return said

    def _until(self, is_there: Callable[[str], bool], what: str, within_s: float) -> str:
        deadline = time.monotonic() + within_s
        while not is_there(raw := self.raw[self._seen :]):
            assert time.monotonic() < deadline, f"{what!r} is not shown, but {shown(raw)!r}"
            self._read(0.05)
        end = bisect_left(range(len(raw)), True, key=lambda at: is_there(raw[:at]))
        self._seen += end
        return shown(raw[:end])

    def is_sane(self) -> bool:
        """Whether the terminal echoes and takes lines, as it did before."""
        flags = termios.tcgetattr(self._theirs)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def ends(self, within_s: float = 20.0) -> int:
        """Its status."""
        deadline = time.monotonic() + within_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still running: {self.raw[-500:]!r}"
            self._read(0.05)
        self._read(0.05)
        return self.process.returncode

    def _read(self, wait_s: float) -> None:
        while select.select([self._ours], [], [], wait_s)[0]:
            self.raw += os.read(self._ours, 65_536).decode(errors="replace")
            wait_s = 0.0
