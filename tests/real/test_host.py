"""This machine as psutil and as a real node_exporter see it: the same devices, the same counters, the same levels."""

from __future__ import annotations

import re
import urllib.request
from collections import defaultdict

import pytest
from real.conftest import free_port, need, running

from smartcloudops.metrics import readings
from smartcloudops.metrics.series import parse_series_name

NO_FILESYSTEM = re.compile("tmpfs|ramfs|rootfs|squashfs|overlay|iso9660|nsfs|fuse.*")
NO_NETWORK = re.compile("lo|veth.*|docker.*|br-.*|virbr.*|cni.*|cali.*|flannel.*")
MODES = {"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"}


@pytest.fixture(scope="module")
def looked(tmp_path_factory):
    """A reading before and one after a scrape, and what was scraped: values by name, then by labels."""
    need("prometheus-node-exporter")
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus-node-exporter", f"--web.listen-address={address}"]
    log = tmp_path_factory.mktemp("exporter") / "node_exporter.log"
    with running(command, f"http://{address}/metrics", log):
        before = readings.read()
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        after = readings.read()
    scraped: dict[str, dict[frozenset[tuple[str, str]], float]] = defaultdict(dict)
    for line in lines:
        if line.startswith("node_"):
            series, _, value = line.rpartition(" ")
            labels = parse_series_name(series)
            scraped[labels.pop("__name__")][frozenset(labels.items())] = float(value)
    return before, after, scraped


def by_device(scraped, name):
    return {dict(labels)["device"]: value for labels, value in scraped[name].items()}


@pytest.mark.real
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("disk_read", "node_disk_read_bytes_total"),
        ("disk_written", "node_disk_written_bytes_total"),
        ("disk_busy", "node_disk_io_time_seconds_total"),
        ("network_received", "node_network_receive_bytes_total"),
        ("network_sent", "node_network_transmit_bytes_total"),
    ],
)
def test_the_same_devices_count_the_same(looked, kind, name):
    before, after, scraped = looked
    # Memory that is a disk was left out by node_exporter only after 1.5.
    theirs = {device: value for device, value in by_device(scraped, name).items() if not device.startswith("zram")}
    if kind.startswith("network"):
        theirs = {device: value for device, value in theirs.items() if not NO_NETWORK.fullmatch(device)}
    assert theirs.keys() == before.counters[kind].keys()
    for device, value in theirs.items():
        assert before.counters[kind][device] - 1e-6 <= value <= after.counters[kind][device] + 1e-6


@pytest.mark.real
def test_errors_of_every_card_count(looked):
    before, after, scraped = looked
    received, sent = (by_device(scraped, f"node_network_{way}_errs_total") for way in ("receive", "transmit"))
    # Debian's node_exporter leaves the loopback out.
    assert received.keys() | {"lo"} == before.counters["network_errors"].keys() | {"lo"}
    for device, value in received.items():
        errors = value + sent[device]
        assert before.counters["network_errors"][device] <= errors <= after.counters["network_errors"][device]


@pytest.mark.real
def test_the_processors_spent_the_same_time(looked):
    before, after, scraped = looked
    theirs: dict[str, float] = defaultdict(float)
    for labels, value in scraped["node_cpu_seconds_total"].items():
        theirs[dict(labels)["mode"]] += value
    total = sum(value for mode, value in theirs.items() if mode in MODES)
    for name, value in (("total", total), ("idle", theirs["idle"]), ("iowait", theirs["iowait"])):
        assert before.counters["cpu"][name] - 0.1 <= value <= after.counters["cpu"][name] + 0.1


@pytest.mark.real
def test_levels_agree(looked):
    before, after, scraped = looked
    cores = len([1 for labels in scraped["node_cpu_seconds_total"] if ("mode", "idle") in labels])
    (load,) = scraped["node_load5"].values()
    assert load / cores in (pytest.approx(before.levels["load_per_core"], abs=0.01), after.levels["load_per_core"])
    (available,), (total,) = (scraped[f"node_memory_Mem{what}_bytes"].values() for what in ("Available", "Total"))
    assert 100 * (1 - available / total) == pytest.approx(before.levels["memory"], abs=2)


@pytest.mark.real
def test_the_same_file_systems_are_as_full(looked):
    before, _, scraped = looked
    theirs = {}
    for labels, size in scraped["node_filesystem_size_bytes"].items():
        found = dict(labels)
        if size and not NO_FILESYSTEM.fullmatch(found["fstype"]):
            available = scraped["node_filesystem_avail_bytes"][labels]
            theirs[found["mountpoint"]] = 100 * (1 - available / size)
    ours = {parse_series_name(name)["mountpoint"]: v for name, v in before.levels.items() if name.startswith("disk_")}
    assert ours == pytest.approx(theirs, abs=0.5)
