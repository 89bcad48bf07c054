"""Where an axis has its ticks: round numbers, round times in UTC."""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import UTC, datetime
from itertools import count, takewhile

from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND, WEEK, to_ms

_FEWEST = 3
_YEARS = 10_000
_LARGEST, _SMALLEST = 1e300, 1e-280
_STEPS = (
    *(m * 10**e for e in range(3) for m in (1, 2, 5)),
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(DAY, 2 * DAY, WEEK, 2 * WEEK),
)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12_000)
# 1970-01-05 was a Monday: weeks begin there.
_MONDAY = 4 * DAY


def value_ticks(low: float, high: float, most: int, *, binary: bool = False) -> list[float]:
    """At most `most` (at least 3) multiples of a round step that enclose low..high; steps of powers of two if `binary`.

    >>> value_ticks(3, 97, 6), value_ticks(0, 3 * 2**30, 5, binary=True)[1] == 2**30
    ([0.0, 20.0, 40.0, 60.0, 80.0, 100.0], True)
    """
    most = max(most, _FEWEST)
    low, high = _apart(*(min(max(v, -_LARGEST), _LARGEST) for v in (low, high)))
    least = (high - low) / (most - 1)
    for power in count(math.floor(math.log2(least) if binary else math.log10(least))):
        for factor in (1,) if binary else (1, 2, 5):
            up, down = _fraction(factor, power, 2 if binary else 10)
            first, last = math.floor(low * down / up), math.ceil(high * down / up)
            if last - first < most:
                return [i * up / down for i in range(first, last + 1)]
    raise AssertionError("a step as large as the largest value always fits")


def time_ticks(first: int, last: int, most: int) -> list[int]:
    """At most `most` round times (ms, UTC) within first..last: seconds, minutes, hours, days, Mondays, months, years.

    >>> [t // MINUTE for t in time_ticks(7 * MINUTE, 61 * MINUTE, 6)]
    [10, 20, 30, 40, 50, 60]
    """
    for step in _STEPS:
        offset = _MONDAY if step % WEEK == 0 else 0
        begin = -((offset - first) // step) * step + offset
        if (last - begin) // step < most:
            return list(range(begin, last + 1, step))
    for months in _MONTHS:
        found = _month_starts(first, last, months)
        if len(found) <= most:
            return found
    return []


def time_labels(ticks: list[int]) -> list[str]:
    """Each tick as a time of day, as a date at midnight, as a month or a year where all begin one.

    >>> time_labels([23 * HOUR, DAY, DAY + HOUR]), time_labels([0, 59 * DAY])
    (['23:00', '01-02', '01:00'], ['1970-01', '1970-03'])
    """
    moments = [_moment(tick) for tick in ticks]
    if all(m.day == 1 and _is_midnight(m) for m in moments) and len(moments) > 1:
        form = "%Y" if all(m.month == 1 for m in moments) else "%Y-%m"
        return [m.strftime(form).rjust(4, "0") for m in moments]
    fine = any(tick % SECOND for tick in ticks)
    clock = 12 if fine else 8 if any(tick % MINUTE for tick in ticks) else 5
    return [f"{m:%m-%d}" if _is_midnight(m) else f"{m:%H:%M:%S}.{m.microsecond // 1000:03d}"[:clock] for m in moments]


def nearest(places: list[float], place: float) -> int:
    """The index of the sorted place that is closest."""
    at = bisect_left(places, place)
    return min((i for i in (at - 1, at) if 0 <= i < len(places)), key=lambda i: abs(places[i] - place))


def _apart(low: float, high: float) -> tuple[float, float]:
    """Two ends that floats can tell apart well enough to put ticks between them."""
    room = max(abs(low), abs(high)) * 1e-9 + _SMALLEST
    if high - low > room:
        return low, high
    middle = (low + high) / 2
    pad = abs(middle) / 10 if abs(middle) > _SMALLEST else 1.0
    return middle - pad, middle + pad


def _fraction(factor: int, power: int, base: int) -> tuple[int, int]:
    """factor * base**power as numerator and denominator: ticks come out exact."""
    return (factor * base**power, 1) if power >= 0 else (factor, base**-power)


def _moment(ms: int) -> datetime:
    whole, rest = divmod(ms, SECOND)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest * 1000)


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0)


def _month_starts(first: int, last: int, months: int) -> list[int]:
    begin = _moment(first)
    at = -(-(begin.year * 12 + begin.month - 1) // months)
    numbers = (n * months for n in range(at, -(-_YEARS * 12 // months)))
    starts = (to_ms(datetime(n // 12, n % 12 + 1, 1, tzinfo=UTC)) for n in numbers)
    return [t for t in takewhile(lambda t: t <= last, starts) if t >= first]
