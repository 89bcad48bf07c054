"""One sentence of the suspect's logs: found, kept with the incident, shown where suspects are, and never in the way."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cli.conftest import recording, sco, trained

from smartcloudops.alerts.notices import document
from smartcloudops.alerts.sinks.alertmanager import alert
from smartcloudops.core import config
from smartcloudops.core.config import Config
from smartcloudops.core.errors import Status
from smartcloudops.core.records import Evidence, Finding, Incident, Suspect
from smartcloudops.core.state import open_state
from smartcloudops.core.times import HOUR, MINUTE, SECOND, parse_time, rfc3339
from smartcloudops.triage import ledger, log_evidence

__all__ = ["recording", "sco", "trained"]

ONSET = parse_time("2026-11-20T10:05Z", now=0)
NOW = ONSET + HOUR


def line(at: int, level: str, message: str, **more: object) -> str:
    return json.dumps({"time": rfc3339(at), "level": level, "msg": message, **more})


def steady(host: str, *, since: int = ONSET - 2 * HOUR) -> list[str]:
    """An error every two minutes, as always."""
    return [line(since + i * 2 * MINUTE, "error", f"retry {i} of job", host=host) for i in range(75)]


def burst(host: str, count: int = 412) -> list[str]:
    return [
        line(ONSET - 3 * MINUTE + i * SECOND, "error", f"upstream timed out ({i} ms) while reading", host=host)
        for i in range(count)
    ]


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))


@pytest.fixture
def logs(tmp_path) -> Path:
    write(tmp_path / "logs" / "web-1.log.gz", steady("web-1"))
    write(tmp_path / "logs" / "web-2.log.gz", steady("web-2") + burst("web-2"))
    return tmp_path / "logs"


@pytest.fixture
def configured(tmp_path, home):
    def make(**places: Path | str) -> Config:
        text = "".join(f'[logs.{name}]\nuri = "{uri}"\n' for name, uri in places.items())
        (tmp_path / "c.toml").write_text(text)
        return config.load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=home)

    return make


def test_the_message_that_is_new_is_named_with_counts(configured, logs):
    said = log_evidence.look(configured(web=logs), "web-2", ONSET, now=NOW)
    assert said.missing == ()
    (evidence,) = said.evidence
    assert evidence.text == (
        "web-2 logged 412 × `upstream timed out (0 ms) while reading` from 10:02 to 10:08,"
        " none in the hour before [logs.web]"
    )
    assert (evidence.kind, evidence.source, evidence.start, evidence.end) == (
        "log",
        "logs.web",
        ONSET - 5 * MINUTE,
        ONSET + 10 * MINUTE,
    )
    assert [v["value"] for v in evidence.values] == [412, 0]


def test_what_is_always_there_is_no_evidence(configured, logs):
    assert log_evidence.look(configured(web=logs), "web-1", ONSET, now=NOW) == log_evidence.Said()
    assert log_evidence.look(configured(web=logs), "web-9", ONSET, now=NOW) == log_evidence.Said()


def test_what_grew_is_told_with_its_count_before(configured, tmp_path):
    often = [line(ONSET + i * SECOND, "error", f"retry {i} of job", host="web-2") for i in range(60)]
    write(tmp_path / "logs" / "a.log.gz", steady("web-2") + often)
    (evidence,) = log_evidence.look(configured(web=tmp_path / "logs"), "web-2", ONSET, now=NOW).evidence
    assert "× `retry" in evidence.text and "30 in the hour before" in evidence.text


def test_levels_statuses_and_words_tell_errors(configured, tmp_path):
    lines = [line(ONSET, "info", "an error was avoided", host="web-2"), line(ONSET, "debug", "x", host="web-2")]
    write(tmp_path / "logs" / "a.log.gz", lines)
    assert not log_evidence.look(configured(web=tmp_path / "logs"), "web-2", ONSET, now=NOW).evidence
    stamp = rfc3339(ONSET)
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "app.log").write_text(f"{stamp} ERROR disk /dev/sda1 is full\n{stamp} INFO all is well\n" * 5)
    (evidence,) = log_evidence.look(configured(app=tmp_path / "plain"), "web-2", ONSET, now=NOW).evidence
    # Nothing there names a host, so the logs speak for themselves.
    assert evidence.text.startswith("logs.app logged 5 × `") and "disk /dev/sda1 is full" in evidence.text


def test_the_clearest_of_several_logs_is_told(configured, logs, tmp_path):
    write(tmp_path / "other" / "web-2.log.gz", burst("web-2", 5))
    found = log_evidence.look(configured(a=tmp_path / "other", web=logs), "web-2.example.com", ONSET, now=NOW)
    assert len(found.evidence) == 1 and found.evidence[0].source == "logs.web"


def test_folders_of_other_hosts_are_not_read(configured, tmp_path):
    for host in ("web-1", "web-2"):
        write(tmp_path / "all" / "logs" / host / "dt=2026-11-20" / "hour=10" / "a.log.gz", burst(host, 7))
    (tmp_path / "all/logs/web-1/dt=2026-11-20/hour=10/a.log.gz").write_bytes(b"\x1f\x8b\x08garbage")
    found = log_evidence.look(configured(web=tmp_path / "all"), "web-2", ONSET, now=NOW)
    assert found.missing == () and "web-2 logged 7 ×" in found.evidence[0].text


def test_what_cannot_be_looked_at_is_named_and_ends_nothing(configured, logs, tmp_path):
    gone = log_evidence.look(configured(gone=tmp_path / "nowhere", web=logs), "web-2", ONSET, now=NOW)
    assert len(gone.evidence) == 1 and any(said.startswith("logs.gone: ") for said in gone.missing)
    late = log_evidence.look(configured(web=logs), "web-2", ONSET, now=NOW, seconds=-1)
    assert late.evidence == () and "no time is left" in late.missing[0]
    (logs / "cut.log.gz").write_bytes(gzip.compress("\n".join(burst("web-2")).encode())[:200])
    cut = log_evidence.look(configured(web=logs), "web-2", ONSET, now=NOW)
    assert any("cut.log.gz" in said for said in cut.missing) and "at least" in cut.evidence[0].text


def finding(start: int = ONSET, **more: object) -> Finding:
    suspect = Suspect('cpu{instance="web-2:9100"}', 0.8, "97%")
    return replace(Finding('{instance="web-2:9100"}', start, start + MINUTE, 1.5, (suspect,)), **more)


def attach(loaded: Config, known: list[Incident] = [], *, now: int = NOW, **more: object):  # noqa: B006
    return log_evidence.attach(loaded, [finding()], known, hold_ms=HOUR, now=now, **more)


def test_evidence_is_kept_with_the_incident(configured, logs, tmp_path):
    (found,), missing = attach(configured(web=logs))
    assert missing == () and found.evidence
    with open_state(tmp_path / "state") as db:
        with db.transaction():
            apply(db, found)
        incident = ledger.open_incidents(db)[0]
        assert incident.evidence == found.evidence
        with db.transaction():
            apply(db, finding(last=ONSET + 5 * MINUTE, peak=3.0))
        assert ledger.open_incidents(db)[0].evidence == found.evidence, "a run that did not look loses nothing"


def apply(db, found: Finding) -> None:
    ledger.apply(db, [found], {}, source="s", hold_ms=HOUR, model="m", until=found.last, now=NOW)


def test_it_is_fetched_again_only_while_its_time_goes_on(configured, logs):
    early, late = ONSET + 2 * MINUTE, ONSET + 30 * MINUTE
    loaded = configured(web=logs)
    (half,), _ = attach(loaded, now=early)
    assert "logged 301 ×" in half.evidence[0].text or "logged 300 ×" in half.evidence[0].text
    known = Incident("i", "f", half.group, ONSET, ONSET + MINUTE, None, "warning", 1.5, evidence=half.evidence)
    (whole,), _ = attach(loaded, [known], now=late)
    assert "logged 412 ×" in whole.evidence[0].text
    told = replace(known, evidence=whole.evidence)
    (again,), _ = attach(loaded, [told], now=late + HOUR)
    assert again.evidence == (), "nothing is read again"
    (never,), _ = attach(loaded, [replace(known, evidence=())], now=ONSET + 3 * HOUR)
    assert never.evidence == (), "what did not come in an hour will not come"


def test_logs_that_come_late_are_told_though_nothing_else_is_new(configured, logs, tmp_path):
    with open_state(tmp_path / "state") as db:
        with db.transaction():
            apply(db, finding())
        (later,), _ = attach(configured(web=logs), ledger.open_incidents(db))
        with db.transaction():
            apply(db, later)
        incident = ledger.open_incidents(db)[0]
        assert incident.evidence == later.evidence != ()
        assert [kind for kind, _ in ledger.events_of(db, incident)] == ["opened"]


def test_many_incidents_share_the_time(configured, logs):
    ticks = iter([0.0, *[100.0] * 100])
    (found,), missing = attach(configured(web=logs), monotonic=lambda: next(ticks))
    assert found.evidence == () and "no time is left" in missing[0]


EVIDENCE = Evidence(
    "web-2/logs.web", "log", "logs.web", "sco logs search", 0, 1, 1, (), "web-2 logged 412 × `x` [logs.web]"
)
INCIDENT = Incident(
    "aaaa", "f", '{instance="web-2"}', 0, 1, None, "warning", 1.5, (Suspect("cpu", 1.0, "97%"),), evidence=(EVIDENCE,)
)  # fmt: skip


def test_notifications_say_it_and_alertmanager_keeps_it_apart():
    said = document(INCIDENT, "opened", key="k", labels={}, link=None, now=0)
    assert said["text"].endswith("cpu is 97%; web-2 logged 412 × `x` [logs.web]")
    assert said["incident"]["logs"] == [EVIDENCE.text]
    annotations = alert(said, {}, ends="")["annotations"]
    # Whoever may be sent alerts need not be sent logs: `list_alerts` reads the summary.
    assert annotations["summary"].endswith("cpu is 97%") and annotations["logs"] == EVIDENCE.text
    plain = document(replace(INCIDENT, evidence=()), "opened", key="k", labels={}, link=None, now=0)
    assert "logs" not in plain["incident"] and "logs" not in alert(plain, {}, ends="")["annotations"]


@pytest.fixture
def with_logs(trained, tmp_path, monkeypatch) -> Path:
    """A recording with an incident of web-1, and its logs."""
    monkeypatch.setenv("SCO_LOGS__WEB__URI", str(tmp_path / "logs"))
    return trained


def fill(place: Path, onset: int) -> None:
    write(
        place / "web-1.log.gz",
        [line(onset + i * SECOND, "error", f"upstream timed out {i}", host="web-1") for i in range(50)],
    )


def test_detect_show_explain_and_their_json_say_it(sco, with_logs, tmp_path):
    dry = sco("detect", "--from", with_logs, "--dry-run", "--json")
    onset = parse_time(dry.json["incidents"][0]["start"], now=0)
    fill(tmp_path / "logs", onset)
    said = sco("detect", "--from", with_logs, "--json")
    assert said.status == Status.DONE, said.err
    (incident,) = [i for i in said.json["incidents"] if "web-1" in i["group"]]
    (evidence,) = incident["evidence"]
    assert evidence["kind"] == "log" and evidence["text"].startswith("web-1 logged 50 × `upstream timed out 0`")
    shown = sco("incidents", "show", incident["id"])
    assert "logs" in shown.out and "web-1 logged 50 ×" in " ".join(shown.out.split())
    explained = sco("explain", incident["id"])
    assert "web-1 logged 50 ×" in explained.out and "also seen" in explained.out
    as_json = sco("explain", incident["id"], "--json").json
    assert [e["kind"] for e in as_json["suspects"][0]["evidence"]][-1] == "log"


def test_explain_looks_into_the_logs_where_detect_did_not(sco, trained, tmp_path, monkeypatch):
    said = sco("detect", "--from", trained, "--json")
    (incident,) = [i for i in said.json["incidents"] if "web-1" in i["group"]]
    assert incident["evidence"] == []
    fill(tmp_path / "logs", parse_time(incident["start"], now=0))
    monkeypatch.setenv("SCO_LOGS__WEB__URI", str(tmp_path / "logs"))
    assert "web-1 logged 50 ×" in sco("explain", incident["id"]).out


def test_logs_that_are_gone_are_a_note_and_status_4(sco, with_logs):
    said = sco("detect", "--from", with_logs)
    assert said.status == Status.PARTIAL and "logs.web" in said.err
    assert "web-1" in said.out, "the incident is there all the same"


def test_without_configured_logs_nothing_of_logs_is_loaded(sco, trained, tmp_path):
    script = (
        "import sys\nfrom smartcloudops.cli.main import run\n"
        f"run(['detect', '--from', {str(trained)!r}])\n"
        "print([m for m in sys.modules if m.startswith('smartcloudops.logs')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
