"""What fires and what is silenced, as a real Prometheus with rules and a real Alertmanager tell it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from real.conftest import alertmanager, free_port, need, running

from smartcloudops.alerts.read import Alerts, Firing, read
from smartcloudops.ask.tools import TOOLS
from smartcloudops.ask.world import World
from smartcloudops.core import config
from smartcloudops.core.times import HOUR, MINUTE, now_ms, rfc3339
from smartcloudops.metrics import choose

pytestmark = pytest.mark.real

WITHIN_S = 30.0
RULES = """
groups:
- name: t
  rules:
  - { alert: CpuHigh, expr: 'label_replace(vector(97.5), "instance", "web-2:9100", "", "")',
      labels: { severity: critical },
      annotations: { summary: "cpu of {{ $labels.instance }} is {{ $value }}%" } }
  - { alert: DiskFull, expr: 'vector(1)', labels: { severity: warning, instance: 'db-1:9100' } }
  - { alert: DiskSlow, expr: 'vector(1)', labels: { severity: info, instance: 'db-1:9100' },
      annotations: { description: "odd \\"text\\"\\nwith a second line" } }
  - { alert: NotYet, expr: 'vector(3)', for: 1h, labels: { service: shop } }
  - { alert: Fine, expr: 'vector(1) > 2' }
"""
INHIBIT = """
route: { receiver: none, group_wait: 1s }
receivers: [{ name: none }]
inhibit_rules: [{ source_matchers: ['alertname=DiskFull'], target_matchers: ['alertname=DiskSlow'], equal: [instance] }]
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A Prometheus whose rules fire, with an external label, and the Alertmanager that it tells of it."""
    need("prometheus")
    folder = tmp_path_factory.mktemp("alerting")
    with alertmanager(folder, INHIBIT) as manager:
        (folder / "rules.yml").write_text(RULES)
        (folder / "prom.yml").write_text(
            "global: { evaluation_interval: 1s, external_labels: { cluster: eu } }\n"
            f"rule_files: ['{folder / 'rules.yml'}']\n"
            f"alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{manager[7:]}'] }}] }}] }}\n"
        )
        url = f"http://127.0.0.1:{free_port()}"
        command = [
            "prometheus",
            f"--config.file={folder / 'prom.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={url[7:]}",
            "--rules.alert.resend-delay=1s",
        ]
        with running(command, f"{url}/-/ready", folder / "prom.log"):
            yield url, manager


@pytest.fixture
def world(servers: tuple[str, str], tmp_path: Path, home: Path) -> World:
    text = '[prometheus]\nurl = "{}"\n[alerts.am]\ntype = "alertmanager"\nurl = "{}"\n'
    (tmp_path / "c.toml").write_text(text.format(*servers))
    return World(config.load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=home))


def until(world: World, done: Callable[[dict[str, Firing]], bool]) -> Alerts:
    """What is read once it is as it should be."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        found = read(world.config, choose.open_source(world.config, None))
        if done({a.name: a for a in found.firing}):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def both(alert: Firing | None) -> bool:
    return alert is not None and alert.source == "prometheus, alerts.am"


def silence(url: str, body: dict[str, Any]) -> str:
    request = urllib.request.Request(
        f"{url}/api/v2/silences", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(json.load(answer)["silenceID"])


def test_both_servers_tell_of_one_alert(servers, world):
    names = ("CpuHigh", "DiskFull", "DiskSlow")
    found = until(world, lambda by: all(both(by.get(n)) for n in names) and by["DiskSlow"].state == "inhibited")
    by = {a.name: a for a in found.firing}
    assert list(by) == ["CpuHigh", "DiskFull", "NotYet", "DiskSlow"] and not found.missing
    cpu = by["CpuHigh"]
    assert (cpu.state, cpu.severity, cpu.value) == ("firing", "critical", 97.5)
    assert cpu.summary == "cpu of web-2:9100 is 97.5%"
    assert cpu.labels == {"cluster": "eu", "instance": "web-2:9100", "severity": "critical"}
    assert cpu.since is not None and now_ms() - 2 * MINUTE < cpu.since <= now_ms()
    assert by["DiskSlow"].state == "inhibited" and by["DiskSlow"].summary == 'odd "text" with a second line'
    assert (by["NotYet"].state, by["NotYet"].source, by["NotYet"].value) == ("pending", "prometheus", 3.0)


def test_a_silence_is_told_with_who_made_it_and_until_when(servers, world):
    until(world, lambda by: both(by.get("DiskFull")))
    ends = now_ms() // 1000 * 1000 + HOUR
    id = silence(
        servers[1],
        {
            "matchers": [
                {"name": "alertname", "value": "Disk(Full|Gone)", "isRegex": True, "isEqual": True},
                {"name": "instance", "value": "db-9", "isRegex": False, "isEqual": False},
            ],
            "startsAt": rfc3339(now_ms()),
            "endsAt": rfc3339(ends),
            "createdBy": "ana",
            "comment": "OPS-112: disk is being replaced\x1b[31m",
        },
    )
    found = until(world, lambda by: by["DiskFull"].state == "silenced")
    (one,) = found.silences
    assert (one.id, one.until, one.by) == (id, ends, "ana")
    assert one.matchers == ('alertname=~"Disk(Full|Gone)"', 'instance!="db-9"')
    assert one.comment.isprintable() and one.comment.startswith("OPS-112")
    told = TOOLS.load("list_alerts").run(world, {"contains": "db-1"})
    assert "1 firing, 1 pending, 1 silenced, 1 inhibited; 2 with contains 'db-1'" in told.text
    assert f"silence {id[:8]} until " in told.text and " by ana on alertname=~" in told.text
    urllib.request.urlopen(
        urllib.request.Request(f"{servers[1]}/api/v2/silence/{id}", method="DELETE"), timeout=5
    ).close()
    assert until(world, lambda by: by["DiskFull"].state == "firing").silences == ()


def test_the_context_holds_them(servers, world):
    from smartcloudops.ask.context import gather
    from smartcloudops.ask.outgoing import Veil
    from smartcloudops.ask.toolbox import Toolbox

    until(world, lambda by: both(by.get("CpuHigh")))
    found = gather(world, Toolbox(world, Veil()), budget_ms=10_000)
    assert "CpuHigh" in found.text and "web-2" in found.text and not found.missing
    assert found.facts["alerts"]["counts"]["firing"] >= 1
