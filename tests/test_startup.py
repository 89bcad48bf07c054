"""Start-up stays cheap: what answers without data loads no heavy library."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from smartcloudops.core.names import remember
from smartcloudops.core.state import open_state

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {
    "boto3",
    "google.genai",
    "matplotlib",
    "numpy",
    "openai",
    "pandas",
    "prompt_toolkit",
    "prometheus_api_client",
    "prophet",
    "psutil",
    "pyarrow",
    "python_terraform",
    "requests",
    "scipy",
    "sklearn",
}


def loaded(arguments: list[str], **environment: str) -> set[str]:
    """Every module that one run of `sco` imported; the run must have printed something and ended well."""
    env = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1", **environment}
    command = [sys.executable, "-m", "smartcloudops", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", done.stderr, re.MULTILINE))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        ["train", "--help"],
        ["detect", "--help"],
        ["explain", "--help"],
        ["ask", "--help"],
        ["query", "--help"],
        ["incidents", "list", "--help"],
        ["logs", "search", "--help"],
        ["infra", "plan", "--help"],
    ],
    ids=" ".join,
)
def test_help_and_version_load_no_heavy_library(arguments: list[str]) -> None:
    modules = loaded(arguments)
    assert "smartcloudops" in modules
    assert not modules & HEAVY


def test_status_loads_no_heavy_library() -> None:
    modules = loaded(["status"])
    assert "smartcloudops.doctor.standing" in modules
    assert not modules & HEAVY


def test_completion_loads_no_heavy_library() -> None:
    modules = loaded([], _SCO_COMPLETE="complete_bash", COMP_WORDS="sco det", COMP_CWORD="1")
    assert "smartcloudops.cli.main" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize("line", ["models show 2", "incidents show a", "query up", "doctor c"])
def test_completion_of_names_loads_no_heavy_library(line: str, home: Path) -> None:
    """Each has something to offer, or the test would measure nothing."""
    version = home / ".local/share/sco/models/versions/20261123T031704Z-6f0b1e"
    version.mkdir(parents=True)
    state = home / ".local/state/sco"
    remember(state, ["up"])
    with open_state(state) as db:
        db.execute(
            "INSERT INTO incidents (id, fingerprint, source, grp, start, last, severity, peak, updated_at) "
            "VALUES ('aa00bb11', 'f', 's', 'g', 1, 1, 'warning', 1.0, 0)"
        )
    words = ["sco", *line.split()]
    modules = loaded([], _SCO_COMPLETE="complete_bash", COMP_WORDS="\n".join(words), COMP_CWORD=str(len(words) - 1))
    assert "smartcloudops.cli.completing" in modules
    assert not modules & (HEAVY | {"pydantic", "rich.console", "asyncio"})


def test_a_search_with_fields_loads_no_heavy_library(tmp_path: Path) -> None:
    """The first hit waits for whatever is loaded; lists of options are what Typer would load pydantic for."""
    (tmp_path / "a.log").write_text('{"level":"ERROR"}\n')
    modules = loaded(["logs", "search", "--field", "level=ERROR", "-n", "1", str(tmp_path)])
    assert "smartcloudops.logs.searching" in modules
    assert not modules & (HEAVY | {"pydantic", "numpy", "botocore"})
