"""What was typed, for the next conversation: a file that only its owner reads, with secrets masked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.history import History

from smartcloudops.core.errors import ScoError
from smartcloudops.core.files import write_atomic
from smartcloudops.core.redact import redact

FILE = "ask_history"
_MOST, _LARGEST = 1000, 1_000_000


class Kept(History):
    """An entry is a line, its own line breaks and backslashes escaped; where it cannot be kept, it is not."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._path = directory / FILE
        self._shorten()

    def append_string(self, string: str) -> None:
        """Masked here, too: what is got back with the arrow keys is what the file has."""
        super().append_string(redact(string))

    def load_history_strings(self) -> Iterable[str]:
        """Newest first."""
        return [_unescaped(line) for line in reversed(self._read()) if line]

    def store_string(self, string: str) -> None:
        """Put it at the end."""
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as f:
                os.fchmod(f.fileno(), 0o600)
                f.write(_escaped(string) + "\n")

    def _read(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return []

    def _shorten(self) -> None:
        """Keep the newest entries of a file that has grown large."""
        with suppress(OSError, ScoError):
            if self._path.stat().st_size > _LARGEST:
                write_atomic(self._path, "\n".join(self._read()[-_MOST:]).encode(), mode=0o600)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _unescaped(line: str) -> str:
    return "\\".join(part.replace("\\n", "\n") for part in line.split("\\\\"))
