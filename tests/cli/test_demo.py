"""`sco demo` as a newcomer runs it: what it finds in the recording, and that it leaves nothing."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from rich.cells import cell_len

from smartcloudops.core.errors import Status

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "smartcloudops", "demo"]


@pytest.fixture
def temporary(tmp_path) -> Path:
    directory = tmp_path / "temporary"
    directory.mkdir()
    return directory


@pytest.fixture
def environ(temporary) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}


def demo(environ: dict[str, str], *options: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], env=environ, cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def in_a_terminal(environ: dict[str, str], *options: str, columns: int) -> str:
    """What the demo writes to a terminal of that width."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *options], env=environ | {"TERM": "xterm"}, stdin=its, stdout=its, stderr=subprocess.DEVNULL
    )
    os.close(its)
    parts = []
    while part := _read(ours):
        parts.append(part)
    os.close(ours)
    assert process.wait(timeout=60) == Status.DONE
    return b"".join(parts).decode().replace("\r\n", "\n")


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""


def test_it_ignores_settings_and_leaves_nothing(environ, temporary, home, tmp_path):
    before = sorted(home.rglob("*"))
    (tmp_path / "sco.toml").write_text("[train]\nstep = 'nonsense'\n")
    environ |= {"SCO_TRAIN__STEP": "1h", "SCO_CONFIG": "nowhere.toml", "SCO_STATE__DIR": str(tmp_path / "state")}
    done = demo(environ, cwd=tmp_path)
    assert done.returncode == Status.DONE, done.stderr
    assert "learning" in done.stderr
    assert list(temporary.iterdir()) == []
    assert sorted(home.rglob("*")) == before
    assert not (tmp_path / "state").exists()


def test_it_ends_with_three_commands_that_are_there(environ, tmp_path):
    following = json.loads(demo(environ, "-o", "json", cwd=tmp_path).stdout)["next"]
    assert len(following) == 3
    for line in following:
        name = line.split()[1]
        done = subprocess.run([*COMMAND[:-1], name, "--help"], env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == Status.DONE, done.stderr


@pytest.mark.parametrize("options", [(), ("--no-color",)], ids=["colours", "none"])
def test_a_terminal_of_60_columns(environ, options):
    text = in_a_terminal(environ, *options, columns=60)
    # Bold is no colour.
    assert bool(re.search(r"\x1b\[[\d;]*[39]\d", text)) == (not options)
    lines = re.sub(r"\x1b\[[\d;]*m", "", text).splitlines()
    assert max(map(cell_len, lines)) <= 60
    assert any(line.startswith("Found ") for line in lines)


def test_a_terminal_without_unicode(environ, tmp_path):
    done = demo(environ | {"PYTHONIOENCODING": "ascii"}, cwd=tmp_path)
    assert done.returncode == Status.DONE, done.stderr
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, Status.INTERRUPTED), (signal.SIGTERM, Status.TERMINATED)], ids=["int", "term"]
)
def test_a_signal_leaves_no_temporary_directory(environ, temporary, sent, status):
    process = subprocess.Popen(COMMAND, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not list(temporary.glob("*/models/versions/*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None
    process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert "Traceback" not in err
    assert list(temporary.iterdir()) == []


def test_no_place_for_temporary_files_is_said(sco, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    said = sco("demo")
    assert said.status == Status.FAILED
    assert "temporary files" in said.err
    assert "TMPDIR" in said.err
