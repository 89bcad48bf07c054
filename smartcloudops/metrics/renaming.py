"""Series under the name of the metric that asked for them, kept apart where that name alone told them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from smartcloudops.core.records import Skip
from smartcloudops.metrics.series import series_name

Labels = Mapping[str, str]


def rename(found: Sequence[Labels], name: str) -> tuple[list[Labels], list[int], list[Skip]]:
    """Labels with `__name__` = name, the rows they belong to, and what had to go.

    Series that only their metric's name told apart get it as label `metric`; true doubles are skipped.
    """
    keys = [series_name({**labels, "__name__": name}) for labels in found]
    twice = {key for key, count in Counter(keys).items() if count > 1}
    labels_of: dict[str, Labels] = {}
    keep: list[int] = []
    skipped: list[Skip] = []
    for row, (key, labels) in enumerate(zip(keys, found, strict=True)):
        named = {**labels, "__name__": name}
        if key in twice and "metric" not in labels and "__name__" in labels:
            named["metric"] = labels["__name__"]
            key = series_name(named)
        if key in labels_of:
            skipped.append(Skip(key, "the answer holds another series of the same labels"))
            continue
        labels_of[key] = named
        keep.append(row)
    return list(labels_of.values()), keep, skipped
