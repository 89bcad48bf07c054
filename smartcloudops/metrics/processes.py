"""The processes of this machine that use most, now: names and figures, never their arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.core.redact import redact

# The kernel's own limit. What is longer was taken from the arguments, which may hold secrets.
_NAME = 15


@dataclass(frozen=True, slots=True)
class Process:
    """`cpu` in percent of one core, over the time looked at; `memory` resident, in bytes."""

    pid: int
    name: str
    cpu: float
    memory: int


Spent = Mapping[tuple[int, float], float]


def spent() -> Spent:
    """Seconds of processor time so far, by pid and start; of those that may be read."""
    return {(info["pid"], info["create_time"]): _used(info) for info in _each()}


def busiest(before: Spent, seconds: float, *, count: int = 5) -> tuple[Process, ...]:
    """The processes that used the processors most since `before`, so many seconds ago; then those of most memory.

    None where no process can be seen.
    """
    found = []
    for info in _each("memory_info", "name"):
        since = _used(info) - before.get((info["pid"], info["create_time"]), 0.0)
        memory = info["memory_info"].rss if info["memory_info"] else 0
        found.append(
            Process(info["pid"], redact((info["name"] or "?")[:_NAME]), 100 * max(0.0, since) / seconds, memory)
        )
    return tuple(sorted(found, key=lambda p: (-round(p.cpu), -p.memory, p.pid))[:count])


def _each(*what: str) -> Iterator[dict[str, Any]]:
    """What may be read of each process, as far as any can be seen."""
    import psutil

    try:
        for each in psutil.process_iter(["pid", "create_time", "cpu_times", *what]):
            if each.info["cpu_times"] is not None:
                yield each.info
    except (OSError, LookupError, psutil.Error):
        return


def _used(info: Mapping[str, Any]) -> float:
    return float(info["cpu_times"].user + info["cpu_times"].system)
