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

import numpy as np
import pytest
from fakes.prometheus_text import openmetrics
from real.conftest import free_port, need, running

from smartcloudops.core.times import DAY, HOUR, MINUTE, rfc3339

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
    (tmp_path / "sco.toml").write_text(f'[prometheus]\nurl = "{url}"\n')
    return run(tmp_path, "explain", *arguments)


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
    query = first["evidence"][0]["query"]
    assert query == (
        'sum(rate(traces_service_graph_request_server_seconds_sum{server="stock"}[4s]))'
        ' / sum(rate(traces_service_graph_request_server_seconds_count{server="stock"}[4s]))'
    )
    again = run(tmp_path, "query", query, "--since", f"{began:.0f}", "--json")
    assert again.returncode == 0 and "stock" not in again.stderr
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


def history(end: int) -> str:
    """Two days of the graph's counters by the minute; `db` takes 40 ms more for its last 30 minutes."""
    rng = np.random.default_rng(3)
    times = np.arange(end - 2 * DAY, end + 1, MINUTE)
    slow = np.where(times > end - 30 * MINUTE, 0.04, 0.0)
    rate = {"shop": 20.0, "cart": 10.0, "db": 30.0}
    seconds = {"db": 0.01 + slow, "cart": 0.03 + slow, "shop": 0.05 + slow * 1.5}
    calls = (("user", "shop"), ("shop", "cart"), ("shop", "db"), ("cart", "db"))
    out = {}
    for client, server in calls:
        part = {"db": {"shop": 2 / 3, "cart": 1 / 3}}.get(server, {}).get(client, 1.0)
        requests = 60 * part * rate[server] * (1 + rng.normal(0, 0.03, len(times)))
        waited = requests * seconds[server] * (1 + rng.normal(0, 0.03, len(times)))
        for name, values in (
            ("total", requests),
            ("server_seconds_count", requests),
            ("server_seconds_sum", waited),
            ("failed_total", 0 * requests),
        ):
            metric = f'traces_service_graph_request_{name}{{client="{client}",server="{server}"}}'
            out[metric] = (times.tolist(), np.cumsum(values).tolist())
    return openmetrics(out)


def test_incidents_that_detect_opens_are_explained_along_the_calls(prometheus_factory, tmp_path):
    end = (int(time.time() * 1000) - 4 * HOUR) // (5 * MINUTE) * (5 * MINUTE)
    url = prometheus_factory(history(end))
    (tmp_path / "sco.toml").write_text(
        f'[prometheus]\nurl = "{url}"\n[metrics]\npresets = ["services"]\n[train]\nengine = "numpy"\nlookback = "2d"\n'
    )
    learnt = run(tmp_path, "train", "--until", rfc3339(end - HOUR), "--json")
    assert learnt.returncode == 0, learnt.stderr
    found = json.loads(run(tmp_path, "detect", "--until", rfc3339(end), "--json").stdout)
    incidents = {i["group"]: i for i in found["incidents"]}
    assert '{server="shop"}' in incidents
    assert incidents['{server="shop"}']["suspects"][0]["series"] == 'service_latency{server="shop"}'
    shown = run(tmp_path, "incidents", "show", incidents['{server="shop"}']["id"])
    assert "suspect 1" in shown.stdout and "service_latency" in shown.stdout
    said = run(tmp_path, "explain", incidents['{server="shop"}']["id"], "--until", rfc3339(end), "--json")
    assert said.returncode == 0, said.stderr
    why = json.loads(said.stdout)
    assert (why["mode"], why["suspects"][0]["entity"]) == ("flow", "db")
    assert why["suspects"][0]["path"] == ["shop", "db"] and why["suspects"][0]["confidence"] == "high"
    assert {r["entity"] for r in why["ruled_out"]} >= {"cart"}


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {"PYTHONPATH": str(ROOT), "SCO_STATE__DIR": str(tmp_path / "state")}
    command = [sys.executable, "-m", "smartcloudops", *arguments]
    return subprocess.run(
        command, cwd=tmp_path, env=os.environ | own, capture_output=True, text=True, check=False, timeout=120
    )
