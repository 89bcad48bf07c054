"""Rolling sums and extremes of the last rows of a grid, exact at every position and the same for any history."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Combine(Protocol):
    """An associative operation of two arrays, such as `np.add`."""

    def __call__(self, left: Floats, right: Floats, /) -> Floats: ...


def fold(combine: Combine, x: Floats, window: int, rows: int) -> Floats:
    """`combine` over the `window` values that end at each of the last `rows` rows: (…, T) -> (…, rows).

    Needs T >= rows + window - 1. Windows are put together from powers of two, never from differences of
    running sums: no cancellation, and the same bits however long the history is.

    >>> fold(np.add, np.arange(6.0), window=3, rows=2)
    array([ 9., 12.])
    """
    piece, width, used = x[..., x.shape[-1] - rows - window + 1 :], 1, 0
    out: Floats | None = None
    while True:
        if window & width:
            used += width
            part = piece[..., window - used : window - used + rows]
            out = part if out is None else combine(part, out)
        if 2 * width > window:
            return np.array(out)
        piece = combine(piece[..., :-width], piece[..., width:])
        width *= 2


def total(x: Floats, window: int, rows: int) -> Floats:
    """Rolling sum; see `fold`."""
    return fold(np.add, x, window, rows)


def lowest(x: Floats, window: int, rows: int) -> Floats:
    """Rolling minimum; see `fold`."""
    return fold(np.minimum, x, window, rows)


def highest(x: Floats, window: int, rows: int) -> Floats:
    """Rolling maximum; see `fold`."""
    return fold(np.maximum, x, window, rows)


def quantiles(x: npt.NDArray[np.floating], q: Floats) -> Floats:
    """Quantiles along the last axis of the values that are not NaN: (…, T) -> (…, Q); NaN where there are none.

    Linear between order statistics, as `np.nanquantile`, which is far slower on many short rows.

    >>> quantiles(np.array([3.0, np.nan, 1.0]), np.array([0.5]))
    array([2.])
    """
    ordered = np.sort(x, axis=-1)
    count = np.isfinite(x).sum(axis=-1, keepdims=True)
    place = q * np.maximum(count - 1, 0)
    below = place.astype(np.int64)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = (np.take_along_axis(ordered, at, axis=-1).astype(np.float64) for at in (below, above))
    out = low + (high - low) * (place - below)
    return np.where(count > 0, out, np.nan)


def median(x: npt.NDArray[np.floating]) -> Floats:
    """Median along the last axis of the values that are not NaN; NaN where there are none."""
    return quantiles(x, np.array([0.5]))[..., 0]
