"""Made incidents for benchmarks/ask.py: a fleet with eight days behind it, one fault or none, a question about it, and
the fact that an answer must contain.

Hosts differ in level, in size of their day and in noise; weekends are calmer; some are always busy, some run a job at
the same time of every day, some had another fault days ago that is over. Noise has heavy tails where the background is
noisy, one sample in two hundred is missing, and now and then a host has a gap. In one incident of four another host
does something odd, too, that is smaller and of another kind. Strength goes from a fault that a person would have to
look for (cpu 20 points up, answers half as slow again) to one that nobody can miss. Metrics have the names of the
presets `node` and `http`. The same seed makes the same scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from smartcloudops.core.times import DAY, HOUR, MINUTE

Floats = npt.NDArray[np.float64]
STEP = 5 * MINUTE
ROWS = 8 * DAY // STEP
HOUR_ROWS = HOUR // STEP
END = 1_767_571_200_000 + 9 * DAY  # the fault's day is not always the same: see `Scenario.end`
SIZES = (1, 5, 20, 100)
BACKGROUNDS = ("steady", "daily", "noisy", "deploy")
QUIET_SHARE = 0.3
DISTRACTED = 0.25


class Gauge(NamedTuple):
    """A metric of a calm host: usual level and how far hosts differ, what the day adds, noise (share of the level,
    or absolute), bounds."""

    level: float
    spread: float
    day: float
    noise: float
    floor: float
    most: float


GAUGES: Mapping[str, Gauge] = {
    "cpu": Gauge(25, 8, 15, 2.0, 0.5, 100),
    "cpu_iowait": Gauge(1.5, 0.5, 0.5, 0.3, 0, 100),
    "load_per_core": Gauge(0.4, 0.1, 0.2, 0.04, 0.01, 64),
    "memory": Gauge(52, 10, 3, 0.7, 2, 100),
    "swap": Gauge(3, 2, 0, 0.05, 0, 100),
    'disk_used{mountpoint="/"}': Gauge(45, 12, 0, 0.05, 1, 100),
    'disk_used{mountpoint="/var"}': Gauge(50, 12, 0, 0.1, 1, 100),
    "disk_busy": Gauge(12, 4, 6, 1.5, 0, 100),
    "disk_read": Gauge(4e6, 1e6, 2e6, 5e5, 0, 1e12),
    "disk_written": Gauge(6e6, 2e6, 3e6, 6e5, 0, 1e12),
    "network_received": Gauge(2e6, 5e5, 1.2e6, 1.2e5, 1e3, 1e12),
    "network_sent": Gauge(3e6, 8e5, 2e6, 1.8e5, 1e3, 1e12),
    "network_errors": Gauge(0.02, 0.01, 0, 0.01, 0, 1e9),
    "response_time": Gauge(0.12, 0.03, 0.03, 0.008, 0.002, 120),
    "response_time_p95": Gauge(0.35, 0.08, 0.08, 0.03, 0.005, 300),
    "requests": Gauge(80, 25, 50, 4.0, 0, 1e9),
    "error_share": Gauge(0.2, 0.1, 0, 0.08, 0, 100),
}
NAMES = tuple(GAUGES)
HTTP = ("response_time", "response_time_p95", "requests", "error_share")


@dataclass(frozen=True)
class Scenario:
    """`culprit` None: nothing is wrong. `metrics`: any of them names the fault. `missing`: the fact is that the
    culprit stopped sending. values: (hosts, metrics, rows), NaN = missing."""

    key: str
    seed: int
    fault: str
    hosts: tuple[str, ...]
    background: str
    strength: float
    question: str
    culprit: str | None
    metrics: tuple[str, ...]
    start: int
    end: int
    values: Floats = field(repr=False)
    missing: bool = False

    @property
    def times(self) -> npt.NDArray[np.int64]:
        """(rows,), ms."""
        return self.end - STEP * np.arange(ROWS - 1, -1, -1, dtype=np.int64)


class Fault(NamedTuple):
    """`least` and `most` rows since it began; `metrics` any of which names it; `apply` changes (metrics, rows)."""

    least: int
    most: int
    metrics: tuple[str, ...]
    apply: Callable[[dict[str, Floats], float, np.random.Generator], None]


def _towards(x: Floats, goal: float, part: float) -> None:
    x += (goal - x) * part


def _cpu_hog(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    _towards(x["cpu"], 98, 0.25 + 0.7 * s)
    x["load_per_core"] += 0.4 + 3 * s
    for name in HTTP[:2]:
        x[name] *= 1.15 + 0.4 * s


def _memory_leak(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    n = len(x["memory"])
    goal = min(99.0, max(68 + 30 * s, x["memory"].mean() + 9))
    x["memory"] += np.linspace(0, 1, n) * (goal - x["memory"].mean())
    if s > 0.5:
        x["swap"][n // 2 :] += np.linspace(0, 40 * s, n - n // 2)


def _disk_filling(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    used = x['disk_used{mountpoint="/var"}']
    used += np.linspace(0, 1, len(used)) * (max(70 + 28 * s, used.mean() + 6) - used.mean())
    x["disk_written"] *= 1.1 + 0.3 * s


def _disk_saturated(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    _towards(x["disk_busy"], 99, 0.3 + 0.68 * s)
    x["cpu_iowait"] += 3 + 28 * s
    for name in HTTP[:2]:
        x[name] *= 1.3 + 0.9 * s
    x["disk_read"] *= 1.3 + s


def _network_errors(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    n = len(x["network_errors"])
    x["network_errors"] += rng.gamma(4, (0.6 + 11 * s) / 4, n)
    for name in HTTP[:2]:
        x[name] *= 1.1 + 0.2 * s


def _slow_dependency(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    n = len(x["response_time"])
    grown = (1.5 + 5.5 * s) * np.exp(rng.normal(0, 0.1, n))
    x["response_time"] *= grown
    x["response_time_p95"] *= grown * 1.1
    x["cpu"] *= 0.93


def _error_burst(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    x["error_share"] += (1.5 + 28 * s) * np.exp(rng.normal(0, 0.15, len(x["error_share"])))
    x["response_time"] *= 0.95


def _host_down(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    for one in x.values():
        one[:] = np.nan


def _traffic_spike(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    grown = 1.7 + 3.5 * s
    x["requests"] *= grown
    x["network_received"] *= 0.9 * grown
    x["network_sent"] *= 0.9 * grown
    _towards(x["cpu"], 95, 0.2 + 0.25 * s)
    x["load_per_core"] *= 1.3 + 0.5 * s
    for name in HTTP[:2]:
        x[name] *= 1.1 + 0.2 * s


def _crash_loop(x: dict[str, Floats], s: float, rng: np.random.Generator) -> None:
    """Every quarter of an hour the service dies and comes back: memory saws, requests fail and fall."""
    n = len(x["memory"])
    phase = (np.arange(n) + int(rng.integers(3))) % 3
    x["memory"] -= np.array([16.0, 9.0, 3.0])[phase] * (0.6 + 0.6 * s)
    x["error_share"] += np.array([1.0, 0.45, 0.25])[phase] * (5 + 28 * s)
    x["requests"] *= np.array([0.35, 0.7, 0.9])[phase]
    x["response_time"] *= np.array([1.4, 1.1, 1.0])[phase]


FAULTS: Mapping[str, Fault] = {
    "cpu hog": Fault(6, 48, ("cpu", "load_per_core"), _cpu_hog),
    "memory leak": Fault(36, 144, ("memory", "swap"), _memory_leak),
    "disk filling": Fault(36, 200, ("disk_used",), _disk_filling),
    "disk saturated": Fault(6, 60, ("disk_busy", "cpu_iowait"), _disk_saturated),
    "network errors": Fault(6, 60, ("network_errors",), _network_errors),
    "slow dependency": Fault(6, 48, ("response_time", "response_time_p95"), _slow_dependency),
    "error burst": Fault(4, 36, ("error_share",), _error_burst),
    "host down": Fault(4, 24, (), _host_down),
    "traffic spike": Fault(6, 36, ("requests", "network_received", "network_sent"), _traffic_spike),
    "crash loop": Fault(9, 48, ("error_share", "memory", "requests"), _crash_loop),
}

# `{host}` is the culprit's name as somebody on call would write it.
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "cpu hog": (
        "why is {host} slow?",
        "why is cpu so high",
        "what's eating the cpu on {host}",
        "cpu is pegged, who is it?",
        "why is {host} so busy",
        "what is going on",
        "load is through the roof, why",
        "something is slow, which host?",
    ),
    "memory leak": (
        "is there a memory leak?",
        "why is memory climbing on {host}",
        "who is eating all the memory",
        "what's wrong with {host}?",
        "memroy keeps growing, why",
        "how is everything",
        "ram is nearly full on {host}, why?",
        "why does {host} swap",
    ),
    "disk filling": (
        "why is the disk filling up",
        "which disk is filling up?",
        "what's wrong with {host}",
        "disk space is running low on {host}, why",
        "why is the disk of {host} full",
        "anything wrong?",
        "disk full alarm, where",
        "is something filling a disk",
    ),
    "disk saturated": (
        "why is {host} slow",
        "why is everything slow",
        "disk io on {host} is bad, why?",
        "why is {host} so sluggish since a while",
        "what is wrong",
        "is a disk saturated?",
        "why do requests to {host} take so long",
        "{host} is slow",
    ),
    "network errors": (
        "are there network errors?",
        "what's wrong with the network",
        "why does {host} have network errors",
        "what is wrong with {host}",
        "how's it going",
        "packets get lost, why",
        "network problems on {host}?",
        "why is the network broken",
    ),
    "slow dependency": (
        "why is the site slow",
        "why is latency high",
        "response times are up, what's the cause?",
        "why are requests so slow",
        "why is everything so slwo",
        "what's going on?",
        "everything is laggy, who is to blame",
        "which host makes us slow",
        "why is {caller} slow",
        "{caller} answers slowly, why?",
    ),
    "error burst": (
        "why are there so many errors",
        "why are requests failing",
        "what's failing on {host}",
        "we get 500s, from where?",
        "why is {host} failing",
        "is everything ok?",
        "users see errors, what is broken",
        "error rate is up, why",
    ),
    "host down": (
        "is {host} down?",
        "what's down?",
        "is a host down",
        "what happened to {host}",
        "why is {host} not responding",
        "how is everything?",
        "which host is gone",
        "is everything up",
    ),
    "traffic spike": (
        "why is traffic so high",
        "is there a traffic spike?",
        "why does {host} get so many requests",
        "why is {host} so busy",
        "what is going on with {host}?",
        "what's going on",
        "requests went up, where",
        "who is getting hammered",
    ),
    "crash loop": (
        "is something crashing?",
        "why does {host} keep restarting",
        "what's wrong with {host}?",
        "is {host} in a crash loop",
        "why is {host} flapping",
        "what is broken",
        "why do requests fail on and off",
        "anything weird?",
    ),
    "quiet": (
        "how is everything?",
        "what's going on",
        "why is {host} slow",
        "anything wrong?",
        "is {host} ok",
        "why is cpu so high on {host}",
        "is something broken",
        "why are there errors",
        "what is wrong with {host}",
        "why is the site slow?",
        "is any host down",
        "all good?",
    ),
}
ROLES = ("web", "api", "db", "cache", "worker", "auth", "search", "queue")


def scenarios(seeds: range) -> Iterator[Scenario]:
    """One a seed: faults, sizes, backgrounds and questions go round so that each meets each."""
    for seed in seeds:
        yield scenario(seed)


def scenario(seed: int) -> Scenario:
    """The scenario of a seed."""
    rng = np.random.default_rng([seed, 6])
    size = SIZES[seed % len(SIZES)]
    quiet = rng.random() < QUIET_SHARE
    fault = "quiet" if quiet else list(FAULTS)[int(rng.integers(len(FAULTS)))]
    # One host alone has no "everywhere at once" to tell a deploy from a fault by.
    grounds = BACKGROUNDS if size > 1 else BACKGROUNDS[:3]
    background = grounds[int(rng.integers(len(grounds)))]
    strength = float(rng.uniform(0.05, 1.0))
    hosts = _names(size, rng)
    end = END + int(rng.integers(0, 7 * DAY // STEP)) * STEP
    values = _calm(size, background, end, rng)
    _old_faults(values, rng)
    asked = hosts[int(rng.integers(size))]
    start, culprit, metrics, missing = end, None, (), False
    callers: list[str] = []
    if not quiet:
        start, metrics, missing = _strike(values, fault, hosts.index(asked), strength, rng, end)
        culprit = asked
    if fault == "slow dependency":
        callers = [hosts[i] for i in _felt_by_callers(values, hosts.index(asked), start, strength, rng, end)]
        if size > 1 and rng.random() < DISTRACTED and not missing:
            _distract(values, fault, hosts.index(asked), strength, rng, end)
    _bound(values)
    _lose(values, rng)
    question = QUESTIONS[fault][int(rng.integers(len(QUESTIONS[fault])))]
    if "{caller}" in question:
        question = question.replace("{caller}", _called(callers[0] if callers else asked, rng))
    key = f"{seed} {fault}, {size} hosts, {background}, strength {strength:.2f}"
    return Scenario(
        key,
        seed,
        fault,
        hosts,
        background,
        strength,
        question.format(host=_called(asked, rng)),
        culprit,
        metrics,
        start,
        end,
        values,
        missing,
    )


def _names(size: int, rng: np.random.Generator) -> tuple[str, ...]:
    """web-1, db-1, web-2…; in some fleets with a domain and a port."""
    tail = ("", ":9100", ".prod.example.org:9100")[int(rng.integers(3))]
    count = dict.fromkeys(ROLES, 0)
    found = []
    for i in range(size):
        role = ROLES[i % len(ROLES)] if i < len(ROLES) else ROLES[int(rng.integers(len(ROLES)))]
        count[role] += 1
        found.append(f"{role}-{count[role]}{tail}")
    return tuple(found)


def _called(host: str, rng: np.random.Generator) -> str:
    bare = host.partition(":")[0].partition(".")[0]
    return (bare, bare, bare.upper(), bare.replace("-", ""), host)[int(rng.integers(5))]


def _calm(size: int, background: str, end: int, rng: np.random.Generator) -> Floats:
    """(hosts, metrics, rows) of a fleet with nothing wrong."""
    gauges = np.array(list(GAUGES.values()))
    shape = (size, len(NAMES))
    level = np.maximum(gauges[:, 0] + rng.normal(0, 1, shape) * gauges[:, 1], gauges[:, 0] * 0.3)
    busy = rng.random(size) < 0.08
    level[busy, 0] = rng.uniform(70, 80, busy.sum())
    level[busy, 2] = rng.uniform(1.2, 1.8, busy.sum())
    clock = (end - STEP * np.arange(ROWS - 1, -1, -1)) / DAY
    day = (1 + np.sin(2 * np.pi * (clock[None, None] - rng.normal(0.35, 0.02, (size, 1, 1))))) / 2
    size_of_day = {"steady": 0.1, "daily": 1.3, "noisy": 0.4, "deploy": 0.6}[background]
    weekend = (np.floor(clock) + 3) % 7 >= 5  # day 0 of the epoch was a Thursday
    day = day * np.where(weekend, 0.75, 1.0)
    swing = size_of_day * gauges[:, 2] * rng.uniform(0.6, 1.3, shape)
    loud = 2.2 if background == "noisy" else 1.0
    noise = _remembering(rng, (*shape, ROWS), 0.6) * (gauges[:, 3] * rng.uniform(0.7, 1.3, shape) * loud)[..., None]
    if background == "noisy":
        # Student's t of three degrees of freedom, as bursty traffic has it.
        noise *= np.sqrt(3 / rng.chisquare(3, (*shape, ROWS)).astype(np.float32)) / 1.3
    values = level[..., None] + swing[..., None] * day + noise
    _jobs(values, clock, rng)
    if background == "deploy":
        _deploy(values, rng)
    return np.asarray(values)


def _jobs(values: Floats, clock: Floats, rng: np.random.Generator) -> None:
    """One host in six runs something at the same time of every day, for twenty minutes to two hours."""
    for host in np.flatnonzero(rng.random(len(values)) < 1 / 6):
        at = (clock - rng.random()) % 1 < rng.uniform(20, 120) / 1440
        values[host, NAMES.index("disk_busy"), at] += rng.uniform(20, 50)
        values[host, NAMES.index("disk_read"), at] *= rng.uniform(2, 4)
        values[host, NAMES.index("cpu"), at] += rng.uniform(5, 20)


def _remembering(rng: np.random.Generator, shape: tuple[int, ...], memory: float) -> Floats:
    noise = rng.standard_normal(shape, np.float32).astype(np.float64) * np.sqrt(1 - memory**2)
    for i in range(1, shape[-1]):
        noise[..., i] += memory * noise[..., i - 1]
    return noise


def _deploy(values: Floats, rng: np.random.Generator) -> None:
    """A new version everywhere within minutes, two hours to three days ago: three metrics stand at another level."""
    at = ROWS - int(rng.integers(2 * HOUR_ROWS, 72 * HOUR_ROWS))
    names = ("cpu", "memory", "response_time", "response_time_p95", "network_sent", "disk_written")
    for name in rng.choice(names, 3, replace=False):
        by = rng.uniform(1.12, 1.4)
        for host in range(len(values)):
            values[host, NAMES.index(name), at + int(rng.integers(3)) :] *= by * rng.uniform(0.97, 1.03)


def _old_faults(values: Floats, rng: np.random.Generator) -> None:
    """One host in ten, at least one in half of the fleets, had a bad hour or three, one to six days ago."""
    for _ in range(max(int(rng.random() < 0.5), len(values) // 10)):
        host, metric = int(rng.integers(len(values))), int(rng.integers(len(NAMES)))
        at = ROWS - int(rng.integers(24 * HOUR_ROWS, 6 * 24 * HOUR_ROWS))
        values[host, metric, at : at + int(rng.integers(6, 3 * HOUR_ROWS))] *= rng.uniform(1.5, 3)


def _strike(
    values: Floats, name: str, at: int, strength: float, rng: np.random.Generator, end: int
) -> tuple[int, tuple[str, ...], bool]:
    """Put a fault on a host; when it began, what names it, and whether something is missing."""
    fault = FAULTS[name]
    length = int(rng.integers(fault.least, fault.most + 1))
    rows = {metric: values[at, i, ROWS - length :] for i, metric in enumerate(NAMES)}
    if name == "host down" and len(values) == 1:
        # A file of one host ends with it: here its service is down, the machine still reports.
        rows = {metric: rows[metric] for metric in HTTP}
    fault.apply(rows, strength, rng)
    return end - (length - 1) * STEP, fault.metrics, name == "host down"


def _felt_by_callers(
    values: Floats, at: int, start: int, strength: float, rng: np.random.Generator, end: int
) -> list[int]:
    """A third of the other hosts wait for it a little; which."""
    length = (end - start) // STEP + 1
    found = [int(host) for host in np.flatnonzero(rng.random(len(values)) < 1 / 3) if host != at]
    for host in found:
        for name in HTTP[:2]:
            values[host, NAMES.index(name), ROWS - length :] *= 1 + (0.1 + 0.4 * strength) * rng.uniform(0.7, 1)
    return found


def _distract(values: Floats, name: str, at: int, strength: float, rng: np.random.Generator, end: int) -> None:
    """Another host has a fault of another kind, a third as strong."""
    others = [f for f in FAULTS if f not in (name, "host down", "slow dependency", "crash loop", "traffic spike")]
    others = [f for f in others if not set(FAULTS[f].metrics) & set(FAULTS[name].metrics)]
    host = int(rng.choice([i for i in range(len(values)) if i != at]))
    _strike(values, others[int(rng.integers(len(others)))], host, strength * 0.3, rng, end)


def _lose(values: Floats, rng: np.random.Generator) -> None:
    """Samples that never came: single ones, and half an hour of all metrics of a host in twenty, days ago."""
    size = values.shape
    values[rng.random((size[0], 1, size[2])).repeat(size[1], axis=1) < 0.005] = np.nan
    for host in np.flatnonzero(rng.random(size[0]) < 0.05):
        gap = int(rng.integers(HOUR_ROWS, ROWS - 24 * HOUR_ROWS))
        values[host, :, gap : gap + 6] = np.nan


def _bound(values: Floats) -> None:
    for i, gauge in enumerate(GAUGES.values()):
        np.clip(values[:, i], gauge.floor, gauge.most, out=values[:, i])


def header(name: str, host: str) -> str:
    """The series' name.

    >>> header('disk_used{mountpoint="/"}', "db-1")
    'disk_used{instance="db-1",mountpoint="/"}'
    """
    metric, _, labels = name.partition("{")
    return f'{metric}{{instance="{host}",{labels}' if labels else f'{metric}{{instance="{host}"}}'


def write(one: Scenario, path: Path) -> None:
    """The scenario as a wide Parquet file, `sco ask --from` reads it."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = {"timestamp": pa.array(one.times, pa.timestamp("ms", "UTC"))}
    for h, host in enumerate(one.hosts):
        for m, name in enumerate(NAMES):
            row = np.round(one.values[h, m], 6)
            if not np.isnan(row).all():
                columns[header(name, host)] = pa.array(row, pa.float64(), from_pandas=True)
    parquet.write_table(pa.table(columns), path)
