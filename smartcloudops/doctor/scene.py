"""What the checks look at, and what they report."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from smartcloudops.core.config import Config, load
from smartcloudops.core.errors import ScoError

Level = Literal["ok", "info", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw; `mend` is the next command or setting to try. `info` is nothing to judge."""

    level: Level
    seen: str
    mend: str | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One machine and user. `config` stands in with its defaults where `error` says why it cannot be read.

    `write`: probes may write to S3. `root` is where `/etc` is.
    """

    config: Config
    error: ScoError | None
    environ: Mapping[str, str]
    home: Path
    now: int
    write: bool = False
    root: Path = Path("/")


def set_up(
    *,
    file: Path | None,
    environ: Mapping[str, str],
    cwd: Path,
    home: Path,
    now: int,
    write: bool = False,
    root: Path = Path("/"),
) -> Scene:
    """Load the configuration; with one that is broken, go on with the defaults."""
    try:
        config = load(file=file, environ=environ, cwd=cwd, home=home, allow_untrusted=True)
        return Scene(config, None, environ, home, now, write, root)
    except ScoError as e:
        return Scene(_defaults(environ, home), e, environ, home, now, write, root)


def _defaults(environ: Mapping[str, str], home: Path) -> Config:
    """The settings as if there were no file and no variable; an empty file is named, so that none is looked for."""
    bare = {name: value for name, value in environ.items() if not name.startswith("SCO_")}
    config = load(file=Path(os.devnull), environ=bare, cwd=home, home=home)
    data = Path(bare.get("XDG_DATA_HOME", ""))
    models = (data if data.is_absolute() else home / ".local/share") / "sco" / "models"
    return dataclasses.replace(config, models_dir=models, project_file=None)
