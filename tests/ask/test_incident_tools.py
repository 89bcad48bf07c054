"""The tools that tell of alerts, incidents, anomalies and suspects, on real state, files and servers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cli.conftest import recording, sco, trained
from fakes.prometheus_server import FakePrometheus, Reply, always, success
from fakes.recordings import history, write_csv

from smartcloudops.anomaly.store import LocalStore
from smartcloudops.ask.grounding import check
from smartcloudops.ask.tools import TOOLS, Result
from smartcloudops.ask.world import World
from smartcloudops.core import config
from smartcloudops.core.errors import UsageError
from smartcloudops.core.records import Finding, Suspect
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import HOUR, MINUTE, rfc3339
from smartcloudops.triage import ledger

__all__ = ["recording", "sco", "trained"]

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


@pytest.fixture
def broken(world, tmp_path):
    """A recording of two hosts, web-1's cpu and latency broken in the last half hour."""
    path = write_csv(tmp_path / "metrics.csv", history())
    return world(path=path)


def test_explain_names_who_stands_out_with_evidence_for_each(broken):
    found = ask(broken, "explain", since="1h")
    assert {s["host"] for s in found.data["suspects"][:2]} == {"web-1"}
    first, *passed = found.evidence
    assert not any(e.id for e in found.evidence) and passed
    shares = {v["ref"]: v for v in first.values}
    assert shares["1.share"]["unit"] == "%" and shares["1.share"]["entity"] == "web-1"
    assert passed[0].values[1]["entity"] == "web-1" and passed[0].values[1]["ref"] == "1.worst"
    assert "§2 web-1: " in found.text and "deviations)" in found.text
    json.dumps(found.data, allow_nan=False)


def test_explain_takes_a_host_for_a_symptom(broken):
    found = ask(broken, "explain", series="web-1")
    assert {s["host"] for s in found.data["suspects"]} == {"web-1"}
    quiet = ask(broken, "explain", series="web-2")
    assert quiet.data["suspects"] == [] and "nothing stands out" in quiet.text.splitlines()[0]
    with pytest.raises(UsageError, match="no series 'web-9'"):
        ask(broken, "explain", series="web-9")


def test_explain_accuses_nobody_where_nothing_stands_out(world, tmp_path):
    columns = {k: v[:-12] for k, v in history(rows=1200).items()}
    found = ask(world(path=write_csv(tmp_path / "calm.csv", columns)), "explain")
    assert found.data["suspects"] == []
    assert "nothing stands out, so there is no suspect" in found.text and "as near as it gets" in found.text
    assert found.evidence and found.evidence[0].values


def test_explain_of_an_incident_says_whose_it_is(broken, tmp_path):
    identity = f"file {tmp_path / 'metrics.csv'}"
    end = broken.now()
    suspects = (Suspect('cpu{instance="web-1"}', 1.0, "97%"),)
    with open_state(broken.config.state_dir) as db, db.transaction():
        one = Finding('{instance="web-1"}', end - 25 * MINUTE, end, 2.5, suspects)
        ledger.apply(db, [one], {one.group: end}, source=identity, hold_ms=HOUR, model="m", until=end, now=end)
        (incident,) = ledger.list_incidents(db)
    found = ask(broken, "explain", incident=incident.id)
    assert f"incident {incident.id} of web-1" in found.text and found.data["incident"] == incident.id
    assert found.data["suspects"][0]["host"] == "web-1"
    with pytest.raises(UsageError, match="own series and time"):
        ask(broken, "explain", incident=incident.id, at="2h")
    with pytest.raises(UsageError, match="exclude each other"):
        ask(broken, "explain", since="1h", at="2h")


def test_without_a_model_the_next_step_is_named(broken):
    found = ask(broken, "detect_anomalies")
    assert "there is no model yet" in found.text and "sco train" in found.text
    assert not (broken.config.state_dir / FILE).exists()


def test_anomalies_are_what_the_model_finds_and_nothing_is_written(trained, world, tmp_path):
    made = world(f'[models]\ndir = "{tmp_path / "models"}"\n', path=trained)
    store = LocalStore(Path.home() / ".local/share/sco/models")
    made = replace(made, config=replace(made.config, models_dir=store.directory))
    before = sorted(made.config.state_dir.rglob("*")) if made.config.state_dir.exists() else []
    found = ask(made, "detect_anomalies")
    assert {a["entity"] for a in found.data["anomalies"]} == {"web-1"}
    assert found.data["model"] and found.data["findings"][0]["entity"] == "web-1"
    kept = values(found)
    assert kept["1.score"] >= 1 and kept["1.value"] > kept["1.upper"]
    assert "unusual series" in found.text and "alarm from" in found.text
    calm = ask(made, "detect_anomalies", host="web-2")
    assert calm.data["anomalies"] == [] and "nothing unusual" in calm.text
    assert {a["metric"] for a in ask(made, "detect_anomalies", metric="cpu").data["anomalies"]} == {"cpu"}
    after = sorted(made.config.state_dir.rglob("*")) if made.config.state_dir.exists() else []
    assert [p.name for p in after if p.name == FILE] == [p.name for p in before if p.name == FILE]
    json.dumps(found.data, allow_nan=False)


def test_what_the_tools_say_rests_on_their_evidence(recorded, alerting, broken):
    """Sentences that a person would write of each answer; none of their numbers is in doubt."""
    sentences = (
        (
            alerting,
            "list_alerts",
            "CpuHigh fires on web-2 at 97.2, since 2023-11-14T22:08Z; DbDown on db-1 for 90 minutes.",
        ),
        (alerting, "list_alerts", "3 alerts are firing and 1 is pending."),
        (recorded, "list_incidents", "There is 1 open incident: web-2, since 2023-11-14T21:53Z, with a score of 1.55."),
        (recorded, "list_incidents", "On web-2 the cpu is at 97%, usually 10% to 20%; it carries 80% of the blame."),
        (broken, "explain", "web-1 latency rose from 200 ms to 1.23 s at 2023-11-18T00:40Z."),
        (broken, "explain", "web-1 cpu rose to 96.7 from its usual 40.2, which is 45.2 deviations."),
    )
    for where, tool, sentence in sentences:
        found = ask(where, tool)
        evidence = [replace(e, id=f"E{n}") for n, e in enumerate(found.evidence, 1)]
        doubted = [n for n in check(sentence, evidence) if not n.supported]
        assert not doubted, f"{sentence}: {doubted}"
    evidence = [replace(e, id="E1") for e in ask(recorded, "list_incidents").evidence]
    assert [n.supported for n in check("On web-2 the cpu is at 87%.", evidence)] == [False]
