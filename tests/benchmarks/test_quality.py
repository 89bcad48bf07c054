"""The quality benchmark: one table over any labelled directory; what cannot run is named; peers see no future."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes.recordings import START, STEP, write_csv

from smartcloudops.core.times import rfc3339

ROOT = Path(__file__).parents[2]
ROWS = 500


@pytest.fixture
def data(tmp_path) -> Path:
    values = np.random.default_rng(0).normal(50, 1, ROWS)
    values[400:420] += 40
    (tmp_path / "set").mkdir()
    write_csv(tmp_path / "set/cpu.csv", {"value": values})
    window = [rfc3339(START + row * STEP) for row in (400, 420)]
    (tmp_path / "set/windows.json").write_text(json.dumps({"cpu.csv": [window]}))
    return tmp_path / "set"


def table(data: Path, *more: str) -> dict[str, list[str]]:
    command = [sys.executable, "benchmarks/quality.py", "--data", str(data), "--workers", "1", *more]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    return {row[0]: row[1:] for row in rows[2:]}


def test_whole_part_and_peer_stand_in_one_table(data):
    found = table(data, "--only", "sco", "seasonal", "expanding")
    assert list(found) == ["sco", "only seasonal", "expanding z"]
    assert float(found["only seasonal"][1]) == 1.0
    for precision, recall, f1, pooled, mean, seconds in (map(float, row) for row in found.values()):
        expected = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        assert f1 == pytest.approx(expected, abs=2e-3)
        assert pooled == mean > 0.05 and seconds >= 0


def test_a_contender_that_fails_is_named(benchmark, data):
    quality = benchmark("quality")
    run = quality.run(quality.Task("only nothing", "cpu.csv", data, None))
    assert "no detector named 'nothing'" in run.error
    row = quality.line("only nothing", [run], data / "windows.json", 0.15)
    assert row.startswith("| only nothing | skipped: UsageError")


def test_peers_that_need_nothing_see_no_future(benchmark):
    values = np.random.default_rng(1).normal(size=(2, 400))
    values[0, 50] = np.nan
    times = np.arange(400, dtype=np.int64) * STEP
    peers = benchmark("peers")
    for name in ("expanding z", "scikit-learn IsolationForest"):
        score = peers.PEERS[name]().fit(values[:, :300], times[:300])
        early, late = score(values[:, :350], times[:350], 50), score(values, times, 100)
        np.testing.assert_allclose(early, late[:50])
        assert np.isfinite(late).all()
