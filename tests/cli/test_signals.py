"""Ctrl-C and SIGTERM: the right status wherever they arrive, no child left, nothing half-written."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fakes.machines import Said
from fakes.recordings import history, write_csv

from smartcloudops.core.errors import ScoError, Status

ROOT = Path(__file__).parents[2]


@pytest.fixture
def large(tmp_path) -> Path:
    """Enough groups to keep two processes busy for seconds."""
    rng = np.random.default_rng(0)
    columns = {}
    for host in range(40):
        for name, values in history(rows=3000).items():
            if "web-1" in name:
                columns[name.replace("web-1", f"h{host}")] = values + rng.normal(0, 1, 3000)
    return write_csv(tmp_path / "large.csv", columns)


def children(pid: int) -> list[int]:
    """Processes of that session, other than its leader."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == pid and int(stat.parent.name) != pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize(
    ("sent", "to_group", "status"),
    [
        (signal.SIGINT, True, Status.INTERRUPTED),
        (signal.SIGTERM, False, Status.TERMINATED),
        (signal.SIGTERM, True, Status.TERMINATED),
    ],
)
def test_a_signal_during_training(large, home, sent, to_group, status):
    command = [sys.executable, "-m", "smartcloudops", "train", "--from", str(large)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "SCO_TRAIN__WORKERS": "2"}
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 30
    while len(children(process.pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(1.0)
    assert process.poll() is None
    (os.killpg if to_group else os.kill)(process.pid, sent)
    _, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert err.strip().splitlines()[-1] in ("sco: interrupted", "sco: terminated"), err
    assert "Traceback" not in err
    deadline = time.monotonic() + 5
    while children(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children(process.pid) == []
    assert not (home / ".local/share/sco/models/current.json").exists()
    assert not list((home / ".local/share/sco/models").glob("versions/*"))


def _closed_in_mid_write():
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        open_entry = archive.open("one", "w")
        signal.raise_signal(signal.SIGTERM)
        open_entry.close()


def _interrupted_in_mid_write():
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        open_entry = archive.open("one", "w")
        signal.raise_signal(signal.SIGINT)
        open_entry.close()


def _lost_on_the_way():
    """As extension modules do that load NumPy: the first error is printed, an ImportError raised."""
    with contextlib.suppress(BaseException):
        signal.raise_signal(signal.SIGTERM)
    raise ImportError("numpy.core.multiarray failed to import")


def _dead_worker():
    """As where a service manager ends the whole group."""
    with contextlib.suppress(BaseException):
        signal.raise_signal(signal.SIGTERM)
    raise ScoError("a worker process died")


@pytest.mark.parametrize(
    ("work", "status", "said"),
    [
        (_closed_in_mid_write, Status.TERMINATED, "sco: terminated\n"),
        (_interrupted_in_mid_write, Status.INTERRUPTED, "sco: interrupted\n"),
        (_lost_on_the_way, Status.TERMINATED, "sco: terminated\n"),
        (_dead_worker, Status.TERMINATED, "sco: terminated\n"),
    ],
)
def test_a_signal_that_comes_out_as_another_error(sco, monkeypatch, work, status, said):
    monkeypatch.setattr("smartcloudops.cli.demo._play", lambda *_, **__: work())
    assert sco("-q", "demo") == Said(status, "", said)
