"""train and detect as a user and cron meet them: results, incidents, bad input, damaged models, two runs at once."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes.models import forge
from fakes.recordings import START, STEP, history, write_csv

from smartcloudops.core.errors import Status
from smartcloudops.core.locks import hold
from smartcloudops.core.times import rfc3339


def user_config(home: Path, text: str) -> None:
    path = home / ".config/sco/config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_fault_becomes_one_incident_that_names_its_series(sco, trained):
    said = sco("detect", "--from", trained, "-o", "json")
    assert said.status == Status.DONE
    (incident,) = said.json["incidents"]
    assert incident["group"] == '{instance="web-1"}'
    assert incident["ongoing"] and incident["changes"] == ["opened"]
    assert incident["start"] == rfc3339(START + 894 * STEP)
    named = {s["series"] for s in incident["suspects"][:2]}
    assert named == {'cpu{instance="web-1"}', 'latency{instance="web-1"}'}


def test_the_document_is_what_the_readme_promises(sco, trained):
    body = sco("detect", "--from", trained, "--json").json
    assert body["schema_version"] == 1
    assert set(body["window"]) == {"start", "end", "step_ms"} and body["window"]["step_ms"] == STEP
    assert {"verdicts", "incidents", "skipped"} <= set(body)
    verdict = body["verdicts"][0]
    assert verdict["time"].endswith("Z") and verdict["score"] >= 1 and 0 < verdict["p"] < 1
    assert verdict["n"] > 800 and verdict["detectors"]
    assert verdict["lower"] <= verdict["expected"] <= verdict["upper"] < verdict["value"]


def test_a_second_run_opens_nothing_again(sco, trained):
    first = sco("detect", "--from", trained, "--json").json
    again = sco("detect", "--from", trained, "--json").json
    assert [i["id"] for i in again["incidents"]] == [i["id"] for i in first["incidents"]]
    assert again["incidents"][0]["changes"] == []
    assert len(sco("incidents", "list", "--json").json["incidents"]) == 1


def test_exit_code_and_quiet(sco, trained):
    said = sco("-q", "detect", "--from", trained, "--exit-code")
    assert (said.status, said.err) == (Status.FOUND, "")
    quiet = sco("detect", "--from", trained, "--until", "4h", "--exit-code", "--dry-run")
    assert quiet.status == Status.FOUND  # the incident of the first run is still open
    assert sco("detect", "--from", trained).status == Status.DONE


def test_nothing_unusual_is_said_in_plain_words(sco, trained):
    said = sco("detect", "--from", trained, "--until", "4h", "--exit-code")
    assert (said.status, said.out) == (0, "nothing unusual: 6 series as expected\n")


def test_a_dry_run_keeps_nothing(sco, trained):
    assert len(sco("detect", "--from", trained, "--dry-run", "--json").json["incidents"]) == 1
    assert sco("incidents", "list", "--json").json["incidents"] == []


def test_a_dry_run_of_train_writes_no_model(sco, recording, tmp_path):
    said = sco("train", "--from", recording, "--dry-run")
    assert said.status == 0 and "nothing was written" in said.err
    assert sco("models", "list").out.startswith("no models")


def test_every_verdict(sco, trained):
    body = sco("detect", "--from", trained, "--all", "--json").json
    assert len({v["series"] for v in body["verdicts"]}) == 6
    assert len(body["verdicts"]) == 6 * 13


def test_the_incident_is_shown_and_labelled(sco, trained):
    sco("detect", "--from", trained)
    (row,) = sco("incidents", "list", "--json").json["incidents"]
    assert sco("incidents", "label", row["id"][:5], "false").status == 0
    shown = sco("incidents", "show", row["id"], "--json").json
    assert shown["incident"]["label"] is False
    assert [e["kind"] for e in shown["events"]] == ["opened", "labelled"]
    wrong = sco("incidents", "label", row["id"], "maybe")
    assert wrong.status == Status.USAGE and "true|false|none" in wrong.err


def test_models_list_show_promote_rollback(sco, recording):
    sco("train", "--from", recording, "--until", "1d")
    first = sco("models", "list", "--json").json["models"][0]["version"]
    sco("train", "--from", recording, "--until", "2h")
    newest, oldest = (m["version"] for m in sco("models", "list", "--json").json["models"])
    assert oldest == first
    assert sco("models", "show", "--json").json["model"]["version"] == newest
    assert sco("models", "rollback").status == 0
    assert [m["in_use"] for m in sco("models", "list", "--json").json["models"]] == [False, True]
    assert sco("models", "promote", newest).status == 0
    assert sco("models", "show", "--json").json["model"]["version"] == newest
    assert sco("models", "promote", "20990101T000000Z-abcdef").status == Status.USAGE


def test_features_explain_themselves(sco, trained):
    names = sco("models", "show", "--features", '{instance="web-1"}', "--json").json["features"]
    assert 'cpu{instance="web-1"}: mean 2h' in names and "hour of day (sin)" in names
    assert len(names) == len(set(names)) > 100
    wrong = sco("models", "show", "--features", '{instance="web-9"}')
    assert wrong.status == Status.USAGE and "did you mean" in wrong.err


def test_the_same_input_gives_the_same_bits(sco, recording, home):
    for _ in range(2):
        sco("train", "--from", recording)
    versions = home / ".local/share/sco/models/versions"
    a, b = (json.loads((d / "manifest.json").read_text())["shards"] for d in versions.iterdir())
    assert [row["sha256"] for row in a] == [row["sha256"] for row in b]


def test_without_a_server_and_a_history_of_this_machine_the_key_is_named(sco):
    said = sco("train")
    assert said.status == Status.FAILED and "[prometheus] url" in said.err


def test_without_a_model_train_is_named(sco, recording):
    said = sco("detect", "--from", recording)
    assert said.status == Status.USAGE and "try: sco train" in said.err


def test_too_little_history_is_a_named_skip(sco, tmp_path):
    columns = history()
    columns['cpu{instance="web-2"}'][:-50] = np.nan
    said = sco("train", "--from", write_csv(tmp_path / "short.csv", columns), "--json")
    assert said.status == Status.PARTIAL
    (skip,) = said.json["skipped"]
    assert skip["series"] == 'cpu{instance="web-2"}' and "50 points" in skip["reason"]


def test_nothing_but_too_little_history_is_an_error(sco, tmp_path):
    said = sco("train", "--from", write_csv(tmp_path / "short.csv", history(rows=40)))
    assert said.status == Status.FAILED and "40 points" in said.err and "try:" in said.err


def test_a_constant_series_is_learnt_and_a_change_is_seen(sco, tmp_path):
    columns = history() | {'up{instance="web-2"}': np.ones(900)}
    columns['up{instance="web-2"}'][-3:] = 0
    path = write_csv(tmp_path / "constant.csv", columns)
    assert sco("train", "--from", path, "--until", "2h").status == 0
    found = sco("detect", "--from", path, "--json").json["incidents"]
    assert any(i["group"] == '{instance="web-2"}' and "up" in i["suspects"][0]["series"] for i in found)


def test_series_that_vanish_appear_or_change_labels_are_named(sco, trained, tmp_path):
    columns = history()
    columns['cpu{instance="web-3"}'] = columns.pop('cpu{instance="web-2"}')
    said = sco("detect", "--from", write_csv(tmp_path / "other.csv", columns), "--json")
    reasons = {s["series"]: s["reason"] for s in said.json["skipped"]}
    assert "no data" in reasons['cpu{instance="web-2"}']
    assert "not in the model" in reasons['cpu{instance="web-3"}']
    assert said.status == Status.PARTIAL


def test_infinities_gaps_and_huge_values_stop_nothing(sco, tmp_path):
    columns = history()
    cpu = columns['cpu{instance="web-2"}']
    cpu[100], cpu[200], cpu[300:340], cpu[850] = np.inf, -np.inf, np.nan, 2.0**64
    path = write_csv(tmp_path / "odd.csv", columns)
    assert sco("train", "--from", path, "--until", "2h").status == 0
    found = sco("detect", "--from", path, "--json")
    assert found.status == 0 and len(found.json["incidents"]) == 1


def test_excluded_time_is_not_learnt(sco, recording):
    whole = sco("train", "--from", recording, "--json").json["groups"][0]["rows"]
    part = sco("train", "--from", recording, "--exclude", "1d..12h", "--json")
    assert part.json["groups"][0]["rows"] == whole - 145
    wrong = sco("train", "--from", recording, "--exclude", "12h..1d")
    assert wrong.status == Status.USAGE and "ends before it starts" in wrong.err


def test_a_metric_changed_since_training_is_not_scored_and_said(sco, trained, home):
    text = '[[metric]]\nname = "cpu"\nexpr = "memory"\n[[metric]]\nname="memory"\nexpr="memory"\n'
    user_config(home, text)
    said = sco("detect", "--from", trained)
    assert "metric cpu was changed since training" in said.err


def test_a_metric_that_is_new_or_gone_is_said(sco, trained, home):
    names = ("cpu", "memory", "queue")
    user_config(home, "".join(f'[[metric]]\nname = "{n}"\nexpr = "{n}"\n' for n in names))
    said = sco("detect", "--from", trained)
    assert "metric queue is not in the model" in said.err
    assert "metric latency of the model is not configured any more" in said.err


def test_a_model_of_other_metrics_is_refused(sco, trained, tmp_path):
    other = write_csv(tmp_path / "other.csv", {"requests": history()['cpu{instance="web-2"}']})
    said = sco("detect", "--from", other)
    assert said.status == Status.PARTIAL and "learnt from other metrics" in said.err and "try: sco train" in said.err


def _change(path: list[str], value: object):
    def change(manifest):
        for key in path[:-1]:
            manifest = manifest[key]
        manifest[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["window", "step_ms"], STEP // 5),
        (["window", "step_ms"], True),
        (["window", "step_ms"], 10**30),
        (["plans"], {"x": {}}),
        (["plans", "3"], {"series": 3}),
        (["plans", "3", "step"], 1e400),
        (["plans", "3", "statistics"], ["unheard of"]),
        (["metrics"], ["a", 3]),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(sco, trained, home, path, value):
    (version,) = (home / ".local/share/sco/models/versions").iterdir()
    name = forge(version, _change(path, value))
    said = sco("detect", "--from", trained)
    assert said.status == Status.PARTIAL and "no usable model" in said.err and name in said.err + name
    assert sco("models", "show").status in (Status.DONE, Status.PARTIAL)


def _newest_shard(home: Path) -> Path:
    return sorted((home / ".local/share/sco/models/versions").glob("*/shard-0000.npz"))[-1]


def test_a_damaged_model_is_refused_by_name_and_the_one_before_used(sco, recording, home):
    for until in ("1d", "2h"):
        sco("train", "--from", recording, "--until", until)
    shard = _newest_shard(home)
    shard.write_bytes(shard.read_bytes()[:-100])
    said = sco("detect", "--from", recording, "--json")
    assert said.status == Status.PARTIAL
    assert "refused:" in sco("detect", "--from", recording, "-q").err
    assert str(shard) in said.json["refused"][0] and said.json["model"] != shard.parent.name
    assert len(said.json["incidents"]) == 1
    listed = sco("models", "list", "--json")
    assert listed.status == Status.PARTIAL and "refused" in listed.json["models"][0]["error"]


def test_arrays_out_of_range_are_refused(sco, trained, home):
    """A manifest that agrees with its file is not enough: the arrays are checked."""
    shard = _newest_shard(home)
    with np.load(shard) as archive:
        arrays = dict(archive)
    arrays["isolation_forest.feature"] = arrays["isolation_forest.feature"] + np.uint16(60_000)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    forge(shard.parent, lambda manifest: None, buffer.getvalue())
    said = sco("detect", "--from", trained)
    assert said.status == Status.PARTIAL and "feature" in said.err and "no usable model" in said.err


def test_a_damaged_pointer_is_said(sco, recording, home):
    for until in ("1d", "2h"):
        sco("train", "--from", recording, "--until", until)
    (home / ".local/share/sco/models/current.json").write_text("{")
    said = sco("detect", "--from", recording)
    assert said.status == Status.PARTIAL and "current.json is damaged" in said.err
    assert sco("models", "list").status == Status.PARTIAL


def test_a_large_group_that_moves_as_one_has_a_suspect(sco, tmp_path):
    rng = np.random.default_rng(0)
    columns = {f"s{i:02}": 50 + rng.normal(0, 1, 900) for i in range(32)}
    for values in columns.values():
        values[-6:] += 15
    path = write_csv(tmp_path / "wide.csv", columns)
    sco("train", "--from", path, "--until", "2h")
    (incident,) = sco("detect", "--from", path, "--json").json["incidents"]
    assert incident["suspects"]


def test_a_step_longer_than_the_window(sco, tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{rfc3339(START + i * 24 * STEP)},{v:.3f}" for i, v in enumerate(rng.normal(50, 1, 400))]
    (tmp_path / "slow.csv").write_text("\n".join(["timestamp,a", *lines]) + "\n")
    assert sco("train", "--from", tmp_path / "slow.csv").status == 0
    assert sco("detect", "--from", tmp_path / "slow.csv").status == 0


def test_all_gives_each_series_its_own_score(sco, trained):
    verdicts = sco("detect", "--from", trained, "--all", "--json").json["verdicts"]
    last = {v["series"]: v["score"] for v in verdicts if v["time"] == rfc3339(START + 899 * STEP)}
    assert last['cpu{instance="web-1"}'] > 1 > last['memory{instance="web-1"}']


@pytest.mark.parametrize("command", ["train", "detect"])
def test_two_runs_at_once(sco, trained, home, command):
    state = home / ".local/state/sco"
    with hold(state, command):
        busy = sco(command, "--from", trained)
        assert busy.status == Status.LOCKED and "pid" in busy.err
        waited = sco(command, "--from", trained, "--lock-timeout", "100ms")
        assert waited.status == Status.LOCKED
        skipped = sco(command, "--from", trained, "--skip-if-locked")
        assert skipped.status == Status.DONE and skipped.err.count("\n") == 1


def test_a_hostile_project_file_stops_everything_but_help(sco, trained, tmp_path):
    (tmp_path / "sco.toml").write_text('[models]\ndir = "/tmp/elsewhere"\n')
    for command in (("detect", "--from", trained), ("train", "--from", trained), ("models", "list")):
        said = sco(*command)
        assert said.status == Status.USAGE and "sco config trust" in said.err and "models" in said.err
    assert sco("detect", "--help").status == 0


def test_a_typo_in_the_configuration_names_the_nearest_key(sco, trained, tmp_path):
    (tmp_path / "sco.toml").write_text("[train]\nlookbak = '14d'\n")
    said = sco("detect", "--from", trained)
    assert said.status == Status.USAGE and "lookback" in said.err


def test_direction_and_smallest_deviation_hold_an_incident_back(sco, trained, home):
    entry = '[[metric]]\nname = "{0}"\nexpr = "{0}"\n{1}\n'
    calm = 'direction = "down"'
    user_config(home, "".join(entry.format(n, calm) for n in ("cpu", "memory", "latency")))
    body = sco("detect", "--from", trained, "--all", "--json").json
    assert body["incidents"] == []
    assert max(v["score"] for v in body["verdicts"]) > 1  # the score itself is not touched


def test_for_holds_a_short_incident_back(sco, trained, home):
    entry = '[[metric]]\nname = "{0}"\nexpr = "{0}"\nfor = "{1}"\n'
    for wait, incidents in (("20m", 1), ("40m", 0)):
        user_config(home, "".join(entry.format(n, wait) for n in ("cpu", "memory", "latency")))
        assert len(sco("detect", "--from", trained, "--dry-run", "--json").json["incidents"]) == incidents


@pytest.mark.parametrize("form", ["table", "plain", "csv", "md", "jsonl"])
def test_every_form_of_output(sco, trained, form, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    said = sco("detect", "--from", trained, "-o", form)
    assert said.status == 0 and "web-1" in said.out and "\x1b" not in said.out
    if form == "jsonl":
        assert json.loads(said.out)["ongoing"]


def test_a_full_disk_while_printing_is_an_error(trained):
    command = [sys.executable, "-m", "smartcloudops", "detect", "--from", str(trained), "--json"]
    root = str(Path(__file__).parents[2])
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": root}, check=False
        )
    assert done.returncode == Status.FAILED and "cannot write the results" in done.stderr


def test_a_reader_that_goes_away_is_no_error(trained):
    root = str(Path(__file__).parents[2])
    line = f"{sys.executable} -m smartcloudops -q detect --from '{trained}' --since 3d --all -o json | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": root},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def test_prune_keeps_the_newest_and_the_one_in_use(sco, recording):
    for until in ("1d", "12h", "2h"):
        sco("train", "--from", recording, "--until", until)
    versions = [m["version"] for m in sco("models", "list", "--json").json["models"]]
    sco("models", "promote", versions[2])
    assert sco("models", "prune", "--keep-last", "1", "--dry-run").out == f"{versions[1]}\n"
    assert sco("models", "prune", "--keep-last", "1").out == f"{versions[1]}\n"
    assert [m["version"] for m in sco("models", "list", "--json").json["models"]] == [versions[0], versions[2]]
    assert sco("models", "prune", "--keep-within", "1h").out == ""
    assert sco("models", "prune").out == ""
    assert sco("detect", "--from", recording).status == 0


def test_a_deleted_working_directory_is_said(sco, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    said = sco("detect")
    assert said.status == Status.USAGE and "working directory" in said.err


def test_an_incident_is_not_learnt_as_normal_while_open_or_real(sco, trained):
    def learnt() -> dict[str, int]:
        groups = sco("train", "--from", trained, "--dry-run", "--json").json["groups"]
        return {g["group"]: g["rows"] for g in groups}

    sco("detect", "--from", trained)
    (incident,) = sco("incidents", "list", "--open", "--json").json["incidents"]
    rows = learnt()
    assert rows['{instance="web-1"}'] == rows['{instance="web-2"}'] - 6
    for label, missing in (("false", 0), ("true", 6)):
        sco("incidents", "label", incident["id"], label)
        rows = learnt()
        assert rows['{instance="web-1"}'] == rows['{instance="web-2"}'] - missing


def test_quiet_prints_only_news(sco, trained):
    first = sco("detect", "--from", trained, "-q")
    assert "web-1" in first.out and first.err == ""
    again = sco("detect", "--from", trained, "--quiet", "--exit-code")
    assert (again.status, again.out, again.err) == (Status.FOUND, "", "")
    assert sco("train", "--from", trained, "-q").out == ""


def test_control_characters_in_labels_do_not_reach_the_terminal(sco, tmp_path):
    columns = history()
    evil = 'latency{instance="web-1",x="\x1b[31m\x1b]0;own\x07\u202e"}'
    columns[evil] = columns.pop('latency{instance="web-1"}')
    path = write_csv(tmp_path / "evil.csv", columns)
    columns[evil][:] = np.nan
    sco("train", "--from", path, "--until", "2h")
    for form in ("plain", "table", "md"):
        said = sco("detect", "--from", path, "--dry-run", "-o", form)
        assert "\x1b" not in said.out + said.err and "x1b[31m" in "".join(said.out.split())
    assert sco("detect", "--from", path, "--json").json["incidents"]


def test_runs_every_five_minutes_open_and_close_once(sco, recording, home):
    rng = np.random.default_rng(4)
    columns = {name: values for name, values in history(rows=1500, seed=4).items() if "latency" not in name}
    for values in columns.values():
        values[-6:] = values[-12:-6]
    columns['cpu{instance="web-1"}'][1300:1320] += 60 + rng.normal(0, 1, 20)
    path = write_csv(recording.parent / "replay.csv", columns)
    sco("train", "--from", path, "--until", rfc3339(START + 1250 * STEP))
    for row in range(1290, 1420):
        assert sco("detect", "--from", path, "--until", rfc3339(START + row * STEP), "-q").status == 0
    fault = [i for i in sco("incidents", "list", "--json").json["incidents"] if i["group"] == '{instance="web-1"}']
    (incident,) = [i for i in fault if i["start"] <= rfc3339(START + 1300 * STEP) <= i["last"]]
    assert incident["last"] >= rfc3339(START + 1319 * STEP) and incident["end"]
    kinds = [e["kind"] for e in sco("incidents", "show", incident["id"], "--json").json["events"]]
    assert kinds[0] == "opened" and kinds[-1] == "closed"
    assert kinds.count("opened") == kinds.count("closed") == 1


def test_a_model_answers_for_its_false_alarms(sco, trained):
    sco("detect", "--from", trained)
    (incident,) = sco("incidents", "list", "--json").json["incidents"]
    assert "1 opened, none labelled yet" in sco("models", "show").out
    sco("incidents", "label", incident["id"], "false")
    assert "1 of 1 labelled ones false (100 %)" in sco("models", "show").out
    assert sco("models", "show", "--json").json["model"]["incidents"] == {"incidents": 1, "real": 0, "false": 1}
    (listed,) = sco("models", "list", "--json").json["models"]
    assert (listed["incidents"], listed["false"]) == (1, 1)
