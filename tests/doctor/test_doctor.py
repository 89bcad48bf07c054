"""`sco doctor` through the front door: healthy, and broken in one way at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smartcloudops.core.errors import Status
from smartcloudops.core.locks import hold
from smartcloudops.core.runs import recorded
from smartcloudops.core.state import open_state
from smartcloudops.core.times import DAY, HOUR, MINUTE, now_ms
from smartcloudops.doctor import CHECKS

ROOT = Path(__file__).parents[2]


def state_dir(home: Path) -> Path:
    return home / ".local/state/sco"


def only(sco, name: str, status: int = Status.DONE) -> dict[str, str]:
    """The finding of one check; what it needs is looked at too."""
    said = sco("doctor", name, "--json")
    assert said.status == status, said.out
    (found,) = [each for each in said.json["checks"] if each["check"] == name]
    return found


def test_every_check_reports_on_a_fresh_machine(sco):
    said = sco("doctor", "--json")
    found = {each["check"]: each for each in said.json["checks"]}
    assert list(found) == [check.name for check in CHECKS]
    assert said.status == Status.DONE and said.json["healthy"] is True
    assert (found["config"]["level"], found["config"]["mend"]) == ("info", "sco init")
    assert (found["model"]["level"], found["model"]["mend"]) == ("warn", "sco train")
    assert found["schedule"]["level"] == "warn" and "sco init --systemd" in found["schedule"]["mend"]
    assert not any("bug" in each["seen"] for each in found.values())


def test_every_check_is_named_in_the_help(sco):
    text = sco("doctor", "--help").out
    assert all(check.name in text for check in CHECKS)


def test_a_wrong_name_gets_the_nearest(sco):
    said = sco("doctor", "clok")
    assert said.status == Status.USAGE and "`clock`" in said.err


def test_a_healthy_server(sco, server):
    server()
    said = sco("doctor", "prometheus", "history", "metrics", "clock", "--json")
    assert said.status == Status.DONE
    assert {each["check"]: each["level"] for each in said.json["checks"]} == dict.fromkeys(
        ("config", "prometheus", "history", "metrics", "clock"), "ok"
    )
    assert "version 9.9.9" in said.out


def test_a_configuration_with_an_unknown_key_hides_only_what_needs_it(sco, tmp_path):
    (tmp_path / "sco.toml").write_text('[prometheus]\nurll = "http://127.0.0.1:1"\n')
    said = sco("doctor", "--json")
    assert said.status == Status.FAILED and said.json["healthy"] is False
    found = {each["check"]: each for each in said.json["checks"]}
    assert "sco.toml:2: unknown key 'urll'" in found["config"]["seen"]
    assert found["config"]["mend"] == "did you mean `url`?"
    assert {n for n, each in found.items() if each["seen"] == "not looked at, since config failed"} == {
        "prometheus", "model", "s3", "logs", "infra", "ask",
    }  # fmt: skip
    assert found["disk"]["level"] == "ok" and found["modes"]["level"] == "ok"


def test_an_untrusted_project_stops_other_commands_and_is_said(sco, tmp_path):
    (tmp_path / "sco.toml").write_text('[state]\ndir = "elsewhere"\n')
    assert sco("status").status == Status.USAGE
    found = only(sco, "config", Status.FAILED)
    assert "state.dir" in found["seen"] and f"sco config trust {tmp_path / 'sco.toml'}" in found["mend"]


def test_a_server_that_is_down_is_said_once(sco, server):
    server(down=True)
    said = sco("doctor", "prometheus", "history", "clock", "--json")
    assert said.status == Status.FAILED
    found = {each["check"]: each["level"] for each in said.json["checks"]}
    assert found == {"config": "ok", "prometheus": "fail", "history": "info", "clock": "info"}
    assert "503" in said.out


def test_retention_shorter_than_the_lookback(sco, server):
    server(retention="7d or 10GiB")
    found = only(sco, "history")
    assert found["level"] == "warn" and "keeps 7d, [train] lookback is 14d" in found["seen"]
    assert "--storage.tsdb.retention.time=28d" in found["mend"] and 'lookback = "7d"' in found["mend"]


def test_a_young_server_that_does_not_tell_its_retention(sco, server):
    server(retention=None, history_s=2 * 86_400)
    found = only(sco, "history")
    assert found["level"] == "warn" and "goes back 1d23h" in found["seen"] and "does not tell" in found["seen"]


@pytest.mark.parametrize(
    ("ahead_s", "level", "status", "words"),
    [
        (5, "ok", Status.DONE, "differ by"),
        (60, "warn", Status.DONE, "ahead of ours"),
        (600, "fail", Status.FAILED, "ahead of ours"),
        (-600, "fail", Status.FAILED, "behind ours"),
    ],
)
def test_a_clock_that_is_off(sco, server, ahead_s, level, status, words):
    server(ahead_s=ahead_s)
    found = only(sco, "clock", status)
    assert found["level"] == level and words in found["seen"]
    assert ahead_s != 600 or "10m" in found["seen"] or "9m59s" in found["seen"]


def test_a_clock_that_is_off_by_its_date_alone(sco, server):
    server(date_ahead_s=-600)
    assert only(sco, "clock", Status.FAILED)["level"] == "fail"


def test_metrics_without_data_are_named(sco, server, tmp_path):
    (tmp_path / "sco.toml").write_text(
        '[metrics]\npresets = []\n[[metric]]\nname = "a"\nexpr = "a"\n[[metric]]\nname = "queue"\nexpr = "queue_"\n'
    )
    server(counts={"a": 3, "queue_": 0})
    found = only(sco, "metrics")
    assert found["level"] == "warn" and "1 of 2 metrics have data, 3 series; none for queue" in found["seen"]
    assert "[[metric]]" in found["mend"]


def test_a_preset_without_any_data(sco, server, monkeypatch):
    from smartcloudops.metrics.presets import load

    server(counts={metric.expr: 0 for metric in load("http")})
    found = only(sco, "metrics")
    assert (found["level"], found["mend"]) == ("info", 'presets = ["node"] under [metrics] asks for no more')
    monkeypatch.setenv("SCO_METRICS__PRESETS", '["http"]')
    assert only(sco, "metrics", Status.FAILED)["level"] == "fail"


def test_an_expression_that_is_refused(sco, server, tmp_path):
    (tmp_path / "sco.toml").write_text('[[metric]]\nname = "odd"\nexpr = "sum(("\n')
    server(refused=("sum((",))
    found = only(sco, "metrics", Status.FAILED)
    assert "'odd'" in found["seen"] and "parse error" in found["seen"] and "'odd'" in found["mend"]


def test_a_damaged_model(sco, trained, home):
    assert only(sco, "model")["level"] == "ok"
    sco("train", "--from", trained, "--until", "2h", "--promote")
    newest = sco("status", "--json").json["model"]["version"]
    (shard,) = home.rglob(f"{newest}/shard-0000.npz")
    shard.write_bytes(shard.read_bytes()[:-1])
    found = only(sco, "model", Status.FAILED)
    assert "shard-0000.npz is refused" in found["seen"] and found["mend"] == "sco models rollback"
    assert sco("models", "rollback").status == 0
    assert only(sco, "model")["level"] == "ok"


def test_an_old_model_from_elsewhere(sco, trained, server, home):
    server()
    found = only(sco, "model")
    assert found["level"] == "warn" and "learnt from" in found["seen"]
    version = sco("status", "--json").json["model"]["version"]
    (directory,) = home.rglob(version)
    old = f"20200101T000000Z{version[16:]}"
    directory.rename(directory.with_name(old))
    sco("models", "promote", old)
    assert "then may not be now" in only(sco, "model")["seen"]


def test_a_corrupt_state(sco, home):
    state_dir(home).mkdir(parents=True)
    (state_dir(home) / "state.db").write_bytes(b"no database" * 1000)
    found = only(sco, "state", Status.FAILED)
    assert "corrupt" in found["seen"] and "mv " in found["mend"]
    assert [each["seen"] for each in sco("doctor", "runs", "--json").json["checks"]][1:] == [
        "not looked at, since state failed"
    ]


def test_a_file_where_a_directory_should_be(sco, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SCO_STATE__DIR", str(tmp_path / "file" / "below"))
    monkeypatch.setenv("SCO_MODELS__DIR", str(tmp_path / "file"))
    for name, key in (("state", "[state] dir"), ("model", "[models] dir")):
        found = only(sco, name, Status.FAILED)
        assert f"{tmp_path / 'file'} is no directory" in found["seen"] and key in found["mend"]


def test_runs_that_failed_or_died(sco, home, tmp_path):
    sco("detect", "--from", tmp_path / "none.csv")
    found = only(sco, "runs", Status.FAILED)
    assert "detect ended with status" in found["seen"] and "none.csv" in found["seen"]
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    with open_state(state_dir(home)) as state:
        state.execute("INSERT INTO runs (kind, pid, started) VALUES ('detect', ?, ?)", (child.pid, now_ms()))
    assert f"died without a word 1m ago (pid {child.pid})" in only(sco, "runs", Status.FAILED)["seen"]


def test_a_lock_of_the_living_and_the_file_of_the_dead(sco, home):
    assert only(sco, "locks")["seen"] == "none is held"
    with hold(state_dir(home), "train"):
        assert f"train is held by pid {os.getpid()}" in only(sco, "locks")["seen"]
    found = only(sco, "locks")
    assert found["level"] == "ok" and "none is held (files of train lie there" in found["seen"]


def test_a_lock_that_children_of_a_dead_run_hold(sco, home):
    program = (
        "import os, sys, time; from pathlib import Path; from smartcloudops.core.locks import hold\n"
        "with hold(Path(sys.argv[1]), 'detect'):\n"
        "    child = os.fork()\n"
        "    if not child: time.sleep(60); os._exit(0)\n"
        "    print(os.getpid(), child, flush=True); os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", program, str(state_dir(home))]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    dead, child = (int(word) for word in process.stdout.readline().split())
    process.wait(10)
    try:
        found = only(sco, "locks", Status.FAILED)
        assert f"pid {dead}, which took it, is dead" in found["seen"]
        assert found["mend"] == f"kill {child}"
    finally:
        os.kill(child, signal.SIGKILL)
        process.stdout.close()


def test_modes_that_are_too_wide(sco, home, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("very-secret")
    secret.chmod(0o644)
    user = home / ".config/sco/config.toml"
    user.parent.mkdir(parents=True)
    user.write_text(f'[prometheus]\nurl = "http://127.0.0.1:1"\ntoken_file = "{secret}"\n')
    found = only(sco, "modes", Status.FAILED)
    assert found["seen"].startswith("others can read") and found["seen"].endswith(f"{secret} (0644)")
    assert found["mend"] == f"chmod 600 {secret}"
    secret.chmod(0o600)
    assert only(sco, "modes")["level"] == "ok"
    user.chmod(0o666)
    assert "others can write" in only(sco, "modes", Status.FAILED)["seen"]
    user.chmod(0o600)
    with recorded(state_dir(home), "train"):
        pass
    state_dir(home).chmod(0o755)
    found = only(sco, "modes")
    assert found["level"] == "warn" and found["mend"] == f"chmod go-rwx {state_dir(home)}"


def test_a_full_disk_has_no_room(sco, monkeypatch):
    monkeypatch.setenv("SCO_STATE__DIR", "/proc")
    found = only(sco, "disk", Status.FAILED)
    assert found["level"] == "fail" and "0 B free for state (/proc)" in found["seen"]


def test_the_secrets_of_every_section_count(sco, home, tmp_path):
    secret = tmp_path / "key"
    user = home / ".config/sco/config.toml"
    user.parent.mkdir(parents=True)
    user.write_text(f'[alerts.pager]\ntype = "webhook"\nurl = "http://127.0.0.1:1"\nsecret_file = "{secret}"\n')
    assert only(sco, "modes")["level"] == "ok"
    secret.write_text("0123456789")
    assert only(sco, "modes", Status.FAILED)["mend"] == f"chmod 600 {secret}"


def test_timers_that_are_there_and_those_that_are_late(sco, home, tmp_path):
    program = tmp_path / "sco"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = home / ".config/systemd/user"
    (units / "timers.target.wants").mkdir(parents=True)
    for kind in ("train", "detect"):
        (units / f"sco-{kind}.timer").write_text("[Timer]\nOnCalendar=*:0/5\n")
        (units / f"sco-{kind}.service").write_text(f"[Service]\nExecStart={program} --config /c.toml {kind} -q\n")
    found = only(sco, "schedule")
    assert "not enabled" in found["seen"] and "systemctl --user enable --now sco-" in found["mend"]
    for kind in ("train", "detect"):
        (units / "timers.target.wants" / f"sco-{kind}.timer").symlink_to(units / f"sco-{kind}.timer")
    assert only(sco, "schedule")["level"] == "ok"
    for age in (2 * HOUR + 10 * MINUTE, 2 * HOUR + 5 * MINUTE, 2 * HOUR):
        with recorded(state_dir(home), "detect", now=lambda age=age: now_ms() - age):
            pass
    found = only(sco, "schedule")
    assert found["level"] == "warn" and "detect began last 2h ago" in found["seen"]
    assert "sco-detect.timer" in found["mend"]
    program.unlink()
    assert "which is not there" in only(sco, "schedule", Status.FAILED)["seen"]


def test_crontab_lines_count_too_and_comments_do_not(sco, home, tmp_path, monkeypatch):
    crontab, program = tmp_path / "crontab", tmp_path / "sco"
    lines = f"17 3 * * * {program} train -q\n# */5 * * * * {program} detect -q\n"
    crontab.write_text(f"#!/bin/sh\ncat <<'E'\n{lines}E\n")
    for each in (crontab, program):
        each.touch()
        each.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = only(sco, "schedule")
    assert found["level"] == "warn" and found["seen"] == "nothing here runs detect by itself"
    crontab.write_text(crontab.read_text().replace("# */5", "*/5"))
    assert only(sco, "schedule")["seen"] == "train by crontab -l; detect by crontab -l"


def test_regular_runs_from_elsewhere_are_enough(sco, home):
    for kind, usual in (("train", DAY), ("detect", 5 * MINUTE)):
        for n in range(4, -1, -1):
            with recorded(state_dir(home), kind, now=lambda age=n * usual: now_ms() - age):  # type: ignore[arg-type]
                pass
    assert only(sco, "schedule")["seen"].count("something else, regularly") == 2


def test_forms_for_eyes_and_for_sheets(sco, server):
    server(retention="7d")
    plain = sco("doctor", "history")
    assert "try: start Prometheus with" in plain.out and "3 checks: 1 warn, 2 ok" in plain.err
    sheet = sco("-q", "doctor", "history", "-o", "csv")
    assert sheet.out.splitlines()[0] == "check,level,seen,mend" and sheet.err == ""
