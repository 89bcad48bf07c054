"""Locks between real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from smartcloudops.core.errors import LockedError, ScoError, Status
from smartcloudops.core.locks import hold

HOLDER = """
import sys, time
from pathlib import Path
from smartcloudops.core.locks import hold
with hold(Path(sys.argv[1]), "train"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_a_lock_held_by_another_process_is_named(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(LockedError) as caught, hold(tmp_path, "train"):
        pass
    assert caught.value.status is Status.LOCKED
    assert f"pid {holder.pid}, for " in caught.value.message
    assert "--skip-if-locked" in (caught.value.hint or "")
    holder.communicate("")
    with hold(tmp_path, "train"):
        pass


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate()
    with hold(tmp_path, "train"):
        assert (tmp_path / "train.lock").read_text().split()[0] == str(os.getpid())


def test_waiting_ends_when_the_holder_does(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    naps = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            holder.communicate("")

    with hold(tmp_path, "train", timeout_ms=60_000, sleep=sleep):
        assert len(naps) == 3


def test_waiting_ends_at_the_time_given(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    clock = iter(range(100))
    naps: list[float] = []
    timeout = hold(tmp_path, "train", timeout_ms=3_000, monotonic=lambda: float(next(clock)), sleep=naps.append)
    with pytest.raises(LockedError), timeout:
        pass
    assert len(naps) == 2
    holder.communicate("")


def test_names_are_separate_and_files_private(tmp_path: Path) -> None:
    with hold(tmp_path / "new", "train"), hold(tmp_path / "new", "detect"):
        assert {p.name for p in (tmp_path / "new").iterdir()} == {"train.lock", "detect.lock"}
        assert (tmp_path / "new" / "train.lock").stat().st_mode & 0o777 == 0o600
        with pytest.raises(LockedError), hold(tmp_path / "new", "train"):
            pass


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScoError, match="cannot write"), hold(tmp_path / "file", "train"):
        pass
    (tmp_path / "train.lock").symlink_to(tmp_path / "file")
    with pytest.raises(ScoError, match="cannot write"), hold(tmp_path, "train"):
        pass
