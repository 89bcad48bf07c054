"""Times as logs write them -> ms, UTC: the usual twenty, with a path that costs next to nothing for the usual two."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from smartcloudops.core.times import DAY, FIRST, LAST, MINUTE, SECOND
from smartcloudops.logs.formats import Hint
from smartcloudops.logs.formats.stamp_table import MONTHS, STAMPS, leading
from smartcloudops.logs.formats.zones import offset_of, zone_of

_EPOCH, _MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1)
# No time of a log is before 1973 or behind 5138: smaller numbers are durations, larger ones are a finer unit.
_EARLIEST, _S, _MS, _US, _NS = 1e8, 1e11, 1e14, 1e17, 1e20
_KEPT = 4096
_LONGEST, _SECOND = 48, 19
_DOTNET = re.compile(r"/?\\?/?Date\((\d{1,16})(?:[+-]\d{4})?\)\\?/?", re.ASCII)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d+)?", re.ASCII)


@lru_cache(maxsize=2)
def _tails(zoneless: bool) -> dict[str, int]:
    """Milliseconds of what may follow the seconds: `Z`, `.123Z`, and the same without a zone where that is UTC."""
    tails = {"Z": 0, "+00:00": 0, "+0000": 0}
    for ms in range(1000):
        for sign in ".,":
            tails[f"{sign}{ms:03d}Z"] = ms
    if zoneless:
        tails |= {tail[:-1]: ms for tail, ms in tails.items() if tail.endswith("Z")}
    return tails


@lru_cache(maxsize=1)
def _patterns() -> dict[str, list[re.Pattern[str]]]:
    """Rows of the table by their first character."""
    found: dict[str, list[re.Pattern[str]]] = {}
    for stamp in STAMPS:
        pattern = stamp.compiled()
        for first in stamp.starts:
            found.setdefault(first, []).append(pattern)
    return found


class Stamps:
    """Reads the times of one object: `stamps(value)` is ms or None, whatever the value; it never raises.

    UsageError at once for a zone that does not exist.
    """

    __slots__ = ("_hint", "_memo", "_seconds", "_tail", "_zone")

    def __init__(self, hint: Hint) -> None:
        self._hint = hint
        self._zone = zone_of(hint.zone)
        self._tail = _tails(self._zone is UTC)
        # What was read before: lines that follow each other share their second.
        self._seconds: dict[str, int] = {}
        self._memo: dict[str, int | None] = {}

    def __call__(self, value: object) -> int | None:
        """A string, bytes, or a number of s, ms, µs or ns since the epoch.

        >>> stamps = Stamps(Hint())
        >>> stamps("2026-11-20T10:00:00.123Z"), stamps(1795168800.5), stamps(b"1795168800123456"), stamps("soon")
        (1795168800123, 1795168800500, 1795168800123, None)
        """
        if type(value) is str:
            base = self._seconds.get(value[:19])
            if base is None:
                base = self._second(value[:19])
            if base is not None:
                tail = value[19:]
                part = self._tail.get(tail)
                if part is None and tail[4:-1].isdecimal():
                    part = self._tail.get(tail[:4] + tail[-1])
                if part is not None:
                    return base + part
            return self._slowly(value)
        if type(value) is int or type(value) is float:
            return of_number(value)
        if isinstance(value, bytes):
            return self(value.decode("latin-1"))
        return None

    def leading(self, text: str) -> tuple[int | None, int]:
        """The time that a line begins with, and where it ends; (None, 0) where it begins with none.

        >>> Stamps(Hint()).leading("[2026-11-20 10:00:00] ready")
        (1795168800000, 21)
        """
        found = leading().match(text)
        if found is None:
            return None, 0
        time = self(found[1])
        return time, found.end() if time is not None else 0

    def _slowly(self, value: str) -> int | None:
        text = value.strip(" \t\r\n[]\"'\0")
        if text in self._memo:
            return self._memo[text]
        if not text or len(text) > _LONGEST:
            return None
        time = self._read(text)
        if time is not None and not FIRST <= time <= LAST:
            time = None
        if len(self._memo) >= _KEPT:
            self._memo.clear()
        self._memo[text] = time
        return time

    def _read(self, text: str) -> int | None:
        if _NUMBER.fullmatch(text):
            compact = len(text) == 14 and text[:2] in ("19", "20")
            return self._by_table(text) if compact else of_digits(text)
        try:
            # RFC 3339 lets the zone be small.
            moment = datetime.fromisoformat(text[:-1] + "Z" if text[-1] == "z" else text)
        except ValueError:
            return self._by_table(text)
        return in_ms(moment if moment.tzinfo else moment.replace(tzinfo=self._zone))

    def _second(self, text: str) -> int | None:
        """`2026-11-20T10:00:00` as UTC, kept; None for anything else."""
        if len(text) != _SECOND or text[4] != "-" or text[16] != ":":
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        # `10:01:Z` is a time, too, for Python.
        if moment.tzinfo is not None:
            return None
        if len(self._seconds) >= _KEPT:
            self._seconds.clear()
        delta = moment - _MIDNIGHT
        self._seconds[text] = found = delta.days * DAY + delta.seconds * SECOND
        return found

    def _by_table(self, text: str) -> int | None:
        dotnet = _DOTNET.fullmatch(text)
        if dotnet:
            return int(dotnet[1])
        for pattern in _patterns().get(text[0], ()):
            found = pattern.fullmatch(text)
            if found is not None:
                try:
                    return _moment(found.groupdict(), self._hint, self._zone)
                except (ValueError, OverflowError):
                    return None
        return None


@lru_cache(maxsize=64)
def _stamps(hint: Hint) -> Stamps:
    return Stamps(hint)


def parse_stamp(text: bytes, hint: Hint) -> int | None:
    """A time as a log writes it, in ms, UTC; None where it is none. Never raises but for a zone that does not exist.

    >>> parse_stamp(b"[20/Nov/2026:03:00:00 -0700]", Hint()) == parse_stamp(b"20261120T100000Z", Hint())
    True
    """
    return _stamps(hint)(text)


def of_number(value: float) -> int | None:
    """Seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by their size.

    >>> of_number(1795168800) == of_number(1795168800_000) == of_number(1795168800_000_000_000)
    True
    >>> of_number(0.25), of_number(float("nan"))
    (None, None)
    """
    if _EARLIEST <= value < _S:
        # A third of a microsecond is what a float of that size cannot tell.
        return value * SECOND if type(value) is int else int(value * SECOND + 5e-4)
    if _S <= value < _MS:
        return int(value)
    if _MS <= value < _US:
        return int(value // 1_000)
    if _US <= value < _NS:
        return int(value // 1_000_000)
    return None


def of_digits(text: str) -> int | None:
    """The same of a number that is written out, to the millisecond.

    >>> of_digits("1795168800.123999")
    1795168800123
    """
    whole, _, fraction = text.partition(".")
    time = of_number(int(whole))
    return time + int(fraction[:3].ljust(3, "0")) if time is not None and fraction and int(whole) < _S else time


def in_ms(moment: datetime) -> int:
    """Whole milliseconds since the epoch; what is finer is cut off."""
    delta = moment - _EPOCH
    return delta.days * DAY + delta.seconds * SECOND + delta.microseconds // 1_000


def _moment(parts: dict[str, str | None], hint: Hint, zone: tzinfo) -> int | None:
    """The time that the groups of a row say. ValueError, OverflowError where there is no such time."""
    if parts.get("epoch"):
        return of_digits(str(parts["epoch"]))
    clock = _clock(parts)
    name = parts.get("zone")
    own = offset_of(name) if name else zone
    month = _month(parts)
    year = parts.get("year") or parts.get("lastyear")

    def at(day: date) -> int:
        moment = datetime(day.year, day.month, day.day, tzinfo=own or zone) + clock
        if own is None and moment.tzname() != name:
            raise ValueError(name)
        return in_ms(moment)

    if month is None:
        return _nearest_day(at, hint, own or zone)
    day = int(parts["day"] or 0)
    return at(date(_century(year), month, day)) if year else _nearest_year(at, month, day, hint)


def _clock(parts: dict[str, str | None]) -> timedelta:
    """Time since midnight; the leap second :60 is the next second."""
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError(hour)
    micro = int((parts.get("fraction") or "0").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)


def _month(parts: dict[str, str | None]) -> int | None:
    number = parts.get("monthnumber")
    if number:
        return int(number)
    name = parts.get("month")
    return MONTHS.index(name[:3].lower()) + 1 if name else None


def _century(year: str) -> int:
    """Two digits are of 1970 to 2069."""
    number = int(year)
    return number if len(year) > 2 else number + (1900 if number >= 70 else 2000)


def _nearest_year(at: Callable[[date], int], month: int, day: int, hint: Hint) -> int | None:
    """A time without a year: the one nearest to what the key promises, else the last before it was written."""
    anchor = hint.since if hint.since is not None else hint.modified
    if not anchor:
        return None
    middle = (_EPOCH + timedelta(milliseconds=anchor)).year
    times = list(_existing(at, month, day, (middle - 1, middle, middle + 1)))
    if hint.since is not None:
        return min(times, key=lambda time: abs(time - anchor), default=None)
    return max((time for time in times if time <= anchor + DAY), default=None)


def _existing(at: Callable[[date], int], month: int, day: int, years: tuple[int, ...]) -> Iterator[int]:
    for year in years:
        try:
            yield at(date(year, month, day))
        except ValueError:
            # The 29th of February is not in every year.
            continue


def _nearest_day(at: Callable[[date], int], hint: Hint, zone: tzinfo) -> int | None:
    """A clock alone: the first such time from what the key promises on, else the last before it was written."""
    anchor = hint.since if hint.since is not None else hint.modified
    if not anchor:
        return None
    today = (_EPOCH + timedelta(milliseconds=anchor)).astimezone(zone).date()
    times = [at(today + timedelta(days=days)) for days in (-1, 0, 1)]
    if hint.since is not None:
        return min((time for time in times if time >= anchor), default=None)
    return max((time for time in times if time <= anchor + 5 * MINUTE), default=None)
