"""Several metrics of one source at once, in the order they were asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from smartcloudops.core.log import Log
from smartcloudops.core.settings import Metric
from smartcloudops.metrics import Source
from smartcloudops.metrics.series import Matrix, Window

_LOG = Log("metrics")


def fetch_all(source: Source, metrics: Sequence[Metric], window: Window, *, workers: int = 4) -> list[Matrix]:
    """One matrix per metric, in order. The first error in that order is raised, and no new fetch begins."""
    if len(metrics) < 2 or workers < 2:
        return [_fetch(source, metric, window) for metric in metrics]
    with ThreadPoolExecutor(min(workers, len(metrics))) as pool:
        waiting = [pool.submit(_fetch, source, metric, window) for metric in metrics]
        try:
            return [one.result() for one in waiting]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _fetch(source: Source, metric: Metric, window: Window) -> Matrix:
    started = time.perf_counter()
    found = source.fetch(metric, window)
    took_ms = round((time.perf_counter() - started) * 1000)
    _LOG.info("fetched", metric=metric.name, series=len(found.names), points=len(found.times), took_ms=took_ms)
    for text in found.warnings:
        _LOG.warning("the server warns", metric=metric.name, text=text)
    return found
