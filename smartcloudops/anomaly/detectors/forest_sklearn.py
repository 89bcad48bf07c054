"""Grow an isolation forest with scikit-learn, the reference, and copy its trees into heaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Floats
from smartcloudops.anomaly.detectors.heaps import Heaps, leaf_code

Ints = npt.NDArray[np.int64]


def grow(features: npt.NDArray[np.float32], *, trees: int, samples: int, depth: int, seed: int) -> Heaps:
    """Fit on (T, F); `depth` of the heaps >= log2(samples)."""
    return export(reference(features, trees=trees, samples=samples, seed=seed), depth)


def reference(features: npt.NDArray[np.float32], *, trees: int, samples: int, seed: int) -> Any:
    """The fitted sklearn.ensemble.IsolationForest."""
    from sklearn import config_context
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=trees, max_samples=samples, random_state=seed)
    with config_context(assume_finite=True, skip_parameter_validation=True):
        return forest.fit(features)


def export(forest: Any, depth: int) -> Heaps:
    """Copy a fitted forest that uses all features in every tree; level by level, all trees at once."""
    trees = [estimator.tree_ for estimator in forest.estimators_]
    start = np.cumsum([0] + [tree.node_count for tree in trees])[:-1]
    left = np.concatenate([_children(t.children_left, s) for t, s in zip(trees, start, strict=True)])
    right = np.concatenate([_children(t.children_right, s) for t, s in zip(trees, start, strict=True)])
    split = np.concatenate([tree.feature for tree in trees])
    bound = round_down(np.concatenate([tree.threshold for tree in trees]))
    points = np.concatenate([tree.n_node_samples for tree in trees])

    node, deep = start[:, None], np.zeros((len(trees), 1), np.int64)
    feature, threshold = [], []
    for _ in range(depth):
        leaf = left[node] < 0
        feature.append(np.where(leaf, 0, split[node]))
        threshold.append(np.where(leaf, np.float32(np.inf), bound[node]))
        node = _interleave(np.where(leaf, node, left[node]), np.where(leaf, node, right[node]))
        deep = _interleave(deep + ~leaf, deep + ~leaf)
    heap_feature = np.concatenate(feature, axis=1).astype(np.uint16)
    return Heaps(heap_feature, np.concatenate(threshold, axis=1), leaf_code(deep, points[node]))


def _children(ids: Ints, start: int) -> Ints:
    return np.where(ids < 0, -1, ids + start)


def _interleave(left: Ints, right: Ints) -> Ints:
    return np.stack([left, right], axis=-1).reshape(len(left), -1)


def round_down(x: Floats) -> npt.NDArray[np.float32]:
    """The largest float32 that is not above: then v <= x holds for the same float32 values v as before."""
    near = x.astype(np.float32)
    down: npt.NDArray[np.float32] = np.nextafter(near, np.float32(-np.inf))
    return np.where(near > x, down, near)
