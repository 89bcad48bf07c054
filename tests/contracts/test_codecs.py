"""What every registered codec keeps, whatever it is."""

from __future__ import annotations

import io
import re

import pytest
from fakes.compressed import ENCODERS, LINES, outcome, split

from smartcloudops.core.registry import load
from smartcloudops.logs.codecs import CODECS, magic
from smartcloudops.logs.codecs.pieces import Pieces
from smartcloudops.logs.objects import BUFFER, Unread


def parquet(data: bytes) -> bytes:
    import pyarrow as pa
    from pyarrow import json, parquet

    file = io.BytesIO()
    # Times stay text: what is read is what was written.
    strings = json.ParseOptions(explicit_schema=pa.schema([("time", pa.string())]))
    parquet.write_table(json.read_json(io.BytesIO(data), parse_options=strings), file)
    return file.getvalue()


ENCODED = {**ENCODERS, "parquet": parquet}
names = pytest.mark.parametrize("name", list(CODECS))


def test_every_row_has_data_here():
    assert set(ENCODED) == set(CODECS)


@names
def test_what_went_in_comes_out_however_it_is_cut(name):
    stored = ENCODED[name](LINES)
    assert magic.codec_of(stored[: magic.HEAD]) == name
    for pieces in ([stored], split(stored, 1000), [b"", stored[:1], b"", stored[1:]]):
        assert outcome(pieces) == (LINES, None)


@names
def test_buffers_are_bounded_and_come_as_they_are_asked_for(name):
    repeated = bytes(5 * BUFFER // 2) if name in ENCODERS else LINES * 8
    stored, taken = ENCODED[name](repeated), 0

    def pieces():
        nonlocal taken
        for piece in split(stored, -(-len(stored) // 20)):
            taken += 1
            yield piece

    buffers = CODECS.load(name).decode(Pieces(pieces()))
    sizes = [len(next(buffers))]
    first = taken
    sizes += map(len, buffers)
    assert len(sizes) > 1
    assert max(sizes) <= BUFFER
    assert sum(sizes) == len(repeated)
    # A Parquet file begins at its end.
    assert first < taken or name == "parquet"


@names
def test_half_of_it_is_named_truncated_after_all_that_is_there(name):
    stored = ENCODED[name](LINES)
    given, wrong = outcome([stored[: len(stored) // 2]])
    assert wrong.damage == "truncated"
    assert LINES.startswith(given)
    if name != "parquet":
        assert len(given) > len(LINES) / 6
        assert f"byte {len(stored) // 2}" in wrong.why


@names
def test_damage_is_named_corrupt(name):
    stored = bytearray(ENCODED[name](LINES))
    middle = len(stored) // 2
    stored[middle : middle + 32] = b"\xa5" * 32
    given, wrong = outcome([bytes(stored)])
    assert wrong.damage == "corrupt"
    assert name in ("gz", "parquet") or LINES[: len(given)].startswith(given[: len(LINES) // 6])


@names
def test_more_than_the_cap_is_a_bomb(name):
    given, wrong = outcome([ENCODED[name](LINES)], cap=100_000)
    assert given == LINES[:100_000]
    assert wrong.damage == "bomb"
    assert re.search(r"97.7 KiB \(\d+ to 1, .*--max-object", wrong.why)


@names
def test_a_source_that_breaks_off_is_heard_after_what_it_gave(name):
    stored = ENCODED[name](LINES)

    def broken():
        yield stored[: len(stored) // 2]
        raise Unread("broken off", "the connection")

    given, wrong = outcome(broken())
    assert wrong.damage == "broken off"
    assert LINES.startswith(given)
    assert given or name == "parquet"


@names
def test_rows_are_files_of_the_family(name):
    target = next(target for row, target in zip(CODECS, CODECS.targets(), strict=True) if row == name)
    assert target.startswith("smartcloudops.logs.codecs.")
    assert hasattr(load(target), "decode")
