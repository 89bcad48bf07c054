"""Hits by time, however many."""

from __future__ import annotations

import pickle
import random
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.logs.objects import Event, Hit
from smartcloudops.logs.ordering import by_time

TIMES = st.lists(st.one_of(st.none(), st.integers(0, 50)), max_size=60)


def hits(times: list[int | None]) -> list[Hit]:
    return [Hit(f"k{n % 3}", n, b"x" * (n % 7), Event(t, {"n": n})) for n, t in enumerate(times)]


def wanted(found: list[Hit]) -> list[Hit]:
    return sorted(found, key=lambda h: (h.event.time is None, h.event.time or 0, h.key, h.offset))


@given(TIMES, st.integers(400, 5000))
def test_runs_in_files_and_memory_merge_to_the_same_order(times, run_bytes) -> None:
    found = hits(times)
    random.Random(3).shuffle(found)
    assert list(by_time(iter(found), run_bytes=run_bytes)) == wanted(found)


@given(TIMES, st.integers(1, 20))
def test_a_limit_keeps_the_first_ones(times, limit) -> None:
    assert list(by_time(hits(times), limit=limit)) == wanted(hits(times))[:limit]


def test_nothing_is_left_behind(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ordered = by_time(hits(list(range(50))), run_bytes=600)
    next(ordered)
    ordered.close()
    assert list(tmp_path.iterdir()) == []


def test_records_around_and_fields_count_as_memory(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened = []
    monkeypatch.setattr(
        tempfile, "TemporaryFile", lambda: opened.append(1) or (tmp_path / str(len(opened))).open("w+b")
    )
    around = [
        Hit("k", n, b"x", Event(n, {"message": "y" * 500}), (b"before" * 100,), (b"after" * 100,)) for n in range(9)
    ]
    assert list(by_time(iter(around), run_bytes=4_000)) == around
    assert len(opened) >= 3


def test_few_large_hits_are_held_while_runs_are_merged(monkeypatch) -> None:
    large = [Hit("k", n, b"x" * 60_000, Event(n, {})) for n in range(400)]
    read = []
    monkeypatch.setattr(pickle, "load", lambda file, load=pickle.load: read.append(load(file)) or read[-1])
    ordered = by_time(iter(large), run_bytes=2 << 20)
    next(ordered)
    assert sum(map(len, read)) < 40
    assert [hit.offset for hit in ordered] == list(range(1, 400))


def test_a_full_disk_is_an_error(monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    with pytest.raises(OSError, match="nowhere"):
        list(by_time(hits([1, 2, 3]), run_bytes=1))
