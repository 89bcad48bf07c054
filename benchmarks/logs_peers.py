"""What `sco logs` is measured against: the pipe that people type, DuckDB, and the bound that decoding sets."""

from __future__ import annotations

import ctypes
import multiprocessing
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit


def pipe(url: str, bucket: str, prefix: str, words: str) -> list[str]:
    """`rclone cat | zgrep`: prints the lines."""
    remote = f":s3,provider=Other,env_auth=true,endpoint='{url}':{bucket}/{prefix}"
    script = 'set -o pipefail; rclone cat --config "" --quiet "$1" | zgrep -F "$2"'
    return ["bash", "-c", script, "pipe", remote, words]


def duckdb(url: str, bucket: str, prefix: str) -> list[str]:
    """Lines by level, from the server; prints `level,count` for each, the largest last."""
    return [sys.executable, __file__, "duckdb", f"s3://{bucket}/{prefix}", url]


def duckdb_on_disk(root: Path, prefix: str) -> list[str]:
    """The same from the objects' files, without a server."""
    return [sys.executable, __file__, "duckdb", str(root / prefix)]


def bound(root: Path, prefix: str, words: str) -> list[str]:
    """Decode and find, of objects that are in memory already; prints the seconds that took."""
    return [sys.executable, __file__, "bound", str(root / prefix), words]


def run_duckdb(folder: str, url: str = "") -> None:
    """See `duckdb`."""
    import duckdb as db

    connection = db.connect()
    if url:
        from duckdb_extensions import import_extension

        import_extension("httpfs")
        where = f"ENDPOINT '{urlsplit(url).netloc}', URL_STYLE 'path', USE_SSL false, REGION 'us-east-1'"
        connection.execute(f"LOAD httpfs; CREATE SECRET (TYPE s3, KEY_ID 'bench', SECRET 'bench', {where})")
    query = f"SELECT level, count(*) AS n FROM read_json_auto('{folder}/**/*.json.gz') GROUP BY level ORDER BY n"
    for level, count in connection.execute(query).fetchall():
        print(f"{level},{count}")


def run_bound(folder: str, words: str) -> None:
    """See `bound`."""
    stored = [path.read_bytes() for path in sorted(Path(folder).rglob("*.gz"))]
    cores = multiprocessing.cpu_count()
    context = multiprocessing.get_context("fork")
    ready, go = context.Barrier(cores + 1), context.Barrier(cores + 1)
    shares = [stored[core::cores] for core in range(cores)]
    workers = [context.Process(target=work, args=(share, words.encode(), ready, go)) for share in shares]
    for worker in workers:
        worker.start()
    ready.wait()
    started = time.perf_counter()
    go.wait()
    for worker in workers:
        worker.join()
    print(time.perf_counter() - started)


def work(stored: Sequence[bytes], words: bytes, ready: object, go: object) -> None:
    """Decode each at once into a buffer of the right size, as the allocator does best, and look for the words."""
    from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor

    libc = ctypes.CDLL(None)
    libc.mallopt(-3, 32 << 20)
    libc.mallopt(-1, 1 << 30)
    # Touched once, so that no page is new when the clock runs.
    del [b"\0" * (32 << 20)][:]
    ready.wait()  # type: ignore[attr-defined]
    go.wait()  # type: ignore[attr-defined]
    for data in stored:
        size = int.from_bytes(data[-4:], "little")
        text = IgzipDecompressor(flag=DECOMP_GZIP).decompress(data, size + 16)
        at = -1
        while (at := text.find(words, at + 1)) >= 0:
            pass


if __name__ == "__main__":
    {"duckdb": run_duckdb, "bound": run_bound}[sys.argv[1]](*sys.argv[2:])
