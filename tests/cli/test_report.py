"""`sco report`: one page that needs nothing else, says what it could not look at, and changes nothing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from fakes.models import forge
from fakes.prometheus_server import FakePrometheus, Reply, always, error
from fakes.recordings import START, STEP, history, write_csv

from smartcloudops.core.errors import Status
from smartcloudops.core.locks import hold
from smartcloudops.core.records import Finding, Suspect
from smartcloudops.core.state import open_state
from smartcloudops.core.times import HOUR, rfc3339
from smartcloudops.triage import ledger

END = START + 899 * STEP


class Page:
    """A page that was written: well-formed, self-contained; its text, and its tags by class."""

    def __init__(self, path: Path) -> None:
        self.raw = path.read_text()
        assert not re.search(r"<script|<link|<img|url\(|@import|\bsrc=|\bhref=|\x1b", self.raw)
        assert "prefers-color-scheme: dark" in self.raw and "width=device-width" in self.raw
        self.tree = ET.fromstring(re.search("<body>.*</body>", self.raw, re.DOTALL)[0])
        self.text = " ".join("".join(self.tree.itertext()).split())

    def all(self, kind: str) -> list[ET.Element]:
        return [each for each in self.tree.iter() if kind in each.get("class", "").split()]

    def tile(self, name: str) -> str:
        found = {d.findtext("dt"): d.findtext("dd") for d in self.all("tiles")[0]}
        return str(found[name])

    def table(self, first: str) -> list[dict[str, str]]:
        """The rows of the table whose first column has that name."""
        for table in self.tree.iter("table"):
            head = [th.text for th in table.iter("th")]
            if head[0] == first:
                rows = [[("".join(td.itertext())) for td in tr] for tr in table.find("tbody")]
                return [dict(zip(head, row, strict=True)) for row in rows]
        return []


@pytest.fixture
def state(home: Path) -> Path:
    return home / ".local/state/sco"


def test_incidents_are_shown_with_their_charts(sco, trained, tmp_path):
    (found,) = sco("detect", "--from", trained, "--json").json["incidents"]
    sco("incidents", "ack", found["id"], "--note", "<b>Ann</b> & Bob")
    said = sco("report", "--from", trained, tmp_path / "r.html")
    assert (said.status, said.out) == (0, "") and f"1 incidents: {tmp_path / 'r.html'}" in said.err
    page = Page(tmp_path / "r.html")
    (card,) = page.all("incident")[:1]
    words = " ".join("".join(card.itertext()).split())
    for part in (found["id"], '{instance="web-1"}', "critical", "open", "acknowledged", "<b>Ann</b> & Bob", "opened"):
        assert part in words, part
    first, second, *_ = [s["series"] for s in found["suspects"]]
    assert words.index(first) < words.index(second) and "usually" in words
    assert len(page.all("chart")) == 2 and len(page.all("band")) == 2 and len(page.all("mark")) == 2
    assert page.tile("open now") == "1" and page.tile("incidents") == "1"
    assert len([r for r in page.tree.iter("rect") if r.get("class") == "incident"]) == 2


def test_the_period_is_counted_from_the_end_of_a_file(sco, trained, tmp_path):
    sco("detect", "--from", trained)
    sco("report", "--from", trained, "--since", "3h", "--until", "2h", tmp_path / "before.html")
    page = Page(tmp_path / "before.html")
    assert "No incident in this time." in page.text and page.tile("open now") == "0"
    assert f"{rfc3339(END - 3 * HOUR)[:10]}" in page.text


def test_model_and_runs_are_told(sco, trained, tmp_path):
    sco("detect", "--from", trained)
    sco("detect", "--from", tmp_path / "nowhere.csv")
    sco("report", "--from", trained, "--since", "30000d", tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    version = sco("models", "list", "--json").json["models"][0]["version"]
    assert version in page.text and "6 series of 2 entities" in page.text and "it is the first model" in page.text
    (labels,) = page.table("model of the incidents")
    assert labels["incidents"] == "1" and labels["not labelled"] == "1" and labels["false of labelled"] == "–"
    train, detect = page.table("runs")
    assert (train["number"], train["done"], detect["number"], detect["failed"]) == ("1", "1", "2", "1")
    assert "no file" in detect["it ended"] and page.tile("failed runs") == "1"


def test_the_share_of_false_alarms_is_by_model(sco, trained, tmp_path, state):
    with open_state(state) as db, db.transaction():
        for n, (model, label) in enumerate([("a", True), ("a", False), ("a", False), ("a", None), ("b", False)]):
            finding = Finding(f"g{n}", END - n * HOUR, END - n * HOUR, 1.5, (Suspect("s", 0.5, "why"),))
            done = ledger.apply(db, [finding], {}, source="elsewhere", hold_ms=HOUR, model=model, until=END, now=END)
            new = next(i for i in done.incidents if i.group == f"g{n}")
            ledger.label_incident(db, new, label, now=END)
    sco("report", "--from", trained, tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    rows = {row["model of the incidents"]: row["false of labelled"] for row in page.table("model of the incidents")}
    assert rows == {"b": "100%", "a": "67%"}
    assert page.tile("false alarms") == "3" and page.all("chart") == []
    assert [badge.text for badge in page.all("b-false-alarm")] == ["false alarm"] * 3


def test_nothing_is_changed_and_no_lock_is_needed(sco, trained, tmp_path, state):
    sco("detect", "--from", trained)
    with open_state(state) as db:
        before = [tuple(map(tuple, db.rows(f"SELECT * FROM {t}"))) for t in ("incidents", "incident_events", "runs")]
    with hold(state, "detect", timeout_ms=0):
        assert sco("report", "--from", trained, tmp_path / "r.html").status == 0
    with open_state(state) as db:
        after = [tuple(map(tuple, db.rows(f"SELECT * FROM {t}"))) for t in ("incidents", "incident_events", "runs")]
    assert after == before


def test_before_anything_was_done(sco, recording, tmp_path, state):
    said = sco("report", "--from", recording, tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    assert said.status == 0 and not state.exists()
    for words in ("No incident in this time.", "There is no model in use yet", "No run of sco train or sco detect"):
        assert words in page.text


def test_without_a_server_and_a_history_of_this_machine_the_rest_is_shown(sco, trained, tmp_path):
    sco("detect", "--from", trained)
    said = sco("report", "--since", "30000d", tmp_path / "r.html")
    assert said.status == Status.PARTIAL and "note: no charts: this machine has no history yet" in said.err
    page = Page(tmp_path / "r.html")
    assert "no charts: this machine has no history yet" in page.text and len(page.all("critical")) >= 1
    assert page.all("chart") == []


def test_a_server_that_is_down_is_named(sco, trained, tmp_path, monkeypatch):
    with FakePrometheus(always(Reply(error("internal", "no"), 500))) as server:
        monkeypatch.setenv("SCO_PROMETHEUS__URL", server.url)
        said = sco("report", tmp_path / "r.html")
    assert said.status == Status.PARTIAL and "no charts" in said.err and server.url in Page(tmp_path / "r.html").text


def test_a_damaged_model_is_named(sco, trained, tmp_path, home):
    sco("detect", "--from", trained)
    (version,) = (home / ".local/share/sco/models/versions").iterdir()
    (version / "manifest.json").write_text("{")
    said = sco("report", "--from", trained, tmp_path / "r.html")
    assert said.status == Status.PARTIAL
    assert "no model quality" in said.err and "no charts: no usable model" in said.err
    assert len(Page(tmp_path / "r.html").all("suspects")) == 1


def test_a_model_with_strange_groups_is_no_bug(sco, trained, tmp_path, home):
    sco("detect", "--from", trained)
    (version,) = (home / ".local/share/sco/models/versions").iterdir()
    forge(version, lambda manifest: manifest["shards"][0]["groups"][0].pop("names"))
    said = sco("report", "--from", trained, tmp_path / "r.html")
    assert said.status == Status.PARTIAL and "no model quality" in said.err


def test_more_incidents_than_a_page_holds_are_counted(sco, trained, tmp_path, state):
    with open_state(state) as db, db.transaction():
        findings = [Finding(f"<g{n}>", END - n, END, 1.5, (Suspect("<i>", 2.0, "</p>"),)) for n in range(40)]
        ledger.apply(db, findings, {}, source="x", hold_ms=HOUR, model="m", until=END, now=END)
    sco("report", "--from", trained, tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    assert len(page.all("open")) == 30 and "and 10 more: sco incidents list -n 40" in page.text
    assert page.tile("incidents") == "40" and "<g0>" in page.text


def test_a_long_incident_is_drawn_from_the_beginning_of_the_time(sco, tmp_path):
    columns = history()
    columns['cpu{instance="web-1"}'][-60:] += 50
    path = write_csv(tmp_path / "long.csv", columns)
    sco("train", "--from", path, "--until", "6h")
    sco("detect", "--from", path, "--since", "6h")
    sco("report", "--from", path, "--since", "2h", tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    captions = [str(each.text) for each in page.tree.iter("figcaption")]
    first, last = (rfc3339(at)[11:16] for at in (END - 2 * HOUR, END))
    assert captions and all(f" {first}Z to " in text and f" {last}Z," in text for text in captions)
    assert "since 2023-11-17 2" in page.text


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["r.pdf"], "is no HTML file"),
        (["r.html", "--since", "soon"], "is no time"),
        (["r.html", "--since", "1h", "--until", "2h"], "is not before"),
        ([], "FILE.html"),
    ],
)
def test_wrong_usage_writes_nothing(sco, recording, tmp_path, arguments, why):
    said = sco("report", "--from", recording, *arguments)
    assert said.status == Status.USAGE and why in said.err
    assert [each.name for each in tmp_path.iterdir()] == ["metrics.csv"]


def test_a_page_that_cannot_be_written_leaves_the_old_one(sco, recording, tmp_path):
    (tmp_path / "r.html").mkdir()
    said = sco("report", "--from", recording, tmp_path / "r.html")
    assert said.status == Status.FAILED and "cannot write" in said.err
