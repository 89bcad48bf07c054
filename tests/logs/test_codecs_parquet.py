"""Parquet becomes JSON lines: times, bytes, what nests, files too large for memory, damage."""

from __future__ import annotations

import datetime
import decimal
import io
import json
import sys

import pytest
from fakes.compressed import outcome, split

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

NOON = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)


def stored(columns: dict[str, object], **options: object) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def rows(data: bytes) -> list[dict[str, object]]:
    out, wrong = outcome([data])
    assert wrong is None
    assert out.endswith(b"\n")
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_times_are_rfc_3339_in_utc(unit, zone):
    times = pa.array([NOON.replace(tzinfo=None) if zone is None else NOON, None], pa.timestamp(unit, zone))
    found = [row["t"] for row in rows(stored({"t": times}))]
    digits = {"s": "", "ms": ".000", "us": ".000000", "ns": ".000000000"}[unit]
    # The file format has no seconds: they are written as milliseconds.
    assert found in ([f"2026-11-20T12:00:00{digits}Z", None], [f"2026-11-20T12:00:00{digits or '.000'}Z", None])


def test_every_type_has_a_spelling():
    table = {
        "bytes": pa.array([b"caf\xe9"]),
        "map": pa.array([[("a", 1), ("b", 2), ("a", 3)]], pa.map_(pa.string(), pa.int64())),
        "nested": [{"request": {"status": 500, "tags": ["x", None], "at": NOON}}],
        "nan": [float("nan")],
        "decimal": [decimal.Decimal("1.50")],
        "date": [datetime.date(2026, 11, 20)],
        "large": [2**62],
        "category": pa.array(["error"]).dictionary_encode(),
    }
    assert rows(stored(table)) == [
        {
            "bytes": "caf�",
            "map": {"a": 3, "b": 2},
            "nested": {"request": {"status": 500, "tags": ["x", None], "at": "2026-11-20T12:00:00Z"}},
            "nan": None,
            "decimal": "1.50",
            "date": "2026-11-20",
            "large": 2**62,
            "category": "error",
        }
    ]


def test_row_groups_come_in_order_and_large_files_need_no_memory_of_their_size(tmp_path):
    import random

    dice = random.Random(1)
    columns = {"n": list(range(40_000)), "noise": [dice.randbytes(500).hex() for _ in range(40_000)]}
    data = stored(columns, row_group_size=9_000)
    assert len(data) > 17 << 20
    for pieces in ([data], split(data, 8 << 20)):
        out, wrong = outcome(pieces)
        assert wrong is None
        assert [json.loads(line)["n"] for line in out.splitlines()] == columns["n"]


def test_an_empty_table_has_no_lines():
    assert outcome([stored({"a": pa.array([], pa.int64())})]) == (b"", None)


def test_damage_behind_a_row_group_leaves_the_rows_before_it():
    data = bytearray(
        stored({"n": list(range(100_000))}, row_group_size=20_000, compression="gzip", use_dictionary=False)
    )
    middle = len(data) // 2
    data[middle : middle + 3_000] = b"\xa5" * 3_000
    out, wrong = outcome([bytes(data)])
    assert wrong.damage == "corrupt"
    lines = out.splitlines()
    assert len(lines) >= 20_000
    assert [json.loads(line)["n"] for line in lines] == list(range(len(lines)))


def test_without_pyarrow_it_says_what_to_install(monkeypatch):
    data = stored({"a": [1]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    out, wrong = outcome([data])
    assert (out, wrong.damage) == (b"", "codec")
    assert "pip install 'smartcloudops[parquet]'" in wrong.why


def test_no_room_for_a_large_file_is_said(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    data = stored({"a": [1]})
    out, wrong = outcome([data[:100], bytes(17 << 20), data[-8:]])
    assert (out, wrong.damage) == (b"", "unreadable")
    assert "/nowhere/at/all" in wrong.why
