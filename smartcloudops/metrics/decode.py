"""From the bytes of a `query_range` answer to arrays, without a Python object per sample.

The value segments are cut out of the answer as it streams in and parsed in batches; what remains is a small
JSON document (labels, warnings, result type) that says whether the answer is whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smartcloudops.core.registry import as_any
from smartcloudops.metrics.series import Values, Window

# Quotes are escaped inside JSON strings, so these bytes can only be a key and the start of its value.
_OPEN = b'"values":[['
_CLOSE = b'"]]'
# Small enough to stay in a core's cache from one step to the next.
_BATCH_BYTES = 1 << 17
_UNQUOTED = bytes.maketrans(b'"', b" ")

# Numbers of `[t,"v"],[t,"v"],…` as t, v, t, v, …; None where this parser cannot.
Parser = Callable[[bytes], Values | None]


class ForeignError(ValueError):
    """The answer is no JSON object: something else than Prometheus answered."""


class BrokenError(ValueError):
    """The answer began like one of Prometheus and is not whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One decoded answer: `labels[i]` are those of `values[i]`, shape (N, T) on the window's grid, NaN = missing.

    `histograms`: labels of series that carry native histogram samples, which are not read.
    """

    kind: str
    labels: tuple[Mapping[str, str], ...]
    values: Values
    histograms: tuple[Mapping[str, str], ...]
    warnings: tuple[str, ...]


def decode(blocks: Iterable[bytes], window: Window, parser: Parser | None = None) -> Answer:
    """Decode an answer that arrives in blocks; ForeignError or BrokenError where it is none or not whole."""
    parser = parser or fastest_parser()
    cutter = _Cutter()
    parts = [_grid(batch, window, parser) for batch in _batches(cutter.segments(blocks))]
    cut = np.concatenate(parts) if len(parts) > 1 else parts[0] if parts else _empty(0, window)
    return _answer(_outline(bytes(cutter.outline)), cut, window)


class _Cutter:
    """Replaces each `[[t,"v"],…]` by its index; `outline` is the rest, complete when `segments` has ended."""

    def __init__(self) -> None:
        self.outline = bytearray()
        self._count = 0

    def segments(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        rest = b""
        for block in blocks:
            rest = rest + block if rest else block
            at = 0
            while (start := rest.find(_OPEN, at)) >= 0:
                end = rest.find(_CLOSE, start + len(_OPEN))
                if end < 0:
                    break
                self.outline += rest[at:start] + b'"values":%d' % self._count
                self._count += 1
                at = end + len(_CLOSE)
                yield rest[start + len(_OPEN) - 2 : at]
            keep = start if start >= 0 else max(at, len(rest) - len(_OPEN) + 1)
            self.outline += rest[at:keep]
            rest = rest[keep:]
        self.outline += rest


def _batches(segments: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for segment in segments:
        batch.append(segment)
        size += len(segment)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _grid(batch: Sequence[bytes], window: Window, parser: Parser) -> Values:
    text = b",".join(batch)
    flat = parser(text)
    if flat is not None and (whole := _whole(flat, len(batch), window)) is not None:
        return whole
    return place(*_parse(batch, text, flat), window)


def _whole(flat: Values, rows: int, window: Window) -> Values | None:
    """The values of series that have every point of the grid, shape (rows, T); None where one has not."""
    grid = window.times() / 1000.0
    if flat.size != 2 * rows * len(grid):
        return None
    table = flat.reshape(rows, len(grid), 2)
    return table[:, :, 1].copy() if (table[:, :, 0] == grid).all() else None


def _parse(batch: Sequence[bytes], text: bytes, flat: Values | None) -> tuple[Values, list[int]]:
    """The numbers t, v, t, v, … of all segments in turn, and how many samples each has.

    What the chosen parser could not read goes to the text parser (NaN, ±Inf, huge integers), then to the plain one.
    """
    counts = [segment.count(b"],[") + 1 for segment in batch]
    for found in (flat, None):
        numbers = parse_text(text) if found is None else found
        if numbers is not None and numbers.size == 2 * sum(counts):
            return numbers, counts
    arrays = [_parse_plain(json.loads(segment)) for segment in batch]
    return np.concatenate(arrays), [array.size // 2 for array in arrays]


def place(flat: Values, counts: Sequence[int], window: Window) -> Values:
    """Put samples (t in seconds, v) on the window's grid, shape (len(counts), T).

    Each goes to the grid point at or after it (causal); the last one of a step wins; others are dropped.
    """
    points = len(window.times())
    seconds, values = flat[0::2], flat[1::2]
    out = _empty(len(counts), window)
    slots = np.ceil((np.rint(seconds * 1000.0) - window.start) / window.step)
    inside = (slots >= 0) & (slots < points)
    rows = np.repeat(np.arange(len(counts)), counts)
    out[rows[inside], slots[inside].astype(np.intp)] = values[inside]
    return out


def fastest_parser() -> Parser:
    """simdjson's where the optional extra `fast` is installed, else numpy's. Not to be shared by threads."""
    return simd_parser() or parse_text


def simd_parser() -> Parser | None:
    """A parser on simdjson, about six times as fast as the text parser; None where it is not installed."""
    try:
        import simdjson
    except ImportError:
        return None
    document = simdjson.Parser()

    def parse(text: bytes) -> Values | None:
        if b"N" in text or b"I" in text:
            return None
        try:
            tape = as_any(document.parse(b"[" + text.translate(_UNQUOTED) + b"]"))
            return np.frombuffer(tape.as_buffer(of_type="d"), dtype=np.float64)
        except (ValueError, RuntimeError, TypeError):
            return None

    return parse


def parse_text(text: bytes) -> Values | None:
    """A parser on numpy alone; reads NaN, ±Inf and integers of any size."""
    try:
        return np.fromstring(text.translate(None, b'[]"').decode("ascii"), dtype=np.float64, sep=",")
    except (ValueError, DeprecationWarning):
        return None


def _parse_plain(samples: Any) -> Values:
    try:
        pairs = [(float(time), float(value)) for time, value in samples]
    except (TypeError, ValueError) as e:
        raise BrokenError(f"a sample is no pair of time and number: {e}") from e
    return np.array(pairs, dtype=np.float64).ravel()


def _empty(rows: int, window: Window) -> Values:
    return np.full((rows, len(window.times())), np.nan)


def _outline(text: bytes) -> dict[str, Any]:
    if not text.lstrip().startswith(b"{"):
        raise ForeignError("the answer is no JSON")
    try:
        outline = json.loads(text)
    except ValueError as e:
        raise BrokenError(f"the answer is not whole: {e}") from e
    if outline.get("status") != "success" or not isinstance(outline.get("data"), dict):
        raise ForeignError("the answer is JSON, but not Prometheus' own")
    return dict(outline)


def _answer(outline: dict[str, Any], cut: Values, window: Window) -> Answer:
    data = outline["data"]
    kind = str(data.get("resultType"))
    result = data.get("result") or []
    warnings = tuple(str(w) for key in ("warnings", "infos") for w in outline.get(key) or ())
    if kind != "matrix":
        return Answer(kind, (), _empty(0, window), (), warnings)
    filled = [one for one in result if one.get("values") not in (None, [])]
    order = [one["values"] for one in filled]
    if order != list(range(len(cut))):
        cut = _in_order(order, cut, window)
    histograms = tuple(one["metric"] for one in result if one.get("histograms"))
    return Answer(kind, tuple(one["metric"] for one in filled), cut, histograms, warnings)


def _in_order(order: Sequence[Any], cut: Values, window: Window) -> Values:
    """Rows where some segment was laid out in a way that `_Cutter` does not know (blanks, line breaks)."""
    rows = _empty(len(order), window)
    for row, values in zip(rows, order, strict=True):
        if isinstance(values, int):
            row[:] = cut[values]
        else:
            flat = _parse_plain(values)
            row[:] = place(flat, [flat.size // 2], window)[0]
    return rows
