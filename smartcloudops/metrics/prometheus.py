"""Metrics from anything that speaks the Prometheus API: Thanos, Mimir, VictoriaMetrics, Prometheus itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from smartcloudops.core.errors import ConfigError, UnreachableError
from smartcloudops.core.records import Skip
from smartcloudops.core.settings import Metric
from smartcloudops.metrics.decode import Answer, BrokenError, ForeignError, decode
from smartcloudops.metrics.refusals import foreign
from smartcloudops.metrics.renaming import Labels, rename
from smartcloudops.metrics.series import Matrix, Values, Window
from smartcloudops.metrics.transport import Connection, Transport

# What servers accept as points per series in one answer.
POINTS = 11_000


class Prometheus:
    """A Prometheus server; safe to use from several threads."""

    name = "prometheus"

    def __init__(self, connection: Connection) -> None:
        """Raises ConfigError for a URL that is none; contacts nobody."""
        self._transport = Transport(connection)
        self._connection = connection
        self.where = self._transport.where

    def check(self) -> None:
        """Run the query `1`: it needs the API and the credentials, and costs nothing."""
        body = b"".join(self._transport.blocks("/api/v1/query", {"query": "1"}, about="the test query"))
        if b'"status":"success"' not in body.replace(b" ", b""):
            raise foreign(self.where, _glimpse(body))

    def extent(self) -> Window | None:
        """None: a live server ends now."""
        return None

    def offers(self) -> Sequence[Metric]:
        """Nothing: configuration names what is watched."""
        return ()

    def fetch(self, metric: Metric, window: Window) -> Matrix:
        """Evaluate `metric.expr` over the window, in parts of 11,000 points, some at a time."""
        parts = split(window)
        if len(parts) == 1:
            return self._matrix(metric, window, [self._range(metric, window)])
        with ThreadPoolExecutor(min(len(parts), self._connection.concurrency)) as pool:
            answers = list(pool.map(lambda part: self._range(metric, part), parts))
        return self._matrix(metric, window, answers)

    def metric_names(self) -> list[str]:
        """The names of all metrics that the server holds."""
        with self._transport.errors():
            return list(self._ask("get_label_values", "__name__"))

    def ask(self, path: str, params: Mapping[str, str] | None = None, *, about: str) -> tuple[Any, Mapping[str, str]]:
        """`data` of a small answer of the API, and the answer's headers. Raises as `check` does."""
        headers: dict[str, str] = {}
        body = b"".join(self._transport.blocks(path, params or {}, about=about, seen=headers.update))
        try:
            answer = json.loads(body)
        except ValueError as e:
            raise foreign(self.where, _glimpse(body)) from e
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise foreign(self.where, _glimpse(body))
        return answer.get("data"), headers

    def close(self) -> None:
        """Give pooled connections back."""
        self._transport.close()

    def _ask(self, method: str, *args: str) -> Sequence[str]:
        from prometheus_api_client.exceptions import PrometheusApiClientException

        try:
            return list(getattr(self._transport.client(), method)(*args))
        except (PrometheusApiClientException, ValueError, KeyError) as e:
            self.check()
            raise foreign(self.where, "no list of metrics") from e

    def _range(self, metric: Metric, window: Window) -> Answer:
        about = f"metric '{metric.name}' (`{metric.expr}`)" if metric.name else f"`{metric.expr}`"
        params = {
            "query": metric.expr,
            "start": f"{window.start / 1000:.3f}",
            "end": f"{window.end / 1000:.3f}",
            "step": f"{window.step / 1000:.3f}",
            "timeout": f"{self._connection.timeout_s:g}s",
        }
        try:
            answer = decode(self._transport.blocks("/api/v1/query_range", params, about=about), window)
        except ForeignError as e:
            raise foreign(self.where, str(e)) from e
        except BrokenError as e:
            raise UnreachableError(
                f"{about}: {self.where} broke off in mid-answer",
                hint="run the command again; if it persists, look at the server's own log",
            ) from e
        if answer.kind != "matrix":
            raise ConfigError(
                f"{about} gives a {answer.kind}, not series over time", hint="correct `expr` in the [[metric]]"
            )
        return answer

    def _matrix(self, metric: Metric, window: Window, answers: Sequence[Answer]) -> Matrix:
        found, values = join(answers, window)
        renamed = rename(found, metric.name)
        unread = rename([one for a in answers for one in a.histograms], metric.name).names
        histograms = [Skip(name, "native histogram samples are not read") for name in unread]
        return Matrix(
            window.times(),
            renamed.names,
            renamed.labels,
            values if renamed.rows == list(range(len(values))) else values[renamed.rows],
            (*renamed.skipped, *histograms),
            tuple(dict.fromkeys(w for a in answers for w in a.warnings)),
        )


def split(window: Window) -> list[Window]:
    """Parts of at most 11,000 points that share none.

    >>> [(w.start, w.end) for w in split(Window(0, 20_000, 1))]
    [(0, 10999), (11000, 20000)]
    """
    span = POINTS * window.step
    last = window.end - (window.end - window.start) % window.step
    starts = range(window.start, max(last, window.start) + 1, span)
    return [Window(s, min(s + span - window.step, window.end), window.step) for s in starts]


def join(answers: Sequence[Answer], window: Window) -> tuple[list[Labels], Values]:
    """The parts of a window side by side: labels of N series and values of shape (N, T)."""
    if len(answers) == 1:
        return list(answers[0].labels), answers[0].values
    rows: dict[tuple[tuple[str, str], ...], int] = {}
    for answer in answers:
        for labels in answer.labels:
            rows.setdefault(tuple(sorted(labels.items())), len(rows))
    values = np.full((len(rows), len(window.times())), np.nan)
    at = 0
    for answer in answers:
        width = answer.values.shape[1]
        for labels, row in zip(answer.labels, answer.values, strict=True):
            values[rows[tuple(sorted(labels.items()))], at : at + width] = row
        at += width
    return [dict(key) for key in rows], values


def _glimpse(body: bytes) -> str:
    return f"'{body[:40].decode('utf-8', 'replace').strip()}'" if body else "nothing"
