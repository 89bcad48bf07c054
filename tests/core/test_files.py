"""Atomic writes under a full disk and a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smartcloudops.core.errors import ScoError
from smartcloudops.core.files import write_atomic

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def run_python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=60)


def test_the_file_has_the_content_and_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    write_atomic(path, b"old")
    write_atomic(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = """
import resource, signal, sys
from pathlib import Path
from smartcloudops.core.errors import ScoError
from smartcloudops.core.files import write_atomic
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomic(Path(sys.argv[1]), b"x" * 100_000)
except ScoError as e:
    print(e.message, "|", e.hint)
"""
    done = run_python(code, str(path))
    assert f"cannot write {path}" in done.stdout, done
    assert "ulimit" in done.stdout
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = """
import os, signal, sys
from pathlib import Path
from smartcloudops.core.files import write_atomic
sync = os.fsync
def killed(fd):
    os.kill(os.getpid(), signal.SIGKILL)
os.fsync = killed
write_atomic(Path(sys.argv[1]), b"new")
"""
    assert run_python(code, str(path)).returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScoError, match="cannot write"):
        write_atomic(tmp_path / "file" / "x", b"")
    (tmp_path / "directory").mkdir()
    with pytest.raises(ScoError, match="cannot write"):
        write_atomic(tmp_path / "directory", b"x")
    assert {each.name for each in tmp_path.iterdir()} == {"file", "directory"}
