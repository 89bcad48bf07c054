"""`sco explain` on an incident that is made: two real services under a real Prometheus, one of which gets slow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from real.conftest import free_port, need, running

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]
CALM_S, FAULT_S = 20, 9


@pytest.fixture
def desk() -> Iterator[str]:
    """The address of the two services' metrics and faults."""
    command = [sys.executable, str(ROOT / "tests" / "fakes" / "two_services.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@pytest.fixture
def prometheus_url(desk, tmp_path) -> Iterator[str]:
    need("prometheus")
    scrape = (
        f"scrape_configs: [{{ job_name: shop, scrape_interval: 500ms, static_configs: [{{ targets: ['{desk}'] }}] }}]"
    )
    (tmp_path / "prom.yml").write_text(scrape)
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={tmp_path / 'prom.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address={address}",
    ]
    with running(command, f"http://{address}/-/ready", tmp_path / "prometheus.log"):
        yield f"http://{address}"


def sco(tmp_path: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {"PYTHONPATH": str(ROOT), "SCO_PROMETHEUS__URL": url, "SCO_STATE__DIR": str(tmp_path / "state")}
    command = [sys.executable, "-m", "smartcloudops", "explain", *arguments]
    return subprocess.run(
        command, cwd=tmp_path, env=os.environ | own, capture_output=True, text=True, check=False, timeout=60
    )


def break_(desk: str, what: str) -> float:
    """Switch a fault on; when that was."""
    urllib.request.urlopen(f"http://{desk}/fault?{what}", timeout=5).close()
    return time.time()


def explained(tmp_path: Path, url: str, began: float, *arguments: str) -> dict:
    since = ("--at", f"{began:.0f}", "--step", "1s", "--history", f"{CALM_S - 5}s", "--json")
    said = sco(tmp_path, url, *arguments, *since)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def test_the_service_that_got_slow_is_named_not_the_one_that_waits(desk, prometheus_url, tmp_path):
    time.sleep(CALM_S)
    began = break_(desk, "part=stock&seconds=0.1")
    time.sleep(FAULT_S)
    found = explained(tmp_path, prometheus_url, began)
    assert (found["mode"], found["symptom"]["entity"]) == ("flow", "shop")
    first = found["suspects"][0]
    assert (first["entity"], first["path"]) == ("stock", ["shop", "stock"])
    assert first["share"] > 0.6 and first["confidence"] == "high"
    assert "traces_service_graph_request_server_seconds_sum" in first["evidence"][0]["query"]
    before, after = (value["value"] for value in first["evidence"][0]["values"])
    assert before < 0.05 < 0.08 < after
    by_part = explained(tmp_path, prometheus_url, began, "--series", "shop")
    assert by_part["suspects"][0]["entity"] == "stock"


def test_the_service_that_fails_by_itself_is_named_not_the_one_it_calls(desk, prometheus_url, tmp_path):
    time.sleep(CALM_S)
    began = break_(desk, "part=shop&share=0.25")
    time.sleep(FAULT_S)
    found = explained(tmp_path, prometheus_url, began)
    assert found["symptom"]["series"].startswith("failed_ratio")
    assert (found["suspects"][0]["entity"], found["unit"]) == ("shop", "requests failed")
