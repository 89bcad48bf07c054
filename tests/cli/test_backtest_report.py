"""`sco backtest --report` and `--labels` as a user meets them: one page that needs nothing else, honest figures."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from fakes.recordings import START, STEP, write_csv

from smartcloudops.core.errors import Status
from smartcloudops.core.times import rfc3339

ROWS = 700
EVENT = (520, 540)


class Page(HTMLParser):
    """Reads a page: its text, its tags with attributes, and whether every tag is closed."""

    VOID: ClassVar = {"meta", "rect", "path", "wbr"}

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(path.read_text())
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str, kind: str) -> int:
        return sum(t == tag and a.get("class") == kind for t, a in self.tags)


@pytest.fixture
def data(tmp_path) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    for name in ("cpu.csv", "deep/other.csv"):
        values = 50 + rng.normal(size=ROWS)
        values[EVENT[0] : EVENT[1]] += 60
        write_csv(folder / name, {"value": values})
    return folder


def at(row: int) -> str:
    return rfc3339(START + row * STEP)


def labelled(path: Path, windows: object) -> Path:
    path.write_text(json.dumps(windows))
    return path


def backtest(sco, data: Path, *more: object):
    return sco("backtest", "--data", data, "--results", data.parent / "results", "--workers", "1", *more)


def test_without_labels_the_page_shows_counts_and_says_so(sco, data, tmp_path):
    said = backtest(sco, data, "--report", tmp_path / "page.html")
    assert said.status == 0 and f"report: {tmp_path / 'page.html'}" in said.err
    page = Page(tmp_path / "page.html")
    assert "No labels were given" in page.text and "recall" not in page.text.replace("precision, recall", "")
    assert page.count("path", "line") == page.count("path", "score") == 2
    assert page.count("path", "alert") == 2 and page.count("rect", "incident") >= 2
    assert page.count("rect", "window") == 0


def test_the_page_needs_nothing_else(sco, data, tmp_path):
    backtest(sco, data, "--report", tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    assert not re.search(r"<script|<link|<img|url\(|@import|https?:|\bsrc=", text)
    assert {a["href"][0] for tag, a in Page(tmp_path / "page.html").tags if tag == "a"} == {"#"}
    assert "prefers-color-scheme: dark" in text and "width=device-width" in text


def test_labels_give_figures(sco, data, tmp_path):
    windows = {"cpu.csv": [[at(EVENT[0]), at(EVENT[1])], [at(600), at(610)]], "cqu.csv": []}
    labels = labelled(tmp_path / "labels.json", windows)
    said = backtest(sco, data, "--labels", labels, "--report", tmp_path / "page.html", "--json")
    by_file = {f["file"]: f["quality"] for f in said.json["files"]}
    assert by_file["deep/other.csv"] is None
    assert by_file["cpu.csv"] == said.json["quality"]
    found = said.json["quality"]
    assert (found["windows"], found["met"], found["recall"]) == (2, 1, 0.5)
    assert found["precision"] == 1 / (1 + found["false_alarms"])
    assert found["delay_ms"] == found["delay_rows"] * STEP and found["delay_rows"] <= 3
    assert found["auc_pr"] > 0.3 and found["series_weeks"] == pytest.approx((ROWS - 96) / 2016, rel=0.02)
    page = Page(tmp_path / "page.html")
    assert page.count("rect", "window") == 2
    assert "not labelled" in page.text and "AUC-PR" in page.text
    assert "1 of 2 files are labelled: windows 2" in said.err
    assert "labels of files that were not walked: cqu.csv" in said.err


def test_labels_change_no_result(sco, data, tmp_path):
    backtest(sco, data)
    before = [p.read_bytes() for p in sorted((tmp_path / "results").rglob("*.csv"))]
    labels = labelled(tmp_path / "labels.json", {"cpu.csv": [[at(100), at(650)]], "other.csv": []})
    assert backtest(sco, data, "--labels", labels).status == 0
    assert [p.read_bytes() for p in sorted((tmp_path / "results").rglob("*.csv"))] == before


def test_everything_is_escaped(sco, data, tmp_path):
    odd = data / "<b>a&b'\".csv"
    write_csv(odd, {"<script>alert(1)</script>": np.arange(150.0)})
    (data / "<i>broken.csv").write_text("timestamp,value\n<u>,1\n")
    said = backtest(sco, data, "--report", tmp_path / "page.html")
    assert said.status == Status.PARTIAL
    text = (tmp_path / "page.html").read_text()
    assert "<script" not in text and "<b>" not in text and "<i>" not in text and "<u>" not in text
    page = Page(tmp_path / "page.html")
    assert "<b>a&b'\".csv" in page.text and "not walked" in page.text and "<script>alert(1)</script>" in page.text


def test_wide_short_and_empty_files_are_drawn(sco, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    gaps = np.arange(300.0)
    gaps[100:200] = np.nan
    write_csv(data / "wide.csv", {"a": gaps, "b": np.full(300, np.nan), "c": np.ones(300)})
    write_csv(data / "short.csv", {"value": np.ones(3)})
    (data / "empty.csv").write_text("timestamp,value\n")
    said = backtest(sco, data, "--report", tmp_path / "page.html")
    assert said.status == 0
    page = Page(tmp_path / "page.html")
    assert "3 series, each on a scale of its own" in page.text
    assert page.count("path", "line many") == 2
    drawn = [a["d"] or "" for tag, a in page.tags if tag == "path" and a.get("class") == "line many"]
    assert drawn[0].count("M") == 2  # broken by the gap


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot read"),
        ("[]", "is no object of files"),
        ('{"cpu.csv": [["yesterday", "2026-11-20"]]}', "the windows of cpu.csv cannot be read"),
        ('{"cpu.csv": [["2026-11-21", "2026-11-20"]]}', "ends before it starts"),
        ('{"cpu.csv": 3}', "the windows of cpu.csv cannot be read"),
    ],
)
def test_labels_that_cannot_be_read_are_named_after_the_scoring(sco, data, tmp_path, text, why):
    path = tmp_path / "labels.json"
    path.write_text(text)
    said = backtest(sco, data, "--labels", path)
    assert said.status == Status.FAILED and why in said.err and "try:" in said.err
    assert (tmp_path / "results/cpu.csv").exists()


def test_a_missing_labels_file_is_said_before_the_work(sco, data, tmp_path):
    said = backtest(sco, data, "--labels", tmp_path / "none.json")
    assert said.status == Status.USAGE and not (tmp_path / "results").exists()


def test_a_report_that_cannot_be_written_leaves_the_old_one(sco, data, tmp_path):
    place = tmp_path / "page.html"
    place.mkdir()
    said = backtest(sco, data, "--report", place)
    assert said.status == Status.FAILED and "cannot write" in said.err
    assert list(tmp_path.glob(".page*")) == []
