"""What is to run when, and everything that its unit or crontab line must carry to find what the terminal finds."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smartcloudops.core.config import Config, load
from smartcloudops.core.errors import UsageError
from smartcloudops.core.times import MINUTE, format_duration, parse_duration

_EVERY = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60)


@dataclass(frozen=True, slots=True)
class Schedule:
    """`every_min` between detections, `at` is (hour, minute) of training, local time. Paths are absolute.

    `argv` starts sco; `environment` are variables that keep state and models where they are now, for a program that
    starts with `--config` and none of this terminal's variables. `writes` are directories that sco writes to.
    `watches_itself`: there is no server, the machine that this runs on is what is looked at.
    """

    argv: tuple[str, ...]
    config: Path | None
    environment: Mapping[str, str]
    writes: tuple[Path, ...]
    every_min: int
    at: tuple[int, int]
    watches_itself: bool = False

    def command(self, kind: str) -> tuple[str, ...]:
        """The command line of one run."""
        named = ("--config", str(self.config)) if self.config else ()
        return (*self.argv, *named, kind, "-q", "--skip-if-locked")


def plan(config: Config, *, every: str, at: str) -> Schedule:
    """The schedule of a configuration in force; UsageError for times that timers and cron cannot both say."""
    file = config.project_file or config.user_file
    home = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    there = load(file=file, environ={"HOME": str(home)}, cwd=Path("/"), home=home, allow_untrusted=True)
    dirs = {
        "SCO_STATE__DIR": (config.state_dir, there.state_dir),
        "SCO_MODELS__DIR": (config.models_dir, there.models_dir),
    }
    textfile = config.detect.textfile
    return Schedule(
        argv=program(),
        config=file.absolute() if file else None,
        environment={name: str(here.absolute()) for name, (here, then) in dirs.items() if here != then},
        writes=tuple(dict.fromkeys((config.state_dir, config.models_dir, *([textfile.parent] if textfile else [])))),
        every_min=_minutes(every),
        at=_clock(at),
        watches_itself=config.prometheus.url is None,
    )


def program() -> tuple[str, ...]:
    """How to start this sco from anywhere: the `sco` that runs, one on the PATH, or this Python."""
    own = Path(sys.argv[0])
    if own.name == "sco" and own.is_file():
        return (str(own.absolute()),)
    beside = Path(sys.executable).with_name("sco")
    found = str(beside) if beside.is_file() else shutil.which("sco")
    return (str(Path(found).absolute()),) if found else (sys.executable, "-m", "smartcloudops")


def _minutes(every: str) -> int:
    minutes, rest = divmod(parse_duration(every), MINUTE)
    if rest or minutes not in _EVERY:
        known = ", ".join(format_duration(each * MINUTE) for each in _EVERY)
        raise UsageError(f"--every {every}: an hour has no whole number of those", hint=f"one of {known}")
    return minutes


def _clock(at: str) -> tuple[int, int]:
    hour, _, minute = at.partition(":")
    if not (hour.isdigit() and minute.isdigit() and len(minute) == 2 and int(hour) < 24 and int(minute) < 60):
        raise UsageError(f"--train-at {at} is no time of day", hint="write it like 03:17")
    return int(hour), int(minute)
