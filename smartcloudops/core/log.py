"""Structured logs: an event and its fields, to stderr or a file; `logging` is imported when there is something to say.

>>> log = Log("metrics.fetch")
>>> log.debug("fetched", series=12)
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO, cast, get_args

from smartcloudops.core.errors import ConfigError

if TYPE_CHECKING:
    import logging

Form = Literal["human", "keyvalue", "json"]
NAME = "smartcloudops"
_DEBUG, _INFO, _WARNING, _ERROR = 10, 20, 30, 40


class Log:
    """Where one part of sco reports. Fields are numbers, texts or None; units belong in their names."""

    def __init__(self, part: str) -> None:
        self._part = part

    def debug(self, event: str, **fields: Any) -> None:
        """For whoever looks for a fault in sco (`-vv`)."""
        self._write(_DEBUG, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """What is going on (`-v`)."""
        self._write(_INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Something was skipped or fallen back on."""
        self._write(_WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Something failed and the run goes on."""
        self._write(_ERROR, event, fields)

    def _write(self, level: int, event: str, fields: dict[str, Any]) -> None:
        import logging

        logger = logging.getLogger(f"{NAME}.{self._part}")
        # Without `setup` there is nobody to tell; logging's own last resort would write to stderr.
        if logger.hasHandlers() and logger.isEnabledFor(level):
            logger.log(level, "%s", event, extra={"fields": fields})


def setup(
    *,
    verbosity: int = 0,
    log_file: Path | None = None,
    form: Form | None = None,
    stream: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
) -> logging.Handler:
    """Send every record to `log_file` (rotated daily, 14 kept, 0600) or to `stream` (stderr).

    `verbosity`: -1 errors, 0 warnings (a file gets what `-v` gives), 1 what goes on, 2 and more everything,
    other libraries included. `form`, else `SCO_LOG_FORMAT`, else human on a terminal and key=value elsewhere.
    Raises ScoError if the file cannot be written, ConfigError for an unknown form.
    """
    import logging

    from smartcloudops.core.log_lines import DailyFile, Lines, Stream

    chosen = form or _asked_form(environ)
    level = _level(max(verbosity, 1) if log_file and verbosity == 0 else verbosity)
    out = stream or sys.stderr
    handler: logging.Handler = DailyFile(log_file) if log_file else Stream(out)
    human = log_file is None and out.isatty()
    handler.setFormatter(Lines(chosen or ("human" if human else "keyvalue")))
    root = logging.getLogger()
    remove()
    root.addHandler(handler)
    root.setLevel(_DEBUG if verbosity > 1 else max(level, _WARNING))
    logging.getLogger(NAME).setLevel(level)
    return handler


def remove() -> None:
    """Close what `setup` opened."""
    import logging

    from smartcloudops.core.log_lines import DailyFile, Stream

    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, DailyFile | Stream)]:
        root.removeHandler(handler)
        handler.close()


def to_file() -> bool:
    """Whether `setup` was asked for a file; on stderr an error has been said once already."""
    if "logging" not in sys.modules:
        return False
    import logging

    from smartcloudops.core.log_lines import DailyFile

    return any(isinstance(each, DailyFile) for each in logging.getLogger().handlers)


def _level(verbosity: int) -> int:
    steps = (_ERROR, _WARNING, _INFO, _DEBUG)
    return steps[min(max(verbosity, -1), 2) + 1]


def _asked_form(environ: Mapping[str, str]) -> Form | None:
    asked = environ.get("SCO_LOG_FORMAT")
    if not asked:
        return None
    if asked not in get_args(Form):
        raise ConfigError(f"SCO_LOG_FORMAT={asked} is no log format", hint=f"one of {', '.join(get_args(Form))}")
    return cast(Form, asked)
