"""One question to a source of metrics: an expression, or the name of a metric that is known by the configuration."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, ScoError
from smartcloudops.core.settings import Metric
from smartcloudops.metrics import Source, choose
from smartcloudops.metrics.fetching import fetch_all
from smartcloudops.metrics.series import Matrix, Window

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
# By convention a metric's name ends in its unit; rates and sums have no name, and a moment is no length of time.
_SUFFIXES = (("_bytes", "bytes"), ("_timestamp_seconds", ""), ("_time_seconds", ""), ("_seconds", "s"))


@dataclass(frozen=True, slots=True)
class Found:
    """What a query gave. `metric` is what was asked for; `named`: its expression stands in the configuration.

    `near` names what could have been meant, where nothing was found.
    """

    metric: Metric
    named: bool
    window: Window
    matrix: Matrix
    near: str | None = None

    @property
    def title(self) -> str:
        """The name that was asked for, or the expression."""
        return self.metric.name or self.metric.expr


def query(config: Config, source: Source, expr: str, window: Window) -> Found:
    """The series of an expression, or of the metric of that name; raises what the source raises."""
    known = _known(config, source)
    metric = known.get(expr, Metric(name="", expr=expr))
    if metric.expr == expr:
        metric = replace(metric, name="")
    # This machine's own readings are found by name; the preset's expression is not what they come from.
    named = metric.name != "" and source.name != "host"
    (matrix,) = fetch_all(source, [metric], window)
    if not metric.unit:
        metric = replace(metric, unit=_unit(matrix))
    near = None if matrix.names else _near(expr, known, source)
    return Found(metric, named, window, matrix, near)


def most_changed(matrix: Matrix, most: int) -> list[int]:
    """The rows of at most so many series, those whose values range widest first; in order where all are shown."""
    if len(matrix.names) <= most:
        return list(range(len(matrix.names)))
    known = np.isfinite(matrix.values)
    high = np.where(known, matrix.values, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(known, matrix.values, np.inf).min(axis=1, initial=np.inf)
    change = np.where(high >= low, high / 2 - low / 2, -1.0)
    return [int(row) for row in np.argsort(-change, kind="stable")[:most]]


def _known(config: Config, source: Source) -> dict[str, Metric]:
    try:
        return {metric.name: metric for metric in choose.wanted(config, source)}
    except ConfigError:
        return {}


def _unit(matrix: Matrix) -> str:
    """What the common name of all series says; nothing where they have several or none."""
    names = {labels.get("__name__", "") for labels in matrix.labels}
    name = names.pop() if len(names) == 1 else ""
    return next((unit for suffix, unit in _SUFFIXES if name.endswith(suffix)), "")


def _near(expr: str, known: Iterable[str], source: Source) -> str | None:
    """For a bare name that nothing is called by: the nearest one that something is."""
    if not _NAME.fullmatch(expr):
        return None
    # Servers can list their names, files offer them.
    listed: Callable[[], Iterable[str]] = getattr(source, "metric_names", tuple)
    try:
        names = {*known, *listed()} - {expr}
    except ScoError:
        return None
    close = difflib.get_close_matches(expr, names, n=1)
    return close[0] if close else None
