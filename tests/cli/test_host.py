"""train and detect on this machine: from the first sample to a fault that is found in a fortnight of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from smartcloudops.core.times import DAY, HOUR, MINUTE, now_ms
from smartcloudops.metrics import ring, sampling
from smartcloudops.metrics.host import STEP
from smartcloudops.metrics.ring import Sample
from smartcloudops.metrics.sampling import this_machine

ROOT = Path(__file__).resolve().parents[2]
ROWS = 14 * 288


@pytest.fixture
def path(home) -> Path:
    return sampling.ring_path(home / ".local" / "state" / "sco")


def fortnight(*, leak: bool) -> list[Sample]:
    """Samples every five minutes until now, a day's season in them; with a leak memory fills in the last hour."""
    rng = np.random.default_rng(7)
    end = now_ms() // STEP * STEP
    t = np.arange(ROWS)
    day = np.sin(2 * np.pi * t / 288)
    columns = {
        "cpu": 30 + 15 * day + rng.normal(0, 2, ROWS),
        "cpu_iowait": np.abs(rng.normal(0.5, 0.2, ROWS)),
        "load_per_core": 0.4 + 0.2 * day + rng.normal(0, 0.03, ROWS),
        "memory": 45 + 3 * day + rng.normal(0, 0.4, ROWS),
        'disk_used{mountpoint="/"}': 60 + t / ROWS + rng.normal(0, 0.01, ROWS),
        "disk_written": np.abs(2e6 + 1e6 * day + rng.normal(0, 2e5, ROWS)),
        "network_received": np.abs(5e5 + 3e5 * day + rng.normal(0, 5e4, ROWS)),
        "network_errors": np.zeros(ROWS),
    }
    if leak:
        columns["memory"][-12:] = np.linspace(60, 95, 12)
    names = list(columns)
    values = np.array(list(columns.values())).T
    host = this_machine().host
    return [
        Sample(end - (ROWS - 1 - n) * STEP + 2_000, 300.0, dict(zip(names, row.tolist(), strict=True)), host)
        for n, row in enumerate(values)
    ]


def fill(path: Path, samples: list[Sample]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(ring.serialise(samples))


def test_the_first_run_shows_now_and_says_what_is_missing(sco, path):
    said = sco("detect")
    assert said.status == 0
    for name in ("cpu", "memory", 'disk_used{mountpoint="/"}', "network_sent", "process "):
        assert f"\n{name}" in said.out
    assert "no history yet: 1 sample since " in said.err and "learning needs 200 ([train] min_points)" in said.err
    assert "about 16h35m more" in said.err
    assert "\n  */5 * * * *  " in said.err and said.err.endswith("detect -q --skip-if-locked\n")
    assert len(ring.read(path).samples) == 1


def test_cron_collects_without_a_word(sco, path):
    for _ in range(2):
        said = sco("detect", "-q", "--skip-if-locked")
        assert (said.status, said.out, said.err) == (0, "", "")
    assert len(ring.read(path).samples) == 1


def test_the_present_as_json_keeps_the_keys_of_detect(sco):
    body = sco("detect", "-o", "json").json
    assert (body["verdicts"], body["incidents"]) == ([], [])
    assert body["history"]["samples"] == 1 and not body["history"]["enough"]
    now = {each["metric"]: each for each in body["now"]}
    assert now["memory"]["unit"] == "%" and 0 < now["memory"]["value"] < 100
    assert now["memory"]["value"] == pytest.approx(psutil.virtual_memory().percent, abs=15)
    assert {"pid", "name", "cpu_percent", "memory_bytes"} == set(body["processes"][0])


@pytest.mark.parametrize("form", ["plain", "table", "csv", "md", "jsonl"])
def test_the_present_in_every_form(sco, form):
    assert "memory" in sco("detect", "-o", form).out


def test_train_without_history_fails_and_shows_now(sco, path):
    said = sco("train")
    assert said.status == 1 and "\nmemory" in said.out
    assert "no history yet: no sample, learning needs 200" in said.err and "*/5 * * * *" in said.err
    assert not path.exists()
    quiet = sco("train", "-q")
    assert quiet.status == 1 and not quiet.out and "no history yet" in quiet.err
    assert sco("train", "-o", "json").json["history"]["needed"] == 200


def test_a_config_file_is_named_in_the_cron_line(sco, tmp_path):
    config = tmp_path / "a 100% file.toml"
    config.write_text("[train]\nmin_points = 60\n")
    said = sco("--config", config, "detect")
    assert "learning needs 60" in said.err
    assert f"--config '{config}'".replace("%", "\\%") in said.err
    assert "--from" not in said.err


def test_commands_that_only_look_add_no_sample(sco, path):
    assert sco("detect", "--dry-run").status == 2
    query = sco("query", "cpu")
    assert query.status == 1 and "this machine has no history yet" in query.err and "sco detect" in query.err
    assert not path.exists()


def test_enough_history_asks_for_training(sco, path):
    fill(path, fortnight(leak=False)[-250:])
    said = sco("detect")
    assert said.status == 0 and "enough history of this machine (25" in said.err and "next: sco train" in said.err


def test_a_leak_is_found_in_a_fortnight_of_samples(sco, path):
    samples = fortnight(leak=True)
    fill(path, samples)
    trained = sco("train", "--until", "2h")
    assert trained.status == 0, trained.err
    assert f"from this machine ({this_machine().host})" in trained.err
    assert "no series there for: swap, disk_busy, disk_read, network_sent" in trained.err
    said = sco("detect", "--since", "90m", "-o", "json")
    (incident,) = said.json["incidents"]
    assert incident["suspects"][0]["series"].startswith("memory{") and incident["severity"] == "critical"
    assert incident["source"] == f"host this machine ({this_machine().host})"


def test_a_quiet_fortnight_raises_nothing(sco, path):
    fill(path, fortnight(leak=False))
    assert sco("train", "--until", "6h").status == 0
    body = sco("detect", "--since", "6h", "-o", "json").json
    assert body["incidents"] == [] and body["window"]["step_ms"] == STEP


def test_with_a_model_each_run_takes_a_sample_and_scores_it(sco, path):
    samples = [Sample(s.time - 10 * MINUTE, s.span, s.values, s.host) for s in fortnight(leak=False)]
    fill(path, samples)
    trained = sco("train")
    assert trained.status == 0 and "is in use" in trained.err, trained.err
    before = len(ring.read(path).samples)
    said = sco("detect", "--all", "-o", "json")
    assert said.status in (0, 4)
    found = ring.read(path).samples
    assert len(found) >= before - 288 and found[-1].time > samples[-1].time
    newest = max(each["time"] for each in said.json["verdicts"])
    slot = found[-1].time // STEP * STEP
    assert newest == np.datetime_as_string(np.datetime64(slot, "ms"), unit="s") + "Z"
    assert said.json["window"]["end"] == newest


def test_a_damaged_ring_is_named_and_detect_goes_on(sco, path):
    fill(path, fortnight(leak=False))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    said = sco("detect")
    assert said.status == 0
    assert f"note: {path} was damaged and is set aside as {path.name}.broken" in said.err
    assert path.with_name(f"{path.name}.broken").read_bytes() == bytes(data)
    assert len(ring.read(path).samples) >= ROWS - 1


def test_a_half_written_ring_is_mended(sco, path):
    fill(path, fortnight(leak=False)[:300])
    path.write_bytes(path.read_bytes()[:-9])
    assert "ended in a half-written sample" in sco("detect").err
    assert "half-written" not in sco("detect").err


def test_a_ring_that_cannot_be_read_is_an_error_with_a_way_out(sco, path):
    path.mkdir(parents=True)
    for command in ("detect", "train"):
        said = sco(command)
        assert said.status == 1 and f"cannot read {path}" in said.err and "mv " in said.err


def test_what_cannot_be_read_of_the_machine_is_said_once(sco, monkeypatch):
    def refused(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", "/proc/stat")

    monkeypatch.setattr(psutil, "cpu_times", refused)
    monkeypatch.setattr(psutil, "net_io_counters", refused)
    said = sco("detect")
    assert said.status == 0 and "\nmemory" in said.out and "\ncpu " not in said.out
    assert said.err.count("cannot read cpu, network_received, network_sent, network_errors of this machine") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")
def test_a_machine_that_shows_nothing_of_itself_is_no_bug(home):
    """An empty /proc, in a mount namespace of its own."""
    program = f"mount -t tmpfs none /proc && {sys.executable} -m smartcloudops detect"
    command = ["unshare", "--mount", "sh", "-c", program]
    if subprocess.run([*command[:-1], "mount -t tmpfs none /proc"], capture_output=True, check=False).returncode:
        pytest.skip("may not mount anything here")
    said = subprocess.run(
        command,
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert said.returncode == 0, said.stderr
    assert "disk_used" in said.stdout and "memory" not in said.stdout
    assert "cannot read cpu" in said.stderr and "cannot read processes of this machine: none" in said.stderr


def test_query_draws_what_was_collected(sco, path):
    fill(path, fortnight(leak=False)[-24:])
    lines = sco("query", "cpu").out.splitlines()
    assert lines[0] == f'timestamp,"cpu{{instance=""{this_machine().host}""}}"' and len(lines) > 20
    wrong = sco("query", "rate(node_cpu_seconds_total[5m])")
    assert wrong.status == 2 and "of this machine itself sco knows cpu" in wrong.err


def test_a_clock_that_was_set_back_loses_nothing(sco, path):
    samples = fortnight(leak=False)
    ahead = [Sample(s.time + 20 * MINUTE, s.span, s.values, s.host) for s in samples[-300:]]
    fill(path, ahead)
    said = sco("detect")
    assert said.status == 0 and "samples are of a time to come" in said.err
    assert len(ring.read(path).samples) == 301


def test_status_names_this_machine_as_the_source(sco):
    sco("detect")
    assert "this machine" in sco("status").out


def test_a_prometheus_that_is_set_is_asked_and_not_this_machine(sco, path, monkeypatch):
    monkeypatch.setenv("SCO_PROMETHEUS__URL", "http://127.0.0.1:9")
    assert sco("detect").status == 69
    assert not path.exists()


def test_the_cron_line_names_a_program_that_is_there(sco):
    line = sco("detect").err.rstrip().rpartition("*/5 * * * *  ")[2]
    program = next(word for word in line.split() if not word.startswith("SCO_"))
    assert Path(program).is_absolute() and Path(program).is_file()


def test_an_old_ring_is_trimmed_to_a_fortnight(sco, path):
    fill(path, [Sample(s.time - 3 * DAY - HOUR, s.span, s.values, s.host) for s in fortnight(leak=False)])
    sco("detect", "-q")
    assert ring.read(path).samples[0].time > now_ms() - 14 * DAY - MINUTE
