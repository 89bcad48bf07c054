"""What strays from its usual course, on fleets made for the purpose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.find_unusual import TOOL
from smartcloudops.ask.world import World
from smartcloudops.core import config
from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.times import DAY, HOUR, MINUTE, rfc3339

NOW = 1_767_625_200_000  # 2026-01-05, 15:00 UTC
STEP = 5 * MINUTE
HOSTS = ("web-1", "web-2", "web-3", "web-4", "db-1")
Series = dict[str, npt.NDArray[np.float64]]


def fleet(days: float = 8, *, noise: float = 1.0, metrics: tuple[str, ...] = ("cpu", "memory")) -> Series:
    """Each host at 30 with a little noise."""
    rng = np.random.default_rng(5)
    rows = int(days * DAY // STEP)
    return {f"{m} {h}": 30 + rng.normal(0, noise, rows) for m in metrics for h in HOSTS}


def looked(series: Series, tmp_path: Path, arguments: Mapping[str, Any] | None = None) -> Result:
    rows = len(next(iter(series.values())))
    names = [f'"{m}{{instance=""{h}:9100""}}"' for m, h in (name.split() for name in series)]
    lines = ["timestamp," + ",".join(names)]
    for i in range(rows):
        cells = ("" if np.isnan(row[i]) else f"{row[i]:.3f}" for row in series.values())
        lines.append(f"{rfc3339(NOW - (rows - 1 - i) * STEP)},{','.join(cells)}")
    path = tmp_path / "fleet.csv"
    path.write_text("\n".join(lines) + "\n")
    loaded = config.load(environ={}, cwd=tmp_path, home=tmp_path)
    return TOOL.run(World(loaded, path=path, clock=lambda: NOW), arguments or {})


def test_calm_accuses_nobody(tmp_path: Path) -> None:
    found = looked(fleet(), tmp_path)
    assert found.data["suspects"] == [] and found.data["silent"] == []
    assert "nothing strays from its usual course" in found.text and "nobody is suspected" in found.text
    assert found.data["hosts"] == sorted(HOSTS) and found.data["series"] == 10


def test_what_strays_is_found_with_its_onset_and_its_unit(tmp_path: Path) -> None:
    series = fleet()
    series["cpu web-2"][-12:] += 50
    found = looked(series, tmp_path)
    (one,) = [s for s in found.data["strays"] if s["ongoing"]]
    assert (one["entity"], one["metric"], one["unit"], one["kind"]) == ("web-2", "cpu", "%", "saturation")
    assert one["onset"] == NOW - 11 * STEP
    assert one["value"] == pytest.approx(80, abs=3) and one["usual"] == pytest.approx(30, abs=1)
    assert found.data["suspects"] == [{"entity": "web-2", "share": 100.0, "rows": [1], "row": 1}]
    names = {v["name"]: v["value"] for v in found.evidence[0].values if v["entity"] == "web-2"}
    assert names["cpu now"] == one["value"] and names["cpu usual"] == one["usual"] and names["share"] == 100.0
    assert "web-2   cpu     " in found.text and found.text.startswith("§1 ")


def test_a_single_spike_and_what_is_no_harm_do_not_count(tmp_path: Path) -> None:
    series = fleet()
    series["cpu web-2"][-2] += 60
    series["memory web-1"][-12:] -= 15
    assert looked(series, tmp_path).data["suspects"] == []


def test_what_all_hosts_do_at_once_belongs_to_the_usual(tmp_path: Path) -> None:
    series = fleet()
    for host in HOSTS:
        series[f"memory {host}"][-200:] *= 1.4
    found = looked(series, tmp_path)
    assert found.data["suspects"] == []
    (common,) = found.data["common"]
    assert (common["metric"], common["since"]) == ("memory", NOW - 199 * STEP)
    assert common["factor"] == pytest.approx(1.4, abs=0.03)
    assert "everywhere at once: memory" in found.text
    series["memory db-1"][-24:] += 25
    assert [s["entity"] for s in looked(series, tmp_path).data["suspects"]] == ["db-1"]


def test_a_daily_peak_and_a_nightly_job_are_usual(tmp_path: Path) -> None:
    series = fleet(noise=0.5)
    clock = (NOW - STEP * np.arange(len(series["cpu db-1"]))[::-1]) / DAY
    for host in HOSTS:
        series[f"cpu {host}"] += 20 * (1 + np.sin(2 * np.pi * clock))
    series["memory db-1"][((clock - NOW / DAY) % 1 > 1 - 40 / 1440) | ((clock - NOW / DAY) % 1 == 0)] += 30
    found = looked(series, tmp_path)
    assert found.data["suspects"] == []


def test_what_happens_every_few_days_for_a_moment_is_usual(tmp_path: Path) -> None:
    series = fleet()
    day = DAY // STEP
    for days in (5, 4, 2):
        at = -days * day + 37 * days
        series["cpu web-2"][at : at + 6] += 40
    series["cpu web-2"][-6:] += 40
    assert looked(series, tmp_path).data["suspects"] == []
    series["cpu web-2"][-30:-6] += 40
    assert [s["entity"] for s in looked(series, tmp_path).data["suspects"]] == ["web-2"]


def test_a_host_that_fell_silent(tmp_path: Path) -> None:
    series = fleet()
    for metric in ("cpu", "memory"):
        series[f"{metric} db-1"][-6:] = np.nan
    found = looked(series, tmp_path)
    last = NOW - 6 * STEP
    assert found.data["silent"] == [
        {"entity": "db-1", "metrics": ["cpu", "memory"], "whole": True, "last": last, "passing": False}
    ]
    assert found.data["suspects"][0]["entity"] == "db-1"
    assert f"silent: db-1 has sent no value of any metric since {rfc3339(last)[:16]}Z" in found.text


def test_one_metric_that_fell_silent_and_one_that_left_days_ago(tmp_path: Path) -> None:
    series = fleet()
    series["cpu web-1"][-6:] = np.nan
    series["cpu web-3"][-600:] = np.nan
    found = looked(series, tmp_path)
    assert [(s["entity"], s["whole"]) for s in found.data["silent"]] == [("web-1", False), ("web-3", False)]
    assert [s["entity"] for s in found.data["suspects"]] == ["web-1"]


def test_what_is_over_is_told_and_suspects_nobody(tmp_path: Path) -> None:
    series = fleet()
    series["cpu web-2"][-60:-40] += 50
    found = looked(series, tmp_path)
    assert [(s["entity"], s["ongoing"]) for s in found.data["strays"]] == [("web-2", False)]
    assert found.data["suspects"] == []


def test_a_window_in_the_past(tmp_path: Path) -> None:
    series = fleet()
    series["cpu web-2"][-60:-40] += 50
    since, until = rfc3339(NOW - 6 * HOUR), rfc3339(NOW - 4 * HOUR)
    found = looked(series, tmp_path, {"since": since, "until": until})
    assert [s["entity"] for s in found.data["suspects"]] == ["web-2"]
    assert found.data["end"] == NOW - 4 * HOUR


def test_hosts_and_metrics_can_be_chosen(tmp_path: Path) -> None:
    series = fleet()
    series["cpu web-2"][-12:] += 50
    series["memory db-1"][-12:] += 50
    assert [s["entity"] for s in looked(series, tmp_path, {"host": "DB"}).data["strays"]] == ["db-1"]
    assert [s["entity"] for s in looked(series, tmp_path, {"metric": "cpu"}).data["strays"]] == ["web-2"]
    short = looked(series, tmp_path, {"limit": 1})
    assert "the first 1 of 2" in short.text and len(short.data["strays"]) == 2


def test_more_work_explains_what_it_makes_busy(tmp_path: Path) -> None:
    series = fleet(metrics=("cpu", "requests", "response_time"))
    series["requests web-2"][-12:] *= 3
    series["cpu web-2"][-12:] += 68
    series["response_time web-2"][-12:] += 90
    rows = {s["row"]: s["metric"] for s in looked(series, tmp_path).data["strays"]}
    (suspect,) = looked(series, tmp_path).data["suspects"]
    assert rows[suspect["rows"][0]] == "requests"


def test_too_little_history_and_no_time_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="of history are too few"):
        looked(fleet(0.05), tmp_path)
    with pytest.raises(UsageError, match="lies behind"):
        looked(fleet(2), tmp_path, {"since": "1h", "until": "2h"})


def test_half_a_day_of_history_is_enough_for_a_plain_fault(tmp_path: Path) -> None:
    series = fleet(0.5)
    series["cpu web-2"][-8:] += 50
    assert [s["entity"] for s in looked(series, tmp_path).data["suspects"]] == ["web-2"]


def test_what_comes_and_goes_goes_on_though_it_is_usual_just_now(tmp_path: Path) -> None:
    series = fleet()
    for back in (36, 26, 16, 8):
        series["cpu web-2"][-back : -back + 5] += 50
    found = looked(series, tmp_path)
    (one,) = found.data["strays"]
    assert (one["entity"], one["ongoing"], one["returning"]) == ("web-2", True, True)
    assert one["worst"] == pytest.approx(80, abs=4) and one["onset"] == pytest.approx(NOW - 35 * STEP, abs=STEP)
    assert [s["entity"] for s in found.data["suspects"]] == ["web-2"] and "comes and goes" in found.text
    assert not any(v["name"] == "cpu now" for v in found.evidence[0].values)


def test_what_is_over_is_over_since_it_was_out_for_the_last_time(tmp_path: Path) -> None:
    series = fleet()
    series["cpu web-2"][-200:-180] += 50
    series["cpu web-2"][-60:-40] += 30
    (one,) = looked(series, tmp_path).data["strays"]
    assert one["worst"] == pytest.approx(80, abs=4) and not one["ongoing"]
    assert one["last"] == pytest.approx(NOW - 40 * STEP, abs=2 * STEP)


def test_a_host_of_some_hours_is_judged_by_itself_and_the_others(tmp_path: Path) -> None:
    series = fleet(metrics=("cpu",))
    series["cpu web-4"][:-72] = np.nan
    assert looked(series, tmp_path).data["suspects"] == []
    series["cpu web-4"][-12:] += 60
    found = looked(series, tmp_path)
    assert [s["entity"] for s in found.data["suspects"]] == ["web-4"]
    (one,) = found.data["strays"]
    assert one["usual"] == pytest.approx(30, abs=1) and one["onset"] == NOW - 11 * STEP


def test_hosts_that_come_and_go_are_not_missed(tmp_path: Path) -> None:
    series = fleet(metrics=("cpu",))
    for host, came, left in (("web-3", 900, 700), ("web-4", 800, 500), ("db-1", 400, 60)):
        series[f"cpu {host}"][:-came] = np.nan
        series[f"cpu {host}"][-left:] = np.nan
    found = looked(series, tmp_path)
    assert found.data["suspects"] == []
    assert [(s["entity"], s["passing"]) for s in found.data["silent"]] == [("db-1", True), ("web-4", True)]
    series["cpu web-2"][-60:] = np.nan
    assert [s["entity"] for s in looked(series, tmp_path).data["suspects"]] == ["web-2"]
