"""Units as tools and people write them, brought to one base per dimension, so that 1.5 GiB equals 1610612736 bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Unit:
    """`dim` is what it measures; each of `scales` brings a number to the base of that dimension.

    Bases: share 1, time 1 s, bytes 1 B, bytes/s 1 B/s, rate 1/s, plain and everything else 1. Two scales where people
    read it both ways: GB is 1e9 and 2**30 bytes.
    """

    dim: str
    scales: tuple[float, ...] = (1.0,)


PLAIN = Unit("plain")
PERCENT = Unit("share", (0.01,))

_TIMES: dict[float, tuple[str, ...]] = {
    1e-9: ("ns", "nanosecond", "nanoseconds"),
    1e-6: ("µs", "μs", "us", "microsecond", "microseconds"),
    1e-3: ("ms", "msec", "msecs", "millisecond", "milliseconds"),
    1.0: ("s", "sec", "secs", "second", "seconds"),
    60.0: ("m", "min", "mins", "minute", "minutes"),
    3600.0: ("h", "hr", "hrs", "hour", "hours"),
    86400.0: ("d", "day", "days"),
    604800.0: ("w", "wk", "week", "weeks"),
}
_BYTES: dict[tuple[float, ...], tuple[str, ...]] = {
    (1.0,): ("b", "byte", "bytes"),
    (1e3, 2.0**10): ("kb", "kilobyte", "kilobytes"),
    (1e6, 2.0**20): ("mb", "megabyte", "megabytes"),
    (1e9, 2.0**30): ("gb", "gigabyte", "gigabytes"),
    (1e12, 2.0**40): ("tb", "terabyte", "terabytes"),
    (1e15, 2.0**50): ("pb", "petabyte", "petabytes"),
    (2.0**10,): ("kib", "kibibyte", "kibibytes"),
    (2.0**20,): ("mib", "mebibyte", "mebibytes"),
    (2.0**30,): ("gib", "gibibyte", "gibibytes"),
    (2.0**40,): ("tib", "tebibyte", "tebibytes"),
    (2.0**50,): ("pib", "pebibyte", "pebibytes"),
}
_BITS = {"": 0.125, "k": 125.0, "m": 125e3, "g": 125e6}
_RATES = {"rps": 1.0, "qps": 1.0, "tps": 1.0, "ops": 1.0, "iops": 1.0, "rpm": 1 / 60}
_PERCENTS = ("%", "percent", "per cent", "pct", "pp", "percentage point", "percentage points")
_SHARES = ("ratio", "share", "fraction", "shares")
_DEVIATIONS = ("σ", "sigma", "sigmas", "deviations", "deviation", "standard deviations", "standard deviation", "stddev")
_FACTORS = ("x", "×", "times", "fold", "-fold")

_KNOWN: dict[str, Unit] = {
    **{name: Unit("time", (scale,)) for scale, names in _TIMES.items() for name in names},
    **{name: Unit("bytes", scales) for scales, names in _BYTES.items() for name in names},
    **{f"{prefix}bps": Unit("bytes/s", (scale,)) for prefix, scale in _BITS.items()},
    **{name: Unit("rate", (scale,)) for name, scale in _RATES.items()},
    **dict.fromkeys(_PERCENTS, PERCENT),
    **{name: Unit("share") for name in _SHARES},
    **{name: Unit("deviations") for name in _DEVIATIONS},
    **{name: Unit("factor") for name in _FACTORS},
    "": PLAIN,
}
_PER = re.compile(r"(.*?)\s*(?:/|\bper\b)\s*(s|sec|second|m|min|minute|h|hr|hour|d|day)", re.DOTALL)


@lru_cache(maxsize=512)
def unit(text: str) -> Unit:
    """The unit of that text; a word that is no unit counts things.

    >>> unit("MiB/s"), unit("requests per minute").dim, unit("%").scales, unit("connections").dim
    (Unit(dim='bytes/s', scales=(1048576.0,)), 'rate', (0.01,), 'plain')
    """
    plain = " ".join(text.lower().split())
    if found := _KNOWN.get(plain):
        return found
    per = _PER.fullmatch(plain)
    return PLAIN if per is None else _rate(per[1], _TIME_SCALE[per[2]])


_TIME_SCALE = {name: scale for scale, names in _TIMES.items() for name in names}


def _rate(what: str, seconds: float) -> Unit:
    if bits := re.fullmatch(r"([kmg]?)bits?", what):
        return Unit("bytes/s", (_BITS[bits[1]] / seconds,))
    counted = _KNOWN.get(what)
    if counted is not None and counted.dim == "bytes":
        return Unit("bytes/s", tuple(scale / seconds for scale in counted.scales))
    return Unit("rate", (1 / seconds,))


_TIME = (
    r"(?i:nano|micro|milli)?(?i:seconds?)|(?:ns|µs|μs|us|ms|s|h|d|w)|"
    r"(?i:msecs?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?)"
)
_SIZE = r"[KkMGTP]i?B|(?i:(?:kilo|mega|giga|tera|peta|kibi|mebi|gibi|tebi)?bytes?)|B"
# Not in the middle of a word, nor before `per second`.
_END = r"(?!\w|/ ?(?:s|sec|seconds?|m|min|minutes?|h|hr|hours?|d|days?)\b)"
_BIT = r"[KkMG]?bits?|[KkMG]bps|bps"
_SECONDS = r"(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)"
_NOT = r"(?!(?:on|for|of|at|in|to|by|and|or|is|was|per|a|the|with|from)\b)"
_COUNTED = rf"(?:{_SIZE}|{_BIT}|(?:{_NOT}[A-Za-z][\w-]*[ \u00a0]){{0,2}}?{_NOT}[A-Za-z][\w-]*)"
_SPACE = r"[ \u00a0\u202f]"
# A unit right behind a number; `multiple` is k, M, million before it.
UNIT = re.compile(
    rf"(?P<multiple>{_SPACE}?[kKMG](?=\b|{_SPACE}?(?:req|ops|quer|/))(?![/]?\w*B\b)|{_SPACE}(?i:thousand|million|billion)\b)?"
    rf"(?:(?P<rate>{_SPACE}?-?(?:{_COUNTED})?{_SPACE}?(?:/{_SPACE}?|\bper{_SPACE}(?:the )?){_SECONDS}){_END}"
    rf"|(?P<unit>{_SPACE}?(?:%|\bpct\b|(?i:percent(?:age points?)?|per cent)\b|pp\b)"
    rf"|[ \u00a0\u202f-]?(?:{_BIT}|{_SIZE}|{_TIME}|(?i:rps|qps|tps|iops|rpm)|ops|σ|"
    rf"(?i:sigmas?|(?:standard )?deviations?|stddev)){_END}"
    rf"|(?:[x×](?!\w)|-?fold\b|{_SPACE}times\b|{_SPACE}[x×](?!\w)))"
    rf"|(?P<minutes>m)(?!\w))?"
)
_MULTIPLES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "g": 1e9, "billion": 1e9}


def multiple(text: str) -> float:
    """What k, M or million multiplies by.

    >>> multiple(" k"), multiple(" million"), multiple("")
    (1000.0, 1000000.0, 1.0)
    """
    return _MULTIPLES.get(text.strip().lower(), 1.0)
