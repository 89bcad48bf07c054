"""systemd units printed, or checked and put in place."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from smartcloudops.core.errors import ScoError, Status

if TYPE_CHECKING:
    from smartcloudops.setup.schedule import Schedule

_TIMERS = ("sco-train.timer", "sco-detect.timer")


def print_units(files: Mapping[str, str], *, system: bool) -> None:
    """Every unit under the path that it belongs to, as comments of systemd's own kind."""
    from smartcloudops.setup.units import directory

    _check(files, system=system)
    where = directory(system=system, environ=os.environ, home=Path.home())
    sys.stdout.write("\n".join(f"# {where / name}\n{text}" for name, text in files.items()))
    sys.stderr.write(f"put in place with: sco init --systemd --install{'' if system else ' --user'}\n")


def install(files: Mapping[str, str], schedule: Schedule, *, system: bool, force: bool) -> int:
    """Check, write all units or none, and start the timers where systemd runs."""
    from smartcloudops.setup import place
    from smartcloudops.setup.units import directory

    _check(files, system=system)
    where = directory(system=system, environ=os.environ, home=Path.home())
    compared = place.compare({where / name: text for name, text in files.items()})
    lines = list(place.differences(compared))
    if lines and not force:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stderr.write(f"sco: units in {where} differ: they are left as they are\n")
        sys.stderr.write("  try: sco init --systemd --install --force (they stay as .bak)\n")
        return Status.FAILED
    for path in schedule.writes:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.write(compared, mode=0o644)
    for each in compared:
        said = {"new": "written", "same": "up to date", "differs": "replaced"}[each.what]
        sys.stderr.write(f"{each.path}: {said}\n")
    return _start(system=system)


def _check(files: Mapping[str, str], *, system: bool) -> None:
    """ScoError for units that systemd finds fault with; a note where it cannot be asked."""
    from smartcloudops.setup.units import verify

    if which("systemd-analyze") is None:
        sys.stderr.write("note: the units are not checked: there is no systemd-analyze here\n")
        return
    try:
        fault = verify(files, system=system)
    except ScoError as e:
        sys.stderr.write(f"note: the units are not checked: {e.message}\n")
        return
    if fault is not None:
        raise ScoError(f"systemd finds fault with the units, nothing is written: {fault}", hint="please report it")


def _start(*, system: bool) -> int:
    from smartcloudops.core.process import run

    systemctl = ["systemctl", *([] if system else ["--user"])]
    start = [*systemctl, "enable", "--now", *_TIMERS]
    if not Path("/run/systemd/system").is_dir():
        sys.stderr.write(f"systemd does not run here; where it does: {' '.join(start)}\n")
        return Status.DONE
    run([*systemctl, "daemon-reload"], timeout_s=30)
    run(start, timeout_s=30)
    sys.stderr.write(f"the timers run: {' '.join(systemctl)} list-timers 'sco-*'\n")
    if not system:
        sys.stderr.write("they stop when you log out, unless: loginctl enable-linger\n")
    return Status.DONE
