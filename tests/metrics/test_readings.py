"""What this machine says of itself: real readings, rates that survive resets, and machines that say less."""

from __future__ import annotations

import os
import time
from collections import namedtuple

import psutil
import pytest

from smartcloudops.metrics import readings
from smartcloudops.metrics.presets import load
from smartcloudops.metrics.readings import Reading

LEVELS = {"load_per_core", "memory"}
RATES = {"cpu", "disk_read", "disk_written", "network_received", "network_sent", "network_errors"}


def reading(awake, *, boot="b", **counters):
    return Reading(1_000, awake, boot, {}, counters)


def test_a_real_reading_has_the_names_of_the_preset_and_sane_values():
    first = readings.read()
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        pass
    second = readings.read()
    values = {**second.levels, **readings.rates(first, second)}
    names = {name.partition("{")[0] for name in values}
    assert names >= LEVELS | RATES
    assert names <= {metric.name for metric in load("node")}
    assert 100 / (psutil.cpu_count() or 1) * 0.5 < values["cpu"] <= 100
    assert all(value >= 0 for value in values.values())
    for name in ("memory", 'disk_used{mountpoint="/"}'):
        assert 0 < values[name] < 100


def test_what_was_written_and_sent_is_counted(tmp_path):
    first = readings.read()
    with (tmp_path / "written").open("wb") as f:
        f.write(os.urandom(8 << 20))
        f.flush()
        os.fsync(f.fileno())
    second = readings.read()
    span = second.awake - first.awake
    if not first.counters["disk_written"]:
        pytest.skip("no disk is counted on this machine")
    assert readings.rates(first, second)["disk_written"] * span >= 7 << 20


def test_rates_are_per_second_summed_over_devices_and_the_busiest_disk():
    before = reading(
        10.0,
        cpu={"total": 100.0, "idle": 50.0, "iowait": 5.0},
        disk_read={"sda": 0.0, "sdb": 100.0},
        disk_busy={"sda": 1.0, "sdb": 1.0},
    )
    after = reading(
        20.0,
        cpu={"total": 140.0, "idle": 80.0, "iowait": 7.0},
        disk_read={"sda": 50.0, "sdb": 200.0},
        disk_busy={"sda": 3.0, "sdb": 6.0},
    )
    assert readings.rates(before, after) == {"cpu": 25.0, "cpu_iowait": 5.0, "disk_read": 15.0, "disk_busy": 50.0}


def test_a_counter_that_began_again_counts_from_nought_and_a_new_device_from_its_second_reading():
    before = reading(0.0, network_sent={"eth0": 1e12, "gone": 5.0})
    after = reading(10.0, network_sent={"eth0": 50.0, "wlan0": 1e9})
    assert readings.rates(before, after) == {"network_sent": 5.0}
    assert readings.rates(reading(0.0, disk_read={"a": 1.0}), reading(1.0, disk_read={"b": 1.0})) == {}


@pytest.mark.parametrize(
    "after", [reading(20.0, boot="other", disk_read={"a": 2.0}), reading(5.0, disk_read={"a": 2.0})]
)
def test_nothing_is_a_rate_across_a_restart(after):
    assert readings.rates(reading(10.0, disk_read={"a": 1.0}), after) == {}


def test_idle_time_that_goes_back_is_no_negative_load():
    before = reading(0.0, cpu={"total": 100.0, "idle": 50.0})
    for idle in (49.99, 200.0):
        found = readings.rates(before, reading(1.0, cpu={"total": 101.0, "idle": idle}))
        assert 0 <= found["cpu"] <= 100


def test_what_cannot_be_read_is_named_and_the_rest_is_read(monkeypatch):
    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied", "/proc/stat")

    def missing(*args, **kwargs):
        raise NotImplementedError("no /proc/diskstats")

    monkeypatch.setattr(psutil, "cpu_times", refused)
    monkeypatch.setattr(psutil, "disk_io_counters", missing)
    found = readings.read()
    reasons = {skip.series: skip.reason for skip in found.skipped}
    assert "Permission denied" in reasons["cpu"] and "/proc/diskstats" in reasons["disk_read, disk_written"]
    assert "memory" in found.levels and found.counters.keys() == {"network_received", "network_sent", "network_errors"}


def test_a_system_without_busy_times_and_waiting_keeps_the_rest(monkeypatch):
    times = namedtuple("scputimes", "user nice system idle")(1.0, 0.0, 1.0, 8.0)
    disk = namedtuple("sdiskio", "read_bytes write_bytes")(5, 6)
    monkeypatch.setattr(psutil, "cpu_times", lambda: times)
    monkeypatch.setattr(psutil, "disk_io_counters", lambda perdisk: {"disk0": disk, "loop1": disk, "sda1": disk})
    found = readings.read()
    assert found.counters["cpu"] == {"total": 10.0, "idle": 8.0}
    assert found.counters["disk_read"] == {"disk0": 5.0}
    assert [skip.series for skip in found.skipped] == ["disk_busy"]


def test_a_file_system_that_cannot_be_asked_is_named_and_too_many_are_counted(monkeypatch, tmp_path):
    part = namedtuple("sdiskpart", "device mountpoint fstype opts")
    odd = tmp_path / 'we"ird\n'
    odd.mkdir()
    mounts = [
        part("a", str(odd), "ext4", ""),
        part("b", str(tmp_path / "gone"), "ext4", ""),
        part("c", "/", "tmpfs", ""),
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda: mounts)
    found = readings.read()
    assert [name for name in found.levels if name.startswith("disk_used")] == [
        'disk_used{mountpoint="' + str(tmp_path) + '/we\\"ird\\n"}'
    ]
    assert [skip.series for skip in found.skipped] == [f"disk_used of {tmp_path / 'gone'}"]
    many = [tmp_path / f"m{n}" for n in range(readings.MAX_MOUNTS + 3)]
    for each in many:
        each.mkdir()
    monkeypatch.setattr(psutil, "disk_partitions", lambda: [part("a", str(each), "ext4", "") for each in many])
    found = readings.read()
    assert sum(name.startswith("disk_used") for name in found.levels) == readings.MAX_MOUNTS
    assert found.skipped[-1].reason == "only the 40 largest of 43 file systems are kept"


def test_a_container_without_listed_file_systems_has_its_root(monkeypatch):
    monkeypatch.setattr(psutil, "disk_partitions", list)
    assert 'disk_used{mountpoint="/"}' in readings.read().levels
