"""Times as everywhere in sco: int milliseconds since the epoch, UTC; durations as `90s`, `5m`, `2h`, `14d`."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

from smartcloudops.core.errors import UsageError

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

_UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK, "y": 365 * DAY}
FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999
_PART = re.compile(r"(\d{1,12})(ms|[smhdwy])")
_WHOLE = re.compile(r"(?:\d{1,12}(?:ms|[smhdwy]))+")


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


def parse_duration(text: str) -> int:
    """Milliseconds in a Prometheus duration; UsageError for anything else.

    >>> parse_duration("1h30m") // MINUTE
    90
    """
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        raise UsageError(f"'{text}' is no duration", hint="write it like 90s, 5m, 2h or 14d")
    return sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))


def format_duration(ms: int) -> str:
    """The shortest Prometheus duration, at most two units.

    >>> format_duration(5_400_000)
    '1h30m'
    """
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, ms = divmod(ms, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts[:2]) or "0s"


def parse_time(text: str, *, now: int) -> int:
    """A moment: RFC 3339, a date (midnight UTC), `now`, epoch seconds, or a duration before `now`.

    A time without an offset is UTC. UsageError for anything else.

    >>> parse_time("2h", now=7_200_000)
    0
    >>> parse_time("1970-01-02", now=0) == DAY
    True
    """
    found = _moment(text.strip(), now)
    if not FIRST <= found <= LAST:
        raise UsageError(f"'{text}' lies outside the years 1 to 9999", hint="write it like 2h or 2026-11-20T10:00Z")
    return found


def _moment(text: str, now: int) -> int:
    if text == "now":
        return now
    if _WHOLE.fullmatch(text):
        return now - parse_duration(text)
    if re.fullmatch(r"\d{9,10}(\.\d+)?", text):
        return int(float(text) * SECOND)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as e:
        hint = "write it like 2h, 2026-11-20 or 2026-11-20T10:00Z"
        raise UsageError(f"'{text}' is no time", hint=hint) from e
    return to_ms(moment)


def parse_range(text: str, *, now: int) -> tuple[int, int]:
    """Start and end in ms of `SINCE..UNTIL`; an empty UNTIL is now. UsageError for anything else.

    >>> parse_range("2h..1h", now=2 * HOUR)
    (0, 3600000)
    """
    since, dots, until = text.partition("..")
    if not dots or not since.strip():
        raise UsageError(f"'{text}' is no range", hint="write it like 2026-11-20..2026-11-21 or 8h..2h")
    start, end = parse_time(since, now=now), parse_time(until.strip() or "now", now=now)
    if start >= end:
        raise UsageError(f"'{text}' ends before it starts", hint="write SINCE..UNTIL, the earlier time first")
    return start, end


def to_ms(moment: datetime) -> int:
    """Epoch milliseconds of a datetime; a naive one is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * SECOND)


def rfc3339(ms: int) -> str:
    """RFC 3339 in UTC, with milliseconds only where there are any.

    >>> rfc3339(1_500)
    '1970-01-01T00:00:01.500Z'
    """
    whole, rest = divmod(ms, SECOND)
    base = datetime.fromtimestamp(whole, UTC).isoformat()[:19]
    return f"{base}.{rest:03d}Z" if rest else f"{base}Z"


def minute(ms: int) -> str:
    """RFC 3339 in UTC, to the minute.

    >>> minute(90_000)
    '1970-01-01T00:01Z'
    """
    return f"{rfc3339(ms)[:16]}Z"
