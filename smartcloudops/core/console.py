"""What the terminal can do, and a progress line on stderr for work that takes over a second."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TextIO

_WIDTH = 80
_FIRST_S = 1.0
_EVERY_S = 0.1
_EVERY_PLAIN_S = 30.0
_CLEAR = "\r\x1b[K"


def is_terminal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether lines on `stream` can be drawn over: a terminal that is not dumb."""
    return stream.isatty() and environ.get("TERM", "") != "dumb"


def has_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Colour only on a terminal, never with a non-empty `NO_COLOR`."""
    return is_terminal(stream, environ) and not environ.get("NO_COLOR")


def width(stream: TextIO, environ: Mapping[str, str] = os.environ) -> int:
    """Columns: `COLUMNS`, else the terminal's, else 80."""
    asked = environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdigit() and int(asked) > 0:
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _WIDTH
    except (OSError, ValueError):
        return _WIDTH


class Progress:
    """Counts work on stderr: one line drawn over on a terminal, one line every 30 s elsewhere.

    Silent for the first second, and always with `quiet`.
    """

    def __init__(
        self,
        what: str,
        total: int | None = None,
        *,
        quiet: bool = False,
        stream: TextIO | None = None,
        environ: Mapping[str, str] = os.environ,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._total = total
        self._quiet = quiet
        self._stream = stream or sys.stderr
        self._live = is_terminal(self._stream, environ)
        self._columns = width(self._stream, environ)
        self._monotonic = monotonic
        self._next_s = monotonic() + (_FIRST_S if self._live else _EVERY_PLAIN_S)
        self._drawn = False
        self.done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hide()

    def hide(self) -> None:
        """Wipe the line out, before something else is written; it comes back when it is shown next."""
        if self._drawn:
            self._drawn = False
            self._stream.write(_CLEAR)
            self._stream.flush()

    def advance(self, count: int = 1, note: str = "") -> None:
        """`count` more are done; `note` says which."""
        self.done += count
        self.show(note)

    def to(self, done: int, total: int, note: str = "") -> None:
        """So many of so many are done."""
        self.done, self._total = done, total
        self.show(note)

    def show(self, note: str = "") -> None:
        """Draw the line if it is time to."""
        now_s = self._monotonic()
        if self._quiet or now_s < self._next_s:
            return
        self._next_s = now_s + (_EVERY_S if self._live else _EVERY_PLAIN_S)
        line = self._line(note)
        if self._live:
            self._drawn = True
            self._stream.write(_CLEAR + line[: self._columns - 1])
        else:
            self._stream.write(f"{line}\n")
        self._stream.flush()

    def _line(self, note: str) -> str:
        count = f"{self.done}" if self._total is None else f"{self.done}/{self._total}"
        share = f" ({self.done * 100 // self._total}%)" if self._total else ""
        line = f"{self._what}: {count}{share}" + (f"  {note}" if note else "")
        return "".join(c if c.isprintable() else "?" for c in line)
