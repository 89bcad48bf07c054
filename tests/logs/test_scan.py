"""From buffers to records: cut anywhere, matched once, with their times and what stands around them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.logs import scan
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.objects import LogObject, Unread
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.surroundings import Hits

ONE = LogObject("a.log", 100, 1_700_000_000_000)


def buffers(data: bytes, cuts: list[int]) -> list[bytes]:
    points = sorted({0, len(data), *(min(c, len(data)) for c in cuts)})
    return [data[a:b] for a, b in pairwise(points)]


def found(data: bytes, cuts: list[int], question: Question, **more: int) -> list[tuple[int, bytes, tuple, tuple, bool]]:
    hits = Hits("a.log", compiled(question), **more)
    got = []
    for block in scan.blocks(ONE, buffers(data, cuts), format="plain"):
        got += hits.of(block)
    got += hits.close()
    return [(h.offset, h.line, h.before, h.after, h.joined) for h in got]


LINES = st.lists(st.sampled_from([b"hit x", b"a", b"b", b"", b"longer line"]), max_size=30)
CUTS = st.lists(st.integers(0, 200), max_size=6)


@settings(max_examples=400, deadline=None)
@given(LINES, CUTS, st.sampled_from([b"\n", b"\r\n"]), st.integers(0, 3), st.integers(0, 3), st.booleans())
def test_context_is_that_of_grep(lines, cuts, end, before, after, last_end) -> None:
    data = end.join(lines) + (end if last_end and lines else b"")
    lines = data.split(end)[:-1] if data.endswith(end) else data.split(end) if data else []
    got = found(data, cuts, Question("hit", fixed=True), before=before, after=after)
    wanted, given_to, any_yet = [], 0, False
    marks = [n for n, line in enumerate(lines) if b"hit" in line]
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + len(end))
    for at, number in enumerate(marks):
        start = max(given_to, number - before)
        stop = min(number + 1 + after, marks[at + 1] if at + 1 < len(marks) else len(lines))
        joined = any_yet and start == given_to and bool(before or after)
        wanted.append(
            (offsets[number], lines[number], tuple(lines[start:number]), tuple(lines[number + 1 : stop]), joined)
        )
        given_to, any_yet = stop, True
    assert got == wanted


@pytest.fixture(autouse=True, scope="module")
def small_head():
    """Blocks begin at once, so that buffers of some bytes are blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_HEAD", 1)
        yield


def test_a_record_without_a_time_has_that_of_the_one_before_it_also_across_blocks() -> None:
    data = b"2026-11-20T10:00:00Z start\n  at here\n  at there hit\n2026-11-20T11:00:00Z hit later\n"
    sieve = compiled(Question("hit", until=1_795_172_400_000 - 3_600_000 + 1))
    for cuts in ([], [27], [27, 37]):
        got = [
            block.data[s:e]
            for block in scan.blocks(ONE, buffers(data, cuts), format="plain")
            for s, e, _ in scan.matching(block, sieve)
        ]
        assert got == [b"  at there hit"]


def test_a_record_longer_than_the_longest_is_searched_up_to_there_and_named(monkeypatch) -> None:
    monkeypatch.setattr(scan, "LONGEST", 1000)
    data = b"hit 1\n" + b"hit 2" + b"x" * 5000 + b"hit lost\nhit 3\n"
    hits = Hits("a", compiled(Question("hit", fixed=True)))
    got = []
    with pytest.raises(Unread, match="1 record is longer") as e:
        for block in scan.blocks(ONE, buffers(data, list(range(0, 6000, 300))), format="plain"):
            got += hits.of(block)
    assert e.value.damage == "long line"
    assert [(h.offset, h.line[:5]) for h in got] == [(0, b"hit 1"), (6, b"hit 2"), (data.index(b"hit 3"), b"hit 3")]


def test_what_is_there_of_a_damaged_object_is_given_before_the_damage_is_told() -> None:
    def damaged():
        yield b"hit 1\nhit 2\nhit"
        raise Unread("truncated", "it ends early")

    got = []
    with pytest.raises(Unread, match="it ends early"):
        for block in scan.blocks(ONE, damaged(), format="plain"):
            got += [block.data[s:e] for s, e, _ in scan.matching(block, compiled(Question("hit", fixed=True)))]
    assert got == [b"hit 1", b"hit 2", b"hit"]
