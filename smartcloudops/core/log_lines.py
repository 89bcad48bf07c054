"""How a log record becomes one redacted line, and where lines go."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from io import TextIOWrapper
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

from smartcloudops.core.files import cannot_write
from smartcloudops.core.log import NAME, Form
from smartcloudops.core.redact import redact
from smartcloudops.core.times import rfc3339

KEPT_DAYS = 14


class Lines(logging.Formatter):
    """One line a record, whatever it holds: control characters are escaped, secrets masked."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        facts = self._facts(record)
        if self._form == "json":
            return json.dumps({name: _redacted(value) for name, value in facts.items()}, ensure_ascii=True)
        if self._form == "human":
            return redact(escape(_human(facts)))
        return redact(" ".join(f"{name}={_quoted(value)}" for name, value in facts.items()))

    def _facts(self, record: logging.LogRecord) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "time": rfc3339(int(record.created * 1000)),
            "level": record.levelname.lower(),
            "part": record.name.removeprefix(f"{NAME}."),
            "event": record.getMessage(),
        }
        for name, value in getattr(record, "fields", {}).items():
            facts[f"{name}_" if name in facts else name] = value
        if record.exc_info:
            facts["error"] = self.formatException(record.exc_info)
        return facts


class Stream(logging.StreamHandler[TextIO]):
    """Lines to stderr; a reader that went away is no reason to fail."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: there is nobody to say it to."""


class DailyFile(TimedRotatingFileHandler):
    """Lines to a private file that starts anew at midnight UTC. Raises ScoError where it cannot be written."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            super().__init__(path, when="midnight", backupCount=KEPT_DAYS, encoding="utf-8", utc=True)
        except OSError as e:
            raise cannot_write(path, e) from e
        self._complained = False

    def doRollover(self) -> None:
        """Rename yesterday's file, unless another run already has: then only go on in the new one."""
        yesterday = time.strftime(self.suffix, time.gmtime(self.rolloverAt - self.interval))
        if not Path(f"{self.baseFilename}.{yesterday}").exists():
            super().doRollover()
            return
        if self.stream:
            self.stream.close()
        self.stream = self._open()
        self.rolloverAt = self.computeRollover(int(time.time()))

    def _open(self) -> TextIOWrapper:
        fd = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return open(fd, "a", encoding="utf-8")  # noqa: PTH123 - a Path cannot open a descriptor

    def handleError(self, record: logging.LogRecord) -> None:
        """Say once on stderr that lines are lost; the run itself goes on."""
        if not self._complained:
            self._complained = True
            sys.stderr.write(f"sco: cannot write {self.baseFilename}: {sys.exc_info()[1]}\n")


def escape(text: str) -> str:
    """Printable text of one line: an attacker's newline or terminal code stays visible and harmless.

    >>> escape("a\\nb")
    'a\\\\nb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _human(facts: dict[str, Any]) -> str:
    known = ("time", "level", "part", "event")
    head = f"{facts['time'][11:19]} {facts['level']:<7} {facts['event']}"
    rest = " ".join(f"{name}={_quoted(value)}" for name, value in facts.items() if name not in known)
    return f"{head}  {rest}" if rest else head


def _quoted(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and text and not set(text) & set(' "=\\')
    return text if plain else '"' + escape(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _redacted(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))
