"""Formats: what was printed is read back, and framings keep their promises for any data."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.logs.formats import FORMATS, Framing, Hint
from smartcloudops.logs.formats.document_framing import Documents
from smartcloudops.logs.formats.framing import LINES
from smartcloudops.logs.formats.reading import open_reading
from smartcloudops.logs.formats.stamp_table import TEN
from smartcloudops.logs.formats.trace_framing import Traces

HINT = Hint(modified=TEN)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
words = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,8}", fullmatch=True)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 63), 1 << 63), st.floats(allow_nan=False, allow_infinity=False), texts
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)
pieces = [
    b"", b"\r", b"10:00:00 a", b"ERROR: b", b"\tat c", b"Caused by: d", b"ValueError: e", b" f", b"g", b"{}", b"\xff\0",
    b"Traceback (most recent call last):", b"goroutine 1 [running]:", b"h" * 90,
    b"During handling of the above exception, another exception occurred:",
]  # fmt: skip
lines = st.lists(st.sampled_from(pieces), max_size=14)
widths = st.lists(st.integers(1, 60), min_size=1, max_size=8)
wholes = st.sampled_from(['{"Records":%s}', "%s", '{"a":"{","logEvents":%s,"z":[1]}'])


def records(framing: Framing, data: bytes) -> list[bytes]:
    return [data[start:end] for start, end in framing.records(data)]


@given(st.dictionaries(texts, trees, max_size=5), st.booleans())
@settings(max_examples=150)
def test_json_is_read_back(fields: dict[str, Any], ascii_only: bool) -> None:
    line = json.dumps(fields, ensure_ascii=ascii_only).encode()
    reading = open_reading(line + b"\n", HINT, format="json")
    assert reading.read(line).fields == fields
    assert records(reading.framing, line + b"\n") == [line]


@given(st.dictionaries(words, texts, min_size=1, max_size=6))
@settings(max_examples=150)
def test_logfmt_is_read_back(fields: dict[str, str]) -> None:
    line = " ".join(f"{name}={printed(value)}" for name, value in fields.items()).encode()
    event = FORMATS.load("logfmt").open(b"", HINT).read(line)
    assert event is not None
    assert event.fields == fields


def printed(value: str) -> str:
    """As Go's writers do: bare where it can be, else quoted."""
    if value and re.fullmatch(r'[^\s="\\\x00-\x20]+', value) and value.isprintable():
        return value
    escaped = (
        value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    return f'"{escaped}"'


names = st.from_regex(r"[!-~]{1,12}", fullmatch=True).filter(
    lambda name: not set(name) & set('="] \\[') and name != "-"
)
params = st.dictionaries(names, texts, min_size=1, max_size=3)


@given(st.integers(0, 191), names, names, st.dictionaries(names, params, max_size=3), texts)
@settings(max_examples=150)
def test_rfc5424_is_read_back(
    priority: int, host: str, app: str, data: dict[str, dict[str, str]], message: str
) -> None:
    elements = "".join(f"[{name} {' '.join(map(param, inside.items()))}]" for name, inside in data.items()) or "-"
    message = message.lstrip("\ufeff")
    line = f"<{priority}>1 2026-11-20T10:00:00Z {host} {app} - - {elements} {message}".encode()
    event = FORMATS.load("syslog").open(b"", HINT).read(line)
    assert event is not None
    expected = {"priority": priority, "host": host, "app": app, "message": message} | ({"data": data} if data else {})
    assert (event.time, event.fields) == (TEN, expected)


def param(item: tuple[str, str]) -> str:
    return f'{item[0]}="' + re.sub(r'(["\\\]])', r"\\\1", item[1]) + '"'


@given(lines, widths, st.sampled_from([b"\n", b"\r\n"]))
@settings(max_examples=250)
def test_lines_and_traces_are_the_same_however_they_are_cut(parts: list[bytes], sizes: list[int], end: bytes) -> None:
    data = end.join(parts)
    for framing in (LINES, Traces(), Traces(stamped=False)):
        check(framing, data, sizes)
        spans = list(framing.records(data))
        assert data.translate(None, b"\r\n") == b"".join(data[a:b] for a, b in spans).translate(None, b"\r\n")
        for start, stop in spans:
            assert {framing.around(data, at) for at in range(start, max(stop, start + 1))} == {(start, stop)}


@given(st.lists(st.dictionaries(texts, trees, max_size=3), max_size=4), widths, st.sampled_from([None, 1]), wholes)
@settings(max_examples=150)
def test_documents_are_the_same_however_they_are_cut(
    objects: list[dict[str, Any]], sizes: list[int], indent: int | None, around: str
) -> None:
    data = (around % json.dumps(objects, indent=indent, ensure_ascii=False)).encode()
    framing = Documents()
    assert [json.loads(record) for record in records(framing, data)] == objects
    check(framing, data, sizes)
    inside = {at: span for span in framing.records(data) for at in range(*span)}
    assert all(framing.around(data, at) == inside.get(at, (at, at)) for at in range(len(data)))


def check(framing: Framing, data: bytes, sizes: list[int]) -> None:
    """Buffers of any sizes hold the same records as the whole."""
    carry, found, at, turn = b"", list[bytes](), 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        carry, at, turn = carry + data[at : at + size], at + size, turn + 1
        cut = framing.cut(carry)
        found += records(framing, carry[:cut])
        carry = carry[cut:]
    assert found + records(framing, carry) == records(framing, data)


@given(st.binary(max_size=300), st.sampled_from(["auto", *FORMATS]))
@settings(max_examples=300)
def test_any_bytes_open_and_are_read(data: bytes, format: str) -> None:
    reading = open_reading(data, HINT, format=format)
    at = 0
    for start, end in reading.framing.records(data):
        assert at <= start <= end <= len(data)
        event = reading.read(data[start:end])
        json.dumps(event.fields).encode()
        at = end
    assert 0 <= reading.framing.cut(data) <= len(data)
    for place in range(len(data)):
        start, end = reading.framing.around(data, place)
        assert 0 <= start <= end <= len(data)
