"""A slow search, to hold the fast one against: every line on its own, orjson and RE2 on each, nothing else shared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import orjson
import re2

from smartcloudops.logs.objects import Event
from smartcloudops.logs.sieve import Sieve


def lines_of(data: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of every line, without its \\n or \\r\\n."""
    start = 0
    for whole in data.split(b"\n"):
        if start < len(data):
            yield start, start + len(whole) - whole.endswith(b"\r")
        start += len(whole) + 1


def event_of(record: bytes) -> Event:
    """What orjson reads in it; bytes that are no UTF-8 are replaced; all of it as a message where it is no object."""
    text = record.decode("utf-8", "replace")
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        fields = None
    return Event(None, fields if isinstance(fields, dict) else {"message": text})


def is_found(pattern: str, record: bytes, *, fixed: bool = False, ignore_case: bool = False) -> bool:
    """RE2 on the text of one line."""
    text = re.sub("[\udc80-\udcff]", "\ufffd", record.decode("utf-8", "surrogateescape"))
    options = re2.Options()
    options.log_errors = False
    options.literal = fixed
    options.case_sensitive = not ignore_case
    return re2.compile(pattern, options).search(text) is not None


def fast(sieve: Sieve, data: bytes) -> list[int]:
    """Starts of the lines that a sieve finds by way of its candidates."""
    spans = list(lines_of(data))
    if sieve.looks_at_all:
        looked_at = spans
    else:
        places = list(sieve.candidates(data))
        assert places == sorted(set(places))
        looked_at = _around(spans, places)
    return [start for start, end in looked_at if sieve.matches(data[start:end], partial(event_of, data[start:end]))]


def _around(spans: list[tuple[int, int]], places: list[int]) -> list[tuple[int, int]]:
    found = []
    nexts = [start for start, _ in spans[1:]] + [1 << 60]
    for span, end in zip(spans, nexts, strict=False):
        inside = [at for at in places if span[0] <= at < end]
        assert len(inside) <= 1
        found += [span] * len(inside)
    return found
