"""`sco logs ls` through the front door, on directories."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from smartcloudops.core.errors import Status

START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def logs(tmp_path):
    """Four days of two hosts, a file an hour, and one without a date."""
    root = tmp_path / "logs"
    for host in ("web-1", "web-2"):
        for hour in range(96):
            path = root / host / f"{START + timedelta(hours=hour):dt=%Y-%m-%d/hour=%H}" / "a.log"
            path.parent.mkdir(parents=True)
            path.write_text("x" * 100)
    (root / "app.log").write_text("y" * 10)
    return root


def test_days_are_counted(sco, logs):
    said = sco("logs", "ls", logs)
    assert said.status == Status.DONE, said.err
    rows = said.out.splitlines()
    assert rows[0].split() == ["DAY", "OBJECTS", "SIZE", "FIRST", "LAST"]
    assert rows[1].split()[:2] == ["(no", "date)"] and rows[2].split()[:2] == ["2026-11-01", "48"]
    assert "in all: 193 objects, 18.8 KiB, 2026-11-01T00:00Z to 2026-11-05T00:00Z" in said.out
    assert "without a date in the name: 1 object, part of every window" in said.out
    assert "layout: sco" in said.out and "$" not in said.out


def test_a_window_and_its_slack(sco, logs):
    window = ("--since", "2026-11-02T10:00Z", "--until", "2026-11-02T11:00Z", "--json")
    wide = sco("logs", "ls", logs, *window).json
    narrow = sco("logs", "ls", logs, *window, "--slack", "0s").json
    # An hour's files may hold records of five minutes around it.
    assert wide["total"]["objects"] == 2 * 5 + 1 and narrow["total"]["objects"] == 2 * 3 + 1
    assert wide["price"] is None and wide["layout"] == "sco" and wide["schema_version"] == 1
    assert wide["since"] == "2026-11-02T10:00:00Z"
    assert wide["total"]["undated"] == 1 and wide["outside"] > 0


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        ("host", ["(none)", "web-1", "web-2"]),
        ("folder", ["(top)", "web-1/", "web-2/"]),
        ("month", ["(no date)", "2026-11"]),
        ("storage", ["STANDARD"]),
    ],
)
def test_what_else_objects_are_counted_by(sco, logs, by, labels):
    found = sco("logs", "ls", logs, "--by", by, "--json").json
    assert [group["group"] for group in found["groups"]] == labels
    assert sum(group["objects"] for group in found["groups"]) == 193


def test_hours(sco, logs):
    found = sco("logs", "ls", logs, "--by", "hour", "-o", "jsonl")
    labels = [json.loads(line)["group"] for line in found.out.splitlines()]
    assert len(labels) == 97 and labels[1] == "2026-11-01 00"
    assert "in all: 193 objects" in found.err


def test_every_object(sco, logs):
    lines = sco("logs", "ls", logs, "--objects", "-o", "jsonl").out.splitlines()
    assert len(lines) == 193
    first = json.loads(lines[1])
    assert first["key"] == "web-1/dt=2026-11-01/hour=00/a.log" and first["size"] == 100
    assert first["since"] == "2026-10-31T23:55:00Z" and first["until"] == "2026-11-01T01:05:00Z"
    rows = list(csv.DictReader(io.StringIO(sco("logs", "ls", logs, "--objects", "-o", "csv").out)))
    assert len(rows) == 193 and rows[0]["key"] == "app.log" and rows[0]["since"] == ""
    document = sco("logs", "ls", logs, "--objects", "--json").json
    assert len(document["objects"]) == 193 and document["total"]["bytes"] == 19_210
    plain = sco("logs", "ls", logs, "--objects", "--since", "2026-11-04T22:00Z", "--slack", "0s")
    assert len(plain.out.splitlines()) == 7 and "in all: 7 objects" in plain.err
    table = sco("logs", "ls", logs, "--objects", "-o", "md").out.splitlines()
    assert table[0].startswith("| key | size") and len(table) == 195


def test_a_layout_of_ones_own(sco, logs):
    found = sco("logs", "ls", logs, "--layout", "{box}/dt={yyyy}-{mm}-{dd}", "--by", "box", "--json").json
    assert [group["group"] for group in found["groups"]] == ["(none)", "web-1", "web-2"]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--layout", "albs"), "no layout named 'albs'"),
        (("--layout", "{year}/"), "{year} is no part of a date"),
        (("--by", "hosts"), "--by hosts: keys name no such thing"),
        (("--since", "yesterday"), "'yesterday' is no time"),
        (("--since", "1h", "--until", "2h"), "is not before"),
        (("--slack", "much"), "'much' is no duration"),
    ],
)
def test_wrong_usage_says_why(sco, logs, args, why):
    said = sco("logs", "ls", logs, *args)
    assert said.status == Status.USAGE and why in said.err and said.out == ""


def test_an_empty_directory(sco, tmp_path):
    (tmp_path / "none").mkdir()
    said = sco("logs", "ls", tmp_path / "none", "--since", "1h")
    assert said.status == Status.DONE and "nothing there in that window" in said.out


def test_names_are_shown_without_escapes(sco, logs):
    (logs / "evil\x1b[31m.log").write_text("")
    said = sco("logs", "ls", logs, "--objects")
    assert "\x1b" not in said.out and "evil\\x1b[31m.log" in said.out


def test_help_teaches(sco):
    said = sco("logs", "ls", "--help")
    assert "Examples:" in said.out and "cloudtrail" in said.out and "--slack" in said.out
