"""What a series measures, told by its name, its unit and what the user says: traffic, latency, errors, saturation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from smartcloudops.core.settings import Direction, Kind

Form = Literal["mean", "quantile", "share", "rate", "count"]

_WORDS = re.compile(r"[pq]\d+|\d+xx|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|%")
_QUANTILE = re.compile(r"[pq]\d{2,4}|median|quantile|percentile|max")
_GOOD = frozenset(
    [
        "availability",
        "available",
        "success",
        "successful",
        "succeeded",
        "uptime",
        "apdex",
        "healthy",
        "ready",
        "up",
        "ok",
    ]
)
_ERRORS = _GOOD | frozenset(
    [
        "error",
        "errors",
        "errs",
        "err",
        "fail",
        "failed",
        "failure",
        "failures",
        "fault",
        "faults",
        "exception",
        "exceptions",
        "5xx",
        "4xx",
        "dropped",
        "drops",
        "timeouts",
        "rejected",
        "aborted",
        "panics",
    ]
)
_LATENCY = frozenset(["latency", "latencies", "duration", "delay", "rtt", "elapsed"])
_SATURATION = frozenset(
    [
        "cpu",
        "memory",
        "mem",
        "heap",
        "load",
        "disk",
        "queue",
        "queued",
        "pool",
        "usage",
        "used",
        "utilization",
        "utilisation",
        "saturation",
        "swap",
        "iowait",
        "threads",
        "connections",
        "inflight",
        "flight",
        "active",
        "pending",
        "backlog",
        "busy",
        "throttled",
        "descriptors",
        "fds",
        "lag",
    ]
)
_TRAFFIC = frozenset(
    [
        "request",
        "requests",
        "req",
        "rq",
        "rps",
        "qps",
        "calls",
        "call",
        "hits",
        "throughput",
        "queries",
        "invocations",
        "traffic",
        "packets",
        "messages",
        "transactions",
        "ops",
        "received",
        "sent",
    ]
)
_CLOCKS = frozenset(["timestamp", "start", "created", "expiry", "boot", "modified"])
_TIMES = {"s": 1.0, "seconds": 1.0, "second": 1.0, "ms": 1e-3, "milliseconds": 1e-3, "us": 1e-6, "microseconds": 1e-6}
_PER_SECOND = frozenset(["rps", "qps", "rate", "persecond"])
_PERCENT = frozenset(("%", "percent", "percentage", "pct"))
_SHARE = frozenset(("ratio", "share", "fraction"))


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known of a metric beside its name."""

    kind: Kind | None = None
    unit: str = ""
    direction: Direction = "both"


@dataclass(frozen=True, slots=True)
class Meaning:
    """`worse`: 1 where growth is bad, -1 where a fall is, 0 where both are.

    `scale` brings latency to seconds and a share of failures or successes to parts of 1; `unit` is that of the series
    as it came, for display. A `counter` is to be rated first.
    """

    kind: Kind | None
    worse: int
    form: Form
    scale: float
    unit: str
    counter: bool


def meaning(name: str, hint: Hint | None = None) -> Meaning:
    """The meaning of a metric's name; the user's hint goes before it.

    >>> meaning("latency_seconds_p99").form, meaning("availability_percent").worse
    ('quantile', -1)
    >>> [meaning(n).kind for n in ("http_requests_total", "node_load5", "request_queue_length", "requests_failed")]
    ['traffic', 'saturation', 'saturation', 'errors']
    """
    hint = hint or Hint()
    words = frozenset(word.lower() for word in _WORDS.findall(name))
    kind = hint.kind or _kind(words, hint.unit)
    form = _form(words, kind, hint.unit)
    worse = {"up": 1, "down": -1, "both": 0}[hint.direction] or _worse(words, kind)
    counter = name.endswith(("_total", "_count", "_sum", "_bucket"))
    return Meaning(kind, worse, form, _scale(words, kind, hint.unit), hint.unit or _unit(words, kind), counter)


def _kind(words: frozenset[str], unit: str) -> Kind | None:
    if words & _ERRORS:
        return "errors"
    if words & _LATENCY or {"response", "time"} <= words:
        return "latency"
    if words & _SATURATION:
        return "saturation"
    if words & _TRAFFIC:
        return "traffic"
    is_time = unit in _TIMES or words & _TIMES.keys() - {"s"}
    return "latency" if is_time and not words & _CLOCKS else None


def _form(words: frozenset[str], kind: Kind | None, unit: str) -> Form:
    if kind == "latency":
        return "quantile" if any(_QUANTILE.fullmatch(word) for word in words) else "mean"
    if kind == "errors":
        is_share = unit == "%" or words & (_PERCENT | _SHARE | _GOOD)
        return "share" if is_share else "rate" if _is_rate(words, unit) else "count"
    return "rate" if _is_rate(words, unit) else "count"


def _is_rate(words: frozenset[str], unit: str) -> bool:
    return unit.endswith("/s") or bool(words & _PER_SECOND) or {"per", "second"} <= words


def _worse(words: frozenset[str], kind: Kind | None) -> int:
    if kind == "errors":
        return -1 if words & _GOOD else 1
    return 1 if kind == "latency" else 0


def _scale(words: frozenset[str], kind: Kind | None, unit: str) -> float:
    if kind == "latency":
        return _TIMES.get(unit) or next((_TIMES[w] for w in sorted(words) if w in _TIMES and w != "s"), 1.0)
    if kind == "errors" and (unit == "%" or words & _PERCENT):
        return 0.01
    return 1.0


def _unit(words: frozenset[str], kind: Kind | None) -> str:
    if words & _PERCENT:
        return "%"
    if kind == "latency":
        return {1.0: "s", 1e-3: "ms", 1e-6: "us"}[_scale(words, kind, "")]
    return "bytes" if "bytes" in words else ""
