"""Numbers with units, as people read them."""

from __future__ import annotations

import math

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_METRIC = ("", "k", "M", "G", "T", "P")


def quantity(value: float | None, unit: str = "") -> str:
    """Three significant digits and a unit; bytes in powers of 1,024, a percent sign without a space.

    >>> quantity(1536, "bytes/s"), quantity(97.04, "%"), quantity(0.0123, "s"), quantity(None)
    ('1.50 KiB/s', '97.0%', '0.0123 s', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit.startswith(("bytes", "B/")) or unit == "B":
        return _scaled(value, 1024.0, _BINARY, unit.removeprefix("bytes").removeprefix("B"))
    if abs(value) >= 10_000:
        return _scaled(value, 1000.0, _METRIC, f" {unit}" if unit else "").strip()
    text = _digits(value)
    return f"{text}%" if unit == "%" else f"{text} {unit}".strip()


def _scaled(value: float, base: float, prefixes: tuple[str, ...], suffix: str) -> str:
    at = 0
    while abs(value) >= base and at < len(prefixes) - 1:
        value, at = value / base, at + 1
    return f"{_digits(value)} {prefixes[at]}{suffix}"


def _digits(value: float) -> str:
    """Three significant digits, never scientific for everyday sizes, trailing zeros of whole numbers dropped."""
    if value == 0 or (value == int(value) and abs(value) < 1000):
        return str(int(value))
    if abs(value) < 1e-4:
        return f"{value:.2e}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"
