"""Time zones as logs and settings name them: IANA names, offsets, and the short names that mean one zone only."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache

from smartcloudops.core.errors import UsageError
from smartcloudops.core.registry import nearest

# Hours east of Greenwich. The American ones are those of RFC 2822. IST, BST and the like mean several zones: they are
# read only where the zone of the object has that name at that time.
SHORT: dict[str, float] = {
    "Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "WEST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "PKT": 5, "WIB": 7, "SGT": 8, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9,
    "ACST": 9.5, "AEST": 10, "ACDT": 10.5, "AEDT": 11, "NZST": 12, "NZDT": 13, "BRT": -3, "ART": -3,
    "EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7, "PDT": -7, "PST": -8, "AKST": -9, "HST": -10,
}  # fmt: skip
AMBIGUOUS = ("IST", "BST", "AST", "SST", "WAT", "CAT", "EAT", "SAST")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name, an offset or a short name; UsageError names the nearest.

    >>> zone_of("+01:00"), zone_of("CET")
    (datetime.timezone(datetime.timedelta(seconds=3600)), datetime.timezone(datetime.timedelta(seconds=3600)))
    >>> zone_of("UTC") is UTC
    True
    """
    fixed = offset_of(name)
    return fixed if fixed is not None else _named(name)


@lru_cache(maxsize=256)
def offset_of(name: str) -> tzinfo | None:
    """The fixed offset that a time names (`Z`, `-0700`, `+01`, `CEST`); None where it does not say one for sure."""
    if name in SHORT:
        return timezone(timedelta(hours=SHORT[name])) if SHORT[name] else UTC
    found = _OFFSET.fullmatch(name)
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    if minutes >= 24 * 60:
        return None
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes)) if minutes else UTC


def _named(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as e:
        near = nearest(name, available_timezones())
        hint = near if near.startswith("did") else "write it like Europe/Berlin, UTC or +01:00"
        raise UsageError(f"no time zone named '{name}'", hint=hint) from e
