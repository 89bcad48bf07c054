"""The packaged rules under promtool, and every query of the dashboard on a real Prometheus that holds our series."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from cli.conftest import sco
from real.conftest import need, receiving_prometheus

from smartcloudops.anomaly.reporting import ScoredSeries
from smartcloudops.core.errors import Status
from smartcloudops.core.http import Endpoint
from smartcloudops.core.posting import Poster
from smartcloudops.core.records import Incident
from smartcloudops.core.times import DAY
from smartcloudops.publish import samples, wire

__all__ = ["sco"]


@pytest.mark.real
def test_promtool_accepts_the_rules_and_each_fires_when_it_should(sco, tmp_path):
    need("promtool")
    (tmp_path / "rules.yml").write_text(sco("alerts", "rules").out)
    shutil.copy(Path(__file__).with_name("rules_test.yml"), tmp_path)
    for command in (["promtool", "check", "rules", "rules.yml"], ["promtool", "test", "rules", "rules_test.yml"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real
def test_every_query_of_the_dashboard_is_answered_with_something(sco, tmp_path):
    now = int(time.time() * 1000)
    row = ScoredSeries('cpu{instance="a"}', '{instance="a"}', np.array([now]), *(np.array([2.0]) for _ in range(4)))
    incident = Incident("a", "a", '{instance="a"}', now, now, None, "critical", 2.5)
    series = [
        *samples.score_series([row]),
        *samples.incident_series(['{instance="a"}'], [incident], now),
        *samples.run_series("http://prom", Status.DONE, now, now - DAY),
    ]
    panels = sco("alerts", "dashboard").json["panels"]
    queries = [(p["title"], t["expr"].replace("$metric", ".*")) for p in panels for t in p["targets"]]
    assert len(queries) >= 8
    with receiving_prometheus(tmp_path) as url:
        Poster(Endpoint(f"{url}/api/v1/write")).post(wire.pack(wire.write_request(series)), wire.HEADERS)
        for title, query in queries:
            asked = urllib.parse.urlencode({"query": query, "time": (now + 1000) / 1000})
            with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=5) as answer:
                assert json.load(answer)["data"]["result"], f"{title}: {query}"


@pytest.mark.real
def test_prometheus_itself_loads_the_rules(sco, tmp_path):
    (tmp_path / "rules.yml").write_text(sco("alerts", "rules").out)
    config = f"rule_files: [{tmp_path}/rules.yml]\n"
    with receiving_prometheus(tmp_path, config) as url, urllib.request.urlopen(f"{url}/api/v1/rules", timeout=5) as a:
        (group,) = json.load(a)["data"]["groups"]
    assert [rule["health"] for rule in group["rules"]].count("err") == 0 and len(group["rules"]) == 5
