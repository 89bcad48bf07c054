"""Times in lines of JSON, cut down to what tells buckets apart, so that few different ones are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from smartcloudops.core.times import MINUTE, SECOND

_ISO = re.compile(
    rb'"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ])[0-9]{2}:[0-9]{2}:[0-9]{2}(?:([.,])([0-9]{1,9}))?(Z|[+-][0-9]{2}:?[0-9]{2}|)"'
)
_EPOCH = re.compile(rb"[1-9][0-9]{9}(?:([0-9]{3})|\.([0-9]{1,6}))?")
_MINUTES, _SECONDS, _EPOCH_SECONDS = 16, 19, 10


@dataclass(frozen=True, slots=True)
class Stamp:
    """How the time stands in lines: `before` it, `value` as RE2 that lets only this form through, `cut` as a pattern
    that cuts it out. All times of one form are as long as each other, and in their order as text.

    `form`: a time of this form whose digits are to be replaced. `read` gives the time (ms) of a whole one.
    """

    path: tuple[str, ...]
    before: bytes
    value: bytes
    cut: bytes
    form: bytes
    seconds: int
    read: Callable[[bytes], int | None] = field(compare=False)
    # Names of its line that a time can stand under, too.
    rivals: tuple[str, ...] = ()

    def kept(self, width: int) -> int:
        """How many leading bytes tell buckets of that width (ms) apart."""
        if width % SECOND:
            return len(self.form)
        return _MINUTES if self.seconds == _SECONDS and width % MINUTE == 0 else self.seconds

    def whole(self, start: bytes) -> bytes:
        """The earliest time of this form that begins so."""
        return start + self.form[len(start) :]


def stamp_of(
    path: tuple[str, ...],
    before: bytes,
    value: bytes,
    read: Callable[[bytes], int | None],
    *,
    zoneless: bool = False,
) -> Stamp | None:
    """The form of a time in JSON: RFC 3339, or seconds or milliseconds since 1970; None for others.

    `read` gives the time of a text of the same form, without quotes; `zoneless`: also RFC 3339 without an offset.

    >>> stamp = stamp_of(("time",), b'"time":', b'"2026-11-20T10:00:01.250Z"', lambda text: None)
    >>> stamp.whole(b"2026-11-20T10:00"), stamp.kept(60_000), stamp.kept(1_000)
    (b'2026-11-20T10:00:00.000Z', 16, 19)
    """
    iso = _ISO.fullmatch(value)
    if iso and (iso[4] or zoneless):
        return _iso(path, before, iso, read)
    epoch = _EPOCH.fullmatch(value)
    if epoch is None:
        return None
    milli, fraction = epoch[1] or b"", epoch[2] or b""
    dot = b"." if fraction else b""
    digits = len(milli) or len(fraction)
    pattern = rb"[1-9][0-9]{9}" + re.escape(dot) + (rb"[0-9]{%d}" % digits if digits else b"")
    form = b"0" * _EPOCH_SECONDS + dot + b"0" * digits
    return Stamp(path, before, pattern, rb"([0-9.]+)", form, _EPOCH_SECONDS, read)


def _iso(path: tuple[str, ...], before: bytes, found: re.Match[bytes], read: Callable[[bytes], int | None]) -> Stamp:
    between, dot, fraction, offset = found[1], found[2] or b"", found[3] or b"", found[4]
    day = rb"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    clock = rb"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    tail = re.escape(dot) + (rb"[0-9]{%d}" % len(fraction) if fraction else b"") + re.escape(offset)
    form = b"0000-00-00" + between + b"00:00:00" + dot + b"0" * len(fraction) + offset
    value = b'"' + day + re.escape(between) + clock + tail + b'"'
    return Stamp(path, before, value, b'"([^"]*)"', form, _SECONDS, read)
