"""Crontab lines and units: what they start, as the shell and systemd read them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from smartcloudops.core.config import load
from smartcloudops.core.errors import UsageError
from smartcloudops.core.schedules import kind_of, scheduled
from smartcloudops.setup.cron import lines
from smartcloudops.setup.schedule import Schedule, plan, program
from smartcloudops.setup.units import units


def schedule(folder: Path, **more: object) -> Schedule:
    """A `sco` that prints its arguments and where its state is, in a directory with an awkward name."""
    odd = folder / "50% of $HOME's"
    odd.mkdir()
    script = odd / "sco"
    script.write_text('#!/bin/sh\nprintf "%s|" "$@"\nprintf "%s" "$SCO_STATE__DIR"\n')
    script.chmod(0o755)
    fields = {
        "argv": (str(script),),
        "config": odd / "sco.toml",
        "environment": {"SCO_STATE__DIR": str(odd / "state")},
        "writes": (odd / "state",),
        "every_min": 5,
        "at": (3, 17),
    }
    return Schedule(**(fields | more))  # type: ignore[arg-type]


def test_a_crontab_line_starts_what_it_says(tmp_path: Path) -> None:
    wanted = schedule(tmp_path)
    train, detect = lines(wanted)
    assert train.startswith("17 3 * * *  ") and detect.startswith("*/5 * * * *  ")
    # Cron hands the shell the line up to the first bare %, its backslashes before % removed.
    assert "%" not in detect.replace(r"\%", "")
    command = detect.removeprefix("*/5 * * * *  ").replace(r"\%", "%")
    done = subprocess.run(["/bin/sh", "-c", command], env={}, capture_output=True, text=True, check=True)
    odd = tmp_path / "50% of $HOME's"
    assert done.stdout == f"--config|{odd / 'sco.toml'}|detect|-q|--skip-if-locked|{odd / 'state'}"


def test_every_hour(tmp_path: Path) -> None:
    wanted = schedule(tmp_path, every_min=60)
    assert lines(wanted)[1].startswith("0 * * * *  ")
    assert "OnCalendar=hourly" in units(wanted, system=True)["sco-detect.timer"]


def test_units_hide_what_sco_does_not_need(tmp_path: Path) -> None:
    plain = Schedule(("/usr/bin/sco",), Path("/etc/sco.toml"), {}, (Path("/var/lib/sco"),), 5, (3, 17))
    text = units(plain, system=True)["sco-detect.service"]
    assert "ExecStart=/usr/bin/sco --config /etc/sco.toml detect -q --skip-if-locked\n" in text
    assert "ProtectHome=yes" in text and "PrivateTmp=yes" in text and "ReadWritePaths=-/var/lib/sco\n" in text
    at_home = Schedule(("/home/me/bin/sco",), None, {}, (Path("/home/me/state"),), 5, (3, 17))
    assert "ProtectHome=read-only" in units(at_home, system=True)["sco-train.service"]
    assert "ProtectSystem" not in units(at_home, system=False)["sco-train.service"]


def test_a_machine_that_watches_itself_sees_its_file_systems_as_they_are() -> None:
    own = Schedule(("/usr/bin/sco",), None, {}, (Path("/var/lib/sco"),), 5, (3, 17), watches_itself=True)
    text = units(own, system=True)["sco-detect.service"]
    mounting = ("Protect", "Private", "ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "TemporaryFileSystem")
    assert not [line for line in text.splitlines() if line.startswith(mounting)]
    assert "NoNewPrivileges=yes" in text and "CapabilityBoundingSet=CAP_DAC_OVERRIDE" in text


def test_what_is_printed_is_what_the_doctor_finds(home: Path, tmp_path: Path) -> None:
    wanted = Schedule(("/usr/bin/sco",), Path("/etc/sco.toml"), {"SCO_STATE__DIR": "/x y"}, (), 5, (3, 17))
    assert [kind_of(line) for line in lines(wanted)] == [("train", "/usr/bin/sco"), ("detect", "/usr/bin/sco")]
    folder = tmp_path / "etc/systemd/system"
    folder.mkdir(parents=True)
    for name, text in units(wanted, system=True).items():
        (folder / name).write_text(text)
    found = scheduled(root=tmp_path, environ={**os.environ, "PATH": ""}, home=home)
    assert {(each.kind, each.program, each.enabled) for each in found} == {
        ("train", "/usr/bin/sco", False), ("detect", "/usr/bin/sco", False),
    }  # fmt: skip


def test_state_and_models_are_where_the_terminal_has_them(home: Path, tmp_path: Path, monkeypatch) -> None:
    file = home / ".config/sco/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text("")
    here = load(environ={"HOME": str(home)}, cwd=tmp_path, home=home, system_state=tmp_path / "none")
    planned = plan(here, every="10m", at="4:05")
    then = load(file=planned.config, environ=planned.environment, cwd=Path("/"), home=tmp_path / "other")
    assert (then.state_dir, then.models_dir) == (here.state_dir, here.models_dir)
    assert (planned.config, planned.every_min, planned.at) == (file, 10, (4, 5))
    assert Path(program()[0]).is_absolute()


@pytest.mark.parametrize(
    ("every", "at"), [("7m", "3:00"), ("90s", "3:00"), ("5m", "24:00"), ("5m", "3"), ("x", "3:00")]
)
def test_times_that_cannot_be_said(every: str, at: str, home: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        plan(load(environ={}, cwd=tmp_path, home=home), every=every, at=at)
