"""`sco logs search` through the front door, on files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smartcloudops.core.errors import Status
from smartcloudops.logs.finding.fields import TOO_DEEP

HOURS = range(8, 14)


def record(hour: int, n: int) -> str:
    level = "ERROR" if n % 10 == 0 else "INFO"
    return json.dumps(
        {
            "time": f"2026-11-20T{hour:02}:{n % 60:02}:00Z",
            "level": level,
            "n": n,
            "host": "web-1",
            "msg": f"request {n}",
        }
    )


@pytest.fixture
def logs(tmp_path) -> Path:
    """Six hours of one host, a file an hour, 60 records in each."""
    for hour in HOURS:
        folder = tmp_path / "logs" / "web-1" / "dt=2026-11-20" / f"hour={hour:02}"
        folder.mkdir(parents=True)
        text = "".join(record(hour, n) + "\n" for n in range(60))
        (folder / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path / "logs"


def test_lines_as_they_are(sco, logs) -> None:
    said = sco("logs", "search", "ERROR", logs)
    assert said.status == Status.DONE
    assert sorted(said.out.splitlines()) == sorted(record(h, n) for h in HOURS for n in range(0, 60, 10))


def test_a_configured_name_is_a_source_and_the_only_one_needs_no_name(sco, logs, tmp_path) -> None:
    (tmp_path / "sco.toml").write_text(f'[logs.web]\nuri = "{logs}"\n')
    config = ("--config", tmp_path / "sco.toml")
    for arguments in (("request 7", "web"), ("request 7",), ("--where", "n = 7"), ("--field", "n=7", "web")):
        said = sco(*config, "logs", "search", *arguments)
        assert (said.status, len(said.out.splitlines())) == (Status.DONE, 6), said.err
    wrong = sco(*config, "logs", "search", "x", "wbe")
    assert wrong.status == Status.USAGE and "web" in wrong.err


def test_the_window_is_that_of_the_records_and_other_hours_are_not_read(sco, logs) -> None:
    said = sco(
        "logs",
        "search",
        "",
        logs,
        "--since",
        "2026-11-20T10:30Z",
        "--until",
        "2026-11-20T11:00Z",
        "--json",
        "--slack",
        "0s",
    )
    found = json.loads(said.out)
    assert sorted(h["time"] for h in found["hits"]) == [f"2026-11-20T10:{m}:00Z" for m in range(30, 60)]
    assert found["objects"] <= 3 and found["complete"] is True


def test_json_lines_are_hits_only_with_their_place(sco, logs) -> None:
    said = sco("logs", "search", "--field", "level=ERROR", logs, "-n", "3", "-o", "jsonl")
    hits = [json.loads(line) for line in said.out.splitlines()]
    assert len(hits) == 3
    for hit in hits:
        assert list(hit) == ["time", "source", "object", "offset", "host", "line", "fields"]
        text = gzip.decompress((logs / hit["object"]).read_bytes()).decode()
        assert text[hit["offset"] :].startswith(hit["line"] + "\n")
        assert (hit["host"], hit["fields"]["level"]) == ("web-1", "ERROR")


def test_by_time_whatever_the_order_of_the_objects(sco, logs) -> None:
    (logs / "aaa.log").write_text(record(13, 59) + "\n")
    said = sco("logs", "search", "ERROR|request 59", logs, "--sort", "time", "-o", "jsonl")
    times = [json.loads(line)["time"] for line in said.out.splitlines()]
    assert times == sorted(times) and len(times) == 43
    first = sco("logs", "search", "ERROR|request 59", logs, "--sort", "time", "-n", "2", "-o", "jsonl")
    assert first.out.splitlines() == said.out.splitlines()[:2]


def test_csv_of_any_field(sco, logs) -> None:
    said = sco("logs", "search", "--where", "n in (1, 2)", logs, "-o", "csv", "--columns", "time,n,msg,none")
    rows = list(csv.reader(io.StringIO(said.out)))
    assert rows[0] == ["time", "n", "msg", "none"]
    assert sorted({tuple(r[1:]) for r in rows[1:]}) == [("1", "request 1", ""), ("2", "request 2", "")]


def test_records_around_as_grep_does(sco, logs) -> None:
    said = sco("logs", "search", '"n": 30,', logs / "web-1/dt=2026-11-20/hour=08", "-B", "1", "-A", "2")
    assert [json.loads(line)["n"] for line in said.out.splitlines()] == [29, 30, 31, 32]


def test_no_hit_is_no_failure_unless_it_is_one(sco, logs) -> None:
    said = sco("logs", "search", "nothing like it", logs)
    assert (said.status, said.out) == (Status.DONE, "") and "no hits in 6 objects" in said.err
    assert sco("logs", "search", "nothing like it", logs, "--fail-empty").status == Status.FAILED
    assert sco("logs", "search", "ERROR", logs, "--fail-empty").status == Status.DONE


def test_what_cannot_be_read_is_named_and_the_rest_is_there(sco, logs) -> None:
    path = logs / "web-1/dt=2026-11-20/hour=09/a.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-40])
    said = sco("logs", "search", "ERROR", logs)
    assert said.status == Status.PARTIAL
    assert f"unread: {path}" in said.err and "truncated" in said.err
    assert len(said.out.splitlines()) >= 30
    document = json.loads(sco("logs", "search", "ERROR", logs, "--json").out)
    assert [u["damage"] for u in document["unread"]] == ["truncated"] and document["complete"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("(",), "("),
        ((r"(a)\1",), "\\1"),
        (("x", "--where", "status >"), "status >"),
        (("x", "--since", "1h", "--until", "2h"), "not before"),
        (("x", "--budget", "lots"), "no size"),
        (("x", "--layout", "{nope"), "layout"),
        (("x", "--format", "jsno"), "json"),
        (("x", "--zone", "Mars/Olympus"), "Mars"),
        (("x", "--slack", "soon"), "duration"),
        (("x", "--resume", "-n", "3"), "--resume"),
    ],
)
def test_a_question_that_makes_no_sense_says_where(sco, logs, arguments, said) -> None:
    found = sco("logs", "search", arguments[0], logs, *arguments[1:])
    assert found.status == Status.USAGE and said in found.err and "try:" in found.err
    assert found.out == ""


def test_standard_input_is_a_source(logs) -> None:
    command = [sys.executable, "-m", "smartcloudops", "logs", "search", "two|three", "-"]
    done = subprocess.run(command, input=b"one\ntwo\nthree\n", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"two\nthree\n")


@pytest.mark.parametrize("arguments", [("x" * 5000, "--where", "a = 1"), ("x", "y" * 5000), ("x", "a\0b")])
def test_words_that_no_path_can_be(sco, arguments) -> None:
    found = sco("logs", "search", *arguments)
    assert found.status == Status.USAGE
    assert "a bug" not in found.err


def test_ctrl_c_says_what_was_covered_and_resume_goes_on_from_there(tmp_path, home) -> None:
    for n in range(300):
        (tmp_path / f"{n:03}.log").write_text("".join(f"line {n} {i} {'x' * 80}\n" for i in range(4_000)))
    command = [sys.executable, "-m", "smartcloudops", "logs", "search", "line", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ) as process:
        got = bytearray()
        began = time.monotonic()
        # A reader as slow as a person keeps the search busy beyond what it takes to be worth a journal.
        while time.monotonic() - began < 4.0:
            got += os.read(process.stdout.fileno(), 1 << 16)
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate(timeout=60)
    first = (bytes(got) + rest).splitlines()
    assert process.returncode == Status.INTERRUPTED
    assert b"interrupted: " in err and b"--resume goes on from there" in err
    again = subprocess.run([*command, "--resume"], capture_output=True, check=False)
    assert again.returncode == Status.DONE and b"resuming the search of" in again.stderr
    second = again.stdout.splitlines()
    assert len(second) < 300 * 4_000
    assert len(set(first) | set(second)) == 300 * 4_000


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv", "table"])
def test_lines_that_are_nested_more_deeply_than_anybody_writes(sco, tmp_path, form) -> None:
    deep = ['{"level":"INFO","n":1,"x":' + a * 1000 + "1" + b * 1000 + "}" for a, b in (("[", "]"), ('{"a":', "}"))]
    (tmp_path / "deep.log").write_text("\n".join([*deep, '{"level":"INFO","x":[]}', ""]))
    said = sco("logs", "search", "INFO", tmp_path / "deep.log", "-o", form, "--where", "n = 1")
    assert (said.status, said.err) == (Status.DONE, "")
    if form == "jsonl":
        hits = [json.loads(line) for line in said.out.splitlines()]
        assert [hit["line"] for hit in hits] == deep
        assert all(hit["fields"] == {"level": "INFO", "n": 1, "x": TOO_DEEP} for hit in hits)
    counted = sco("logs", "stats", "--by", "x", tmp_path / "deep.log", "-o", "csv")
    assert counted.status == Status.DONE and f"{TOO_DEEP},2" in counted.out
