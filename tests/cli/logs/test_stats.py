"""`sco logs stats` through the front door, on files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from fakes.terminal import on_terminal

from smartcloudops.cli.logs.stats import Run
from smartcloudops.cli.render.output import Output
from smartcloudops.core.errors import Status
from smartcloudops.core.settings import Logs
from smartcloudops.logs.counting import Wanted
from smartcloudops.logs.counting.counted import Counting
from smartcloudops.logs.searching import Asked
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.sources.directory import Directory

HOURS = range(8, 14)
LEVELS = {"INFO": 6 * 48, "WARN": 6 * 6, "ERROR": 6 * 6}


def level(n: int) -> str:
    return "ERROR" if n % 10 == 0 else "WARN" if n % 10 == 5 else "INFO"


def record(hour: int, n: int) -> str:
    fields = {"time": f"2026-11-20T{hour:02}:{n % 60:02}:00Z", "level": level(n), "host": f"web-{hour % 2}"}
    return json.dumps({**fields, "path": f"/p{n % 3}", "latency_ms": n * 1.5, "msg": f"request {n}"})


@pytest.fixture
def logs(tmp_path) -> Path:
    """Six hours, a file an hour, 60 records in each."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for hour in HOURS:
        text = "".join(record(hour, n) + "\n" for n in range(60))
        (folder / f"{hour:02}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def test_by_a_field(sco, logs) -> None:
    said = sco("logs", "stats", "--by", "level", logs)
    assert said.status == Status.DONE
    assert [line.split() for line in said.out.splitlines()] == [
        ["LEVEL", "COUNT", "SHARE"],
        ["INFO", "288", "80.0%"],
        ["ERROR", "36", "10.0%"],
        ["WARN", "36", "10.0%"],
    ]


def test_the_document_says_what_was_counted_and_how_exactly(sco, logs) -> None:
    said = sco("logs", "stats", "--by", "path,level", "--every", "1h", "--distinct", "msg", logs, "--json")
    found = json.loads(said.out)
    assert said.status == Status.DONE and said.err == ""
    assert (found["records"], found["complete"], found["objects"], found["unread"]) == (360, True, 6, [])
    assert (found["first"], found["last"]) == ("2026-11-20T08:00:00Z", "2026-11-20T13:59:00Z")
    (by,) = found["by"]
    assert (by["exact"], by["values"], by["others"], by["unlisted_at_most"]) == (True, 9, 0, 0)
    counts = {(c["value"]["path"], c["value"]["level"]): c["count"] for c in by["counts"]}
    assert counts == Counter((f"/p{n % 3}", level(n)) for n in range(60) for _ in HOURS)
    assert [row["count"] for row in found["over"]["rows"]] == [60] * 6
    assert found["over"]["every_s"] == 3600 and found["over"]["exact"]
    assert found["over"]["rows"][0]["by"]["/p0 ERROR"] == 2
    assert found["distinct"]["fields"] == [{"field": "msg", "values": 60, "exact": True, "relative_error": 0.0}]


def test_one_word_is_the_source_and_the_first_of_two_the_pattern(sco, logs, tmp_path) -> None:
    (tmp_path / "sco.toml").write_text(f'[logs.web]\nuri = "{logs}"\n')
    config = ("--config", tmp_path / "sco.toml", "logs", "stats", "-o", "json")
    for words, count in (((), 360), (("web",), 360), (("ERROR", "web"), 36), (("request 7\\b", logs), 6)):
        said = sco(*config, *words)
        assert (said.status, json.loads(said.out)["records"]) == (Status.DONE, count), said.err
    assert sco(*config, "ERROR", "web", "more").status == Status.USAGE
    assert sco(*config, "wbe").status == Status.USAGE


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("--field", "level=WARN"), 36),
        (("--where", "latency_ms >= 60"), 6 * 20),
        (("--since", "2026-11-20T09:30Z", "--until", "2026-11-20T11:00Z"), 90),
        (("-v", "INFO"), 72),
        (("-i", "error"), 36),
        (("-F", "request 5"), 6 * 11),
        (("--since", "2027-01-01"), 0),
    ],
)
@pytest.mark.parametrize("workers", [(), ("--workers", "0")])
def test_the_same_questions_as_search(sco, logs, arguments, count, workers) -> None:
    words = arguments[-1:] if arguments[0] in ("-v", "-i", "-F") else ()
    flags = arguments[: len(arguments) - len(words)]
    said = sco("logs", "stats", *flags, "--by", "level", "--every", "auto", *words, logs, "-o", "json", *workers)
    found = json.loads(said.out)
    assert (said.status, found["records"]) == (Status.DONE, count), said.err
    assert sum(row["count"] for row in found["over"]["rows"]) == count
    assert sum(c["count"] for c in found["by"][0]["counts"]) == count


def test_percentiles_by_group(sco, logs) -> None:
    said = sco("logs", "stats", "--by", "path", "--percentiles", "latency_ms", logs, "-o", "json")
    (found,) = json.loads(said.out)["percentiles"]
    for group in found["groups"]:
        values = sorted(n * 1.5 for n in range(60) if f"/p{n % 3}" == group["by"]["path"])
        assert group["count"] == 6 * len(values)
        assert (group["min"], group["max"]) == (values[0], values[-1])
        assert group["p50"] == pytest.approx(values[9], rel=found["relative_error"])
    assert (found["all"]["count"], found["all"]["missing"], found["all"]["not_numeric"]) == (360, 0, 0)


def test_percentiles_of_text_say_that_it_is_none(sco, logs) -> None:
    said = sco("logs", "stats", "--percentiles", "path", logs)
    assert said.status == Status.DONE
    assert "360 records have a path that is no number, such as '/p0'" in said.err


def test_rows_of_time_for_a_spreadsheet(sco, logs) -> None:
    said = sco("logs", "stats", "--by", "level", "--every", "3h", logs, "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [row["time"] for row in rows] == ["2026-11-20T06:00:00Z", "2026-11-20T09:00:00Z", "2026-11-20T12:00:00Z"]
    assert [int(row["count"]) for row in rows] == [60, 180, 120]
    assert sum(int(row["ERROR"]) for row in rows) == 36


def test_csv_holds_one_table(sco, logs) -> None:
    said = sco("logs", "stats", "--by", "level", "--by", "path", logs, "-o", "csv")
    assert said.status == Status.USAGE and "CSV holds one table" in said.err and said.out == ""


def test_lines_of_json_name_what_they_are(sco, logs) -> None:
    said = sco("logs", "stats", "--by", "level", "--every", "6h", logs, "-o", "jsonl")
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert {row["kind"] for row in rows} == {"over", "by"}
    assert {row["level"]: row["count"] for row in rows if row["kind"] == "by"} == LEVELS


def test_titles_in_markdown(sco, logs) -> None:
    said = sco("logs", "stats", logs, "-o", "md")
    assert re.findall("^### (.*)", said.out, re.MULTILINE) == ["over time, every 15m, by level", "by level", "by host"]


def test_a_field_that_no_record_has(sco, logs) -> None:
    said = sco("logs", "stats", "--by", "levl", logs)
    assert said.status == Status.FAILED and said.out == ""
    assert "none of 360 records has a field 'levl'" in said.err and "did you mean `level`?" in said.err


def test_a_field_may_be_in_what_could_not_be_read(sco, logs) -> None:
    (logs / "14.jsonl.gz").write_bytes(b"\x1f\x8b\x08")
    said = sco("logs", "stats", "--by", "trace", logs)
    assert said.status == Status.PARTIAL and "a field 'trace'" in said.err
    assert said.out.splitlines()[1].split() == ["-", "360", "100.0%"]


def test_a_summary_leaves_out_what_there_is_not(sco, tmp_path) -> None:
    (tmp_path / "a.jsonl").write_text('{"time":"2026-11-20T08:00:00Z","x":1}\n' * 3)
    said = sco("logs", "stats", tmp_path / "a.jsonl")
    assert said.status == Status.DONE and said.out.startswith("TIME") and "level" not in said.out


@pytest.mark.parametrize("arguments", [("--every", "0s"), ("--every", "1500ms"), ("--every", "x"), ("--by", "a,,b")])
def test_what_makes_no_sense_is_said_before_anything_is_read(sco, logs, arguments) -> None:
    said = sco("logs", "stats", *arguments, logs)
    assert said.status == Status.USAGE and "try:" in said.err


def test_nothing_found_is_no_error(sco, logs) -> None:
    said = sco("logs", "stats", "--by", "level", "nothing like it", logs)
    assert (said.status, said.out) == (Status.DONE, "no records\n")
    assert "in 6 objects" in said.err


def test_what_cannot_be_read_is_named_and_the_rest_is_counted(sco, logs) -> None:
    whole = (logs / "08.jsonl.gz").read_bytes()
    (logs / "08.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    said = sco("logs", "stats", "--by", "level", logs, "-o", "json")
    found = json.loads(said.out)
    assert said.status == Status.PARTIAL and "08.jsonl.gz" in said.err
    assert 300 < found["records"] < 360 and not found["complete"]
    assert [one["damage"] for one in found["unread"]] == ["truncated"]


def test_nothing_that_can_be_read_at_all(sco, tmp_path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"x" * 100)[:10])
    said = sco("logs", "stats", "--by", "level", tmp_path / "a.gz")
    assert said.status == Status.PARTIAL and "truncated" in said.err and said.out == "no records\n"


class _CutOff(Counting):
    """Interrupted after two objects."""

    def __iter__(self):
        for number, done in enumerate(super().__iter__()):
            yield done
            if number == 1:
                raise KeyboardInterrupt


def test_ctrl_c_prints_what_was_counted_so_far(logs, capsys) -> None:
    asked = Asked(Directory("web", Logs(uri=str(logs))), Question(), workers=0)
    run = Run(_CutOff(asked, Wanted(by=(("level",),))), summary=False, top=0, quiet=False)
    with pytest.raises(KeyboardInterrupt):
        run.status(Output.JSON)
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["objects"], found["records"], found["complete"]) == (2, 120, False)
    assert "interrupted: 120 records in 2 of 6" in said.err


def test_ctrl_c_in_a_large_object_loses_nothing_that_was_counted(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("smartcloudops.logs.counting.counted._EVERY_S", 0)
    monkeypatch.setattr("smartcloudops.logs.worker._EVERY_S", 0)
    lines = b'{"level":"INFO","message":"%b"}\n' % (b"x" * 970) * 60_000
    (tmp_path / "big.log").write_bytes(lines)
    asked = Asked(Directory("web", Logs(uri=str(tmp_path))), Question(), workers=0)
    counting = Counting(asked, Wanted(by=(("level",),)))
    met = [counting.tally.records for _ in counting]
    assert met == sorted(met) and len(set(met)) > 2 and met[-1] == 60_000
    assert counting.tally.by[0].counts == {("INFO",): 60_000}


def test_standard_input_is_a_source() -> None:
    lines = "".join(record(8, n) + "\n" for n in range(60))
    command = [sys.executable, "-m", "smartcloudops", "logs", "stats", "--by", "level", "-", "-o", "csv"]
    done = subprocess.run(command, input=lines, capture_output=True, check=False, text=True)
    assert done.stdout == "level,count,share\nINFO,48,80.0%\nERROR,6,10.0%\nWARN,6,10.0%\n", done.stderr


@pytest.mark.parametrize("columns", [60, 120])
def test_on_a_terminal_bars_fill_its_width(logs, columns) -> None:
    shown = on_terminal(("logs", "stats", logs), columns=columns)
    bare = re.sub(r"\x1b\[[\d;]*m", "", shown.screen)
    assert shown.status == Status.DONE and max(map(len, bare.splitlines())) == columns
    assert "█ ERROR 36   █ WARN 36   █ INFO 288" in bare and "\x1b[31m█" in shown.screen
    assert "360 records, 2026-11-20 08:00Z to 2026-11-20 13:59Z" in bare
    assert ("█" * 20 in bare.rpartition("by level\n")[2]) is (columns >= 70)


def test_no_colour_where_none_is_wanted(logs) -> None:
    shown = on_terminal(("logs", "stats", logs), NO_COLOR="1")
    assert not re.search(r"\x1b\[[\d;]*[39]\dm", shown.screen) and "█ ERROR 36   ▓ WARN 36   ▒ INFO 288" in shown.screen


def test_escapes_in_values_do_not_reach_the_terminal(tmp_path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"level": "\x1b[2Jgone", "time": "2026-11-20T08:00:00Z"}) + "\n")
    shown = on_terminal(("logs", "stats", tmp_path / "a.jsonl", "--by", "level", "--every", "1m"))
    assert "\x1b[2J" not in shown.screen and "\\x1b[2Jgone" in shown.screen
