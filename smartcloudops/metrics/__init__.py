"""Where metrics come from: one file per source, one row per source in SOURCES."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from smartcloudops.core.registry import Registry
from smartcloudops.core.settings import Metric

if TYPE_CHECKING:
    from smartcloudops.metrics.series import Matrix, Window


class Source(Protocol):
    """A place that metrics are read from."""

    # The row's name in SOURCES.
    name: str
    # The address or path shown to people, without credentials.
    where: str

    # Raises UnreachableError (down, slow, 5xx) or ConfigError (401, 403, wrong address); DataError for a bad file.
    def check(self) -> None: ...

    # First and last moment of the data and its step in ms; None for a live server, which ends now.
    def extent(self) -> Window | None: ...

    # The metrics this source offers by itself (a file: its series); empty where configuration names them.
    def offers(self) -> Sequence[Metric]: ...

    # The series of one metric on the window's grid, `__name__` = metric.name, their own names where that is empty.
    # An empty answer is not an error.
    # Raises UnreachableError, ConfigError (the server refused the expression or the credentials), DataError.
    def fetch(self, metric: Metric, window: Window) -> Matrix: ...


# Each source takes what it needs: `prometheus` a transport.Connection, `file` a path, `host` the state directory.
SOURCES: Registry[Callable[..., Source]] = Registry(
    "metrics source",
    {
        "prometheus": "smartcloudops.metrics.prometheus:Prometheus",
        "file": "smartcloudops.metrics.file:File",
        "host": "smartcloudops.metrics.host:Host",
    },
)
