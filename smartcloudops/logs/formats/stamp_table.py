"""The times that logs are written with: a pattern, an example and its value for each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from smartcloudops.logs.formats.zones import AMBIGUOUS, SHORT

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_NAMES = "|".join(sorted((*SHORT, *AMBIGUOUS), key=len, reverse=True))
_ZONE = rf"(?: ?(?P<zone>[+-]\d\d(?::?\d\d)?(?!:?\d)|(?:{_NAMES})(?![A-Za-z0-9])))"
_CLOCK = r"(?P<hour>\d\d?):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,:](?P<fraction>\d{1,9})\d*)?"
_HALF = r"(?: (?P<half>[AaPp][Mm])(?![A-Za-z]))?"
_MONTH = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? )"


@dataclass(frozen=True, slots=True)
class Stamp:
    """One way to write a time. `starts`: what its first character may be; `value`: the example's, in ms, UTC."""

    name: str
    starts: str
    pattern: str
    example: str
    value: int

    def compiled(self) -> re.Pattern[str]:
        """The pattern with its groups."""
        return re.compile(self.pattern, re.ASCII)

    def anonymous(self) -> str:
        """The pattern without them, to stand among others."""
        return re.sub(r"\(\?P<\w+>", "(?:", self.pattern)


_DIGIT = "0123456789"
TEN = 1_795_168_800_000  # 2026-11-20T10:00:00Z
STAMPS: tuple[Stamp, ...] = (
    Stamp(
        "year first",  # RFC 3339 and what is near it, Go (`+0000 UTC`), nginx' error log, Python and Java
        _DIGIT,
        rf"(?P<year>\d{{4}})[-/.](?P<monthnumber>\d\d)[-/.](?P<day>\d\d)[T_ \t]{_CLOCK}{_ZONE}?(?: (?:UTC|GMT)(?!\w))?",
        "2026-11-20 11:00:00,000 CET",
        TEN,
    ),
    Stamp(
        "compact",
        _DIGIT,
        r"(?P<year>\d{4})(?P<monthnumber>\d\d)(?P<day>\d\d)[T_ -]?(?P<hour>\d\d):?(?P<minute>\d\d):?(?P<second>\d\d)"
        rf"(?:[.,](?P<fraction>\d{{1,9}})\d*)?{_ZONE}?",
        "20261120T100000Z",
        TEN,
    ),
    Stamp(
        "day first",  # CLF, HAProxy, RFC 2822, RFC 850, HTTP, Log4j's DATE
        _DIGIT + "MTWFS",
        rf"{_WEEKDAY}?(?P<day>\d\d?)[ /-]{_MONTH}[ /-](?P<year>\d{{4}}|\d\d)[ :]{_CLOCK}{_HALF}{_ZONE}?",
        "20/Nov/2026:03:00:00 -0700",
        TEN,
    ),
    Stamp(
        "month first",  # syslog, asctime, date(1), Apache's error log
        "JFMASONDTW",
        rf"{_WEEKDAY}?{_MONTH} {{1,2}}(?P<day>\d\d?) (?:(?P<year>\d{{4}}) )?{_CLOCK}{_ZONE}?"
        r"(?: (?P<lastyear>(?:19|2[01])\d\d)(?![\w.-]|:\d))?",
        "Fri Nov 20 10:00:00 2026",
        TEN,
    ),
    Stamp(
        "java.util.logging",
        "JFMASOND",
        rf"{_MONTH} (?P<day>\d\d?), (?P<year>\d{{4}}),? {_CLOCK}{_HALF}{_ZONE}?",
        "Nov 20, 2026 10:00:00 AM",
        TEN,
    ),
    Stamp(
        "American",  # without AM or PM the day could come first
        _DIGIT,
        r"(?P<monthnumber>\d\d?)/(?P<day>\d\d?)/(?P<year>\d{4}),? "
        + _CLOCK
        + r" (?P<half>[AaPp][Mm])(?![A-Za-z])"
        + f"{_ZONE}?",
        "11/20/2026 10:00:00 AM",
        TEN,
    ),
    Stamp(
        "klog",  # Kubernetes, glog: the year comes from the object
        "IWEF",
        rf"[IWEF](?P<monthnumber>\d\d)(?P<day>\d\d) {{1,2}}{_CLOCK}",
        "I1120 10:00:00.000000",
        TEN,
    ),
    Stamp("epoch", _DIGIT, r"(?P<epoch>\d{10}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?)(?![\w./-]|:\S)", "1795168800", TEN),
    Stamp("clock alone", _DIGIT, _CLOCK + f"{_ZONE}?", "10:00:00.000", TEN),
)


@lru_cache(maxsize=1)
def leading() -> re.Pattern[str]:
    """A time at the start of a line, in brackets or not; group 1 is the time."""
    return re.compile(leading_source(), re.ASCII)


def leading_source() -> str:
    """What `leading` is made of. A Ruby logger writes one letter before it."""
    times = "|".join(stamp.anonymous() for stamp in STAMPS)
    return rf"(?:[DIWEFA], )?[\[(<]?({times})(?![0-9A-Za-z])[Z\])>]*"
