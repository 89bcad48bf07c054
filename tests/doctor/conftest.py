"""A server that answers what the probes ask, as healthy or as ill as a test wants it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import pytest
from cli.conftest import recording, sco, trained
from fakes.prometheus_server import Asked, FakePrometheus, Reply, error, matrix, success

__all__ = ["recording", "sco", "trained"]


@dataclass
class Ill:
    """`counts`: series by expression, 1 where it is not named; `retention` as runtimeinfo gives it, None: 404."""

    counts: dict[str, int] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    retention: str | None = "60d"
    history_s: float = 60 * 86_400.0
    ahead_s: float = 0.0
    date_ahead_s: float | None = None
    down: bool = False

    def __call__(self, asked: Asked) -> Reply:
        if self.down:
            return Reply(status=503, body=b"starting")
        if asked.path == "/api/v1/query_range":
            first = max(float(asked.params["start"]), time.time() - self.history_s)
            return Reply(matrix(({}, [(first, "1")])))
        if asked.path == "/api/v1/query":
            return self._query(asked.params["query"])
        if asked.path == "/api/v1/status/runtimeinfo" and self.retention is not None:
            return Reply(success({"storageRetention": self.retention}))
        if asked.path == "/api/v1/status/buildinfo":
            return Reply(success({"version": "9.9.9"}))
        return Reply(status=404, body=b"no such page")

    def _query(self, query: str) -> Reply:
        now = time.time() + self.ahead_s
        if query == "time()":
            ahead_s = self.ahead_s if self.date_ahead_s is None else self.date_ahead_s
            date = {"Date": formatdate(time.time() + ahead_s, usegmt=True)}
            return Reply(success({"resultType": "scalar", "result": [now, f"{now:.3f}"]}), headers=date)
        inner = query.removeprefix("count(").removesuffix(")")
        if inner in self.refused:
            return Reply(error("bad_data", "parse error"), status=400)
        count = self.counts.get(inner, 1)
        result: list[Any] = [{"metric": {}, "value": [now, str(count)]}] if count else []
        return Reply(success({"resultType": "vector", "result": result}))


@pytest.fixture
def server(monkeypatch) -> Iterator[Callable[..., FakePrometheus]]:
    """`server(counts=…, retention=…)` runs one and makes it the configured source."""
    with ExitStack() as stack:

        def start(**ills: Any) -> FakePrometheus:
            fake = stack.enter_context(FakePrometheus(Ill(**ills)))
            monkeypatch.setenv("SCO_PROMETHEUS__URL", fake.url)
            return fake

        yield start
