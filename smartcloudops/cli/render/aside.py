"""What goes to stderr while an answer is made: notes, and one line about what runs, drawn over and wiped out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TextIO

from smartcloudops.ask.events import Called, Calling, Event, Said, Started, Told
from smartcloudops.ask.incoming import inert
from smartcloudops.cli.render.output import is_unicode
from smartcloudops.core.console import has_colour, is_terminal, width
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable

_CLEAR = "\r\x1b[K"
_MOST_TOLD = 40


class Aside:
    """`verbosity` below 0: nothing; above: a line for every tool that has run."""

    def __init__(self, err: TextIO, *, verbosity: int, environ: Mapping[str, str]) -> None:
        self._err = err
        self._verbosity = verbosity
        self._is_live = is_terminal(err, environ) and verbosity >= 0
        self._is_coloured = has_colour(err, environ)
        self._columns = width(err, environ)
        self._running: dict[str, str] = {}
        self._is_drawn = False

    def take(self, event: Event) -> None:
        """Something happened."""
        match event:
            case Told(text):
                self._tell(f"note: {text}")
            case Started(provider, model, _):
                self._draw(f"{provider} {model} …" if model else f"{provider} …")
            case Calling(call):
                self._running[call.id] = inert(f"{call.name} {brief(call.arguments)}".strip())
                self._draw(f"{', '.join(self._running.values())} …")
            case Called(answer, took_ms):
                self._called(answer.call.id, answer.call.name, took_ms, failed=answer.is_error)
            case Said():
                self.clear()
            case _:
                pass

    def clear(self) -> None:
        """Wipe out the line about what runs."""
        if self._is_drawn:
            self._is_drawn = False
            self._err.write(_CLEAR)
            self._err.flush()

    def _called(self, key: str, name: str, took_ms: int, *, failed: bool) -> None:
        line = f"{self._running.pop(key, inert(name))} … {took_ms / 1000:.1f} s{', failed' if failed else ''}"
        if self._verbosity > 0:
            self._tell(f"{self._dot} {line}")
        if self._running:
            self._draw(f"{', '.join(self._running.values())} …")
        elif self._verbosity <= 0:
            self._draw(line)

    @property
    def _dot(self) -> str:
        return "·" if is_unicode(self._err) else "-"

    def _tell(self, line: str) -> None:
        self.clear()
        if self._verbosity >= 0:
            self._err.write(self._fit(line) + "\n")
            self._err.flush()

    def _draw(self, line: str) -> None:
        if not self._is_live:
            return
        text = self._fit(f"{self._dot} {line}")[: self._columns - 1]
        self._err.write(_CLEAR + (f"\x1b[2m{text}\x1b[0m" if self._is_coloured else text))
        self._err.flush()
        self._is_drawn = True

    def _fit(self, line: str) -> str:
        text = redact(printable(line))
        return text if is_unicode(self._err) else text.replace("…", "...").encode("ascii", "backslashreplace").decode()


def brief(arguments: str) -> str:
    """The first text among a call's arguments, which names what it is about; "" where there is none."""
    found = parsed(arguments)
    texts = [value for value in found.values() if isinstance(value, str)] if isinstance(found, dict) else []
    text = printable(texts[0]) if texts else ""
    return text if len(text) <= _MOST_TOLD else text[: _MOST_TOLD - 1] + "…"


def parsed(arguments: str) -> Any:
    """A call's arguments as JSON, or as the text they are."""
    try:
        return json.loads(arguments) if arguments.strip() else {}
    except (ValueError, RecursionError):
        return arguments
