"""Times of day and dates as people and models write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND, to_ms


@dataclass(frozen=True, slots=True)
class Clock:
    """`text[start:end]` names the `width` ms from `at`: epoch ms, or ms of a day where no date stands with it.

    `zone` False: in a zone that cannot be told.
    """

    start: int
    end: int
    at: int
    width: int
    dated: bool
    zone: bool = True

    def holds(self, ms: int) -> bool:
        """Whether a moment is the one that was named."""
        offset = ms - self.at
        return 0 <= (offset if self.dated else offset % DAY) < self.width


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_TIME = r"(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?P<part>\.\d{1,9})?)?"
_ZONE = (
    r"(?:[ \u00a0]?(?P<half>[AaPp]\.?[Mm]\b\.?))?"
    r"(?:[ \u00a0]?(?P<zone>Z\b|UTC\b(?![+-])|GMT\b(?![+-])|[+-]\d\d:?\d\d\b|[A-Z]{2,4}T\b))?"
)
_CLOCK = re.compile(rf"(?<![\w.:-]){_TIME}(?!\d|:\d){_ZONE}")
_ISO = re.compile(
    rf"(?<![\w.-])(?P<year>(?:19|20)\d\d)-(?P<mon>[01]\d)-(?P<day>[0-3]\d)"
    rf"(?:(?:T|[ \u00a0]|,? at )(?:{_TIME})(?!\d|:\d){_ZONE})?(?![\w-])"
)
_SPELT = re.compile(
    rf"\b(?:{_MONTH} (?P<day>[0-3]?\d)(?:st|nd|rd|th)?\b|"
    rf"(?P<day2>[0-3]?\d)(?:st|nd|rd|th)? {_MONTH.replace('?P<month>', '?P<month2>')})"
    rf"(?:,? (?P<year>(?:19|20)\d\d)\b)?(?:(?:,? at |,? )(?:{_TIME})(?!\d|:\d){_ZONE})?"
)
_HOUR_ONLY = re.compile(r"(?<![\w.:-])(?P<hour>1[0-2]|[1-9]) ?(?P<half>[AaPp]\.?[Mm]\b\.?)")


def clocks(text: str) -> Iterator[Clock]:
    """Every time and date in order; a time that stands with a date is one with it.

    >>> [(c.at // MINUTE, c.dated) for c in clocks("from 14:05 to 2:10 PM, since 1970-01-02T00:01Z")]
    [(845, False), (850, False), (1441, True)]
    """
    taken: list[tuple[int, int]] = []
    found: list[Clock] = []
    for pattern in (_ISO, _SPELT, _CLOCK, _HOUR_ONLY):
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            clock = _clock(match)
            if clock is not None:
                taken.append(match.span())
                found.append(clock)
    return iter(sorted(found, key=lambda c: c.start))


def _clock(match: re.Match[str]) -> Clock | None:
    parts = match.groupdict()
    at, width, zone = _of_day(parts)
    if "day" not in parts:
        return Clock(*match.span(), at % DAY, width, False, zone)
    day = _day(parts)
    return None if day is None else Clock(*match.span(), day + at, width, True, zone)


def _of_day(parts: dict[str, str | None]) -> tuple[int, int, bool]:
    """Milliseconds since midnight UTC, width, and whether the zone is known."""
    if parts.get("hour") is None:
        return 0, DAY, True
    hour = int(parts["hour"] or 0)
    half = (parts.get("half") or "").lower()
    if half:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    at = hour * HOUR + int(parts.get("minute") or 0) * MINUTE + int(parts.get("second") or 0) * SECOND
    width = SECOND if parts.get("second") else MINUTE
    if part := parts.get("part"):
        at, width = at + round(float(part) * SECOND), max(1, SECOND // 10 ** (len(part) - 1))
    offset, known = _offset(parts.get("zone") or "Z")
    return at - offset, width, known


def _offset(zone: str) -> tuple[int, bool]:
    if found := re.fullmatch(r"([+-])(\d\d):?(\d\d)", zone):
        size = int(found[2]) * HOUR + int(found[3]) * MINUTE
        return (-size if found[1] == "-" else size), True
    return 0, zone in ("Z", "UTC", "GMT")


def _day(parts: dict[str, str | None]) -> int | None:
    """Midnight UTC of the date; without a year that of 1970, which `undated` moves."""
    if parts.get("mon"):
        month = int(parts["mon"] or 0)
    else:
        month = _MONTHS.index((parts.get("month") or parts.get("month2") or "")[:3].lower()) + 1
    try:
        moment = datetime(
            int(parts.get("year") or 1972), month, int(parts.get("day") or parts.get("day2") or 0), tzinfo=UTC
        )
    except ValueError:
        return None
    return to_ms(moment)


def years_after(clock: Clock, ms: int) -> Clock:
    """The clock in the year of that moment, where its date had none."""
    if not clock.dated or clock.at >= 1096 * DAY or clock.at < 730 * DAY:
        return clock
    year = datetime.fromtimestamp(ms / SECOND, UTC).year
    start = datetime(1972, 1, 1, tzinfo=timezone(timedelta(0)))
    named = start + timedelta(milliseconds=clock.at - 730 * DAY)
    try:
        moved = to_ms(named.replace(year=year))
    except ValueError:
        return clock
    return Clock(clock.start, clock.end, moved, clock.width, True, clock.zone)
