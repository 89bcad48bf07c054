"""The processes of this machine that use most, now: names and figures, never their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    import psutil

    found = {}
    for each in psutil.process_iter(["pid", "create_time", "cpu_times"]):
        info = each.info
        if info["cpu_times"] is not None:
            found[info["pid"], info["create_time"]] = info["cpu_times"].user + info["cpu_times"].system
    return found


def busiest(before: Spent, seconds: float, *, count: int = 5) -> tuple[Process, ...]:
    """The processes that used the processors most since `before`, so many seconds ago; then those of most memory."""
    import psutil

    found = []
    for each in psutil.process_iter(["pid", "create_time", "cpu_times", "memory_info", "name"]):
        info = each.info
        if info["cpu_times"] is None:
            continue
        used = info["cpu_times"].user + info["cpu_times"].system
        since = used - before.get((info["pid"], info["create_time"]), 0.0)
        memory = info["memory_info"].rss if info["memory_info"] else 0
        found.append(
            Process(info["pid"], redact((info["name"] or "?")[:_NAME]), 100 * max(0.0, since) / seconds, memory)
        )
    return tuple(sorted(found, key=lambda p: (-round(p.cpu), -p.memory, p.pid))[:count])
