"""A history walked forward: what rows looked like to a detector that had learnt from the rows before them alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from smartcloudops.anomaly.detectors import Detector, Floats, Scene

_FIRST, _GROWTH = 96, 1.5


def stretches(rows: int, growth: float = _GROWTH) -> Iterator[tuple[int, int]]:
    """(cut, end): rows [cut, end) are judged by rows [0, cut); the first 96 rows, or a quarter, by nothing.

    >>> list(stretches(1000, 2.0))
    [(96, 192), (192, 384), (384, 768), (768, 1000)]
    """
    cut = min(_FIRST, max(rows // 4, 1))
    while cut < rows:
        end = min(rows, max(cut + 1, int(cut * growth)))
        yield cut, end
        cut = end


def until(scene: Scene, end: int, rows: int | None = None) -> Scene:
    """The scene as it was at row `end`, its last `rows` rows to be scored (all); features must cover the grid."""
    first = 0 if rows is None else end - rows
    return replace(
        scene, times=scene.times[:end], values=scene.values[..., :end], features=scene.features[:, first:end]
    )


def walk(detector: Detector, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
    """Raw scores of a history, each stretch by a fit on all that came before it: (1, T) or (1, C, T)."""
    parts: list[Floats] = []
    for cut, end in stretches(len(tame.times)):
        learnt = detector.fit(until(tame, cut), seed=seed, options=options)
        stacked = {name: array[None] for name, array in learnt.items()}
        parts.append(detector.score(stacked, until(came, end, end - cut)).raw)
    lack = len(tame.times) - sum(part.shape[-1] for part in parts)
    return np.concatenate([np.full((*parts[0].shape[:-1], lack), np.nan), *parts], axis=-1)
