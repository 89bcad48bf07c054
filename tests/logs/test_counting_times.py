"""A record without a time has that of the one before it, found in no time where many follow each other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.logs import scan
from smartcloudops.logs.counting import AUTO, Wanted
from smartcloudops.logs.counting.blockwise import Blockwise
from smartcloudops.logs.counting.tally import empty
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.scan import Look, blocks
from smartcloudops.logs.sieve import Question

ONE = LogObject("a.log", 1, 1_795_168_800_000)
LINES = st.lists(
    st.sampled_from([b"2026-11-20T10:00:01Z a", b"2026-11-20T10:00:09Z b", b"x", b"", b"y z"]), max_size=40
)


@settings(max_examples=100, deadline=None)
@given(LINES, st.sampled_from([b"\n", b"\r\n"]), st.integers(1, 60))
def test_one_after_the_other_or_each_alone(lines, end, cut) -> None:
    data = end.join(lines)
    scan._BACK, kept = 5, scan._BACK
    try:
        for block in blocks(ONE, [data[:cut], data[cut:]], format="plain"):
            look = Look(block)
            for start, stop in block.reading.framing.records(block.data):
                alone = Look(block)
                for one in (look, alone):
                    one.at(start, stop)
                assert look().time == alone().time
    finally:
        scan._BACK = kept


def test_text_without_times_is_read_once_a_line(monkeypatch) -> None:
    data = b"no time here\n" * 5_000
    (block,) = blocks(ONE, [data], format="plain")
    reads = []

    class Reading:
        format, framing = block.reading.format, block.reading.framing

        def read(self, record: bytes):
            reads.append(record)
            return block.reading.read(record)

    question, wanted = Question(), Wanted(every=AUTO)
    tally = empty(wanted)
    Blockwise(wanted, question, compiled(question)).take(
        scan.Block(block.data, block.offset, Reading(), block.more), tally
    )
    assert (tally.records, tally.untimed, tally.first) == (5_000, 5_000, None)
    assert len(reads) < 5_300


@pytest.mark.parametrize("every", [1_000, 60_000, 7_000])
def test_stack_traces_are_counted_where_they_happened(every) -> None:
    lines = b'{"time":"2026-11-20T10:00:01Z","level":"ERROR"}\n  at Main\n  at Other\n' * 20
    wanted = Wanted(every=every, by=(("level",),))
    tally = empty(wanted)
    counter = Blockwise(wanted, Question(), compiled(Question()))
    for block in blocks(ONE, [lines], format="json"):
        counter.take(block, tally)
    assert (tally.records, tally.untimed) == (60, 0)
    assert tally.timeline is not None and list(tally.timeline.totals().values()) == [60]
    assert tally.by[0].counts == {("ERROR",): 20, (None,): 40}
