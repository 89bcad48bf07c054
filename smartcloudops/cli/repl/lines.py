"""Lines from a pipe, or from a terminal that cannot be drawn on."""

from __future__ import annotations

from typing import TextIO

PROMPT = "sco> "


class Lines:
    """A trailing backslash goes on with the next line; a prompt is shown where somebody sees it."""

    def __init__(self, lines: TextIO, out: TextIO) -> None:
        self._lines = lines
        self._out = out
        self._is_seen = lines.isatty()

    def read(self) -> str:
        """The next line; EOFError at the end."""
        parts = [self._next(PROMPT)]
        while parts[-1].endswith("\\"):
            parts[-1] = parts[-1][:-1]
            parts.append(self._next("...> "))
        return "\n".join(parts)

    def _next(self, prompt: str) -> str:
        self._show(prompt)
        try:
            line = self._lines.readline()
        except KeyboardInterrupt:
            self._show("\n")
            raise
        if not line:
            self._show("\n")
            raise EOFError
        return line.rstrip("\r\n")

    def _show(self, text: str) -> None:
        if self._is_seen:
            self._out.write(text)
            self._out.flush()
