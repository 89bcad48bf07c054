"""Numbers with units, as people read them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_METRIC = ("", "k", "M", "G", "T", "P")
_PREFIXES = ("", "k", "M", "G", "T")
_SIZE = re.compile(r"(\d+)\s*([kKMGT]?i?)B?")
_SCALES = {
    letter + i: base**n for i, base in (("", 1000), ("i", 1024)) for n, letter in enumerate(("", "k", "M", "G", "T"))
}


def quantity(value: float | None, unit: str = "") -> str:
    """Three significant digits and a unit; bytes in powers of 1,024, a percent sign without a space.

    >>> quantity(1536, "bytes/s"), quantity(97.04, "%"), quantity(0.0123, "s"), quantity(None)
    ('1.50 KiB/s', '97.0%', '0.0123 s', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if is_bytes(unit):
        return _scaled(value, 1024.0, _BINARY, unit.removeprefix("bytes").removeprefix("B"))
    if abs(value) >= 10_000:
        return _scaled(value, 1000.0, _METRIC, f" {unit}" if unit else "").strip()
    text = _digits(value)
    return f"{text}%" if unit == "%" else f"{text} {unit}".strip()


def parse_size(text: str) -> int | None:
    """Bytes in a size as people write it; None for anything else.

    >>> parse_size("256MB"), parse_size("1 GiB"), parse_size("7"), parse_size("a lot")
    (256000000, 1073741824, 7, None)
    """
    found = _SIZE.fullmatch(text.strip())
    scale = _SCALES.get(found[2].replace("K", "k")) if found and found[2] != "i" else None
    return None if found is None or scale is None else int(found[1]) * scale


def is_bytes(unit: str) -> bool:
    """Whether a unit counts bytes, which go by powers of 1,024."""
    return unit.startswith(("bytes", "B/")) or unit == "B"


def alike(values: Sequence[float], unit: str = "") -> list[str]:
    """Finite numbers of one axis: one prefix for all, and the digits that tell them apart.

    Units longer than two letters are left to the axis' title.

    >>> alike([0, 512 * 2**20, 2**30], "bytes"), alike([97_000, 97_200]), alike([0, 0.5], "%")
    (['0.0 GiB', '0.5 GiB', '1.0 GiB'], ['97.0 k', '97.2 k'], ['0.0%', '0.5%'])
    """
    largest = max(map(abs, values), default=0.0)
    scale, suffix = _prefix(largest, unit)
    kind = "e" if largest and not 1e-4 <= largest / scale < 1e6 else "f"
    gap = min((abs(a - b) for a, b in pairwise(values) if a != b), default=abs(largest) or 1.0)
    for digits in range(17):
        texts = [f"{value / scale:.{digits}{kind}}" for value in values]
        if all(abs(float(text) - value / scale) <= gap / scale / 50 for text, value in zip(texts, values, strict=True)):
            break
    return [text.removeprefix("-") + suffix if float(text) == 0 else text + suffix for text in texts]


def _prefix(largest: float, unit: str) -> tuple[float, str]:
    """What an axis is divided by, and what stands behind its numbers."""
    if is_bytes(unit):
        at = _power(largest, 1024.0, _BINARY)
        return 1024.0**at, f" {_BINARY[at]}{unit.removeprefix('bytes').removeprefix('B')}"
    at = _power(largest, 1000.0, _METRIC) if largest >= 10_000 else 0
    short = unit if len(unit) <= 2 else ""
    return 1000.0**at, "%" if unit == "%" and not at else f" {_METRIC[at]}{short}".rstrip()


def _power(largest: float, base: float, prefixes: tuple[str, ...]) -> int:
    at = 0
    while largest >= base:
        largest, at = largest / base, at + 1
    return at if at < len(prefixes) else 0


def _scaled(value: float, base: float, prefixes: tuple[str, ...], suffix: str) -> str:
    at = _power(abs(value), base, prefixes)
    return f"{_digits(value / base**at)} {prefixes[at]}{suffix}"


def _digits(value: float) -> str:
    """Three significant digits, never scientific for everyday sizes, trailing zeros of whole numbers dropped."""
    if value == 0 or (value == int(value) and abs(value) < 1000):
        return str(int(value))
    if not 1e-4 <= abs(value) < 1e6:
        return f"{value:.2e}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"
