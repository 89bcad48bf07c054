"""train and detect against a real Prometheus with 14 days of history that holds an injected fault."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fakes.prometheus_text import openmetrics

from smartcloudops.core.errors import Status
from smartcloudops.core.times import DAY, HOUR, MINUTE, rfc3339

STEP = 5 * MINUTE
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def end() -> int:
    """The newest sample: old enough not to overlap what the server writes."""
    return (int(time.time() * 1000) - 4 * HOUR) // STEP * STEP


@pytest.fixture(scope="module")
def history(end: int) -> str:
    """Node-exporter-like percentages of three hosts; web-2's cpu and load break 40 minutes before the end."""
    rng = np.random.default_rng(5)
    times = np.arange(end - 14 * DAY, end + 1, STEP)
    season = np.sin(2 * np.pi * times / DAY)
    out = {}
    for host in ("web-1", "web-2", "web-3"):
        for name, level in (("cpu_busy", 40.0), ("memory_used", 60.0), ("load_per_core", 0.8)):
            values = level * (1 + 0.25 * season + rng.normal(0, 0.04, len(times)))
            if host == "web-2" and name != "memory_used":
                values[-9:] *= 2.2
            out[f'{name}{{instance="{host}:9100",job="node"}}'] = (times, values)
    return openmetrics({name: (t.tolist(), v.tolist()) for name, (t, v) in out.items()})


@pytest.fixture
def sco(tmp_path, prometheus_factory, history):
    (tmp_path / "sco.toml").write_text(
        f'[prometheus]\nurl = "{prometheus_factory(history)}"\n[metrics]\npresets = []\n'
        '[[metric]]\nname = "cpu"\nexpr = "cpu_busy"\nunit = "%"\nprophet = true\n'
        '[[metric]]\nname = "memory"\nexpr = "memory_used"\nunit = "%"\n'
        '[[metric]]\nname = "load"\nexpr = "load_per_core"\n'
    )

    def call(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "smartcloudops", *args]
        env = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120)

    return call


@pytest.mark.real
def test_the_fault_is_one_incident_however_often_it_is_scored(sco, end):
    trained = sco("train", "--until", rfc3339(end - HOUR), "--json")
    assert trained.returncode == Status.DONE, trained.stderr
    assert json.loads(trained.stdout)["series"] == 9
    seen = []
    for until in (end - 30 * MINUTE, end - 15 * MINUTE, end, end):
        said = sco("detect", "--until", rfc3339(until), "--exit-code", "--json")
        assert said.returncode == Status.FOUND, said.stderr
        (incident,) = json.loads(said.stdout)["incidents"]
        seen.append((incident["id"], incident["changes"]))
    assert len({key for key, _ in seen}) == 1
    assert seen[0][1] == ["opened"] and seen[-1][1] == []
    assert incident["group"] == '{instance="web-2:9100"}'
    assert incident["start"] == rfc3339(end - 8 * STEP)
    assert {s["series"].partition("{")[0] for s in incident["suspects"][:2]} == {"cpu", "load"}
    assert "cpu" in sco("models", "show").stdout


@pytest.mark.real
def test_presets_alone_say_that_nothing_is_there(sco, tmp_path):
    path = tmp_path / "sco.toml"
    text = path.read_text().partition("[metrics]")[0]
    path.write_text(text)
    said = sco("train")
    assert said.returncode == Status.FAILED
    assert "nothing to learn" in said.stderr and "try:" in said.stderr
