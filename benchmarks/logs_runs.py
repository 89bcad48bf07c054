"""One contender's run: how long, how much memory its processes take together, when its first line came, how many."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from fetch import cpu_s


@dataclass(frozen=True)
class Run:
    """Seconds of wall from start to end and to the first line; of CPU, the server's too; lines; the end of
    what was printed."""

    wall_s: float
    first_s: float
    cpu_s: float
    lines: int
    end: str


def run(command: Sequence[str], environ: Mapping[str, str], server: int) -> Run:
    """Run it to its end, reading what it prints; `server` is a process id. SystemExit where it fails."""
    used = children_s() + cpu_s(server)
    started = time.perf_counter()
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    errors: list[bytes] = []
    first, lines, last = float("nan"), 0, b""
    with subprocess.Popen(command, env=dict(environ), **pipes) as process:  # type: ignore[call-overload]
        reading = threading.Thread(target=lambda: errors.append(process.stderr.read()))
        reading.start()
        while block := os.read(process.stdout.fileno(), 1 << 20):
            first = first if lines else time.perf_counter() - started
            lines += block.count(b"\n")
            last = (last + block)[-4096:]
        status = process.wait()
        wall = time.perf_counter() - started
        reading.join()
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}: {errors[0].decode()[-2000:]}")
    spent = children_s() + cpu_s(server) - used
    return Run(wall, first, spent, lines, last.decode(errors="replace"))


def children_s() -> float:
    """CPU seconds of all processes that have ended below this one."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def peak_mib(command: Sequence[str], environ: Mapping[str, str], every_s: float = 0.05) -> float:
    """The most memory (PSS: shared pages are counted once) that it and its children take at a time."""
    with subprocess.Popen(
        command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        most = 0.0
        while process.poll() is None:
            most = max(most, sum(map(pss_mib, tree(process.pid))))
            time.sleep(every_s)
    return most


def tree(process: int) -> Iterator[int]:
    """A process and all below it."""
    yield process
    try:
        yield from (child.pid for child in psutil.Process(process).children(recursive=True))
    except psutil.NoSuchProcess:
        return


def pss_mib(process: int) -> float:
    """0 once it has ended."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024


def free_port() -> int:
    """One that nothing listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Until something listens there, at most 30 s."""
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"nothing listens on port {port}")
