"""OpenMetrics and Prometheus text with timestamps, as `promtool tsdb dump-openmetrics` writes it."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from smartcloudops.core.errors import DataError
from smartcloudops.metrics.cells import epoch_ms, parse_number, within_time
from smartcloudops.metrics.series import Series, parse_series_name
from smartcloudops.metrics.table import series_of

# A series, its value, its time; what follows (an exemplar) is not read.
_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_LINE = re.compile(rf'([a-zA-Z_:][\w:]*(?:\{{[^"}}]*(?:{_QUOTED}[^"}}]*)*\}})?)\s+(\S+)(?:\s+([^\s#]+))?(?:\s+#.*|\s*)')

_Samples = tuple[dict[str, str], list[int], list[float]]


def is_exposition(data: bytes) -> bool:
    """Whether the first line is a comment or a sample of this format."""
    first = data.lstrip().partition(b"\n")[0].decode("utf-8", "replace").strip()
    return first.startswith("#") or ("," not in first.partition("{")[0] and _LINE.fullmatch(first) is not None)


def read_exposition(data: bytes, *, where: str) -> list[Series]:
    """Series in order of first sight. Times are seconds where the text ends with `# EOF`, else milliseconds.

    Raises DataError naming the line of a sample that is none, or has no time.
    """
    lines = data.decode("utf-8", "replace").split("\n")
    whole = next((line for line in reversed(lines) if line.strip()), "").strip() == "# EOF"
    to_ms: Callable[[float], int] = _seconds if whole else epoch_ms
    found: dict[str, _Samples] = {}
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith("#"):
            try:
                _add(line, to_ms, found)
            except (ValueError, OverflowError, DataError) as e:
                raise DataError(f"{where}: line {number}: {e}") from e
    return [
        series_of(labels, np.array(times, dtype=np.int64), np.array(values)) for labels, times, values in found.values()
    ]


def _add(line: str, to_ms: Callable[[float], int], found: dict[str, _Samples]) -> None:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError('is no sample: expected `name{label="x"} value time`')
    if match[3] is None:
        raise ValueError("has no time: a scrape is one moment, history has times")
    one = found.get(match[1])
    if one is None:
        one = found[match[1]] = (parse_series_name(match[1]), [], [])
    one[1].append(to_ms(float(match[3])))
    one[2].append(parse_number(match[2]))


def _seconds(number: float) -> int:
    return within_time(number * 1000)
