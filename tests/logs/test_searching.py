"""A search from question to hits: equal to a slow reference, whatever the compression, the format or the workers."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re

import lz4.frame
import orjson
import pytest
import zstandard
from fakes.memory_logs import Memory, denied
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import UsageError
from smartcloudops.logs.objects import Hit, Trouble
from smartcloudops.logs.searching import Asked, Search
from smartcloudops.logs.sieve import Question

NOON = 1_795_176_000_000
PACK = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".lz4": lz4.frame.compress,
}


def line(n: int) -> bytes:
    level = ("INFO", "WARN", "ERROR")[n % 3]
    time = f"2026-11-20T{10 + n // 60 % 10:02}:{n % 60:02}:00Z"
    fields = {"time": time, "level": level, "n": n, "http": {"status": 200 + n % 5 * 100}, "msg": f'said "{n}" é'}
    return orjson.dumps(fields)


def source(lines: int = 600, files: int = 6) -> Memory:
    content = {}
    endings = list(PACK)
    for number in range(files):
        own = b"".join(line(n) + b"\n" for n in range(number, lines, files))
        ending = endings[number % len(endings)]
        content[f"app/{number}.log{ending}"] = PACK[ending](own)
    return Memory(content)


def searched(place: Memory, question: Question, **more) -> tuple[list[Hit], list[Trouble], Search]:
    search = Search(Asked(place, question, **{"workers": 0, **more}))
    found = list(search)
    return [h for h in found if isinstance(h, Hit)], [t for t in found if isinstance(t, Trouble)], search


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("question", "keeps"),
    [
        (Question("ERROR"), lambda f: f["level"] == "ERROR"),
        (Question("error", ignore_case=True), lambda f: f["level"] == "ERROR"),
        (Question(r"said \\\"1\d\\\""), lambda f: re.fullmatch(r'said "1\d" é', f["msg"])),
        (Question('said \\"7\\" é', fixed=True), lambda f: f["n"] == 7),
        (Question("WARN|ERROR", invert=True), lambda f: f["level"] == "INFO"),
        (Question(fields=("level=WARN", "http.status=300")), lambda f: f["level"] == "WARN" and f["n"] % 5 == 1),
        (Question(where='http.status >= 500 and msg ~ "é$"'), lambda f: f["http"]["status"] >= 500),
        (Question("INFO", where="n < 10"), lambda f: f["level"] == "INFO" and f["n"] < 10),
        (Question(since=NOON, until=NOON + 3_600_000), lambda f: f["time"][11:13] == "12"),
        (Question("nowhere"), lambda f: False),
    ],
)
def test_results_are_those_of_parsing_every_line(question, keeps, workers) -> None:
    hits, troubles, search = searched(source(), question, workers=workers)
    wanted = {n for n in range(600) if keeps(orjson.loads(line(n)))}
    assert sorted(orjson.loads(hit.line)["n"] for hit in hits) == sorted(wanted)
    assert troubles == []
    assert (search.coverage.objects, search.coverage.hits, search.coverage.whole) == (6, len(wanted), True)


def test_a_hit_says_where_it_lies() -> None:
    place = source()
    hits, _, _ = searched(place, Question("ERROR"), events=True)
    for hit in hits[:50]:
        plain = b"".join(line(n) + b"\n" for n in range(int(hit.key[4]), 600, 6))
        assert plain[hit.offset :].startswith(hit.line + b"\n")
        assert hit.event.fields["level"] == "ERROR" and hit.event.time


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("limit", [1, 7, 600, 5000])
def test_a_limit_stops_the_search(limit, workers) -> None:
    hits, _, search = searched(source(), Question(""), limit=limit, workers=workers)
    assert len(hits) == min(limit, 600)
    assert search.coverage.whole == (limit > 600)


def test_hits_before_the_damage_come_then_it_is_named() -> None:
    content = dict(source(60_000).content)
    content["app/1.log.gz"] = content["app/1.log.gz"][:-500]
    hits, troubles, search = searched(Memory(content, wrong={"app/0.log": denied()}), Question("ERROR"))
    assert [(t.address, t.damage) for t in troubles] == [
        ("memory://app/0.log", "denied"),
        ("memory://app/1.log.gz", "truncated"),
    ]
    assert {h.key for h in hits} == {"app/2.log.zst", "app/5.log.lz4"}
    assert search.coverage.troubles == troubles and search.coverage.whole
    cut, _, _ = searched(Memory({"c": content["app/1.log.gz"]}), Question(""))
    whole, _, _ = searched(Memory({"c": source(60_000).content["app/1.log.gz"]}), Question(""))
    assert len(whole) - 500 < len(cut) < len(whole)


def test_what_was_done_before_is_not_read_again() -> None:
    done = {"app/1.log.gz", "app/4.log.xz"}
    finished = []
    search = Search(
        Asked(source(), Question(""), workers=0, skip=lambda one: one.key in done),
        finished=lambda one, hits: finished.append(one.key) if hits == 100 else None,
    )
    assert {h.key for h in search} & done == set()
    assert set(finished) | done == set(source().content) and not set(finished) & done
    assert search.coverage.skipped == 2


def test_a_question_that_cannot_be_asked_is_refused_before_anything_is_read() -> None:
    place = source()
    for question in (Question(r"(a)\1"), Question("("), Question(where="status >"), Question(fields=("level",))):
        with pytest.raises(UsageError):
            Search(Asked(place, question))
    assert place.listings == 0 and place.made == []


RECORDS = st.lists(
    st.one_of(
        st.builds(lambda n: line(n), st.integers(0, 50)),
        st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")),
        st.sampled_from([b"", b"ERROR", b"\r", b"{", b'{"level":"ERROR"}', b"\0ERROR\0", b"\xff\xfeERROR"]),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(RECORDS, st.sampled_from(sorted(PACK)), st.sampled_from([b"ERROR", b"said", b"n"]))
def test_any_bytes_in_any_compression(records, ending, text) -> None:
    """A plain reading of the lines is the reference; formats and compressions change nothing."""
    data = b"".join(r + b"\n" for r in records)
    hits, troubles, _ = searched(
        Memory({f"a{ending}": PACK[ending](data)}, format="plain"), Question(text.decode(), fixed=True)
    )
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) or troubles:
        return
    assert [h.line for h in hits] == [r.removesuffix(b"\r") for r in data.split(b"\n")[:-1] if text in r]


def test_a_limit_counts_records_not_their_lines_also_where_text_alone_is_wanted() -> None:
    trace = b"2026-11-20 10:00:%02d ERROR broken\nTraceback (most recent call last):\n  File x\nValueError: no\n"
    place = Memory({f"{n}.log": b"".join(trace % (n * 4 + i) for i in range(4)) for n in range(3)})
    search = Search(Asked(place, Question("ERROR"), limit=6, bare=True, workers=0))
    lines = [hit.line for batch in search.batches() if isinstance(batch, list) for hit in batch]
    assert lines == [trace.strip() % n for n in range(6)]


def test_objects_without_a_hit_are_told_of_when_they_are_through() -> None:
    search = Search(Asked(source(), Question("nowhere"), workers=0))
    seen = [(batch, search.coverage.objects) for batch in search.batches()]
    assert seen == [([], n) for n in range(1, 7)]


def test_only_what_was_read_to_its_end_is_finished() -> None:
    cut = gzip.compress(b"".join(b"%06d ERROR\n" % n for n in range(9000)))[:-2000]
    done: list[tuple[str, int]] = []
    place = Memory({"a.log": b"ERROR\n", "b.gz": cut, "c.log": b"ERROR\n"}, wrong={"c.log": denied()})
    search = Search(Asked(place, Question("ERROR"), workers=0), finished=lambda one, hits: done.append((one.key, hits)))
    list(search)
    assert done == [("a.log", 1)]
    assert len(search.coverage.troubles) == 2
