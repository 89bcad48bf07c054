"""What a server is and holds, asked with a few cheap queries: version, clock, retention, which metrics have data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from smartcloudops.core.errors import ConfigError, DataError, ScoError
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import SECOND, now_ms, parse_duration, to_ms
from smartcloudops.metrics.prometheus import Prometheus

_RETENTION = re.compile(r"(?:\d+(?:ms|[smhdwy]))+")
_PARTS = 100
_WORKERS = 4


def version(source: Prometheus) -> str | None:
    """The server's own version; None where it does not tell (Thanos, Mimir and others answer only queries)."""
    data = _told(source, "/api/v1/status/buildinfo")
    return str(data["version"]) if data and data.get("version") else None


def retention_ms(source: Prometheus) -> int | None:
    """How long the server keeps samples, in ms; None where it does not tell, or is bound by size alone."""
    data = _told(source, "/api/v1/status/runtimeinfo")
    found = _RETENTION.match(str(data.get("storageRetention", ""))) if data else None
    return parse_duration(found[0]) if found else None


def _told(source: Prometheus, path: str) -> dict[str, Any] | None:
    try:
        data, _ = source.ask(path, about=f"`{path}`")
    except (ConfigError, DataError):
        return None
    return data if isinstance(data, dict) else None


def clock_skew_ms(source: Prometheus, now: Callable[[], int] = now_ms) -> int | None:
    """How far the server's clock is ahead of ours, in ms: by its `time()` or its Date, whichever is further off.

    None where it tells neither.
    """
    sent = now()
    data, headers = source.ask("/api/v1/query", {"query": "time()"}, about="the server's time")
    middle = (sent + now()) // 2
    return max(
        (there - middle for there in (_scalar(data), _date(headers)) if there is not None), key=abs, default=None
    )


def _scalar(data: Any) -> int | None:
    try:
        return round(float(data["result"][1]) * 1000)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None


def _date(headers: Mapping[str, str]) -> int | None:
    """The Date header in ms; its second is cut off, so half of one is added."""
    try:
        return to_ms(parsedate_to_datetime(headers["Date"])) + SECOND // 2
    except (KeyError, TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Counted:
    """How many series each metric has now, by name; `refused` are expressions that the server does not take."""

    series: Mapping[str, int]
    refused: Mapping[str, ScoError]

    def without_data(self) -> list[str]:
        """Metrics that are understood and have no series."""
        return [name for name, count in self.series.items() if count == 0]


def count_series(source: Prometheus, metrics: Sequence[Metric]) -> Counted:
    """Count the series of each metric. Raises UnreachableError; refusals are part of the answer."""
    with ThreadPoolExecutor(min(_WORKERS, max(1, len(metrics)))) as pool:
        found = dict(zip((m.name for m in metrics), pool.map(lambda m: _count(source, m), metrics), strict=True))
    return Counted(
        {name: one for name, one in found.items() if isinstance(one, int)},
        {name: one for name, one in found.items() if isinstance(one, ScoError)},
    )


def _count(source: Prometheus, metric: Metric) -> int | ConfigError:
    about = f"metric '{metric.name}' (`{metric.expr}`)"
    try:
        data, _ = source.ask("/api/v1/query", {"query": f"count({metric.expr})"}, about=about)
    except ConfigError as e:
        return e
    result = data.get("result") if isinstance(data, dict) else None
    return int(float(result[0]["value"][1])) if result else 0


def oldest(source: Prometheus, metric: Metric, *, start: int, end: int) -> int | None:
    """The first moment in ms, to a hundredth of the span, at which a metric has data; None without any."""
    step = max(SECOND, (end - start) // _PARTS)
    params = {
        "query": f"count({metric.expr})",
        "start": f"{start / 1000:.3f}",
        "end": f"{end / 1000:.3f}",
        "step": f"{step / 1000:.3f}",
    }
    data, _ = source.ask("/api/v1/query_range", params, about=f"the history of metric '{metric.name}'")
    result = data.get("result") if isinstance(data, dict) else None
    return round(float(result[0]["values"][0][0]) * 1000) if result else None
