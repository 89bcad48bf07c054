"""Cells of text files as times and numbers."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from smartcloudops.core.times import FIRST, LAST

_EPOCH = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
_MISSING = frozenset({"", "nan", "null", "none", "na", "n/a"})
# Epoch milliseconds from 1973 on; as seconds it would be the year 5138.
_MS_FROM = 1e11
_MS_BELOW = 1e14


def parse_time(cell: str) -> int:
    """Milliseconds, UTC, of RFC 3339, `YYYY-MM-DD HH:MM:SS` (no offset: UTC), epoch seconds or milliseconds.

    Raises ValueError.

    >>> parse_time("1970-01-01 00:00:01"), parse_time("1700000000"), parse_time("1700000000123")
    (1000, 1700000000000, 1700000000123)
    """
    text = cell.strip()
    if _EPOCH.fullmatch(text):
        return epoch_ms(float(text))
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def epoch_ms(number: float) -> int:
    """Milliseconds of an epoch time given in seconds or, from 1e11 on, in milliseconds; ValueError beyond 1e14."""
    if not abs(number) < _MS_BELOW:
        raise ValueError(f"{number:g} is neither epoch seconds nor milliseconds")
    return within_time(number if abs(number) >= _MS_FROM else number * 1000)


def within_time(ms: float) -> int:
    """Whole milliseconds; ValueError outside the years 1 to 9999."""
    if not FIRST <= ms <= LAST:
        raise ValueError("lies outside the years 1 to 9999")
    return round(ms)


def parse_number(cell: str) -> float:
    """A number, ±Inf included; NaN for an empty cell, `NaN`, `null`, `NA`. Raises ValueError.

    >>> parse_number("+Inf"), parse_number(" ")
    (inf, nan)
    """
    text = cell.strip()
    return math.nan if text.lower() in _MISSING else float(text)
