"""The yardstick's contract: causal, a row out for a row in, nothing of the user's read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from smartcloudops.core.errors import Status
from smartcloudops.core.times import MINUTE, rfc3339

STEP = 5 * MINUTE
COLUMNS = ["timestamp", "value", "anomaly_score", "is_anomaly", "in_incident"]


def stamp(row: int) -> str:
    """As the public files write times: no zone, a blank in the middle."""
    return rfc3339(1_400_000_100_000 + row * STEP).replace("T", " ").rstrip("Z")


def values(rows: int = 700, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = 50 + 10 * np.sin(2 * np.pi * np.arange(rows) / 288) + rng.normal(0, 1, rows)
    found[500:506] += 60
    return found


def write(path: Path, columns: dict[str, np.ndarray]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["timestamp", *columns])
        for i, row in enumerate(zip(*columns.values(), strict=True)):
            writer.writerow([stamp(i), *("" if np.isnan(v) else repr(float(v)) for v in row)])
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as f:
        reader = csv.DictReader(f)
        assert reader.fieldnames == COLUMNS
        return list(reader)


@pytest.fixture
def run(sco, tmp_path):
    def call(*more: str | Path, status: int = 0):
        said = sco("backtest", "--data", tmp_path / "data", "--results", tmp_path / "out", "--workers", "1", *more)
        assert said.status == status, said.err
        return said

    return call


def test_a_row_out_for_a_row_in_with_the_times_as_they_were(run, tmp_path):
    gone = values()
    gone[300:310] = np.nan
    write(tmp_path / "data/deep/er/a.csv", {"value": gone})
    run()
    rows = read(tmp_path / "out/deep/er/a.csv")
    assert [r["timestamp"] for r in rows] == [stamp(i) for i in range(700)]
    assert [r["value"] for r in rows[:3]] == [repr(float(v)) for v in gone[:3]]
    assert all(r["anomaly_score"] == r["is_anomaly"] == r["in_incident"] == "" for r in rows[:96])
    assert all(r["value"] == "" and r["anomaly_score"] == "" for r in rows[300:310])
    scored = [r for r in rows if r["anomaly_score"]]
    assert len(scored) == 700 - 96 - 10
    assert {r["is_anomaly"] for r in scored} == {r["in_incident"] for r in scored} == {"0", "1"}


def test_the_fault_is_notified_once_and_the_incident_lasts(run, tmp_path):
    write(tmp_path / "data/a.csv", {"value": values()})
    run()
    rows = read(tmp_path / "out/a.csv")
    during = [r for r in rows[500:506] if r["is_anomaly"] == "1"]
    assert len(during) == 1
    assert all(r["in_incident"] == "1" for r in rows[503:506])
    assert all(r["in_incident"] == "1" for r in rows if r["is_anomaly"] == "1")


@pytest.mark.parametrize("cut", [150, 420, 503, 640])
def test_later_rows_change_nothing_before_them(run, tmp_path, cut):
    whole = {"a": values(seed=1), "b": values(seed=2)}
    write(tmp_path / "data/whole.csv", whole)
    spoilt = {name: np.concatenate([v[:cut], v[cut:] * -7 + 1000]) for name, v in whole.items()}
    write(tmp_path / "data/spoilt.csv", spoilt)
    write(tmp_path / "data/short.csv", {name: v[:cut] for name, v in whole.items()})
    run()
    whole_rows, spoilt_rows, short_rows = (read(tmp_path / f"out/{n}.csv") for n in ("whole", "spoilt", "short"))
    assert whole_rows[:cut] == spoilt_rows[:cut] == short_rows


def test_wide_files_speak_for_the_group(run, tmp_path):
    write(tmp_path / "data/a.csv", {'cpu{instance="x"}': values(seed=1), "b": values(seed=2)})
    run()
    rows = read(tmp_path / "out/a.csv")
    assert {r["value"] for r in rows} == {""}
    assert max(float(r["anomaly_score"]) for r in rows[500:506]) > 1
    assert all(r["in_incident"] == "1" for r in rows[503:506])


def test_a_training_file_is_learnt_first(run, tmp_path):
    write(tmp_path / "data/a.csv", {"value": values()[400:]})
    write(tmp_path / "train/a.csv", {"value": values(rows=400, seed=3)})
    run("--train", tmp_path / "train")
    rows = read(tmp_path / "out/a.csv")
    assert len(rows) == 300 and all(r["anomaly_score"] for r in rows)


def test_one_bad_file_stops_no_other(run, tmp_path):
    write(tmp_path / "data/a.csv", {"value": values(rows=120)})
    (tmp_path / "data/b.csv").write_text("timestamp,value\n2020-01-01,one\n")
    said = run(status=Status.PARTIAL)
    assert "skipped b.csv" in said.err and "line 2" in said.err
    assert (tmp_path / "out/a.csv").exists() and not (tmp_path / "out/b.csv").exists()
    (tmp_path / "data/a.csv").unlink()
    run(status=Status.FAILED)


def test_a_training_file_that_is_missing_or_different_is_named(run, tmp_path):
    write(tmp_path / "data/a.csv", {"value": values(rows=120)})
    (tmp_path / "train").mkdir()
    assert "a.csv" in run("--train", tmp_path / "train", status=Status.FAILED).err
    write(tmp_path / "train/a.csv", {"other": values(rows=120)})
    assert "other columns" in run("--train", tmp_path / "train", status=Status.FAILED).err


def test_results_never_fall_on_the_data(sco, tmp_path):
    write(tmp_path / "data/a.csv", {"value": values(rows=120)})
    for results in ("data", "data/below"):
        said = sco("backtest", "--data", tmp_path / "data", "--results", tmp_path / results)
        assert said.status == Status.USAGE and "inside the data" in said.err


def test_no_files_is_a_usage_error(sco, tmp_path):
    (tmp_path / "data").mkdir()
    assert sco("backtest", "--data", tmp_path / "data", "--results", tmp_path / "out").status == Status.USAGE
    assert sco("backtest", "--data", tmp_path / "nope", "--results", tmp_path / "out").status == Status.USAGE


def test_user_configuration_is_not_read(run, tmp_path):
    write(tmp_path / "data/a.csv", {"value": values(rows=200)})
    run()
    plain = (tmp_path / "out/a.csv").read_bytes()
    (tmp_path / "sco.toml").write_text('[detect]\nthreshold = 0.001\n[state]\ndir = "/tmp/elsewhere"\n')
    run()
    assert (tmp_path / "out/a.csv").read_bytes() == plain


def test_short_files_are_written_without_scores(run, tmp_path):
    write(tmp_path / "data/a.csv", {"value": values(rows=20)})
    run()
    assert all(r["anomaly_score"] == "" for r in read(tmp_path / "out/a.csv"))


def test_several_processes_give_the_same_bytes(sco, tmp_path):
    for seed in (1, 2):
        write(tmp_path / f"data/{seed}.csv", {"value": values(rows=200, seed=seed)})
    for workers in ("1", "2"):
        done = sco("backtest", "--data", tmp_path / "data", "--results", tmp_path / workers, "--workers", workers)
        assert done.status == 0
    for seed in (1, 2):
        assert (tmp_path / f"1/{seed}.csv").read_bytes() == (tmp_path / f"2/{seed}.csv").read_bytes()
