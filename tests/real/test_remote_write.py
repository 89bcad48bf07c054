"""Scores pushed to a real Prometheus: each row once, at its own time, and what it says of rows that are too old."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable

import numpy as np
import pytest
from cli.conftest import sco
from fakes.recordings import STEP, history, write_csv
from real.conftest import receiving_prometheus

from smartcloudops.core.errors import Status
from smartcloudops.core.http import Endpoint
from smartcloudops.core.posting import Poster
from smartcloudops.metrics.series import Series
from smartcloudops.publish import samples, wire

__all__ = ["sco"]

LATE = "storage: { tsdb: { out_of_order_time_window: 30d } }\n"
ROWS = 900
Detect = Callable[..., object]


def samples_of(url: str, query: str) -> dict[str, dict[int, float]]:
    """Raw samples by instance of a range selector."""
    asked = urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=10) as answer:
        result = json.load(answer)["data"]["result"]
    return {one["metric"].get("instance", ""): {round(t * 1000): float(v) for t, v in one["values"]} for one in result}


@pytest.fixture
def detect(sco, tmp_path, home) -> Detect:
    """`sco detect` over a recording whose newest row is `ago` steps old."""
    newest = int(time.time() * 1000) // STEP * STEP
    columns = history(ROWS + 60)

    def run(url: str, ago: int):
        (home / ".config/sco").mkdir(parents=True, exist_ok=True)
        (home / ".config/sco/config.toml").write_text(f'[remote_write]\nurl = "{url}/api/v1/write"\n')
        rows = ROWS + 60 - ago
        cut = {name: values[:rows] for name, values in columns.items()}
        file = write_csv(tmp_path / "m.csv", cut, start=newest - (ROWS + 59) * STEP)
        if not (tmp_path / "models").exists():
            assert sco("train", "--from", file, "--until", "1h").status == Status.DONE
            (tmp_path / "models").mkdir()
        return sco("detect", "--from", file, "--all", "--json"), newest - ago * STEP

    return run


@pytest.mark.real
def test_every_row_is_there_once_at_its_own_time(detect, tmp_path):
    with receiving_prometheus(tmp_path) as url:
        said, first = detect(url, 8)
        assert said.status == Status.DONE, said.err
        for _ in range(2):
            said, last = detect(url, 0)
            assert said.status == Status.DONE, said.err
        found = samples_of(url, 'sco_anomaly_score{metric="cpu"}[1d]')
        wanted = list(range(first, last + 1, STEP))
        assert {name: sorted(rows) for name, rows in found.items()} == {"web-1": wanted, "web-2": wanted}
        verdicts = [v for v in said.json["verdicts"] if v["series"] == 'cpu{instance="web-1"}']
        newest = verdicts[-1]
        assert found["web-1"][last] == pytest.approx(newest["score"], abs=1e-4)
        for bound, key in (("lower", "lower"), ("mid", "expected"), ("upper", "upper")):
            band = samples_of(url, f'sco_expected{{metric="cpu",bound="{bound}"}}[1d]')
            assert band["web-1"][last] == pytest.approx(newest[key])
        (status,) = samples_of(url, "sco_run_status[1d]").values()
        assert set(status.values()) == {0.0} and len(status) == 3
        opened = samples_of(url, 'sco_incident_open{severity="critical"}[1d]')
        assert [*opened["web-1"].values()][-1] == 1 and set(opened["web-2"].values()) == {0.0}


@pytest.mark.real
def test_rows_that_prometheus_finds_too_old_are_counted_and_the_others_arrive(detect, tmp_path):
    with receiving_prometheus(tmp_path) as url:
        detect(url, 40)
        said, last = detect(url, 0)
        assert said.status == Status.PARTIAL
        assert "rows were not taken" in said.err and "status 400" in said.err
        found = samples_of(url, 'sco_anomaly_score{metric="cpu",instance="web-1"}[1d]')["web-1"]
        assert sorted(found)[-10:] == list(range(last - 9 * STEP, last + 1, STEP))
        said, _ = detect(url, 0)
        assert said.status == Status.DONE, said.err


@pytest.mark.real
def test_a_prometheus_that_takes_late_samples_gets_them_all(detect, tmp_path):
    with receiving_prometheus(tmp_path, LATE) as url:
        _, first = detect(url, 40)
        said, last = detect(url, 0)
        assert said.status == Status.DONE, said.err
        found = samples_of(url, 'sco_anomaly_score{metric="cpu",instance="web-1"}[1d]')["web-1"]
        assert sorted(found) == list(range(first, last + 1, STEP))


@pytest.mark.real
def test_blocks_without_compression_and_awkward_labels_are_taken(tmp_path):
    now = int(time.time() * 1000)
    text = 'a "quoted"\\ väl\nue' * 5_000
    one = Series({"__name__": samples.SCORE, "instance": text}, np.array([now]), np.array([1.5]))
    with receiving_prometheus(tmp_path) as url:
        Poster(Endpoint(f"{url}/api/v1/write")).post(wire.literals(wire.write_request([one])), wire.HEADERS)
        assert samples_of(url, "sco_anomaly_score[1h]") == {text: {now: 1.5}}
