"""What this machine says of itself, by psutil: levels, and counters that two readings make rates of.

Names and meanings are those of the preset `node`, so that a metric is the same whether it came from here or from
node_exporter.
"""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smartcloudops.core.records import Skip
from smartcloudops.core.times import now_ms

Counters = dict[str, dict[str, float]]

MAX_MOUNTS = 40
# What node_exporter and the preset leave out, too; beside Linux' names the loopback of others.
_NO_DISK = re.compile(r"(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+")
_NO_NETWORK = re.compile(r"lo\d*|veth.*|docker.*|br-.*|virbr.*|cni.*|cali.*|flannel.*")
_NO_FILESYSTEM = re.compile(r"tmpfs|ramfs|rootfs|squashfs|overlay|iso9660|nsfs|fuse.*|devfs|autofs")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Reading:
    """One look. `time` in ms; `awake` seconds since the start, without sleep; `boot` differs after a restart.

    `levels` by series name; `counters` by kind and device, in seconds, bytes or errors; `skipped` could not be read.
    """

    time: int
    awake: float
    boot: str
    levels: Mapping[str, float]
    counters: Counters
    skipped: tuple[Skip, ...] = ()


@dataclass(slots=True)
class _Look:
    """What a look has found so far."""

    levels: dict[str, float] = field(default_factory=dict)
    counters: Counters = field(default_factory=dict)
    skipped: list[Skip] = field(default_factory=list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part that may not be there or may not be read: containers, other systems, rights."""
        import psutil

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                yield
        except (OSError, RuntimeError, ValueError, AttributeError, LookupError, ArithmeticError, psutil.Error) as e:
            self.skipped.append(Skip(name, str(e) or type(e).__name__))


def read(*, now: Callable[[], int] = now_ms) -> Reading:
    """Look once; takes about a millisecond, and raises nothing for what cannot be read."""
    import psutil

    look = _Look()
    for name, part in _PARTS.items():
        with look.part(name):
            part(psutil, look)
    return Reading(now(), time.monotonic(), _boot(), look.levels, look.counters, tuple(look.skipped))


def rates(before: Reading, after: Reading) -> dict[str, float]:
    """By series name, what has happened between two readings of one start; what only one of them has is missing."""
    span = after.awake - before.awake
    if span <= 0 or before.boot != after.boot:
        return {}
    grown = {kind: _increases(before.counters.get(kind, {}), new) for kind, new in after.counters.items()}
    found = _shares(grown.pop("cpu", {}))
    for kind, increases in grown.items():
        if increases:
            found[kind] = _together(kind, increases) / span
    return found


def _increases(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """A counter that is smaller than it was began again at nought, as PromQL's `rate` takes it."""
    common = before.keys() & after.keys()
    return {name: after[name] - before[name] if after[name] >= before[name] else after[name] for name in common}


def _shares(times: Mapping[str, float]) -> dict[str, float]:
    """What of the processors' time was busy and waited; Linux may turn idle time back by a tick."""
    total = times.get("total", 0.0)
    if total <= 0:
        return {}
    found = {"cpu": 100 * (1 - min(times["idle"], total) / total)}
    if "iowait" in times:
        found["cpu_iowait"] = 100 * min(times["iowait"], total) / total
    return found


def _together(kind: str, increases: Mapping[str, float]) -> float:
    """The busiest disk in percent; the sum of everything else."""
    if kind == "disk_busy":
        return 100 * max(increases.values())
    return sum(increases.values())


def _cpu(psutil: Any, look: _Look) -> None:
    times = psutil.cpu_times()._asdict()
    # Linux counts guests' time as their hosts', too.
    total = sum(value for name, value in times.items() if not name.startswith("guest"))
    wanted = {"total": total, "idle": times["idle"], "iowait": times.get("iowait")}
    look.counters["cpu"] = {name: value for name, value in wanted.items() if value is not None}


def _load(psutil: Any, look: _Look) -> None:
    look.levels["load_per_core"] = psutil.getloadavg()[1] / (psutil.cpu_count() or 1)


def _memory(psutil: Any, look: _Look) -> None:
    memory = psutil.virtual_memory()
    look.levels["memory"] = 100 * (1 - memory.available / memory.total)


def _swap(psutil: Any, look: _Look) -> None:
    """Nothing where there is no swap."""
    swap = psutil.swap_memory()
    if swap.total:
        look.levels["swap"] = 100 * (1 - swap.free / swap.total)


def _mounts(psutil: Any, look: _Look) -> None:
    """Local file systems; where none is listed, as in containers, that of `/`."""
    listed: list[str] = []
    with look.part("file systems beside /"):
        listed = [each.mountpoint for each in psutil.disk_partitions() if not _NO_FILESYSTEM.fullmatch(each.fstype)]
    sizes: dict[str, os.statvfs_result] = {}
    for mountpoint in dict.fromkeys(listed or ["/"]):
        with look.part(f"disk_used of {mountpoint}"):
            sizes[mountpoint] = os.statvfs(mountpoint)
    filled = {mountpoint: size for mountpoint, size in sizes.items() if size.f_blocks}
    largest = sorted(filled, key=lambda each: -filled[each].f_blocks * filled[each].f_frsize)
    for mountpoint in largest[:MAX_MOUNTS]:
        size = filled[mountpoint]
        look.levels[_of_mount(mountpoint)] = 100 * (1 - size.f_bavail / size.f_blocks)
    if len(largest) > MAX_MOUNTS:
        look.skipped.append(Skip("disk_used", f"only the {MAX_MOUNTS} largest of {len(largest)} file systems are kept"))


def _of_mount(mountpoint: str) -> str:
    """The canonical series name, made here because series.py needs numpy."""
    text = mountpoint.encode("utf-8", "backslashreplace").decode()
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'disk_used{{mountpoint="{escaped}"}}'


def _disks(psutil: Any, look: _Look) -> None:
    disks = psutil.disk_io_counters(perdisk=True) or {}
    real = {name: each for name, each in disks.items() if not _NO_DISK.fullmatch(name)}
    look.counters["disk_read"] = {name: float(each.read_bytes) for name, each in real.items()}
    look.counters["disk_written"] = {name: float(each.write_bytes) for name, each in real.items()}
    with look.part("disk_busy"):
        look.counters["disk_busy"] = {name: each.busy_time / 1000 for name, each in real.items()}


def _network(psutil: Any, look: _Look) -> None:
    cards = psutil.net_io_counters(pernic=True)
    real = {name: each for name, each in cards.items() if not _NO_NETWORK.fullmatch(name)}
    look.counters["network_received"] = {name: float(each.bytes_recv) for name, each in real.items()}
    look.counters["network_sent"] = {name: float(each.bytes_sent) for name, each in real.items()}
    look.counters["network_errors"] = {name: float(each.errin + each.errout) for name, each in cards.items()}


_PARTS: dict[str, Callable[[Any, _Look], None]] = {
    "cpu": _cpu,
    "load_per_core": _load,
    "memory": _memory,
    "swap": _swap,
    "disk_used": _mounts,
    "disk_read, disk_written": _disks,
    "network_received, network_sent, network_errors": _network,
}


def _boot() -> str:
    """Linux' name for the time since the last start; nothing elsewhere, where counters that shrink tell."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""
