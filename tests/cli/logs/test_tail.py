"""`sco logs tail`: what it shows, says and ends in; Ctrl-C on a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.typist import CTRL_C, Typist, shown

from smartcloudops.core.errors import Status
from smartcloudops.core.times import now_ms, rfc3339

ROOT = Path(__file__).parents[3]


def soon(ms: int = 300) -> str:
    return rfc3339(now_ms() + ms)


def line(text: str, *, ago_ms: int = 60_000) -> str:
    return f"{rfc3339(now_ms() - ago_ms)} {text}\n"


@pytest.fixture
def logs(tmp_path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "web-1.log").write_text(line("INFO start", ago_ms=90_000) + line("ERROR timeout", ago_ms=30_000))
    (folder / "web-2.log").write_text(line("ERROR refused", ago_ms=60_000))
    return folder


def test_what_is_there_by_time_and_how_far_it_came(sco, logs):
    said = sco("logs", "tail", logs, "--until", soon())
    assert said.status == Status.DONE, said.err
    assert [row.split()[2] for row in said.out.splitlines()] == ["start", "refused", "timeout"]
    assert "following" in said.err and "every " in said.err and "LIST" not in said.err
    assert "3 hits" in said.err and "complete up to" in said.err


def test_filters_and_the_last_lines(sco, logs):
    said = sco("logs", "tail", logs, "--grep", "error", "-i", "-n", "1", "--until", soon())
    assert [row.split()[2] for row in said.out.splitlines()] == ["timeout"]
    said = sco("logs", "tail", logs, "--since", "45s", "--until", soon())
    assert [row.split()[2] for row in said.out.splitlines()] == ["timeout"]


def test_json_lines_say_where_and_when(sco, logs):
    said = sco("logs", "tail", logs, "-g", "refused", "-o", "jsonl", "--until", soon())
    (row,) = [json.loads(each) for each in said.out.splitlines()]
    assert row["object"] == "web-2.log" and row["offset"] == 0 and row["line"].endswith("ERROR refused")
    whole = sco("logs", "tail", logs, "--json", "--until", soon()).json
    assert len(whole["hits"]) == 3 and whole["complete"] is True and whole["schema_version"] == 1


def test_quiet_says_only_what_is_wrong(sco, logs):
    assert sco("-q", "logs", "tail", logs, "--until", soon()).err == ""
    (logs / "x.zip").write_bytes(b"PK\x03\x04" + bytes(80))
    said = sco("-q", "logs", "tail", logs, "--until", soon())
    assert said.status == Status.PARTIAL and "x.zip" in said.err and len(said.out.splitlines()) == 3


def test_nothing_so_far_is_said(sco, logs):
    said = sco("logs", "tail", logs, "-g", "absent", "--until", soon())
    assert said.status == Status.DONE and "nothing matched so far" in said.err


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--every", "1ms"), "--every 1ms"),
        (("--late", "x"), "no duration"),
        (("--grep", "("), "("),
        (("--since", "1h", "--until", "2h"), "before"),
        (("--where", "level ="), "column 8"),
    ],
)
def test_wrong_usage(sco, logs, more, why):
    said = sco("logs", "tail", logs, *more)
    assert said.status == Status.USAGE and why in said.err


def test_standard_input_and_tables_are_not_for_following(sco, logs):
    assert sco("logs", "tail", "-").status == Status.USAGE
    said = sco("logs", "search", "x", logs, "-f", "-o", "table")
    assert said.status == Status.USAGE and "jsonl" in said.err


def test_search_follows_too(sco, logs):
    said = sco("logs", "search", "ERROR", logs, "-f", "--until", soon())
    assert said.status == Status.DONE and len(said.out.splitlines()) == 2


def test_escapes_never_reach_a_terminal_and_ctrl_c_says_what_was_covered(logs):
    command = [sys.executable, "-m", "smartcloudops", "logs", "tail", str(logs), "--every", "200ms", "-g", "ERROR"]
    with Typist(command, columns=120) as typist:
        typist.until("timeout")
        typist.until("following")
        with (logs / "web-1.log").open("a") as f:
            f.write(line("ERROR \x1b[2Jwiped"))
        typist.until(r"\x1b[2J")
        with (logs / "web-2.log").open("a") as f:
            f.write("ERROR not whole")
        time.sleep(0.5)
        typist.type(CTRL_C)
        assert typist.ends() == Status.INTERRUPTED
        screen = shown(typist.raw)
    assert "ERROR not whole" in screen and "complete up to" in screen and "sco: interrupted" in screen
    assert "\x1b[2J" not in typist.raw and "INFO" not in screen and "Traceback" not in screen
    assert "web-1.log" in screen and "\x1b[" in typist.raw


def test_lines_reach_a_pipe_as_they_come(logs):
    command = [sys.executable, "-m", "smartcloudops", "logs", "tail", str(logs), "--every", "100ms", "-o", "jsonl"]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert [json.loads(process.stdout.readline())["object"] for _ in range(3)]
        (logs / "web-3.log").write_text(line("late"))
        assert json.loads(process.stdout.readline())["object"] == "web-3.log"
        process.send_signal(signal.SIGINT)
        err = process.stderr.read()
        assert process.wait(20) == Status.INTERRUPTED and "4 hits" in err, err


def test_a_closed_pipe_ends_it(logs):
    command = f"{sys.executable} -m smartcloudops logs tail {logs} --every 100ms | head -1"
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, shell=True, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            with (logs / "web-1.log").open("a") as f:
                f.write(line("more"))
            time.sleep(0.1)
        out, err = process.communicate(timeout=5)
    assert out.count(b"\n") == 1 and b"Traceback" not in err
