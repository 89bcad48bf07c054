"""What runs `sco train` and `sco detect` by itself: systemd timers and crontab lines, as they lie on this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from smartcloudops.core.runs import Kind

SYSTEM_UNITS = Path("etc/systemd/system")
_COMMAND = re.compile(r"(?:^|[\s/])(?:sco|-m\s+smartcloudops)\b[^#|;]*?\s(train|detect)\b")
_WANTS = "timers.target.wants"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """One timer or crontab line. `program` is what it starts; `enabled` is whether the timer survives a boot."""

    kind: Kind
    by: Literal["systemd", "cron"]
    place: str
    program: str
    enabled: bool = True


def user_units(environ: Mapping[str, str], home: Path) -> Path:
    """Where a user's own systemd units are."""
    base = Path(environ.get("XDG_CONFIG_HOME", ""))
    return (base if base.is_absolute() else home / ".config") / "systemd" / "user"


def scheduled(*, root: Path, environ: Mapping[str, str], home: Path) -> list[Scheduled]:
    """Every timer and crontab line that runs train or detect; what cannot be read is not there."""
    return [*_timers(root / SYSTEM_UNITS), *_timers(user_units(environ, home)), *_cron(root, environ)]


def _timers(directory: Path) -> Iterator[Scheduled]:
    for timer in _files(directory, "*.timer"):
        service = timer.with_suffix(".service")
        command = next((line for line in _lines(service) if line.startswith("ExecStart=")), "")
        found = kind_of(command.removeprefix("ExecStart=").lstrip("-@:+!"))
        if found:
            enabled = os.path.lexists(directory / _WANTS / timer.name)
            yield Scheduled(found[0], "systemd", str(timer), found[1], enabled)


def _cron(root: Path, environ: Mapping[str, str]) -> Iterator[Scheduled]:
    tables = [root / "etc/crontab", *_files(root / "etc/cron.d", "*")]
    for table in tables:
        yield from _cron_lines(str(table), _lines(table))
    yield from _cron_lines("crontab -l", _own_crontab(environ))


def _cron_lines(place: str, lines: list[str]) -> Iterator[Scheduled]:
    for line in lines:
        if not line.lstrip().startswith("#") and (found := kind_of(line)):
            yield Scheduled(found[0], "cron", place, found[1])


def kind_of(command: str) -> tuple[Kind, str] | None:
    """What a command line runs, and the program in it; None where it is not sco.

    >>> kind_of("*/5 * * * *  /opt/bin/sco --config /etc/sco.toml detect -q")
    ('detect', '/opt/bin/sco')
    """
    found = _COMMAND.search(command)
    if found is None:
        return None
    words = command.split()
    program = next((word for word in words if word.rpartition("/")[2] == "sco"), None)
    kind: Kind = "train" if found[1] == "train" else "detect"
    return kind, program or words[max(0, words.index("-m") - 1)]


def _own_crontab(environ: Mapping[str, str]) -> list[str]:
    from shutil import which

    from smartcloudops.core.errors import ScoError
    from smartcloudops.core.process import run

    program = which("crontab", path=environ.get("PATH"))
    if program is None:
        return []
    try:
        return run([program, "-l"], timeout_s=3, env=environ, check=False).stdout.splitlines()
    except ScoError:
        return []


def _files(directory: Path, pattern: str) -> list[Path]:
    try:
        return sorted(each for each in directory.glob(pattern) if each.is_file())
    except OSError:
        return []


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
