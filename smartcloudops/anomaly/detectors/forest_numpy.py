"""Grow an isolation forest with NumPy: all trees at once, one level per pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors.heaps import Heaps, leaf_code

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]

# A node whose drawn feature is constant draws again; one that never finds a varying one becomes a leaf.
_DRAWS = 16


class _Level(NamedTuple):
    """Nodes of one level: tree, place within the level, size, each (A,); points: rows of the training set,
    node after node."""

    tree: Ints
    place: Ints
    size: Ints
    points: Ints

    def only(self, keep: Flags) -> _Level:
        points = self.points[np.repeat(keep, self.size)]
        return _Level(self.tree[keep], self.place[keep], self.size[keep], points)


class _Split(NamedTuple):
    """A feature and a threshold per node, (A,); `found`: whether the node could be split at all."""

    feature: Ints
    threshold: Singles
    found: Flags


def grow(features: Singles, *, trees: int, samples: int, depth: int, seed: int) -> Heaps:
    """Fit on (T, F); `depth` of the heaps >= log2(samples). The same seed gives the same bits."""
    rng = np.random.default_rng(seed)
    heaps = _empty(trees, depth)
    useful = np.flatnonzero(features.max(axis=0) > features.min(axis=0))
    level = _roots(rng, len(features), trees, samples)
    for deep in range((samples - 1).bit_length()):
        level = _drop_leaves(heaps, level, level.size > 1, deep)
        if not len(level.size):
            break
        split = _draw(rng, features, useful, level)
        level, split = _drop_leaves(heaps, level, split.found, deep), _found(split)
        at = (1 << deep) - 1 + level.place
        heaps.feature[level.tree, at] = split.feature
        heaps.threshold[level.tree, at] = split.threshold
        level = _divide(features, level, split)
    _drop_leaves(heaps, level, np.zeros(len(level.size), np.bool_), (samples - 1).bit_length())
    return heaps


def _empty(trees: int, depth: int) -> Heaps:
    inner = (1 << depth) - 1
    threshold = np.full((trees, inner), np.inf, np.float32)
    return Heaps(np.zeros((trees, inner), np.uint16), threshold, np.zeros((trees, inner + 1), np.uint16))


def _roots(rng: np.random.Generator, rows: int, trees: int, samples: int) -> _Level:
    points = [rng.choice(rows, samples, replace=False, shuffle=False) for _ in range(trees)]
    place = np.zeros(trees, np.int64)
    return _Level(np.arange(trees), place, np.full(trees, samples), np.concatenate(points))


def _drop_leaves(heaps: Heaps, level: _Level, keep: Flags, deep: int) -> _Level:
    """Write those not to keep as leaves, below the leftmost path from their place, and go on without them."""
    size = level.size[~keep]
    leftmost = level.place[~keep] * (heaps.leaf.shape[1] >> deep)
    heaps.leaf[level.tree[~keep], leftmost] = leaf_code(np.full(len(size), deep), size)
    return level.only(keep)


def _draw(rng: np.random.Generator, features: Singles, useful: Ints, level: _Level) -> _Split:
    count = len(level.size)
    split = _Split(np.zeros(count, np.int64), np.zeros(count, np.float32), np.zeros(count, np.bool_))
    for _ in range(_DRAWS if len(useful) else 0):
        open_ = ~split.found
        if not open_.any():
            break
        part = level.only(open_)
        feature = useful[rng.integers(len(useful), size=len(part.size))]
        low, high = _extent(_values(features, part, feature), part.size)
        # 1 - random() is never 0: the threshold stays below the maximum unless rounding lifts it there.
        cut = high - (high - low) * (1 - rng.random(len(low), np.float32))
        split.feature[open_], split.found[open_] = feature, high > low
        split.threshold[open_] = np.where((cut >= high) | (cut < low), low, cut)
    return split


def _found(split: _Split) -> _Split:
    return _Split(split.feature[split.found], split.threshold[split.found], split.found[split.found])


def _values(features: Singles, level: _Level, feature: Ints) -> Singles:
    """The node's feature at each of its points."""
    at = level.points * features.shape[1] + np.repeat(feature, level.size)
    out: Singles = features.ravel().take(at)
    return out


def _extent(values: Singles, size: Ints) -> tuple[Singles, Singles]:
    start = np.cumsum(size) - size
    return np.minimum.reduceat(values, start), np.maximum.reduceat(values, start)


def _divide(features: Singles, level: _Level, split: _Split) -> _Level:
    """The next level: every node's points in their order, those that go left first."""
    right = _values(features, level, split.feature) > np.repeat(split.threshold, level.size)
    start = np.cumsum(level.size) - level.size
    ones = np.concatenate([[0], np.cumsum(right)])
    rights = ones[start + level.size] - ones[start]
    before = ones[:-1] - np.repeat(ones[start], level.size)
    first = np.repeat(start, level.size)
    lefts = np.repeat(level.size - rights, level.size)
    place = np.where(right, first + lefts + before, np.arange(len(right)) - before)
    points = np.empty_like(level.points)
    points[place] = level.points
    sizes = np.stack([level.size - rights, rights], axis=-1).ravel()
    places = np.stack([2 * level.place, 2 * level.place + 1], axis=-1).ravel()
    return _Level(np.repeat(level.tree, 2), places, sizes, points)
