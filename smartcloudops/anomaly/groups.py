"""From fetched matrices to groups: the series of one entity on one grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from smartcloudops.core.records import Skip
from smartcloudops.core.settings import Metric
from smartcloudops.metrics import Source
from smartcloudops.metrics.fetching import fetch_all
from smartcloudops.metrics.series import Matrix, Values, Window, series_name

MAX_SERIES = 32
_LARGEST = 1e150


@dataclass(frozen=True, slots=True)
class Group:
    """One entity: series `names` (C), the metric each came from, and values of shape (C, T)."""

    key: str
    names: tuple[str, ...]
    metrics: tuple[str, ...]
    values: Values


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a source gave for a window. `empty` are metrics without a series, `series` how many came."""

    window: Window
    groups: tuple[Group, ...]
    skipped: tuple[Skip, ...]
    empty: tuple[str, ...]
    series: int


def gather(source: Source, metrics: Sequence[Metric], window: Window) -> Gathered:
    """Fetch every metric and sort its series into groups; raises what the source raises."""
    everything = PurePath(source.where).name if source.name == "file" else "all"
    return regroup(zip(metrics, fetch_all(source, metrics, window), strict=True), window, everything)


def regroup(fetched: Iterable[tuple[Metric, Matrix]], window: Window, everything: str) -> Gathered:
    """Groups in order of first sight, their series in order of metrics; `everything` names the group without labels.

    An entity with more than MAX_SERIES series is split into parts, because a forest over hundreds of unlike
    series sees none of them.
    """
    members: dict[str, list[tuple[str, str, Values]]] = {}
    skipped: list[Skip] = []
    empty: list[str] = []
    count = 0
    for metric, matrix in fetched:
        skipped.extend(matrix.skipped)
        count += len(matrix.names)
        if not matrix.names:
            empty.append(metric.name)
        order = sorted(range(len(matrix.names)), key=matrix.names.__getitem__)
        for i in order:
            key = entity(matrix.labels[i], metric.by) or everything
            members.setdefault(key, []).append((matrix.names[i], metric.name, matrix.values[i]))
    groups = [g for key, rows in members.items() for g in _split(key, rows)]
    return Gathered(window, tuple(groups), tuple(skipped), tuple(empty), count)


def entity(labels: Mapping[str, str], by: Sequence[str]) -> str:
    """The group's key: the series name of the `by` labels that are there, or nothing.

    >>> entity({"__name__": "cpu", "instance": "web-1", "cpu": "0"}, ["instance"])
    '{instance="web-1"}'
    """
    chosen = {label: labels[label] for label in by if label in labels}
    return series_name(chosen) if chosen else ""


def _split(key: str, rows: list[tuple[str, str, Values]]) -> list[Group]:
    parts = [rows[at : at + MAX_SERIES] for at in range(0, len(rows), MAX_SERIES)]
    keys = [key] + [f"{key} part {n}" for n in range(2, len(parts) + 1)]
    return [_group(k, part) for k, part in zip(keys, parts, strict=True)]


def _group(key: str, rows: list[tuple[str, str, Values]]) -> Group:
    names, metrics, values = zip(*rows, strict=True)
    return Group(key, names, metrics, bounded(np.stack(values)))


def bounded(values: Values) -> Values:
    """Infinities, and sizes whose squares are none of float64's, count as missing."""
    return np.where(np.abs(values) <= _LARGEST, values, np.nan)
