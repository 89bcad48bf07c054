"""History as OpenMetrics text, as `promtool tsdb create-blocks-from openmetrics` wants it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def openmetrics(history: Mapping[str, tuple[Sequence[int], Sequence[float]]]) -> str:
    """Text of series name -> (times in ms, values); NaN is a gap.

    >>> print(openmetrics({'up{job="x"}': ([1000, 2000], [1.0, math.nan])}))
    up{job="x"} 1.0 1.000
    # EOF
    <BLANKLINE>
    """
    lines = [
        f"{name} {value!r} {time / 1000:.3f}"
        for name in sorted(history)
        for time, value in zip(*history[name], strict=True)
        if not math.isnan(value)
    ]
    return "\n".join([*lines, "# EOF\n"])
