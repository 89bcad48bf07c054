"""A command on a terminal of its own, as a person would see it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Shown:
    """What stood on the terminal (stdout only), what went to stderr, and how it ended."""

    status: int
    screen: str
    err: str


def on_terminal(arguments: Sequence[str | Path], *, columns: int = 80, lines: int = 40, **environment: str) -> Shown:
    """Run `sco` with stdout on a pseudo-terminal of that size."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment}
    command = [sys.executable, "-m", "smartcloudops", *map(str, arguments)]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, stdin=theirs, env=env) as child:
        os.close(theirs)
        screen = _read(ours)
        assert child.stderr is not None
        err = child.stderr.read().decode()
    os.close(ours)
    return Shown(child.returncode, screen.decode(errors="replace").replace("\r\n", "\n"), err)


def _read(terminal: int) -> bytes:
    """All that comes, up to the end of the command."""
    parts = []
    # Linux ends a pseudo-terminal with an error.
    with contextlib.suppress(OSError):
        while block := os.read(terminal, 65_536):
            parts.append(block)
    return b"".join(parts)
