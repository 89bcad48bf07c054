"""Log objects as a service writes them: gz of JSON lines, deterministic, in a directory laid out as bucket/key.

Each object holds about 5 MB of text. What exceeds `ORIGINALS` of them is copied from these: reading a copy costs the
same as reading an original, and making it costs next to nothing. `python benchmarks/logs_corpus.py DIR MB` writes one.
"""

from __future__ import annotations

import gzip
import multiprocessing
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BUCKET, PREFIX = "sco-logs", "app"
# What share of all lies below these prefixes.
SHARES = {f"{PREFIX}/a/logs/web-0": 0.25, f"{PREFIX}/a": 0.5, PREFIX: 1.0}
RAW = 5_000_000
ORIGINALS = 200
HOUR_S = 3_600
START = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
# Words that nothing else has: in one line of every tenth object each.
NEEDLE = "ledger mismatch"
RARE = {0: NEEDLE, 3: "Quota Breached", 6: "SHARD is lost"}
LEVELS = ("DEBUG",) * 20 + ("INFO",) * 72 + ("WARN",) * 7 + ("ERROR",)
STATUSES = (200,) * 900 + (201,) * 40 + (304,) * 20 + (404,) * 30 + (500,) * 6 + (503,) * 4
SERVICES = ("checkout", "cart", "catalogue", "payment", "search", "session")
MESSAGES = (
    "request served",
    "cache miss, reading from the replica",
    "token refreshed for the session",
    "retrying after a slow answer from upstream",
    "batch written to the queue",
    "connection returned to the pool after use",
)


@dataclass(frozen=True)
class Corpus:
    """What was written: a directory `root`/BUCKET/key."""

    root: Path
    objects: int
    raw: int
    stored: int
    lines: int
    needles: int
    rare: int
    errors: int
    failures: int


def key_of(number: int) -> str:
    """Its object's key: an hour of one of four hosts in two zones, in sco's own layout."""
    hour, host = divmod(number, 4)
    day, hour = divmod(hour, 24)
    date = datetime.fromtimestamp(START + day * 24 * HOUR_S, UTC).date()
    return f"{PREFIX}/{'ab'[host // 2]}/logs/web-{host}/dt={date}/hour={hour:02d}/{number:06d}.json.gz"


def lines(number: int, raw: int) -> Iterator[str]:
    """Records of one object, about `raw` bytes; an hour of them in rising order of time."""
    dice = random.Random(number)
    pick, below, bits = dice.choice, dice.random, dice.getrandbits
    began, written, share = START + number // 4 * HOUR_S, 0, HOUR_S / raw
    rare, rare_at = RARE.get(number % 10), int(below() * raw / 2)
    while written < raw:
        at = began + written * share
        clock = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.{int(at * 1000) % 1000:03d}Z"
        message = pick(MESSAGES)
        if rare and written >= rare_at:
            message, rare = rare, None
        line = (
            f'{{"time":"{clock}","level":"{pick(LEVELS)}","service":"{pick(SERVICES)}","host":"web-{number % 4}",'
            f'"request":{{"id":"{bits(48):012x}","method":"GET","path":"/api/v1/orders/{bits(20)}",'
            f'"status":{pick(STATUSES)},"latency_ms":{below() ** 4 * 900:.1f},"bytes":{bits(14)}}},'
            f'"user":{{"id":{bits(16)},"country":"{pick(["DE", "FR", "US", "JP", "BR"])}"}},"message":"{message}"}}\n'
        )
        written += len(line)
        yield line


def write_one(task: tuple[Path, int, int]) -> tuple[int, ...]:
    """An object: its raw bytes, stored bytes, and lines; those with NEEDLE, one of RARE, ERROR, and status 5xx."""
    root, number, raw = task
    text = list(lines(number, raw))
    data = "".join(text).encode()
    path = root / BUCKET / key_of(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data, 6, mtime=0))
    rare = [sum(words in line for line in text) for words in RARE.values()]
    errors = sum('"level":"ERROR"' in line for line in text)
    failures = sum('"status":50' in line for line in text)
    return len(data), path.stat().st_size, len(text), rare[0], sum(rare), errors, failures


def copy_one(root: Path, number: int) -> None:
    """An object beyond the originals."""
    path = root / BUCKET / key_of(number)
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(root / BUCKET / key_of(number % ORIGINALS), path)


def write(root: Path, size: int, raw: int = RAW) -> Corpus:
    """About `size` bytes of text in objects of `raw` bytes each."""
    objects = max(1, size // raw)
    tasks = [(root, number, raw) for number in range(min(objects, ORIGINALS))]
    with multiprocessing.get_context("spawn").Pool() as pool:
        sums = pool.map(write_one, tasks, chunksize=1)
    for number in range(ORIGINALS, objects):
        copy_one(root, number)
    each = [sums[number % ORIGINALS] for number in range(objects)]
    return Corpus(root, objects, *(sum(column) for column in zip(*each, strict=True)))


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(float(sys.argv[2]) * 1e6)))
