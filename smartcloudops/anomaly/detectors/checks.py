"""Checks of arrays that came from a file: what is wrong is named, nothing is used before it passed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from smartcloudops.core.errors import ModelError

Array = npt.NDArray[Any]


def require(arrays: Mapping[str, Array], name: str, kind: str, shape: tuple[int | None, ...]) -> Array:
    """The array of that name if it has the dtype kind (`np.dtype.str` without byte order, such as `f4`) and
    shape (None: any length); ModelError says what it is instead.

    >>> require({"a": np.zeros((2, 3))}, "a", "f8", (None, 3)).shape
    (2, 3)
    """
    if name not in arrays:
        raise ModelError(f"array '{name}' is missing")
    array = arrays[name]
    if array.dtype != np.dtype(kind):
        raise ModelError(f"array '{name}' is {array.dtype}, expected {np.dtype(kind)}")
    fits = len(array.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise ModelError(f"array '{name}' has shape {array.shape}, expected {shape}")
    return array


def between(name: str, array: Array, low: float, high: float, *, missing: bool = False) -> None:
    """ModelError unless low <= array <= high everywhere; `missing`: NaN is allowed."""
    # NaN is neither; the common case costs two passes and no memory.
    if not array.size or (array.min() >= low and array.max() <= high):
        return
    inside = (array >= low) & (array <= high)
    if missing:
        inside |= np.isnan(array)
    if not inside.all():
        raise ModelError(f"array '{name}' holds {array[~inside].flat[0]}, expected {low} to {high}")
