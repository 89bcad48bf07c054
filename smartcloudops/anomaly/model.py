"""What training makes and detection uses: groups with their arrays, packed into shards of equal shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smartcloudops.anomaly.detectors import Arrays
from smartcloudops.core.errors import ModelError

SHARD_GROUPS = 64


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """One learnt group: its entity, its series in column order, the metric each came from, and what was chosen.

    `rows` is how much history was learnt, in rows; `chosen` explains the detectors' settings.
    """

    key: str
    names: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: int
    chosen: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "key": self.key,
            "names": list(self.names),
            "metrics": list(self.metrics),
            "rows": self.rows,
            "chosen": dict(self.chosen),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GroupInfo:
        """Raises ModelError where a field is missing or of another type."""
        try:
            info = cls(data["key"], tuple(data["names"]), tuple(data["metrics"]), data["rows"], data["chosen"])
        except (KeyError, TypeError) as e:
            raise ModelError(f"the manifest describes a group wrongly: {e}") from e
        texts = (info.key, *info.names, *info.metrics)
        if not all(isinstance(t, str) for t in texts) or not isinstance(info.rows, int):
            raise ModelError("the manifest describes a group wrongly: a name is no text")
        if len(info.names) != len(info.metrics) or not info.names:
            raise ModelError(f"the manifest describes group {info.key} wrongly: names and metrics do not match")
        return info


@dataclass(frozen=True, slots=True)
class GroupModel:
    """One group and what was learnt of it: `arrays` are flat, keys `part.array`, without a group axis."""

    info: GroupInfo
    arrays: Arrays


@dataclass(frozen=True, slots=True)
class Shard:
    """G groups of equal shape; every array has a leading axis of length G."""

    groups: tuple[GroupInfo, ...]
    arrays: Arrays

    @property
    def series(self) -> int:
        """C, the number of series in each group."""
        return len(self.groups[0].names)

    def part(self, name: str) -> Arrays:
        """The arrays of one part (`features`, a detector, a calibration), without their prefix."""
        prefix = f"{name}."
        return {key[len(prefix) :]: a for key, a in self.arrays.items() if key.startswith(prefix)}


def flatten(parts: Mapping[str, Arrays]) -> Arrays:
    """Arrays of several parts under `part.array` keys."""
    return {f"{part}.{key}": array for part, arrays in parts.items() for key, array in arrays.items()}


def pack(models: Sequence[GroupModel]) -> list[Shard]:
    """Groups whose arrays have equal shapes and types are stacked, at most SHARD_GROUPS to a shard.

    Deterministic: shards and groups keep the order in which shapes and groups first came.
    """
    by_shape: dict[tuple[Any, ...], list[GroupModel]] = {}
    for model in models:
        by_shape.setdefault(_signature(model.arrays), []).append(model)
    return [
        _stack(alike[at : at + SHARD_GROUPS])
        for alike in by_shape.values()
        for at in range(0, len(alike), SHARD_GROUPS)
    ]


def single(model: GroupModel) -> Shard:
    """One group as a shard of its own."""
    return _stack([model])


def _stack(models: Sequence[GroupModel]) -> Shard:
    keys = sorted(models[0].arrays)
    arrays = {key: np.stack([m.arrays[key] for m in models]) for key in keys}
    return Shard(tuple(m.info for m in models), arrays)


def _signature(arrays: Arrays) -> tuple[Any, ...]:
    return tuple((key, arrays[key].shape, arrays[key].dtype.str) for key in sorted(arrays))
