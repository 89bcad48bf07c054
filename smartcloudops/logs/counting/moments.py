"""Times in lines of JSON, cut down to what tells buckets apart, so that few different ones are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from smartcloudops.core.times import MINUTE, SECOND

_ISO = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2}([T ])[0-9]{2}:[0-9]{2}:[0-9]{2})(?:([.,])[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2}|)"
)
_EPOCH = re.compile(rb"([1-9][0-9]{9})(?:[0-9]{3}|(?:\.[0-9]{1,6})?)")
_DAY = rb"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = rb"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_MINUTES, _SECONDS, _EPOCH_SECONDS, _EPOCH_MILLIS = 16, 19, 10, 13
_DIGITS, _EPOCH_DIGITS = 9, 6
# Seconds where milliseconds as a number become coarser, and the last ones.
_COARSER = (b"1099511627", b"2199023255", b"2199023256", b"3999999999")


@dataclass(frozen=True, slots=True)
class Stamp:
    """How the time stands in lines: under `name`, in a form that `value` (RE2) lets through and nothing else; `quoted`:
    as a string. But for `offset`, which ends all of them, times of one form are in their order as text.

    `least`: the part that all have, of a time whose digits are to be replaced; `seconds`: so much of it tells seconds
    apart. `read` gives the time (ms) of one, without its quotes.
    """

    name: str
    quoted: bool
    value: bytes
    least: bytes
    seconds: int
    offset: bytes
    read: Callable[[bytes], int | None] = field(compare=False)

    def holds(self, times: bytes) -> bool:
        """Whether all of some lines are times of this form."""
        return _pattern(self.value)(times) is not None

    def kept(self, width: int) -> int | None:
        """How many leading bytes tell buckets of that width (ms) apart; None for all of them."""
        if width % SECOND:
            return None
        return _MINUTES if self.seconds == _SECONDS and width % MINUTE == 0 else self.seconds

    def whole(self, start: bytes) -> bytes:
        """The earliest time of this form that begins so."""
        whole = start + self.least[len(start) :]
        return whole if self.offset and whole.endswith(self.offset) else whole + self.offset


@lru_cache(maxsize=64)
def _pattern(value: bytes) -> Callable[[bytes], Any]:
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_capture = True
    options.log_errors = False
    fullmatch: Callable[[bytes], Any] = re2.compile(b"(?:" + value + b"\n)*" + value, options).fullmatch
    return fullmatch


def stamp_of(name: str, value: bytes, read: Callable[[bytes], int | None], *, zoneless: bool = False) -> Stamp | None:
    """The form of a time in JSON: RFC 3339, or seconds or milliseconds since 1970; None for others.

    With as many digits of a second as `read` makes a time of, which gives the time (ms) of a text of the same form,
    without quotes. `zoneless`: also RFC 3339 without an offset.

    >>> stamp = stamp_of("time", b'"2026-11-20T10:00:01.25Z"', lambda text: 0)
    >>> stamp.whole(b"2026-11-20T10:00"), stamp.kept(60_000), stamp.kept(1_000)
    (b'2026-11-20T10:00:00Z', 16, 19)
    """
    text = value.strip(b'"')
    if value.startswith(b'"'):
        iso = _ISO.fullmatch(text)
        if iso is None or not (iso[4] or zoneless):
            return None
        between, offset = iso[2], iso[4]
        fraction = _fraction([iso[1]], iso[3] or b".", offset, _DIGITS, read)
        pattern = _DAY + between + _CLOCK + fraction + re.escape(offset)
        least, seconds = b"0000-00-00" + between + b"00:00:00", _SECONDS
    else:
        epoch = _EPOCH.fullmatch(text)
        if epoch is None:
            return None
        offset, seconds = b"", _EPOCH_SECONDS
        if len(text) == _EPOCH_MILLIS and b"." not in text:
            pattern, least = rb"[1-9][0-9]{12}", b"0" * _EPOCH_MILLIS
        else:
            # Up to 2096. Later, a number does not hold six digits of a second.
            pattern = rb"[1-3][0-9]{9}" + _fraction([epoch[1], *_COARSER], b".", b"", _EPOCH_DIGITS, read)
            least = b"0" * _EPOCH_SECONDS
    found = Stamp(name, value.startswith(b'"'), pattern, least, seconds, offset, read)
    return found if found.holds(text) else None


def _fraction(
    starts: Sequence[bytes], dot: bytes, offset: bytes, most: int, read: Callable[[bytes], int | None]
) -> bytes:
    """A pattern of the digits of a second, as many as are read as a time within that second, whichever of some it is;
    or of none."""

    def within(start: bytes, digits: int) -> bool:
        second, time = read(start + offset), read(start + dot + b"9" * digits + offset)
        return second is not None and time is not None and second <= time < second + SECOND

    digits = 0
    while digits < most and all(within(start, digits + 1) for start in starts):
        digits += 1
    return b"(?:%b[0-9]{1,%d})?" % (re.escape(dot), digits) if digits else b""
