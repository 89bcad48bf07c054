"""Parts of a date in text: which there are, what span of time some of them name, and a moment written with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import takewhile

from smartcloudops.core.times import FIRST, LAST, to_ms

# From the longest to the shortest, each with what it is and how it looks.
UNITS: dict[str, tuple[str, str]] = {
    "yyyy": ("year", r"[12]\d{3}"),
    "mm": ("month", r"(?:0[1-9]|1[0-2])"),
    "dd": ("day", r"(?:0[1-9]|[12]\d|3[01])"),
    "hh": ("hour", r"(?:[01]\d|2[0-3])"),
    "MM": ("minute", r"[0-5]\d"),
    "ss": ("second", r"[0-5]\d"),
}
_FIELDS = ("year", "month", "day", "hour", "minute", "second")
_LENGTHS = (
    timedelta(days=366),
    timedelta(days=31),
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)


def finest(names: Iterable[str]) -> str | None:
    """The shortest unit of those from the year on that have no gap; None without a year.

    >>> finest(["dd", "yyyy", "mm", "MM"])
    'dd'
    """
    given, found = set(names), None
    for unit in UNITS:
        if unit not in given:
            break
        found = unit
    return found


def length_ms(unit: str) -> int:
    """The longest that a unit gets.

    >>> length_ms("hh")
    3600000
    """
    return _LENGTHS[list(UNITS).index(unit)] // timedelta(milliseconds=1)


def span_of(values: Mapping[str, str]) -> tuple[int, int] | None:
    """From when to when (ms, UTC, exclusive) parts of a date last; None without a year, and for a 30 February.

    >>> span_of({"yyyy": "1970", "mm": "01", "dd": "02"})
    (86400000, 172800000)
    """
    return _span(tuple(map(values.get, UNITS)))


@lru_cache(8192)
def _span(texts: tuple[str | None, ...]) -> tuple[int, int] | None:
    given = [int(text) for text in takewhile(lambda text: text is not None, texts) if text]
    if not given:
        return None
    try:
        start = datetime(*(given + [1, 1][len(given) - 1 :]), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    return to_ms(start), to_ms(_after(start, list(UNITS)[len(given) - 1]))


def _after(start: datetime, unit: str) -> datetime:
    """When the next year, month, … begins."""
    if unit == "yyyy":
        return start.replace(year=start.year + 1)
    if unit == "mm":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start + _LENGTHS[list(UNITS).index(unit)]


def written(ms: int) -> dict[str, str]:
    """Every part of the date of a moment, as keys hold them.

    >>> written(0)["yyyy"], written(0)["dd"]
    ('1970', '01')
    """
    moment = datetime.fromtimestamp(min(max(ms, FIRST), LAST) // 1000, UTC)
    return {
        unit: f"{getattr(moment, field):0{4 if unit == 'yyyy' else 2}}"
        for unit, field in zip(UNITS, _FIELDS, strict=True)
    }
