"""Series under the name of the metric that asked for them, kept apart where that name alone told them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smartcloudops.core.records import Skip
from smartcloudops.metrics.series import series_name

Labels = Mapping[str, str]
# What a series is called that an expression left without a name, as the column of a CSV.
UNNAMED = "value"


@dataclass(frozen=True, slots=True)
class Renamed:
    """Sorted by name: `names[i]` and `labels[i]` belong to the series found at `rows[i]`."""

    names: tuple[str, ...]
    labels: tuple[Labels, ...]
    rows: list[int]
    skipped: list[Skip]


def rename(found: Sequence[Labels], name: str) -> Renamed:
    """Give all series `__name__` = name; without a name each keeps its own, `value` where it has none.

    Those that only their old name told apart get it as label `metric`; true doubles are skipped.

    >>> rename([{"__name__": "b", "i": "1"}, {"__name__": "a", "i": "1"}], "m").names
    ('m{i="1",metric="a"}', 'm{i="1",metric="b"}')
    """
    named: list[Labels] = [{**labels, "__name__": name or labels.get("__name__", UNNAMED)} for labels in found]
    keys = [series_name(labels) for labels in named]
    if len(set(keys)) < len(keys):
        keys, named = _apart(found, named, keys)
    rows_of: dict[str, int] = {}
    for row, key in enumerate(keys):
        rows_of.setdefault(key, row)
    rows = [row for _, row in sorted(rows_of.items())]
    kept = set(rows)
    reason = "the answer holds another series of the same labels"
    skipped = [Skip(key, reason) for row, key in enumerate(keys) if row not in kept]
    return Renamed(tuple(keys[i] for i in rows), tuple(named[i] for i in rows), rows, skipped)


def _apart(found: Sequence[Labels], named: Sequence[Labels], keys: Sequence[str]) -> tuple[list[str], list[Labels]]:
    count = Counter(keys)
    apart: list[Labels] = []
    for labels, new, key in zip(found, named, keys, strict=True):
        old = labels.get("__name__")
        apart.append({**new, "metric": old} if old and count[key] > 1 and "metric" not in labels else new)
    return [series_name(labels) for labels in apart], apart
