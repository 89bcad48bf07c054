"""Incidents in a real Alertmanager: raised, kept open from run to run, and ended."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli.conftest import sco
from real.conftest import alertmanager

from smartcloudops.alerts import outbox
from smartcloudops.alerts.notices import document
from smartcloudops.alerts.sinks import KINDS, open_sink
from smartcloudops.core import config
from smartcloudops.core.records import Incident, Suspect
from smartcloudops.core.state import open_state
from smartcloudops.core.times import MINUTE, now_ms, parse_time

__all__ = ["sco"]

AWKWARD = 'a "quoted"\\ väl\nue'
LABELS = {"instance": "web-1:9100", "severity": "own", "weird": AWKWARD}
ROW = 'INSERT OR REPLACE INTO incidents (id, fingerprint, source, grp, start, last, "end", severity, peak, updated_at) '


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with alertmanager(tmp_path_factory.mktemp("am")) as found:
        yield found


@pytest.fixture
def tell(url: str, tmp_path: Path) -> Iterator[Callable[..., tuple[str, ...]]]:
    """One run's worth: keep the incidents as they are now, deliver, with alerts that end `ahead` ms from now."""
    (tmp_path / "c.toml").write_text(
        f'[alerts.am]\ntype = "alertmanager"\nurl = "{url}"\nlabels = {{ team = "infra" }}\n'
    )
    found = config.load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=tmp_path)
    link = "http://prom:9090/graph?g0.expr=up"
    with open_state(tmp_path / "state") as db:

        def run(*incidents: Incident, ahead: int = 10 * MINUTE) -> tuple[str, ...]:
            now = now_ms()

            def write(i, kind, key):
                return document(i, kind, key=key, labels={**LABELS, "id": i.id}, link=link, now=now)

            with db.transaction():
                for i in incidents:
                    row = (i.id, i.id, "s", i.group, i.start, i.last, i.end, i.severity, i.peak, now)
                    db.execute(f"{ROW} VALUES ({', '.join('?' * 10)})", row)
                wanted = {"am": KINDS["alertmanager"]}
                outbox.enqueue(db, wanted, incidents, frozenset(), write, repeat_ms=MINUTE, now=now)
            sinks = {"am": lambda: open_sink(found, "am")}
            return outbox.deliver(db, sinks, now=now, ends=now + ahead, clock=now_ms)

        yield run


@pytest.fixture
def alerts(url: str) -> Callable[[str], list[dict[str, Any]]]:
    """The alerts of an incident that Alertmanager holds to be active."""

    def ask(id: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{url}/api/v2/alerts?active=true", timeout=5) as answer:
            return [a for a in json.load(answer) if a["labels"].get("id") == id]

    return ask


def incident(id: str) -> Incident:
    now = now_ms()
    suspects = (Suspect('cpu{instance="web-1:9100"}', 0.8, "97%, usually 10% to 20%"), Suspect("load", 0.2, "9"))
    return Incident(id, id, '{instance="web-1:9100"}', now - MINUTE, now - MINUTE, None, "warning", 1.5, suspects)


@pytest.mark.real
def test_an_alert_appears_stays_and_ends(tell, alerts):
    one = incident("aaaa0001")
    assert tell(one) == ()
    (first,) = alerts(one.id)
    assert first["labels"] == {
        "alertname": "ScoIncident",
        "severity": "warning",
        "exported_severity": "own",
        "instance": "web-1:9100",
        "weird": AWKWARD,
        "team": "infra",
        "id": one.id,
    }
    assert first["annotations"]["summary"].startswith("warning incident aaaa0001")
    assert "80%" in first["annotations"]["suspects"] and first["generatorURL"] == "http://prom:9090/graph?g0.expr=up"
    assert parse_time(first["startsAt"], now=0) == one.start
    for _ in range(2):
        assert tell(replace(one, last=now_ms()), ahead=30 * MINUTE) == ()
    (later,) = alerts(one.id)
    assert later["fingerprint"] == first["fingerprint"] and later["startsAt"] == first["startsAt"]
    assert parse_time(later["endsAt"], now=0) > parse_time(first["endsAt"], now=0) + 15 * MINUTE
    assert tell(replace(one, end=one.last)) == ()
    assert alerts(one.id) == []
    assert tell() == () and alerts(one.id) == []


@pytest.mark.real
def test_a_rise_in_severity_leaves_one_alert(tell, alerts):
    one = incident("aaaa0002")
    tell(one)
    assert [a["labels"]["severity"] for a in alerts(one.id)] == ["warning"]
    tell(replace(one, severity="critical"))
    assert [a["labels"]["severity"] for a in alerts(one.id)] == ["critical"]
    tell(replace(one, severity="critical", end=now_ms()))
    assert alerts(one.id) == []


@pytest.mark.real
def test_without_runs_an_alert_ends_by_itself(tell, alerts):
    one = incident("aaaa0003")
    tell(one, ahead=2_000)
    assert len(alerts(one.id)) == 1
    deadline = time.monotonic() + 10
    while alerts(one.id) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert alerts(one.id) == []


@pytest.mark.real
def test_a_trial_is_taken(url, tmp_path, alerts, home, sco):
    path = home / ".config/sco/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f'[alerts.am]\ntype = "alertmanager"\nurl = "{url}"\n')
    said = sco("alerts", "test")
    assert (said.status, said.out) == (0, f"am: taken by {url}\n")
    path.write_text(f'[alerts.am]\ntype = "alertmanager"\nurl = "{url}/wrong/path"\n')
    said = sco("alerts", "test")
    assert said.status == 2 and "nothing at this path" in said.out
