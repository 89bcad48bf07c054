"""`sco doctor` against a real Prometheus: what it tells of itself, and once it is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.prometheus_text import openmetrics

from smartcloudops.core.errors import Status
from smartcloudops.core.times import DAY, HOUR, MINUTE

ROOT = Path(__file__).parents[2]
STEP = 30 * MINUTE


@pytest.fixture(scope="module")
def history() -> str:
    """Fifteen days of one series, its newest sample four hours old."""
    end = (int(time.time() * 1000) - 4 * HOUR) // STEP * STEP
    times = list(range(end - 15 * DAY, end + 1, STEP))
    return openmetrics({'cpu_busy{instance="web-1:9100"}': (times, [40.0 + n % 7 for n in range(len(times))])})


def doctor(folder: Path, url: str, *more: str) -> tuple[int, dict[str, dict[str, str]]]:
    (folder / "sco.toml").write_text(
        f'[prometheus]\nurl = "{url}"\n[metrics]\npresets = []\n'
        '[[metric]]\nname = "cpu"\nexpr = "last_over_time(cpu_busy[6h])"\n'
    )
    command = [sys.executable, "-m", "smartcloudops", "doctor", "-o", "json", *more]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, {each["check"]: each for each in json.loads(done.stdout)["checks"]}


@pytest.mark.real
def test_a_real_server_tells_its_version_retention_and_time(tmp_path, prometheus_factory, history):
    status, found = doctor(tmp_path, prometheus_factory(history))
    assert status == Status.DONE
    names = ("config", "prometheus", "history", "metrics", "clock")
    assert {name: found[name]["level"] for name in names} == dict.fromkeys(names, "ok")
    assert ", version " in found["prometheus"]["seen"]
    assert "all of [train] lookback, 14d; the server keeps 3650d" in found["history"]["seen"]
    assert found["metrics"]["seen"] == "1 of 1 metrics have data, 1 series"


@pytest.mark.real
def test_a_query_that_a_real_server_refuses(tmp_path, prometheus_factory, history, monkeypatch):
    url = prometheus_factory(history)
    doctor(tmp_path, url, "metrics")
    monkeypatch.setenv("SCO_METRICS__PRESETS", '["node"]')
    status, found = doctor(tmp_path, url, "metrics")
    assert (status, found["metrics"]["level"]) == (Status.DONE, "warn")
    assert found["metrics"]["mend"] == "presets = [] under [metrics] asks for no more"
