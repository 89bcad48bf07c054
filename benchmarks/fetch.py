"""Range fetch and decoding against the usual client, in one run on a real Prometheus.

`python benchmarks/fetch.py [--series N] [--days D] [--step S] [--queries Q]` back-fills a history, starts a server on
loopback and lets each contender fetch it in a process of its own. Client: CPU seconds and peak memory of that process
after its imports; server: CPU seconds over the same time. Needs `prometheus` and `promtool` on the path.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

USUAL = "usual client + DataFrame"


@dataclass(frozen=True)
class Task:
    """What every contender fetches; times in seconds."""

    url: str
    start: int
    end: int
    step: int
    queries: tuple[str, ...]


# What a contender does, and how to count its samples afterwards.
Contender = tuple[Callable[[], Any], Callable[[Any], int]]


def usual(task: Task) -> Contender:
    """prometheus-api-client, as its documentation shows it."""
    from prometheus_api_client import MetricRangeDataFrame, PrometheusConnect

    start, end = (datetime.fromtimestamp(at, UTC) for at in (task.start, task.end))

    def run() -> Any:
        client = PrometheusConnect(task.url)
        answers = [client.custom_query_range(query, start, end, str(task.step)) for query in task.queries]
        return [MetricRangeDataFrame(answer) for answer in answers]

    return run, lambda frames: sum(map(len, frames))


def ours(task: Task) -> Contender:
    """The `prometheus` source with whichever parser is installed."""
    import numpy as np

    from smartcloudops.core.settings import Metric
    from smartcloudops.metrics.decode import fastest_parser
    from smartcloudops.metrics.fetching import fetch_all
    from smartcloudops.metrics.prometheus import Prometheus
    from smartcloudops.metrics.series import Window
    from smartcloudops.metrics.transport import Connection

    metrics = [Metric(f"m{i}", query) for i, query in enumerate(task.queries)]
    window = Window(task.start * 1000, task.end * 1000, task.step * 1000)

    fastest_parser()

    def run() -> Any:
        return fetch_all(Prometheus(Connection(task.url)), metrics, window)

    return run, lambda found: sum(int(np.count_nonzero(~np.isnan(matrix.values))) for matrix in found)


def without_simdjson(task: Task) -> Contender:
    """The same without the extra `fast`."""
    sys.modules["simdjson"] = None  # type: ignore[assignment]
    return ours(task)


CONTENDERS: dict[str, Callable[[Task], Contender]] = {
    USUAL: usual,
    "sco, simdjson": ours,
    "sco, numpy alone": without_simdjson,
}


def cpu_s(process: int) -> float:
    """User and system CPU seconds of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def contend(name: str, task: Task, server: int) -> None:
    """Run one contender here and print its figures as JSON."""
    run, count = CONTENDERS[name](task)
    server_before, used = cpu_s(server), resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    found = run()
    after = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "samples": count(found),
        "client_s": after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime,
        "wall_s": time.perf_counter() - started,
        "server_s": cpu_s(server) - server_before,
        # Linux counts in KiB; after exec it starts anew.
        "peak_mib": after.ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def back_fill(folder: Path, *, series: int, points: int, end: int, step: int) -> None:
    """Blocks of one gauge `load`: `series` hosts, `points` each, the digits that rates have."""
    dice = random.Random(1)
    source = folder / "history.om"
    with source.open("w") as out:
        for host in range(series):
            name = f'load{{instance="host-{host:04d}:9100",job="node"}}'
            for i in range(points):
                out.write(f"{name} {dice.random() * 100!r} {end - (points - 1 - i) * step}\n")
        out.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=168h", "openmetrics"]
    subprocess.run([*command, str(source), str(folder / "data")], check=True, capture_output=True)
    source.unlink()


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, int]]:
    """A Prometheus over those blocks: its URL and process id."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{s.getsockname()[1]}"
    (folder / "prom.yml").write_text("global: {}\n")
    files = [f"--config.file={folder / 'prom.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    command = ["prometheus", *files, "--storage.tsdb.retention.time=10y", f"--web.listen-address={address}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(f"http://{address}")
        yield f"http://{address}", process.pid
    finally:
        process.terminate()
        process.wait(10)


def wait_until_ready(url: str) -> None:
    """At most 30 s."""
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/-/ready", timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} is not ready")


def measure(task: Task, process: int, *, rounds: int) -> dict[str, dict[str, float]]:
    """The median of each figure over the rounds; contenders take turns, so that a busy machine hits all alike."""
    payload = json.dumps({**vars(task), "queries": list(task.queries)})
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, found in runs.items():
            command = [sys.executable, __file__, "--contender", name, "--task", payload, "--server", str(process)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found.append(json.loads(done.stdout))
    return {name: {key: statistics.median(one[key] for one in all) for key in all[0]} for name, all in runs.items()}


def table(figures: dict[str, dict[str, float]]) -> Iterator[str]:
    """One line per contender; ratios to the usual client."""
    base = figures[USUAL]
    columns = ("", "samples", "samples/CPU s", "×", "peak MiB", "×", "server CPU s", "×", "wall s")
    yield "{:<26}{:>9}{:>15}{:>7}{:>10}{:>7}{:>14}{:>7}{:>8}".format(*columns)
    for name, one in figures.items():
        rate = one["samples"] / one["client_s"]
        yield (
            f"{name:<26}{one['samples']:>9.0f}{rate:>15,.0f}{base['client_s'] / one['client_s']:>7.1f}"
            f"{one['peak_mib']:>10.0f}{one['peak_mib'] / base['peak_mib']:>7.2f}"
            f"{one['server_s']:>14.2f}{one['server_s'] / base['server_s']:>7.2f}{one['wall_s']:>8.2f}"
        )


def parser() -> argparse.ArgumentParser:
    """The flags; the last three are for the contenders' own processes."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--series", type=int, default=200)
    flags.add_argument("--days", type=float, default=14)
    flags.add_argument("--step", type=int, default=300, help="seconds")
    flags.add_argument("--queries", type=int, default=1, help="expressions, each over all series")
    flags.add_argument("--rounds", type=int, default=3)
    flags.add_argument("--contender", help=argparse.SUPPRESS)
    flags.add_argument("--task", help=argparse.SUPPRESS)
    flags.add_argument("--server", type=int, help=argparse.SUPPRESS)
    return flags


def as_task(text: str) -> Task:
    """A task from its JSON."""
    fields: dict[str, Any] = json.loads(text)
    return Task(**{**fields, "queries": tuple(fields["queries"])})


def main() -> None:
    """Measure all, or be one of them."""
    given = parser().parse_args()
    if given.contender:
        contend(given.contender, as_task(given.task), given.server)
        return
    points = int(given.days * 86_400 / given.step)
    end = int(time.time()) // given.step * given.step - 4 * 3_600
    queries = tuple(f"load + {i}" if i else "load" for i in range(given.queries))
    print(f"{given.series} series × {points} points × {given.queries} expressions, median of {given.rounds} rounds")
    with tempfile.TemporaryDirectory() as name:
        back_fill(Path(name), series=given.series, points=points, end=end, step=given.step)
        with server(Path(name)) as (url, process):
            task = Task(url, end - (points - 1) * given.step, end, given.step, queries)
            print(*table(measure(task, process, rounds=given.rounds)), sep="\n")


if __name__ == "__main__":
    main()
