"""What quickstart.sh shows a newcomer: both faults of the recording, each as one incident, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from smartcloudops.core.times import MINUTE, parse_time

ROOT = Path(__file__).resolve().parent.parent
RECORDING = ROOT / "smartcloudops" / "data" / "recording"


def sco(scratch: Path, *arguments: str) -> str:
    """The output of one command, with the recording's settings and state of its own."""
    own = {
        "SCO_CONFIG": str(RECORDING / "sco.toml"),
        "SCO_STATE__DIR": str(scratch / "state"),
        "SCO_MODELS__DIR": str(scratch / "models"),
    }
    command = [sys.executable, "-m", "smartcloudops", *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def near(text: str | None, wanted: str) -> bool:
    """Whether a moment is the wanted one, or at most a minute after it."""
    return text is not None and 0 <= parse_time(text, now=0) - parse_time(wanted, now=0) <= MINUTE


def test_both_injected_faults_are_found_and_nothing_else(tmp_path: Path) -> None:
    found = re.search(r"^LEARN_UNTIL=(\S+)$", (ROOT / "quickstart.sh").read_text(), re.MULTILINE)
    assert found
    table = str(RECORDING / "node.csv")
    sco(tmp_path, "train", "--from", table, "--until", found[1])
    report = json.loads(sco(tmp_path, "detect", "--from", table, "--since", found[1], "-o", "json"))
    memory, disk = sorted(report["incidents"], key=lambda incident: str(incident["start"]))
    assert suspect(memory) == 'memory{instance="demo"}'
    assert near(memory["start"], "2026-11-23T03:21:26Z")
    assert near(memory["end"], "2026-11-23T03:25:27Z")
    assert suspect(disk) == 'disk_used{instance="demo"}'
    assert near(disk["start"], "2026-11-23T03:27:27Z")
    assert near(disk["end"], "2026-11-23T03:30:27Z")


def suspect(incident: dict[str, Any]) -> str:
    """The series that explains most of it."""
    return str(incident["suspects"][0]["series"])
