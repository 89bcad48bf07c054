"""Scores pushed to a server that takes remote write: every row once, at its own time, in order for each series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from smartcloudops.anomaly.reporting import ScoredSeries
from smartcloudops.core.config import Config
from smartcloudops.core.errors import DataError
from smartcloudops.core.http import Endpoint, declared
from smartcloudops.core.posting import Poster
from smartcloudops.core.times import MINUTE
from smartcloudops.metrics.series import Series
from smartcloudops.publish import wire
from smartcloudops.publish.samples import score_series

SECTION = "remote_write"
# A Prometheus that keeps no window for late samples refuses a request with one that is an hour behind its newest.
OLD_MS = 50 * MINUTE
_BATCH_SERIES = 2_000

# Newest row sent, ms, by group.
Sent = Mapping[str, int]


class RemoteWrite:
    """The server of `[remote_write]`."""

    def __init__(self, config: Config) -> None:
        """Raises ConfigError: no URL, or a secret that cannot be had."""
        self._poster = Poster(Endpoint(**declared(config, SECTION, config.remote_write)))
        self.where = self._poster.where

    def send(self, series: Iterable[Series]) -> None:
        """One request. Raises UnreachableError or ConfigError (nothing is taken now) or DataError (not this, ever)."""
        body = wire.write_request(series)
        if body:
            self._poster.post(wire.pack(body), wire.HEADERS)


def push(
    send: Callable[[Iterable[Series]], None],
    courses: Iterable[ScoredSeries],
    sent: Sent,
    keep: Callable[[Sent], None],
    *,
    now: int,
) -> list[str]:
    """Send the rows that were not sent before, older ones first; what the server refuses for good is said.

    `keep` is told what was sent after each request, so that a run that is cut short repeats little, and nothing that
    a server would not take twice. Raises what `send` raises, but for DataError: such rows are not sent again.
    """
    refused, reason = 0, ""
    for batch in batches(unsent(courses, sent), now):
        try:
            send(score_series(batch))
        except DataError as e:
            refused, reason = refused + sum(len(one.times) for one in batch), e.message
        keep({one.group: int(one.times[-1]) for one in batch})
    return [f"{refused} rows were not taken: {reason}"] if refused else []


def unsent(courses: Iterable[ScoredSeries], sent: Sent) -> Iterator[ScoredSeries]:
    """The rows after the newest that was sent of their group; of a group that was never sent only its newest."""
    for one in courses:
        first = sent[one.group] + 1 if one.group in sent else int(one.times[-1])
        rows = one.between(first, int(one.times[-1]))
        if len(rows.times):
            yield rows


def batches(courses: Iterable[ScoredSeries], now: int) -> Iterator[Sequence[ScoredSeries]]:
    """Whole groups, up to 2,000 series at a time; rows that a server may find too old apart and before the others."""
    every = list(courses)
    edge = now - OLD_MS
    for low, high in ((0, edge - 1), (edge, 1 << 62)):
        batch: list[ScoredSeries] = []
        for rows in (one.between(low, high) for one in every):
            full = len(batch) * 4 >= _BATCH_SERIES
            if full and len(rows.times) and batch[-1].group != rows.group:
                yield batch
                batch = []
            batch += [rows] if len(rows.times) else []
        if batch:
            yield batch
