"""`sco status`: fresh, after runs, with an incident, late, after a death, watched."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

from smartcloudops.core.errors import Status
from smartcloudops.core.runs import recorded
from smartcloudops.core.state import open_state
from smartcloudops.core.times import DAY, HOUR, MINUTE, now_ms

ROOT = Path(__file__).parents[2]


def state_dir(home: Path) -> Path:
    return home / ".local/state/sco"


def ran(home: Path, kind: str, *ages_ms: int) -> None:
    """Runs that began so long ago and ended at once."""
    for age in ages_ms:
        with recorded(state_dir(home), kind, now=lambda age=age: now_ms() - age):  # type: ignore[arg-type]
            pass


def lines(text: str) -> dict[str, str]:
    return {line.split("  ", 1)[0].strip(): line.split("  ", 1)[1].strip() for line in text.splitlines()[1:]}


def test_a_fresh_machine_is_told_where_to_begin_and_nothing_is_written(sco, home):
    said = sco("status")
    assert said.status == 0
    shown = lines(said.out)
    assert (shown["trained"], shown["detected"], shown["open"]) == ("never", "never", "no incidents")
    assert shown["model"].startswith("none in ") and shown["next"] == "sco init"
    assert not state_dir(home).exists()


def test_after_train_and_detect(sco, trained):
    sco("detect", "--from", trained)
    body = sco("status", "--json").json
    (incident,) = body["incidents"]
    assert body["next"][0] == f"sco incidents show {incident['id']}"
    assert body["train"]["how"] == body["detect"]["how"] == "done"
    assert body["train"]["source"] == str(trained)
    assert body["train"]["model"] == body["detect"]["model"] == body["model"]["version"]
    assert body["detect"]["series"] == 6 and body["detect"]["late"] is False
    assert 0 <= body["model"]["age_ms"] < 5 * MINUTE
    assert f"{incident['id']} {incident['severity']} {incident['group']}" in sco("status").out


def test_timers_are_proposed_until_they_are_there(sco, trained, home, monkeypatch):
    monkeypatch.setenv("SCO_PROMETHEUS__URL", "http://127.0.0.1:1")
    sco("detect", "--from", trained, "--until", "4h")
    assert sco("status", "--json").json["next"] == ["sco init --systemd"]
    sco("init", "--cron", "-y", "--no-probe")
    assert sco("init", "--systemd", "--install", "--user").status == 0
    assert sco("status", "--json").json["next"] == ["sco detect"]


def test_a_dry_run_leaves_no_trace(sco, trained):
    sco("detect", "--from", trained, "--dry-run")
    assert sco("status", "--json").json["detect"] is None


def test_a_failed_run_says_why(sco, trained, tmp_path):
    assert sco("detect", "--from", tmp_path / "none.csv").status != 0
    body = sco("status", "--json").json
    assert body["detect"]["how"] == "failed" and "none.csv" in body["detect"]["error"]
    assert "sco doctor" in body["next"]


def test_late_runs_are_called_late(sco, home):
    ran(home, "detect", *(3 * HOUR + n * 5 * MINUTE for n in range(6, -1, -1)))
    ran(home, "train", 2 * DAY)
    body = sco("status", "--json").json
    assert body["detect"]["late"] is True and round(body["detect"]["every_ms"] / 1000) == 300
    assert body["train"]["late"] is False
    assert lines(sco("status").out)["detected"].endswith("usually every 5m, LATE")


def test_a_run_that_was_killed_is_not_running(sco, home):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    with open_state(state_dir(home)) as state:
        state.execute("INSERT INTO runs (kind, pid, started) VALUES ('train', ?, ?)", (child.pid, now_ms() - HOUR))
        state.execute("INSERT INTO runs (kind, pid, started) VALUES ('detect', ?, ?)", (os.getpid(), now_ms()))
    body = sco("status", "--json").json
    assert (body["train"]["how"], body["detect"]["how"]) == ("died", "running")
    assert f"died without a word (pid {child.pid})" in sco("status").out


def test_a_damaged_pointer_is_shown_and_the_rest_too(sco, trained, home):
    (pointer,) = home.rglob("current.json")
    pointer.write_text("{")
    said = sco("status", "--json")
    assert said.status == 0 and "damaged" in said.json["model"]["error"]
    assert said.json["train"]["how"] == "done" and "sco doctor" in said.json["next"]
    pointer.write_text('{"version": "99999999T999999Z-abcdef", "history": []}')
    assert "names no moment" in sco("status", "--json").json["model"]["error"]


def test_credentials_in_the_url_are_not_shown(sco, monkeypatch):
    monkeypatch.setenv("SCO_PROMETHEUS__URL", "https://me:hunter22@prom:9090")
    said = sco("status")
    assert "hunter22" not in said.out and "prom:9090" in said.out


def test_watch_in_a_form_that_has_one_document_is_refused(sco):
    said = sco("status", "--watch", "-o", "json")
    assert said.status == Status.USAGE and "jsonl" in said.err


def test_seconds_go_with_watch(sco):
    said = sco("status", "30")
    assert said.status == Status.USAGE and "sco status --watch 30" in said.err


def test_watch_prints_line_after_line_into_a_pipe(home, tmp_path):
    process = start_watch(["1", "-o", "jsonl"], tmp_path, subprocess.PIPE)
    assert process.stdout is not None
    first, second = (json.loads(process.stdout.readline()) for _ in range(2))
    assert first["now"] < second["now"]
    assert end(process) == Status.INTERRUPTED


def test_watch_gives_the_terminal_back(home, tmp_path):
    ours, theirs = pty.openpty()
    process = start_watch(["1"], tmp_path, theirs)
    os.close(theirs)
    seen = b""
    deadline = time.monotonic() + 20
    while seen.count(b"no incidents") < 2 and time.monotonic() < deadline:
        seen += os.read(ours, 65536)
    process.send_signal(signal.SIGINT)
    seen += rest(ours)
    os.close(ours)
    assert end(process) == Status.INTERRUPTED
    assert seen.count(b"no incidents") >= 2
    assert b"\x1b[?1049h" in seen and b"\x1b[?1049l" in seen and b"\x1b[?25h" in seen
    assert b"\x1b[2J" not in seen.partition(b"no incidents")[2]


def start_watch(arguments: list[str], cwd: Path, out: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "smartcloudops", "status", "--watch", *arguments]
    env = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    return subprocess.Popen(command, cwd=cwd, env=env, stdout=out, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> int:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert "Traceback" not in said
    return process.returncode


def rest(fd: int) -> bytes:
    """What is still to come from a terminal that closes."""
    found = b""
    try:
        while chunk := os.read(fd, 65536):
            found += chunk
    except OSError:
        pass
    return found
