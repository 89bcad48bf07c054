"""When a question means: "since 2h", "last night", "at 14:05", "in the last 30 minutes", as times in UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND, WEEK, to_ms

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_COUNTED = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBERS: dict[str, float] = {
    **dict(zip(_COUNTED, range(13), strict=True)),
    **{"a": 1, "an": 1, "half": 0.5, "few": 3, "couple": 2, "fifteen": 15, "twenty": 20, "thirty": 30},
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COUNT = r"(\d+(?:\.\d+)?|" + "|".join(_NUMBERS) + r")"
_UNIT = r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
_SPAN = rf"(?:(?:the|about|some|a)\s+)*{_COUNT}(?:\s+of|\s+an?)?\s*{_UNIT}\b"
_CLOCK = r"(\d{1,2})(?::(\d{2}))?\s*(am|pm|o'?clock|utc|z)?\b"
_ISO = r"(\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2})?(?:z|[+-]\d{2}:?\d{2})?)?)"
_AROUND = 30 * MINUTE
_BEFORE = r"\b(?:in|over|for|during|within|of|from|since|through)?\s*(?:the\s+)?"


@dataclass(frozen=True, slots=True)
class Span:
    """A time that a question means, ms. `at`: it is a moment, the span lies around it; `said`: the words.

    `name`: the day it was called by ("yesterday"), which a comparison takes for its reference; `ends_now`: what is
    asked about is how things stand, not a time that is over.
    """

    since: int
    until: int
    said: str
    at: int | None = None
    name: str = ""
    ends_now: bool = False


def span_in(text: str, *, now: int) -> tuple[Span | None, str]:
    """The first time that plain text names, and the text without it; None where it names none.

    >>> span, rest = span_in("why was web-2 slow in the last 30 minutes", now=10 * HOUR)
    >>> (span.until - span.since) // MINUTE, rest
    (30, 'why was web-2 slow')
    """
    for pattern, meaning in _PATTERNS:
        found = pattern.search(text)
        if found is None:
            continue
        span = meaning(found, now)
        if span is not None and span.since < span.until:
            return span, " ".join((text[: found.start()] + " " + text[found.end() :]).split())
    return None, text


def _last(found: re.Match[str], now: int) -> Span:
    return Span(now - _length(found[1] or "1", found[2]), now, found[0].strip(), ends_now=True)


def _ago(found: re.Match[str], now: int) -> Span:
    at = now - _length(found[1], found[2])
    if found[0].startswith("since"):
        return Span(at, now, found[0], ends_now=True)
    return _moment(at, found[0], now)


def _length(count: str, unit: str) -> int:
    number = _NUMBERS[count] if count in _NUMBERS else float(count)
    return round(number * _UNITS[unit[0]])


def _iso(found: re.Match[str], now: int) -> Span | None:
    at = _read(found[2])
    if at is None:
        return None
    if len(found[2]) == len("2026-11-20") and not (found[1] or "").startswith("since"):
        return Span(at, min(at + DAY, now), found[0])
    return (
        Span(at, now, found[0], ends_now=True) if (found[1] or "").startswith("since") else _moment(at, found[0], now)
    )


def _read(text: str) -> int | None:
    try:
        return to_ms(datetime.fromisoformat(text.upper().replace(" ", "T")))
    except ValueError:
        return None


def _between(found: re.Match[str], now: int) -> Span | None:
    start, end = _clock(found[1], found[2], found[3] or found[6], now), _clock(found[4], found[5], found[6], now)
    if start is None or end is None:
        return None
    return Span(start if start < end else start - DAY, end, found[0])


def _clocked(found: re.Match[str], now: int) -> Span | None:
    """A bare number is no time of day: it needs minutes, am or pm."""
    if found[3] is None and found[4] is None:
        return None
    at = _clock(found[2], found[3], found[4], now)
    if at is None:
        return None
    if found[5]:
        at = at - DAY if at // DAY == now // DAY else at
    if found[1] == "since":
        return Span(at, now, found[0].strip(), ends_now=True)
    return _moment(at, found[0].strip(), now)


def _clock(hours: str, minutes: str | None, half: str | None, now: int) -> int | None:
    """The latest such time of day that is not to come."""
    hour, minute = int(hours), int(minutes or 0)
    if half in ("am", "pm") and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59:
        return None
    at = now // DAY * DAY + hour * HOUR + minute * MINUTE
    return at if at <= now else at - DAY


def _moment(at: int, said: str, now: int) -> Span:
    return Span(at - _AROUND, min(at + _AROUND, now), said.strip(), at=at)


def _named(found: re.Match[str], now: int) -> Span:
    """A part of a day or week; `since` it: from its beginning to now."""
    today = now // DAY * DAY
    name = found[2]
    since, until = {
        "yesterday": (today - DAY, today),
        "today": (today, now),
        "last night": (today - 4 * HOUR, today + 8 * HOUR),
        "overnight": (today - 4 * HOUR, today + 8 * HOUR),
        "tonight": (today + 18 * HOUR, today + DAY),
        "this morning": (today + 5 * HOUR, today + 12 * HOUR),
        "this afternoon": (today + 12 * HOUR, today + 18 * HOUR),
        "midnight": (today, now),
        "last week": (now - WEEK, now),
        "this week": (_monday(now), now),
    }[name]
    until = min(until, now)
    if since >= until:
        since, until = since - DAY, until if until > since - DAY else now
    reaches = found[1] == "since" or name in ("today", "this week", "last week")
    return Span(since, now if reaches else until, found[0].strip(), name=name, ends_now=reaches)


def _monday(now: int) -> int:
    return now // DAY * DAY - datetime.fromtimestamp(now / SECOND, UTC).weekday() * DAY


def _weekday(found: re.Match[str], now: int) -> Span:
    back = (datetime.fromtimestamp(now / SECOND, UTC).weekday() - _DAYS.index(found[2])) % 7
    day = to_ms(datetime.fromtimestamp(now // DAY * DAY / SECOND, UTC) - timedelta(days=back))
    since = found[1] == "since"
    return Span(day, now if since else min(day + DAY, now), found[0].strip(), name=found[2], ends_now=since)


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], int], Span | None]], ...] = (
    (re.compile(rf"\b(since|on|at|around|from)?\s*{_ISO}"), _iso),
    (re.compile(rf"\b(?:between|from)\s+{_CLOCK}\s*(?:and|to|until|till|-)\s*{_CLOCK}"), _between),
    (re.compile(rf"\b(?:since\s+|for\s+|about\s+|from\s+)?{_SPAN}\s+(?:ago|back|earlier|before)\b"), _ago),
    (re.compile(rf"{_BEFORE}(?:last|past|previous|recent)\s+{_SPAN}"), _last),
    (re.compile(rf"{_BEFORE}(?:last|past|previous)()\s+(minute|hour|day)\b"), _last),
    (re.compile(rf"\b(?:since|for)\s+{_SPAN}"), _last),
    (re.compile(rf"\b(since|at|around|about|near|by)\s+{_CLOCK}\s*(yesterday|last night)?"), _clocked),
    (
        re.compile(
            r"\b(since|from|on|during|over|in|for)?\s*\b(yesterday|today|last night|overnight|tonight|this morning|"
            r"this afternoon|midnight|last week|this week)\b"
        ),
        _named,
    ),
    (re.compile(rf"\b(since|on|last)\s+({'|'.join(_DAYS)})\b"), _weekday),
)
