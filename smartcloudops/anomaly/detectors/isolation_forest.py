"""Isolation Forest (Liu, Ting, Zhou: Isolation Forest, ICDM 2008) over a group's features.

Fitted by scikit-learn, or by our own level-wise engine; kept as complete binary heaps: node i has its children
at 2 i + 1 and 2 i + 2, a leaf above the last level passes everything to the left. So there are no child
pointers that could be wrong, and all trees of all groups go down one level per array operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.anomaly.detectors.heaps import Heaps, mean_path
from smartcloudops.anomaly.detectors.walks import walk
from smartcloudops.core.errors import ModelError
from smartcloudops.core.registry import Registry

TREES, SAMPLES = 100, 256
# Walks (groups x rows x trees) per chunk: a handful of index arrays of that length should stay in cache.
_WALKS = 60_000
_DEEPEST = 12

ENGINES: Registry[Any] = Registry(
    "engine",
    {
        "sklearn": "smartcloudops.anomaly.detectors.forest_sklearn:grow",
        "numpy": "smartcloudops.anomaly.detectors.forest_numpy:grow",
    },
)

Stacked = Mapping[str, npt.NDArray[Any]]
Features = npt.NDArray[np.float32]


class IsolationForest:
    """Options: trees (100), max_samples (256, a power of two), engine ("sklearn" or "numpy").

    Arrays of a fit: feature (L, N - 1) uint8, or uint16 for more than 256 features, threshold float32 (L, N - 1),
    leaf uint16 (L, N), samples int64 (); L trees, N = max_samples leaves. A leaf's code is depth * 4096 + points
    - 1, whence its path length. A group of 100 trees of 256 takes 180 kB.

    >>> times = np.arange(64) * 60_000
    >>> features = np.random.default_rng(0).normal(size=(1, 64, 3)).astype(np.float32)
    >>> features[0, -1] = 9
    >>> scene = Scene(times, 60_000, np.zeros((1, 1, 64)), features)
    >>> arrays = DETECTOR.fit(scene, seed=1, options={"engine": "numpy", "max_samples": 64})
    >>> raw = DETECTOR.score({name: array[None] for name, array in arrays.items()}, scene).raw
    >>> raw.shape, int(raw.argmax())
    ((1, 64), 63)
    """

    scope: Literal["group", "series"] = "group"
    robust = False

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """Grow the trees on all rows of one group. UsageError for an unknown engine."""
        trees, leaves = int(options.get("trees", TREES)), int(options.get("max_samples", SAMPLES))
        if leaves & (leaves - 1) or not 2 <= leaves <= 1 << _DEEPEST:
            raise ValueError(f"max_samples is {leaves}, expected a power of two from 2 to {1 << _DEEPEST}")
        features = np.ascontiguousarray(scene.features[0])
        samples = min(leaves, len(features))
        grow = ENGINES.load(str(options.get("engine", "sklearn")))
        heaps: Heaps = grow(features, trees=trees, samples=samples, depth=leaves.bit_length() - 1, seed=seed)
        narrow = heaps.feature.astype(_index_type(features.shape[1]))
        return {**heaps._asdict(), "feature": narrow, "samples": np.array(samples, np.int64)}

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """2 ** -(mean path length / expected path length), as the paper's equation 2: (G, R), 0 to 1."""
        return Scores(raw=score_rows(arrays, scene.features))

    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
        """See `Detector`; trial forests grow by the numpy engine."""
        return walk(self, tame, came, seed=seed, options={**options, "engine": "numpy"})

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        feature = require(arrays, "feature", _index_type(features), (None, None, None))
        groups, trees, inner = feature.shape
        if trees < 1 or inner & (inner + 1) or not 1 <= inner < 1 << _DEEPEST:
            raise ModelError(f"array 'feature' has shape {feature.shape}, expected complete trees")
        between("feature", feature, 0, features - 1)
        threshold = require(arrays, "threshold", "f4", (groups, trees, inner))
        between("threshold", threshold, -np.inf, np.inf)
        leaf = require(arrays, "leaf", "u2", (groups, trees, inner + 1))
        between("leaf", leaf, 0, ((inner + 1).bit_length() << 12) - 1)
        between("samples", require(arrays, "samples", "i8", (groups,)), 1, inner + 1)


DETECTOR = IsolationForest()


def _index_type(features: int) -> str:
    return "u1" if features <= 256 else "u2"


def score_rows(arrays: Stacked, features: Features) -> Floats:
    """Scores of any rows: features (G, R, F) -> (G, R)."""
    groups, rows, _ = features.shape
    trees = arrays["feature"].shape[1]
    paths = np.empty((groups, rows))
    for group, row in _chunks(groups, rows, trees):
        paths[group, row] = _paths(arrays, group, features[group, row])
    expected = trees * mean_path(arrays["samples"])
    out: Floats = np.exp2(-paths / np.maximum(expected, 1e-9)[:, None])
    return out


def _chunks(groups: int, rows: int, trees: int) -> Iterator[tuple[slice, slice]]:
    high = max(1, min(rows, _WALKS // trees))
    wide = max(1, _WALKS // (high * trees))
    for group in range(0, groups, wide):
        for row in range(0, rows, high):
            yield slice(group, group + wide), slice(row, row + high)


def _paths(arrays: Stacked, group: slice, x: Features) -> Floats:
    """Sum over the trees of the path lengths: x (g, r, F) -> (g, r)."""
    feature, threshold, leaf = (arrays[name][group] for name in ("feature", "threshold", "leaf"))
    groups, trees, inner = feature.shape
    rows, width = x.shape[1:]
    tree = np.arange(groups * trees).reshape(groups, 1, trees)
    start = np.arange(groups * rows).reshape(groups, rows, 1) * width
    feature, threshold, x = feature.ravel(), threshold.ravel(), x.ravel()
    node = np.zeros((groups, rows, trees), np.int64)
    for _ in range(inner.bit_length()):
        at = node + tree * inner
        node = 2 * node + 1 + (x.take(start + feature.take(at)) > threshold.take(at))
    code = leaf.ravel().take(node - inner + tree * (inner + 1))
    out: Floats = _LENGTHS.take(code).sum(axis=-1)
    return out


def _lengths() -> Floats:
    code = np.arange(1 << 16)
    return (code >> 12) + mean_path((code & 4095) + 1)


_LENGTHS = _lengths()


def contributions(arrays: Stacked, features: Features, usual: Features, owners: npt.NDArray[np.bool_]) -> Floats:
    """Which series make rows strange: features (G, R, F), usual (G, F), owners (G, C, F) -> shares (G, R, C).

    A series counts for how much the score falls when its features are put back to their usual values, and how
    much it rises when only they are left as they are (the two ends of its Shapley value). Shares add up to 1,
    or are all 0 where no series raises the score.
    """
    groups, rows, width = features.shape
    mine = owners[:, None]
    x, normal = features[:, :, None, :], usual[:, None, None, :]
    without, alone = np.where(mine, normal, x), np.where(mine, x, normal)
    asked = np.concatenate([x, np.broadcast_to(normal, x.shape), without, alone], axis=2)
    score = score_rows(arrays, asked.reshape(groups, -1, width)).reshape(groups, rows, -1)
    series = owners.shape[1]
    fall = score[..., :1] - score[..., 2 : 2 + series]
    rise = score[..., 2 + series :] - score[..., 1:2]
    blame = np.maximum(fall + rise, 0.0)
    shares: Floats = blame / np.maximum(blame.sum(axis=-1, keepdims=True), 1e-12)
    return shares
