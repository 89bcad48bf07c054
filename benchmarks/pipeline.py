"""Start-up, `sco train` and `sco detect` as whole processes against a real Prometheus, beside a naive peer.

`python benchmarks/pipeline.py [--large] [--hosts N]` back-fills 14 days at 5 minutes of 10 metrics on N hosts, starts
a server on loopback, and prints CPU, wall and peak memory. `--large` adds 10,000 series over 60 h.

The peer does the same work as a first script would: the usual client library with a query a series, 31 rolling
features by pandas, one scikit-learn forest a series with contamination=0.01, kept with joblib (sco: a query a metric,
147 features a group of ten series). It runs on a sample of the series in one process, its imports not counted, scaled
up by their number. Needs `prometheus` and `promtool` on the path.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from fetch import server

STEP, DAY, HOUR = 300, 86_400, 3_600
METRICS = ("cpu", "memory", "swap", "disk", "reads", "writes", "received", "sent", "load", "latency")
SAMPLE_HOSTS = 4


@dataclass(frozen=True)
class Run:
    """One whole process: CPU and wall seconds, peak MiB of the largest process."""

    cpu_s: float
    wall_s: float
    peak_mib: float
    out: str


def run(*command: str, env: Mapping[str, str] | None = None) -> Run:
    """Run a command and its children to the end; a failure shows its words."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=env)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode not in (0, 3):
            raise SystemExit(f"{command}: status {process.returncode}\n{err.read()}")
        wall = time.perf_counter() - started
        return Run(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, out.read())


def startup(rounds: int = 15) -> None:
    """CPU of start-up, as a ratio to importing typer alone."""
    commands = {
        "import typer": ("-c", "import typer"),
        "sco --version": ("-m", "smartcloudops", "--version"),
        "sco --help": ("-m", "smartcloudops", "--help"),
        "sco detect --help": ("-m", "smartcloudops", "detect", "--help"),
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, arguments in commands.items():
            taken[name].append(run(sys.executable, *arguments).cpu_s)
    base = statistics.median(taken["import typer"])
    print(f"\nstart-up, CPU, median of {rounds}")
    for name, found in taken.items():
        print(f"  {name:<20}{statistics.median(found) * 1000:>7.0f} ms {statistics.median(found) / base:>6.2f} ×")


def back_fill(folder: Path, *, hosts: int, points: int, end: int) -> None:
    """Blocks of ten gauges a host with a daily season; host 0 breaks in the last 40 minutes."""
    dice = np.random.default_rng(1)
    times = end - STEP * np.arange(points)[::-1]
    source = folder / "history.om"
    with source.open("w") as out:
        for k, metric in enumerate(METRICS):
            for host in range(hosts):
                values = (
                    40 + k + 15 * np.sin(2 * np.pi * times / DAY + dice.uniform(0, 0.1)) + dice.normal(0, 2, points)
                )
                if host == 0 and metric in ("cpu", "latency"):
                    values[-9:] += 45
                name = f'sim_{metric}{{instance="web-{host}:9100",job="node"}}'
                out.writelines(f"{name} {v:.4f} {t}\n" for v, t in zip(values.tolist(), times.tolist(), strict=True))
        out.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=168h", "openmetrics"]
    subprocess.run([*command, str(source), str(folder / "data")], check=True, capture_output=True)
    source.unlink()


@contextmanager
def history(hosts: int, points: int) -> Iterator[tuple[str, Path, int]]:
    """A server's URL, a scratch directory with a configuration for it, and the newest sample's time in seconds."""
    end = int(time.time()) // STEP * STEP - 4 * HOUR
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        back_fill(folder, hosts=hosts, points=points, end=end)
        entries = "".join(f'[[metric]]\nname = "{m}"\nexpr = "sim_{m}"\n' for m in METRICS)
        with server(folder) as (url, _):
            text = f'[prometheus]\nurl = "{url}"\n[metrics]\npresets = []\n[state]\ndir = "state"\n{entries}'
            (folder / "sco.toml").write_text(text)
            yield url, folder, end


def sco(folder: Path, *arguments: str) -> Run:
    """`sco` with the scratch configuration."""
    config = str(folder / "sco.toml")
    return run(sys.executable, "-m", "smartcloudops", "--config", config, *arguments)


def at(seconds: int) -> str:
    """RFC 3339."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def ours(folder: Path, end: int, *, hosts: int, since: str, engine: str) -> tuple[Run, Run]:
    """Train up to an hour before the end, detect the last hour; checks that the fault and nothing else was found."""
    os.environ["SCO_TRAIN__ENGINE"] = engine
    trained = sco(folder, "train", "--since", since, "--until", at(end - HOUR))
    detect = ("detect", "--until", at(end), "--json")
    sco(folder, *detect)
    detected = sco(folder, *detect)
    found = json.loads(detected.out)
    print(f"\n{hosts * len(METRICS):,} series, {since} of history at 5 min, forests by {engine}")
    for name, one in (("sco train", trained), ("sco detect", detected)):
        print(f"  {name:<12}{one.cpu_s:>8.2f} s CPU{one.wall_s:>8.2f} s wall{one.peak_mib:>7.0f} MiB")
    print(f"  incidents: {[i['group'] for i in found['incidents']]}")
    return trained, detected


PEER = """
import resource, sys, tempfile, time
import joblib
from datetime import datetime, timezone
import pandas as pd
from prometheus_api_client import PrometheusConnect, MetricRangeDataFrame
from sklearn.ensemble import IsolationForest
url, end, hosts = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
metrics = sys.argv[4].split(",")
client = PrometheusConnect(url)
def fetch(start, stop):
    a, b = (datetime.fromtimestamp(t, timezone.utc) for t in (start, stop))
    for metric in metrics:
        for host in range(hosts):
            query = f'sim_{metric}{{instance="web-{host}:9100"}}'
            frame = MetricRangeDataFrame(client.custom_query_range(query, a, b, "300"))
            yield query, features(frame["value"].astype(float))
def features(v):
    out = {"value": v, "step": v.diff(), "hour": v.diff(12)}
    for rows in (6, 12, 24, 72, 288):
        w = v.rolling(rows, min_periods=1)
        out |= {f"{f}{rows}": getattr(w, f)() for f in ("mean", "std", "min", "max", "median")}
    out["z"] = (v - out["mean288"]) / out["std288"]
    out["clock"] = v.index.hour if hasattr(v.index, "hour") else 0
    out["day"] = v.index.dayofweek if hasattr(v.index, "dayofweek") else 0
    return pd.DataFrame(out, index=v.index).fillna(0.0)
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
before = cpu()
history = fetch(end - 14 * 86400, end - 3600)
folder = tempfile.mkdtemp()
count = 0
began = time.perf_counter()
for count, (key, x) in enumerate(history, 1):
    joblib.dump(IsolationForest(contamination=0.01, random_state=0).fit(x.values), f"{folder}/{count}")
trained, train_wall = cpu(), time.perf_counter() - began
for number, (key, x) in enumerate(fetch(end - 3600 - 86400, end), 1):
    joblib.load(f"{folder}/{number}").predict(x.values[-13:])
print(trained - before, train_wall, cpu() - trained, time.perf_counter() - began - train_wall, count)
"""


def peer(url: str, end: int, *, series: int) -> list[float]:
    """CPU and wall seconds of train, then of detect, of the naive script, scaled to all series."""
    found = run(sys.executable, "-W", "ignore", "-c", PEER, url, str(end), str(SAMPLE_HOSTS), ",".join(METRICS))
    *taken, count = map(float, found.out.split())
    return [each * series / count for each in taken]


def prophet(count: int = 20) -> None:
    """Seconds to fit Prophet on 14 days of one series, after its import."""
    from smartcloudops.anomaly.detectors import DETECTORS, Scene

    times = np.arange(14 * 288, dtype=np.int64) * STEP * 1000
    dice = np.random.default_rng(2)
    values = 40 + 15 * np.sin(2 * np.pi * times / (DAY * 1000)) + dice.normal(0, 2, (count, len(times)))
    detector = DETECTORS.load("prophet")
    taken = []
    for row in values:
        scene = Scene(times, STEP * 1000, row[None, None], np.zeros((1, len(times), 1), np.float32))
        started = time.perf_counter()
        detector.fit(scene, seed=0, options={})
        taken.append(time.perf_counter() - started)
    usual, first = statistics.median(taken), taken[0]
    print(f"\nProphet: {usual:.3f} s wall for a series of 14 d ({first:.2f} s for the first, with imports)")


def main() -> None:
    """Everything, in one run."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--hosts", type=int, default=100)
    flags.add_argument("--large", action="store_true", help="10,000 series, too: about three minutes more")
    given = flags.parse_args()
    startup()
    prophet()
    series = given.hosts * len(METRICS)
    with history(given.hosts, 14 * 288 + 12) as (url, folder, end):
        trained, detected = ours(folder, end, hosts=given.hosts, since="14d", engine="sklearn")
        taken = peer(url, end, series=series)
    print(f"  naive peer, scaled from {SAMPLE_HOSTS * len(METRICS)} series")
    for name, one, cpu_s, wall_s in (("train", trained, *taken[:2]), ("detect", detected, *taken[2:])):
        ratios = f"{cpu_s / one.cpu_s:.1f} × the CPU, {wall_s / one.wall_s:.1f} × the wall"
        print(f"  {name:<12}{cpu_s:>8.2f} s CPU{wall_s:>8.2f} s wall: {ratios} of sco's")
    if given.large:
        with history(1_000, 720) as (_, folder, end):
            ours(folder, end, hosts=1_000, since="59h", engine="numpy")


if __name__ == "__main__":
    main()
