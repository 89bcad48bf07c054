"""Prometheus' remote write, version 1: series as protobuf, packed by snappy.

https://prometheus.io/docs/specs/prw/remote_write_spec/ and, for the packing,
https://github.com/google/snappy/blob/main/format_description.txt
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np

from smartcloudops.metrics.series import Series

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_LITERAL = 1 << 16


def write_request(series: Iterable[Series]) -> bytes:
    """`WriteRequest{repeated TimeSeries timeseries = 1}`; values that are not finite are left out."""
    return b"".join(_field(1, one) for one in map(_time_series, series) if one)


def _time_series(one: Series) -> bytes:
    """`TimeSeries{repeated Label labels = 1; repeated Sample samples = 2}`, labels sorted; nothing without a sample."""
    known = np.isfinite(one.values)
    if not known.any():
        return b""
    labels = (_field(1, _label(name, one.labels[name])) for name in sorted(one.labels))
    rows = zip(one.values[known].tolist(), one.times[known].tolist(), strict=True)
    return b"".join((*labels, *(_field(2, _sample(value, time)) for value, time in rows)))


def _label(name: str, value: str) -> bytes:
    """`Label{string name = 1; string value = 2}`."""
    return _field(1, name.encode(errors="replace")) + _field(2, value.encode(errors="replace"))


def _sample(value: float, time: int) -> bytes:
    """`Sample{double value = 1; int64 timestamp = 2}`, the time in ms."""
    return b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(time & (1 << 64) - 1)


def _field(number: int, payload: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(payload)) + payload


def _varint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def pack(data: bytes) -> bytes:
    """A snappy block; without cramjam (the extra `fast`) one that is valid and no smaller."""
    try:
        import cramjam
    except ImportError:
        return literals(data)
    return bytes(cramjam.snappy.compress_raw(data))


def literals(data: bytes) -> bytes:
    """A snappy block that only holds literals.

    >>> literals(b"abc").hex()
    '0308616263'
    """
    parts = [_varint(len(data))]
    for at in range(0, len(data), _LITERAL):
        part = data[at : at + _LITERAL]
        size = len(part) - 1
        parts += [bytes((size << 2,)) if size < 60 else b"\xf4" + struct.pack("<H", size), part]
    return b"".join(parts)
