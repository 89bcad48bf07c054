"""The packaged recording, and what a newcomer is shown of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smartcloudops.anomaly import labels as labelled
from smartcloudops.core.config import load
from smartcloudops.core.times import MINUTE, SECOND, rfc3339
from smartcloudops.metrics.file import File
from smartcloudops.metrics.presets import load as preset
from smartcloudops.triage.recording import Recording, unpack

ROOT = Path(__file__).resolve().parent.parent
RECORDING = ROOT / "smartcloudops" / "data" / "recording"
LONGEST_S = 60
# The presets' lengths of time are meant for rows of 5 minutes; these are 5 seconds apart.
PACE = 60


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Recording:
    return unpack(tmp_path_factory.mktemp("recording"))


@pytest.fixture(scope="module")
def shown() -> Any:
    """What the demo says, as JSON; it has a minute."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SCO_")}
    command = [sys.executable, "-m", "smartcloudops", "demo", "-o", "json"]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=LONGEST_S
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_recording_is_long_quiet_first_and_small(recording):
    extent = File(recording.table).extent()
    assert extent.step == 5 * SECOND
    assert extent.end - extent.start >= 75 * MINUTE
    assert recording.quiet_until - recording.start >= 40 * MINUTE
    assert all(recording.quiet_until <= fault.start < fault.end <= extent.end for fault in recording.faults)
    assert len({fault.kind for fault in recording.faults}) >= 6
    assert sum(path.stat().st_size for path in RECORDING.rglob("*") if path.is_file()) < 3_000_000


def test_the_labels_are_the_faults(recording):
    spans = labelled.read(RECORDING / "labels.json")
    assert list(spans[recording.table.name]) == [(fault.start, fault.end) for fault in recording.faults]


def test_the_settings_are_the_presets_at_the_pace_of_the_rows(recording, tmp_path):
    config = load(file=recording.settings, environ={}, cwd=tmp_path, home=tmp_path)
    known = {metric.name: metric for name in config.metrics.presets for metric in preset(name)}
    for metric in config.metric:
        wanted = known[metric.name]
        assert metric == replace(wanted, expr=metric.name, for_ms=wanted.for_ms // PACE, prophet=False)
    assert {metric.name for metric in config.metric} == {metric.name for metric in File(recording.table).offers()}
    default = load(environ={}, cwd=tmp_path, home=tmp_path).detect
    lengths = ("window_ms", "repeat_ms", "hold_ms", "record_ms")
    scaled = {name: getattr(default, name) // PACE for name in lengths}
    assert config.detect == replace(default, **scaled)


def test_the_logs_tell_of_the_same_time(recording):
    files = [path for path in (RECORDING / "logs").rglob("*") if path.is_file()]
    assert {path.relative_to(RECORDING / "logs").parts[0] for path in files} == {"access", "api", "system"}
    assert sum(path.stat().st_size for path in files) < 600_000
    api = "".join(path.read_text() for path in sorted((RECORDING / "logs" / "api").rglob("*.log")))
    flapping = next(fault for fault in recording.faults if "service" in fault.kind)
    crashes = list(_moments(api, "CRITICAL"))
    assert crashes
    assert all(flapping.start <= moment <= flapping.end + SECOND for moment in crashes)


def _moments(text: str, level: str) -> Iterator[int]:
    from smartcloudops.core.times import parse_time

    for stamp in re.findall(rf"^(\S+) {level} ", text, re.MULTILINE):
        yield parse_time(stamp, now=0)


def test_what_is_found_is_said_and_so_is_what_is_not(shown):
    faults = {one["kind"]: one for one in shown["found"] if one["kind"]}
    met = {kind for kind, one in faults.items() if one["incident"]}
    assert met >= {"disk filling", "disk I/O", "traffic flood"}
    assert _first_suspect(faults["disk filling"]).startswith("disk_used{")
    assert _first_suspect(faults["disk I/O"]).startswith("disk_")
    assert all(one["found"] == "missed" for kind, one in faults.items() if kind not in met)
    quality = shown["quality"]
    false = [one for one in shown["found"] if one["found"] == "false alarm"]
    assert (quality["faults"], quality["met"], quality["false_alarms"]) == (len(faults), len(met), len(false))
    assert quality["recall"] == pytest.approx(len(met) / len(faults), abs=1e-4)
    assert quality["precision"] >= 0.75


def _first_suspect(one: dict[str, Any]) -> str:
    return str(one["incident"]["suspects"][0]["series"])


def test_runs_from_cron_find_what_one_run_finds(shown, recording, tmp_path):
    place = {"SCO_STATE__DIR": str(tmp_path / "state"), "SCO_MODELS__DIR": str(tmp_path / "models")}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SCO_")} | place

    def sco(*arguments: str) -> Any:
        command = [sys.executable, "-m", "smartcloudops", "--config", str(RECORDING / "sco.toml"), *arguments]
        done = subprocess.run([*command, "-o", "json"], cwd=ROOT, env=environ, capture_output=True, check=True)
        return json.loads(done.stdout)

    cut = rfc3339(recording.quiet_until)
    sco("train", "--from", str(recording.table), "--until", cut)
    once = sco("detect", "--from", str(recording.table), "--since", cut)["incidents"]
    often = [one["incident"] for one in shown["found"] if one["incident"]]
    spans = [sorted((i["start"], i["last"]) for i in found) for found in (once, often)]
    assert spans[0] == spans[1] and len(once) >= 3
