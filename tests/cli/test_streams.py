"""Standard streams as they come: closed, ASCII, narrow, dumb."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.recordings import history, write_csv

ROOT = Path(__file__).parents[2]


def shell(line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line with `sco` standing for this checkout's."""
    env = os.environ | {"PYTHONPATH": str(ROOT)} | more
    line = line.replace("sco ", f"{sys.executable} -m smartcloudops ", 1)
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize("closing", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("command", ["sco --version", "sco --help", "sco detect --from {}"])
def test_closed_streams(trained, closing, command):
    done = shell(f"{command.format(trained)} {closing}")
    assert done.returncode == 0 and "Traceback" not in done.stderr


def test_ascii_streams_show_any_label(sco, tmp_path):
    columns = {name.replace("web-1", "wéb-1"): v for name, v in history().items()}
    path = write_csv(tmp_path / "a.csv", columns)
    sco("train", "--from", path, "--until", "2h")
    for form, shown in (("json", "w\\\\u00e9b"), ("plain", "w\\\\xe9b"), ("table", "w\\\\xe9b")):
        done = shell(f"sco detect --from {path} --dry-run -o {form}", PYTHONIOENCODING="ascii")
        assert done.returncode == 0 and re.search(shown, done.stdout), done


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_ids_stay_whole_on_any_terminal(sco, trained, columns):
    sco("detect", "--from", trained)
    (row,) = sco("incidents", "list", "--json").json["incidents"]
    done = shell(f"sco detect --from {trained} -o table", COLUMNS=str(columns))
    lines = done.stdout.splitlines()
    assert any(row["id"] in line for line in lines)
    assert max(map(len, lines)) <= columns
