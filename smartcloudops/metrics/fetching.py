"""Several metrics of one source at once, in the order they were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from smartcloudops.core.settings import Metric
from smartcloudops.metrics import Source
from smartcloudops.metrics.series import Matrix, Window


def fetch_all(source: Source, metrics: Sequence[Metric], window: Window, *, workers: int = 4) -> list[Matrix]:
    """One matrix per metric, in order. The first error in that order is raised, and no new fetch begins."""
    if len(metrics) < 2 or workers < 2:
        return [source.fetch(metric, window) for metric in metrics]
    with ThreadPoolExecutor(min(workers, len(metrics))) as pool:
        waiting = [pool.submit(source.fetch, metric, window) for metric in metrics]
        try:
            return [one.result() for one in waiting]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
