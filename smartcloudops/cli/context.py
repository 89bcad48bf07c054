"""What the global options say, handed to every command as `ctx.obj`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartcloudops.core.errors import UsageError

if TYPE_CHECKING:
    from smartcloudops.core.config import Config


@dataclass(frozen=True, slots=True)
class Context:
    """The global options."""

    config_file: Path | None = None
    log_file: Path | None = None
    verbosity: int = 0

    def start_logging(self) -> None:
        """Set up logs where something is to be logged."""
        if self.verbosity > 0 or self.log_file is not None:
            from smartcloudops.core import log

            log.setup(verbosity=self.verbosity, log_file=self.log_file)

    def load(self, **flags: Any) -> Config:
        """The configuration, with the command's flags (dotted keys as `section__key`) on top."""
        from smartcloudops.core import config

        given = {key.replace("__", "."): value for key, value in flags.items() if value is not None}
        return config.load(
            file=self.config_file, flags=given, environ=os.environ, cwd=working_directory(), home=Path.home()
        )


def working_directory() -> Path:
    """Where the command runs; UsageError where that is gone."""
    try:
        return Path.cwd()
    except OSError as e:
        raise UsageError(f"the working directory cannot be used: {e.strerror}", hint="cd to another one") from e
