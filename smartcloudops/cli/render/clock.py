"""Moments and spans of time as people read them."""

from __future__ import annotations

from smartcloudops.core.times import MINUTE, format_duration, rfc3339


def moment(ms: int) -> str:
    """RFC 3339, UTC, to the minute where it is one.

    >>> moment(0)
    '1970-01-01 00:00Z'
    """
    text = rfc3339(ms)
    return f"{text[:10]} {text[11:16]}Z" if ms % MINUTE == 0 else f"{text[:10]} {text[11:19]}Z"


def span(start: int, end: int) -> str:
    """A length of time, at most two units.

    >>> span(0, 5_400_000)
    '1h30m'
    """
    return format_duration(max(0, end - start))
