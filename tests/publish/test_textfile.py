"""The textfile: what it holds, that any label survives it, and that it tells of a failure."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core.errors import Status
from smartcloudops.core.locks import hold
from smartcloudops.core.records import Incident
from smartcloudops.metrics.series import Series, parse_series_name
from smartcloudops.publish import samples
from smartcloudops.publish.textfile import render

LABELS = st.dictionaries(st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,8}", fullmatch=True), st.text(max_size=20), max_size=4)


def values_of(text: str) -> dict[str, float]:
    """Series name -> value of an exposition text."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@given(LABELS, st.floats(allow_nan=False, allow_infinity=False))
def test_any_label_and_value_comes_back_from_the_text(labels, value):
    one = Series({"__name__": samples.SCORE, **labels}, np.array([0]), np.array([value]))
    (line,) = [row for row in re.split(r"\n(?!$)", render([one]).decode())[2:] if row]
    name, _, written = line.rstrip("\n").rpartition(" ")
    assert parse_series_name(name) == {
        **one.labels,
        **{k: v.encode(errors="replace").decode() for k, v in labels.items()},
    }
    assert float(written) == value


@given(LABELS, LABELS)
def test_our_labels_stand_and_own_ones_of_their_name_are_renamed(own, ours):
    labels = samples.with_own(own, **ours)
    assert ours.items() <= labels.items()
    for name, value in own.items():
        renamed = f"exported_{name}"
        assert not value or renamed in {**own, **ours} or labels[renamed if name in ours else name] == value


def test_unknown_values_and_second_series_of_a_name_are_left_out():
    def one(value):
        return Series({"__name__": samples.SCORE, "metric": "cpu"}, np.array([0, 1]), np.array([7.0, value]))

    assert values_of(render([one(np.nan)]).decode()) == {}
    assert values_of(render([one(1.5), one(2.5)]).decode()) == {'sco_anomaly_score{metric="cpu"}': 1.5}


def test_an_open_incident_is_one_at_its_severity_alone_even_where_nothing_was_scored():
    incident = Incident("a", "f", '{instance="web-9"}', 0, 0, None, "critical", 2.5)
    found = samples.incident_series(['{instance="web-1"}', "m.csv"], [incident], 0)
    flags = {(s.labels.get("instance") or s.labels["entity"], s.labels["severity"]): s.values[-1] for s in found}
    assert flags == {
        ("m.csv", "warning"): 0,
        ("m.csv", "critical"): 0,
        ("web-1", "warning"): 0,
        ("web-1", "critical"): 0,
        ("web-9", "warning"): 0,
        ("web-9", "critical"): 1,
    }


def test_detect_writes_every_series_readable_by_all_and_whole(sco, trained, tmp_path):
    file = tmp_path / "out/sco.prom"
    before = os.umask(0o077)
    said = sco("detect", "--from", trained, "--textfile", file)
    os.umask(before)
    assert said.status == Status.DONE, said.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert [f.name for f in file.parent.iterdir()] == ["sco.prom"]
    found = values_of(file.read_text())
    bands = {b: found[f'sco_expected{{bound="{b}",instance="web-1",metric="cpu"}}'] for b in ("lower", "mid", "upper")}
    assert bands["lower"] < bands["mid"] < bands["upper"] < 60
    assert found['sco_anomaly_score{instance="web-1",metric="cpu"}'] > 1
    assert found['sco_anomaly_score{instance="web-2",metric="cpu"}'] < 1
    assert sum(name.startswith("sco_anomaly_score") for name in found) == 6
    assert found['sco_incident_open{instance="web-1",severity="critical"}'] == 1
    assert found['sco_incident_open{instance="web-2",severity="critical"}'] == 0
    assert found[f'sco_run_status{{source="{trained}"}}'] == 0
    assert 0 <= found[f'sco_model_age_seconds{{source="{trained}"}}'] < 300


def test_a_failed_run_takes_the_scores_away_and_gives_its_status(sco, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("SCO_DETECT__TEXTFILE", str(tmp_path / "sco.prom"))
    assert sco("detect", "--from", trained).status == Status.DONE
    assert "sco_anomaly_score" in (tmp_path / "sco.prom").read_text()
    said = sco("detect", "--from", tmp_path / "gone.csv")
    assert said.status == Status.USAGE
    found = values_of((tmp_path / "sco.prom").read_text())
    assert {name.partition("{")[0] for name in found} == {"sco_run_timestamp_seconds", "sco_run_status"}
    assert found[f'sco_run_status{{source="{tmp_path}/gone.csv"}}'] == Status.USAGE


def test_a_failed_run_ends_no_incident(sco, trained, tmp_path, monkeypatch):
    monkeypatch.setenv("SCO_DETECT__TEXTFILE", str(tmp_path / "sco.prom"))
    assert sco("detect", "--from", trained).status == Status.DONE
    trained.write_text("timestamp,no,time\n1,2\n")
    assert sco("detect", "--from", trained).status == Status.FAILED
    found = values_of((tmp_path / "sco.prom").read_text())
    assert {name: value for name, value in found.items() if name.startswith("sco_incident")} == {
        'sco_incident_open{instance="web-1",severity="critical"}': 1,
        'sco_incident_open{instance="web-1",severity="warning"}': 0,
    }
    assert found[f'sco_run_status{{source="{trained}"}}'] == Status.FAILED
    assert not any(name.startswith("sco_anomaly") for name in found)


def test_a_run_that_only_looks_or_finds_the_lock_taken_leaves_the_file_alone(sco, trained, tmp_path, monkeypatch):
    file = tmp_path / "sco.prom"
    file.write_text("as it was\n")
    monkeypatch.setenv("SCO_DETECT__TEXTFILE", str(file))
    for look in (("--since", "2h"), ("--until", "10m"), ("--dry-run",)):
        assert sco("detect", "--from", trained, *look).status == Status.DONE
    state = Path(os.environ["XDG_STATE_HOME"]) / "sco"
    with hold(state, "detect"):
        assert sco("detect", "--from", trained).status == Status.LOCKED
        assert sco("detect", "--from", trained, "--skip-if-locked").status == Status.DONE
    assert file.read_text() == "as it was\n"
    monkeypatch.delenv("SCO_DETECT__TEXTFILE")
    said = sco("detect", "--from", trained, "--textfile", file, "--since", "2h")
    assert said.status == Status.USAGE and "does not go with" in said.err


def test_a_file_that_cannot_be_written_is_status_4_and_keeps_the_incidents(sco, trained, tmp_path):
    (tmp_path / "file").write_text("")
    said = sco("detect", "--from", trained, "--textfile", tmp_path / "file/sco.prom", "--json")
    assert said.status == Status.PARTIAL and "the scores were not published: cannot write" in said.err
    assert len(said.json["incidents"]) == 1


def test_a_name_that_node_exporter_would_not_read_is_refused(sco, trained, tmp_path):
    said = sco("detect", "--from", trained, "--textfile", tmp_path / "sco.txt")
    assert said.status == Status.USAGE and "sco.prom" in said.err and not (tmp_path / "sco.txt").exists()


def test_a_project_file_from_a_stranger_cannot_choose_the_file(sco, trained, tmp_path):
    (tmp_path / "sco.toml").write_text(f'[detect]\ntextfile = "{tmp_path}/sco.prom"\n')
    said = sco("detect", "--from", trained)
    assert said.status == Status.USAGE and "sco config trust" in said.err
