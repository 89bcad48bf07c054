"""`sco explain` through its front door."""

from __future__ import annotations

import csv
import json
import shutil

import pytest
from fakes.recordings import history, write_csv
from fakes.shop import CALLS, START, STEP, Shop

from smartcloudops.core.errors import Status
from smartcloudops.core.times import rfc3339


@pytest.fixture
def recorded(tmp_path):
    """Three recorded incidents, edges beside each, history two levels above, and one calm window."""
    data = tmp_path / "data"
    low = data / "low"
    for name, shop in {
        "a/one": Shop(slow={"db": 0.05}),
        "a/two": Shop(failing={"cart": 0.05}),
        "b/calm": Shop(),
    }.items():
        shop.write(low / name, history=low)
    return data


def test_measured_incidents_are_one_object_of_suspects(sco, recorded):
    said = sco("explain", "--data", recorded, "-o", "json")
    assert said.status == Status.DONE
    found = said.json
    assert list(found) == ["low/a/one", "low/a/two", "low/b/calm"]
    assert [found[k][0]["entity"] if found[k] else None for k in found] == ["db", "cart", None]
    assert found["low/b/calm"] == []
    assert set(found["low/a/one"][0]) == {"entity", "share", "confidence", "onset", "path", "excess"}
    assert said.out == sco("explain", "--data", recorded, "-o", "json").out


def test_measured_incidents_as_a_table(sco, recorded):
    rows = list(csv.DictReader(sco("explain", "--data", recorded, "-o", "csv").out.splitlines()))
    assert [(r["incident"], r["mode"], r["first"]) for r in rows][:2] == [
        ("low/a/one", "flow", "db"),
        ("low/a/two", "flow", "cart"),
    ]


def test_what_is_not_there_is_not_needed(sco, tmp_path):
    folder = Shop(slow={"db": 0.05}, before=6, after=6).write(tmp_path / "data" / "x")
    for name in ("symptom.json", "edges.csv", "history.csv"):
        (folder / name).unlink()
        said = sco("explain", "--data", tmp_path / "data", "-o", "json")
        assert said.status == Status.DONE
        if name == "symptom.json":
            assert said.json["x"][0]["entity"] == "db"
    assert sco("explain", "--data", folder, "-o", "json").json.keys() == {"."}


def test_history_and_edges_are_found_above_but_not_too_far(sco, tmp_path):
    shop = Shop(slow={"db": 0.05})
    folder = shop.write(tmp_path / "data" / "p" / "q", history=tmp_path / "data")
    shutil.move(folder / "edges.csv", tmp_path / "data" / "edges.csv")
    rows = {r["incident"]: r for r in csv.DictReader(sco("explain", "--data", folder, "-o", "csv").out.splitlines())}
    assert rows["."]["mode"] == "flow"
    shutil.move(tmp_path / "data" / "edges.csv", tmp_path / "edges.csv")
    rows = {r["incident"]: r for r in csv.DictReader(sco("explain", "--data", folder, "-o", "csv").out.splitlines())}
    assert rows["."]["mode"] == "excess"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("metrics.csv", "", "is empty"),
        ("metrics.csv", "timestamp,a\n2026-01-01T00:00:00Z,x\n", "is no number"),
        ("symptom.json", "{", "is no JSON"),
        ("symptom.json", "[]", "does not hold `series` and `time`"),
        ("symptom.json", '{"time": "soon"}', "'soon' is no time"),
        ("symptom.json", '{"series": "nobody"}', "no series 'nobody'"),
        ("edges.csv", "a,b\n", "does not name `caller` and `callee`"),
        ("history.csv", "timestamp\n", "no column beside the time"),
    ],
)
def test_a_folder_that_cannot_be_read_is_named_and_the_others_go_on(sco, tmp_path, name, text, says):
    Shop(slow={"db": 0.05}).write(tmp_path / "data" / "good")
    (Shop().write(tmp_path / "data" / "bad") / name).write_text(text)
    said = sco("explain", "--data", tmp_path / "data", "-o", "json")
    assert said.status == Status.PARTIAL
    assert said.json["bad"] == [] and said.json["good"][0]["entity"] == "db"
    assert "skipped bad" in said.err and says in said.err


@pytest.fixture
def one_file(tmp_path):
    """History and incident in one file, the calls in another."""
    shop = Shop(slow={"db": 0.05})
    shop.write(tmp_path / "rec")
    rows = (tmp_path / "rec" / "metrics.csv").read_text().splitlines(keepends=True)[1:]
    whole = tmp_path / "shop.csv"
    whole.write_text((tmp_path / "rec" / "history.csv").read_text() + "".join(rows))
    return whole, tmp_path / "rec" / "edges.csv", shop


def test_a_symptom_of_a_file_in_full(sco, one_file):
    path, edges, shop = one_file
    asked = ("explain", "--from", path, "--series", shop.symptom, "--at", rfc3339(shop.trigger), "--edges", edges)
    found = sco(*asked, "--json").json
    assert {"suspects", "ruled_out", "limits", "mode", "symptom"} <= set(found)
    first = found["suspects"][0]
    assert (first["entity"], first["confidence"], first["path"][0]) == ("db", "high", "front")
    evidence = first["evidence"][0]
    assert evidence["query"] == 'latency_seconds{service="db"}' and str(path) in evidence["source"]
    assert [v["unit"] for v in evidence["values"]] == ["s", "s"]
    text = sco(*asked).out
    assert "mode flow" in text and "ruled out" in text
    assert "└─ db" in text and "<- suspect 1" in text
    lines = sco(*asked, "-o", "jsonl").out.splitlines()
    assert json.loads(lines[0])["entity"] == "db"
    assert sco(*asked, "-o", "md").out.startswith("| suspect |")


def test_the_time_and_the_symptom_are_found_in_a_file(sco, one_file):
    path, edges, _ = one_file
    found = sco("explain", "--from", path, "--edges", edges, "--json").json
    assert found["symptom"]["entity"] == "front"
    assert found["suspects"][0]["entity"] == "db"


def test_edges_can_stand_in_the_configuration(sco, one_file, tmp_path):
    path, edges, _shop = one_file
    config = tmp_path / "mine.toml"
    config.write_text(f'[explain]\nedges = "{edges}"\n')
    said = sco("--config", config, "explain", "--from", path, "--series", "front", "--json")
    assert said.json["mode"] == "flow"


def test_an_incident_of_detect(sco, trained):
    incident = sco("detect", "--from", trained, "--json").json["incidents"][0]
    for asked in (("explain",), ("explain", incident["id"][:5])):
        found = sco(*asked, "--json").json
        assert found["incident"] == incident["id"] and found["mode"] == "metrics"
        assert found["suspects"][0]["entity"] == incident["suspects"][0]["series"]
        assert found["symptom"]["at"] == incident["start"]
    assert incident["id"] in sco("explain").out


def test_an_incident_among_parts_that_call_each_other(sco, tmp_path):
    """web-1 is slow because db-1 is: the incident of web-1 names db-1."""
    columns = history()
    rows = len(next(iter(columns.values())))
    for host, share in (("web-1", 1.0), ("db-1", 3.0)):
        columns[f'requests{{instance="{host}"}}'] = (
            columns.get('requests{instance="web-1"}', 0 * columns['cpu{instance="web-1"}'] + 100) * share
        )
    columns['latency{instance="db-1"}'] = 0.01 + 0 * columns['latency{instance="web-1"}']
    columns['latency{instance="db-1"}'][rows - 24 :] += (
        columns['latency{instance="web-1"}'][rows - 24 :] - columns['latency{instance="web-1"}'][:-24].mean()
    ).clip(0) / 3
    path = write_csv(tmp_path / "both.csv", columns)
    edges = tmp_path / "edges.csv"
    edges.write_text("caller,callee\nweb-1,db-1\n")
    sco("train", "--from", path, "--until", "2h")
    incidents = {i["group"]: i["id"] for i in sco("detect", "--from", path, "--json").json["incidents"]}
    found = sco("explain", incidents['{instance="web-1"}'], "--edges", edges, "--json").json
    assert (found["mode"], found["suspects"][0]["entity"]) == ("flow", "db-1")
    assert found["suspects"][0]["path"] == ["web-1", "db-1"]


def test_without_a_server_and_a_history_of_this_machine_there_is_nothing_to_explain(sco):
    said = sco("explain")
    assert said.status == Status.FAILED and "this machine has no history yet" in said.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("explain", "abc"), "no incident 'abc'"),
        (("explain", "--data", "nowhere"), "no directory nowhere"),
        (("explain", "--data", ".", "--at", "2h"), "--data reads everything from its folders"),
        (("explain", "abc", "--series", "x"), "an incident has its own series"),
        (("explain", "--from", "nothing.csv"), "no file nothing.csv"),
    ],
)
def test_wrong_usage_says_what_to_do(sco, arguments, says):
    said = sco(*arguments)
    assert said.status == Status.USAGE and said.out == ""
    assert says in said.err and "try:" in said.err


def test_wrong_symptoms_of_a_file(sco, one_file):
    path, _edges, _ = one_file
    for extra, says in (
        (("--series", "fron"), "no series 'fron'"),
        (("--at", rfc3339(START + 10_000 * STEP)), "nothing lies between"),
        (("--step", "0s"), "a step of 0"),
        (("--edges", path), "does not name `caller`"),
    ):
        said = sco("explain", "--from", path, *extra)
        assert said.status in (Status.USAGE, Status.FAILED) and says in said.err, said.err


def test_calls_are_drawn_without_unicode_where_the_terminal_has_none(one_file):
    from smartcloudops.cli.render.explain import tree
    from smartcloudops.explain.explaining import explain
    from smartcloudops.explain.settle import Question

    shop = one_file[2]
    found = explain(shop.recording(), Question(shop.symptom, shop.trigger), CALLS)
    lines = list(tree(found, unicode=False))
    assert lines[0].startswith("front") and all(line.isascii() for line in lines)
    assert sum("db" in line for line in lines) == 1
