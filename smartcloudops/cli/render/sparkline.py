"""A series as one short word of bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_BARS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-:=+*#"


def sparkline(values: Sequence[float], *, width: int = 24, unicode: bool = True) -> str:
    """`values` (NaN = missing: a blank) as at most `width` bars, from the lowest to the highest value.

    Where there are more values than bars, a bar shows the value farthest from the median of all.

    >>> sparkline([1, 2, 3, float("nan"), 5])
    '▁▃▅ █'
    >>> sparkline([-1.7e308, 0.0, 1.7e308])
    '▁▅█'
    """
    cells = _condense(list(values), width)
    known = [v for v in cells if math.isfinite(v)]
    if not known:
        return ""
    bars = _BARS if unicode else _ASCII
    # Halves, for the distance between the lowest and the highest number overflows.
    low, span = min(known) / 2, max(known) / 2 - min(known) / 2
    top = len(bars) - 1
    return "".join(bars[round((v / 2 - low) / span * top) if span else 0] if math.isfinite(v) else " " for v in cells)


def _condense(values: list[float], width: int) -> list[float]:
    if len(values) <= width:
        return values
    finite = sorted(v for v in values if math.isfinite(v))
    middle = finite[len(finite) // 2] if finite else 0.0
    edges = [round(i * len(values) / width) for i in range(width + 1)]
    return [_farthest(values[a:b], middle) for a, b in pairwise(edges)]


def _farthest(values: Sequence[float], middle: float) -> float:
    known = [v for v in values if math.isfinite(v)]
    return max(known, key=lambda v: abs(v - middle), default=math.nan)
