"""The tools that tell of alerts, incidents, anomalies and suspects, on real state, files and servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.prometheus_server import FakePrometheus, Reply, always, success

from smartcloudops.ask.tools import TOOLS, Result
from smartcloudops.ask.world import World
from smartcloudops.core import config
from smartcloudops.core.records import Finding, Suspect
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import HOUR, MINUTE
from smartcloudops.triage import ledger

NOW = 1_700_000_000_000 // MINUTE * MINUTE


@pytest.fixture
def world(tmp_path, home):
    """`world(text)` with that configuration and the clock at NOW."""

    def make(text: str = "", path: Path | None = None) -> World:
        (tmp_path / "c.toml").write_text(text)
        found = config.load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=home)
        return World(found, path, lambda: NOW)

    return make


def ask(world: World, tool: str, **arguments: object) -> Result:
    return TOOLS.load(tool).run(world, arguments)


def values(result: Result, number: int = 0) -> dict[str, object]:
    """The values of a piece of evidence, by reference."""
    return {v["ref"]: v["value"] for v in result.evidence[number].values}


def firing(name: str, state: str = "firing", ago: int = 5 * MINUTE, **labels: str) -> dict[str, object]:
    from smartcloudops.core.times import rfc3339

    labels = {"alertname": name, **labels}
    return {
        "labels": labels,
        "annotations": {"summary": f"{name} says"},
        "state": state,
        "activeAt": rfc3339(NOW - ago),
    }


@pytest.fixture
def alerting(world):
    """A world whose server has these alerts."""
    alerts = [
        {**firing("CpuHigh", instance="web-2:9100", severity="warning"), "value": "97.25"},
        firing("DbDown", ago=90 * MINUTE, instance="db-1:9100", severity="critical"),
        firing("Slow", "pending", 30_000, service="shop"),
        firing("ScoIncident", instance="web-2:9100", severity="warning"),
    ]
    with FakePrometheus(always(Reply(success({"alerts": alerts})))) as server:
        yield world(f'[prometheus]\nurl = "{server.url}"\n')


def test_alerts_are_listed_with_units_and_times(alerting):
    found = ask(alerting, "list_alerts")
    lines = found.text.splitlines()
    assert lines[0] == "§1 alerts of prometheus at 2023-11-14T22:13Z: 3 firing, 1 pending, 0 silenced, 0 inhibited"
    assert lines[2].split() == [
        "1",
        "db-1",
        "DbDown",
        "firing",
        "critical",
        "2023-11-14T20:43Z",
        "1h30m",
        "DbDown",
        "says",
    ]
    assert "97.2" in found.text and "ScoIncident (sco's own)" in found.text and "under 1m" in found.text
    kept = values(found)
    assert (kept["0.firing"], kept["1.for"], kept["2.value"]) == (3, 5400, 97.25)
    assert [(a["entity"], a["row"]) for a in found.data["alerts"]] == [
        ("db-1", 1),
        ("web-2", 2),
        ("web-2", 3),
        ("service=shop", 4),
    ]
    assert found.data["counts"] == {"firing": 3, "pending": 1, "silenced": 0, "inhibited": 0}
    json.dumps(found.data, allow_nan=False)


def test_alerts_are_narrowed(alerting):
    found = ask(alerting, "list_alerts", contains="WEB-2")
    assert {a["entity"] for a in found.data["alerts"]} == {"web-2"}
    assert "2 with contains 'WEB-2'" in found.text
    assert [a["name"] for a in ask(alerting, "list_alerts", state="pending").data["alerts"]] == ["Slow"]
    cut = ask(alerting, "list_alerts", limit=1)
    assert "the 1 most pressing of 4" in cut.text and len(cut.data["alerts"]) == 1 and cut.data["total"] == 4


def test_an_unreachable_server_is_named_not_raised(world):
    found = ask(world('[prometheus]\nurl = "http://127.0.0.1:9"\n'), "list_alerts")
    assert "alerts of no server" in found.text and "not read: prometheus: " in found.text
    assert found.data["missing"] and "connection refused" in found.data["missing"][0]


def test_without_any_source_of_alerts_it_says_so(world, tmp_path):
    assert "no source of alerts is configured" in ask(world(), "list_alerts").text
    from_file = ask(world('[prometheus]\nurl = "http://127.0.0.1:9"\n', tmp_path / "m.csv"), "list_alerts")
    assert "read from a file" in from_file.text and not from_file.evidence


@pytest.fixture
def recorded(world):
    """A world with one open incident, two that are over, one of them acknowledged and labelled."""
    made = world()
    suspects = (
        Suspect('cpu{instance="web-2:9100"}', 0.8, "97.0%, usually 10.0% to 20.0%"),
        Suspect('load{instance="web-2:9100"}', 0.2, "9, usually 1 to 2"),
    )
    findings = [
        Finding('{instance="db-1:9100"}', NOW - 30 * HOUR, NOW - 29 * HOUR, 2.5),
        Finding('{instance="web-2:9100"}', NOW - 10 * HOUR, NOW - 9 * HOUR, 1.2),
        Finding('{instance="web-2:9100"}', NOW - 20 * MINUTE, NOW - 5 * MINUTE, 1.55, suspects),
    ]
    with open_state(made.config.state_dir) as db, db.transaction():
        scored = {'{instance="db-1:9100"}': NOW, '{instance="web-2:9100"}': NOW}
        ledger.apply(db, findings, scored, source="s", hold_ms=HOUR, model="m", until=NOW, now=NOW)
        old = next(i for i in ledger.list_incidents(db) if "db-1" in i.group)
        ledger.label_incident(db, old, False, now=NOW)
        ledger.ack_incident(db, old, True, note="OPS-112\x1b[31m", now=NOW)
    return made


def test_incidents_are_listed_open_ones_first(recorded):
    found = ask(recorded, "list_incidents")
    assert found.text.splitlines()[0] == "§1 incidents at 2023-11-14T22:13Z: 1 open, 2 over"
    first, *_ = found.data["incidents"]
    assert (first["entity"], first["open"], first["lasted_ms"]) == ("web-2", True, 20 * MINUTE)
    assert f'{first["id"]} suspect 1: cpu{{instance="web-2:9100"}}, share 80%: 97.0%, usually' in found.text
    assert "false alarm" in found.text and "over, acknowledged" in found.text and "OPS-112\\x1b" in found.text
    kept = values(found)
    assert (kept["0.open"], kept["0.over"], kept["1.score"], kept["1.lasted"]) == (1, 2, 1.55, 1200)
    assert (kept["1.share1"], kept["1.share2"]) == (80.0, 20.0)
    json.dumps(found.data, allow_nan=False)


def test_incidents_are_narrowed(recorded):
    assert [i["entity"] for i in ask(recorded, "list_incidents", host="db").data["incidents"]] == ["db-1"]
    assert len(ask(recorded, "list_incidents", since="12h").data["incidents"]) == 2
    open_ = ask(recorded, "list_incidents", open_only=True)
    assert [i["open"] for i in open_.data["incidents"]] == [True] and "over" not in open_.text.splitlines()[0]
    none = ask(recorded, "list_incidents", host="nowhere")
    assert "0 open, 0 over; the last of all began 2023-11-14T21:53Z" in none.text
    assert "the first 1 of 3" in ask(recorded, "list_incidents", limit=1).text


def test_before_detect_ran_there_is_nothing_and_nothing_is_made(world):
    made = world()
    found = ask(made, "list_incidents")
    assert found.text == "no incident was ever recorded here: sco detect has not run"
    assert not (made.config.state_dir / FILE).exists()
