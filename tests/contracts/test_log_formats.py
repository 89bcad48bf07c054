"""What every format of logs keeps, whatever it is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.logs.formats import FORMATS, Format, Framing, Hint
from smartcloudops.logs.formats.reading import open_reading
from smartcloudops.logs.formats.stamp_table import TEN
from smartcloudops.logs.objects import Event

HINT = Hint(key="app/1.gz", modified=TEN + 5_000)
HEADERS = {"iis": b"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent)"
           b" cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"}  # fmt: skip
# A line with a clock is all that distinguishes them.
LIKE_ANOTHER = {"plain": "trace"}

names = pytest.mark.parametrize("name", list(FORMATS))


def records(framing: Framing, data: bytes) -> list[bytes]:
    return [data[start:end] for start, end in framing.records(data)]


def read(name: str) -> Event:
    """The first record of the format's own example."""
    one = FORMATS.load(name)
    reader = one.open(one.example, HINT)
    event = reader.read(records(reader.framing, one.example)[0])
    assert event is not None
    return event


def values(fields: Mapping[str, Any]) -> Iterator[Any]:
    for value in fields.values():
        if isinstance(value, Mapping):
            yield from values(value)
        elif not isinstance(value, list):
            yield value


@names
def test_says_what_it_is(name: str) -> None:
    one: Format = FORMATS.load(name)
    assert one.name == name
    assert one.about.strip()
    assert b"\n" not in one.example or name == "trace"


@names
def test_reads_its_example_with_its_time(name: str) -> None:
    event = read(name)
    assert event.time is not None
    assert event.time // 1000 == TEN // 1000
    assert event.fields


@names
def test_fields_are_plain_data(name: str) -> None:
    fields = read(name).fields
    assert json.loads(json.dumps(fields)) == fields


@names
def test_every_value_stands_in_the_record(name: str) -> None:
    """So a search can look for the value of a field in the raw bytes first."""
    example = FORMATS.load(name).example.decode()
    for value in values(read(name).fields):
        assert value is None or str(value) in example


@names
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_is_known_by_its_content(name: str, line_end: bytes) -> None:
    one = FORMATS.load(name)
    example = one.example.replace(b"\n", line_end)
    head = HEADERS.get(name, b"") + (example + line_end) * 3
    reading = open_reading(head, HINT)
    assert reading.format == LIKE_ANOTHER.get(name, name)
    found = [reading.read(record) for record in records(reading.framing, head)]
    assert [event.time for event in found if event.time] == [read(name).time] * 3


@names
def test_a_cut_off_last_line_does_not_count(name: str) -> None:
    example = FORMATS.load(name).example
    head = HEADERS.get(name, b"") + example + b"\n" + example[: len(example) // 3]
    assert open_reading(head, HINT).format == LIKE_ANOTHER.get(name, name)


@names
def test_likeness_is_a_share(name: str) -> None:
    one = FORMATS.load(name)
    for lines in ([], [b""], [b"\0\xff"], one.example.split(b"\n"), [b"{"], [b'{"a":1}'], [b"x" * 100_000]):
        assert 0 <= one.likeness(lines) <= 1


@names
@pytest.mark.parametrize(
    "head", [b"", b"\n", b"\0" * 100, b"\xff\xfe\n", b"#Fields:\n", b'{"Records":[', b"x" * 300_000]
)
def test_any_head_opens(name: str, head: bytes) -> None:
    reading = open_reading(head, HINT, format=name)
    assert reading.format == name
    assert isinstance(reading.read(b"\xffstray \0 line"), Event)


@names
def test_reading_by_name_never_fails(name: str) -> None:
    one = FORMATS.load(name)
    reading = open_reading(one.example, HINT, format=name)

    @given(broken(one.example))
    @settings(max_examples=100)
    def never_fails(record: bytes) -> None:
        event = reading.read(record)
        assert event.time is None or isinstance(event.time, int)
        json.dumps(event.fields)
        str(event.fields).encode()

    never_fails()


@names
def test_no_line_takes_longer_than_its_length(name: str) -> None:
    """What goes back over a line for each of its bytes would take minutes here."""
    one = FORMATS.load(name)
    reading = open_reading(one.example, HINT, format=name)
    began = time.process_time()
    for part in (
        b" ",
        b'"',
        b"a ",
        b'a="',
        b"[",
        b"] ",
        b"\\",
        b"1:",
        b"-",
        b"a=b ",
        b"::1 ",
        b"()",
        b"a.",
        b'[a b="c"]',
    ):
        for share in (0, 3, 2, 1):
            start = one.example[: len(one.example) // share] if share else b""
            reading.read(start + part * (60_000 // len(part)))
    assert time.process_time() - began < 20


def broken(example: bytes) -> st.SearchStrategy[bytes]:
    """The example with something else in the place of a part of it."""
    place = st.integers(0, len(example))
    junk = st.one_of(
        st.binary(max_size=8), st.sampled_from([b"", b'"', b"\\", b"{", b"]", b"\xff", b"\0", b"9" * 400, b" - "])
    )
    return st.builds(lambda a, b, new: example[: min(a, b)] + new + example[max(a, b) :], place, place, junk)


@names
def test_records_tile_the_data_and_cuts_split_none(name: str) -> None:
    one = FORMATS.load(name)
    framing = one.open(one.example, HINT).framing
    data = HEADERS.get(name, b"") + one.example + b"\n" + one.example + b"\r\n\n" + one.example

    @given(st.lists(st.integers(1, 400), min_size=1, max_size=12))
    @settings(max_examples=40)
    def holds(sizes: list[int]) -> None:
        carry, found, at, turn = b"", list[bytes](), 0, 0
        while at < len(data):
            size = sizes[turn % len(sizes)]
            carry, at, turn = carry + data[at : at + size], at + size, turn + 1
            cut = framing.cut(carry)
            found += records(framing, carry[:cut])
            carry = carry[cut:]
        assert found + records(framing, carry) == records(framing, data)

    holds()
    spans = list(framing.records(data))
    for start, end in spans:
        for at in range(start, min(end + 1, len(data))):
            assert framing.around(data, at) in ((start, end), (at, at))
            assert at == end or framing.around(data, at) == (start, end)
    assert all(a[1] < b[0] or a[1] == b[0] - 1 for a, b in pairwise(spans))
