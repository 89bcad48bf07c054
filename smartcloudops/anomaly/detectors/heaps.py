"""Isolation trees as complete binary heaps, and the mean path length of an unsuccessful search."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Floats


class Heaps(NamedTuple):
    """L trees of depth d: feature uint16 (L, 2^d - 1), threshold float32 (L, 2^d - 1), leaf uint16 (L, 2^d).

    x goes left where x <= threshold. leaf: depth of the leaf * 4096 + points in it - 1.
    """

    feature: npt.NDArray[np.uint16]
    threshold: npt.NDArray[np.float32]
    leaf: npt.NDArray[np.uint16]


def leaf_code(depth: npt.NDArray[np.int64], points: npt.NDArray[np.int64]) -> npt.NDArray[np.uint16]:
    """Depth up to 15 and points from 1 to 4096 as one number."""
    return (depth * 4096 + points - 1).astype(np.uint16)


def mean_path(points: npt.ArrayLike) -> Floats:
    """c(n), equation 1 of the paper: the mean path length in a tree of n points.

    >>> mean_path([1, 2, 256]).round(3).tolist()
    [0.0, 1.0, 10.245]
    """
    n = np.asarray(points, np.float64)
    wide = np.maximum(n, 3)
    long = 2 * (np.log(wide - 1) + np.euler_gamma) - 2 * (wide - 1) / wide
    return np.where(n <= 1, 0.0, np.where(n == 2, 1.0, long))
