"""Following a bucket: what arrives, grows, is replaced, comes late, whatever clock and server do."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest
from fakes.moving_logs import Bucket, Schedule, followed, lines, notes, troubles
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core.errors import UnreachableError
from smartcloudops.core.times import DAY, HOUR, MINUTE, rfc3339
from smartcloudops.logs.following.reach import Reach
from smartcloudops.logs.objects import Unread
from smartcloudops.logs.searching import Asked
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.tailing import Follow

NOW = 1_700_000_000_000


def at(ms: int, text: str) -> str:
    return f"{rfc3339(ms)} {text}"


def body(*records: str) -> bytes:
    return "".join(f"{record}\n" for record in records).encode()


def run(bucket: Bucket, *steps: Callable[[], object], since: int | None = NOW - HOUR, pattern: str = "", **how):
    """Follow with one step before each further poll; what was given, and the schedule."""
    schedule = Schedule(iter([lambda step=step: step() and None for step in steps]))
    question = Question(pattern, until=how.pop("until", None))
    asked = Asked(bucket, question, limit=how.pop("limit", None))
    follow = Follow(asked, clock=lambda: schedule.clock, wait=schedule.wait, since=since, **how)
    return followed(follow), schedule, follow


def nothing() -> None:
    pass


def test_what_is_there_then_what_arrives_by_time():
    bucket = Bucket()
    bucket.put("a.log", body(at(NOW - 3000, "one"), at(NOW - 1000, "three")))
    bucket.put("b.log", body(at(NOW - 2000, "two")))
    items, _, follow = run(bucket, lambda: bucket.put("c.log", body(at(NOW, "four"))))
    assert [line.split()[1] for line in lines(items)] == ["one", "two", "three", "four"]
    assert follow.coverage.hits == 4 and follow.coverage.polls == 2


def test_only_records_of_the_last_minutes_at_first_but_whatever_comes_later():
    bucket = Bucket(now=NOW - MINUTE)
    bucket.put("a.log", body(at(NOW - HOUR, "old"), at(NOW - MINUTE, "new")))
    items, *_ = run(bucket, lambda: bucket.put("late.log", body(at(NOW - HOUR, "late"))), since=NOW - 10 * MINUTE)
    assert [line.split()[1] for line in lines(items)] == ["new", "late"]


def test_the_last_lines_only():
    bucket = Bucket(now=NOW - 5000)
    bucket.put("a.log", body(*(at(NOW - 6000 - n, str(n)) for n in range(9, 0, -1))))
    items, *_ = run(bucket, lambda: bucket.put("b.log", body(at(NOW, "0"))), last=2)
    assert [line.split()[1] for line in lines(items)] == ["2", "1", "0"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_object_that_is_replaced_by_more_gives_what_is_new(pack):
    bucket = Bucket()
    bucket.put("a.log", pack(body("one", "two")))
    items, *_ = run(bucket, lambda: bucket.put("a.log", pack(body("one", "two", "three"))))
    assert lines(items) == ["one", "two", "three"] and notes(items) == ["following"]


def test_an_object_that_is_rewritten_is_shown_again_and_that_is_said():
    bucket = Bucket()
    bucket.put("a.log", body("one", "two"))
    items, *_ = run(bucket, lambda: bucket.put("a.log", body("ONE", "two", "three")))
    assert lines(items) == ["one", "two", "ONE", "two", "three"] and "rewritten" in notes(items)


def test_an_object_that_is_put_again_as_it_was_says_nothing():
    bucket = Bucket()
    bucket.put("a.log", gzip.compress(body("one"), mtime=1))
    items, *_ = run(bucket, lambda: bucket.put("a.log", gzip.compress(body("one"), mtime=2)))
    assert lines(items) == ["one"] and notes(items) == ["following"]


def test_a_line_without_its_end_waits_until_it_is_whole():
    bucket = Bucket()
    bucket.put("a.log", b"one\ntw")
    shown: list[str] = []
    items, *_ = run(bucket, lambda: bucket.put("a.log", b"one\ntwo\n"), every=1)
    assert lines(items) == ["one", "two"]
    bucket.put("a.log", b"one\ntw")
    items, *_ = run(bucket, nothing, nothing, nothing, lambda: bucket.put("a.log", b"one\ntwo\n"), every=1)
    # After some quiet seconds it is shown as it is; when it grows nevertheless, as it is then.
    assert lines(items) == ["one", "tw", "two"] and not shown


def test_what_was_shown_before_it_was_whole_is_not_shown_again_as_it_is():
    bucket = Bucket()
    bucket.put("a.gz", gzip.compress(b"one\ntw", mtime=1))
    again = [lambda: bucket.put("a.gz", gzip.compress(b"one\ntw", mtime=2))]
    items, *_ = run(bucket, *[nothing] * 4, *again, *[nothing] * 4, every=1)
    assert lines(items) == ["one", "tw"]


def test_a_late_object_of_the_hour_before_is_caught():
    hour = NOW - NOW % HOUR
    key = "logs/web/dt={}/hour={}/{}.log"
    bucket = Bucket(now=hour - MINUTE, layout="sco")

    def put(ms: int, name: str) -> None:
        bucket.now = ms
        bucket.put(key.format(rfc3339(ms)[:10], rfc3339(ms)[11:13], name), body(at(ms, name)))

    put(hour - MINUTE, "before")
    schedule = Schedule(
        iter([lambda: put(hour + MINUTE, "after"), lambda: put(hour - 2 * MINUTE, "late"), nothing]), clock=hour
    )
    follow = Follow(Asked(bucket, Question("")), clock=lambda: schedule.clock, wait=schedule.wait, since=hour - HOUR)
    assert sorted(line.split()[1] for line in lines(followed(follow))) == ["after", "before", "late"]


def test_what_arrived_while_the_machine_slept_is_not_missed():
    bucket, days = Bucket(layout="{yyyy}/{mm}/{dd}/"), 3

    def put(ms: int) -> None:
        bucket.now = ms
        bucket.put(f"{rfc3339(ms)[:10].replace('-', '/')}/{ms}.log", body(at(ms, "x")))

    schedule = Schedule(iter(()))

    def sleep() -> None:
        for day in range(1, days + 1):
            put(NOW + day * DAY)
        schedule.clock += days * DAY

    schedule.steps = iter([sleep, nothing])
    put(NOW)
    follow = Follow(Asked(bucket, Question("")), clock=lambda: schedule.clock, wait=schedule.wait, since=NOW - HOUR)
    assert len(lines(followed(follow))) == days + 1
    assert follow.watched <= 2


def test_what_cannot_be_listed_any_more_is_forgotten():
    bucket, hours = Bucket(layout="{yyyy}/{mm}/{dd}/{hh}/"), 12
    schedule = Schedule(iter(()))

    def hour_passes() -> None:
        schedule.clock += HOUR
        bucket.now = schedule.clock
        for n in range(20):
            bucket.put(
                f"{rfc3339(bucket.now)[:13].replace('-', '/').replace('T', '/')}/{n}.log", body(f"{bucket.now} {n}")
            )

    schedule.steps = iter([hour_passes] * hours)
    follow = Follow(Asked(bucket, Question("")), clock=lambda: schedule.clock, wait=schedule.wait, since=NOW - HOUR)
    assert len(set(lines(followed(follow)))) == hours * 20
    assert follow.watched <= 4 * 20


@pytest.mark.parametrize("back", [MINUTE, 30 * MINUTE, 5 * HOUR, 3 * DAY])
def test_a_clock_that_is_set_back_repeats_nothing_and_misses_nothing(back):
    bucket, schedule = Bucket(), Schedule(iter(()))

    def put(name: str) -> None:
        bucket.now += 10_000
        bucket.put(name, body(name))

    def set_back() -> None:
        schedule.clock -= back
        put("c")

    schedule.steps = iter([lambda: put("b"), set_back, lambda: put("d"), nothing])
    bucket.put("a", body("a"))
    follow = Follow(Asked(bucket, Question("")), clock=lambda: schedule.clock, wait=schedule.wait, since=NOW - HOUR)
    items = followed(follow)
    assert lines(items) == ["a", "b", "c", "d"]
    assert ("clock" in notes(items)) == (back > HOUR)


@given(
    st.lists(
        st.tuples(st.integers(-3 * HOUR, 3 * HOUR), st.sampled_from(["listed", "failed"])), min_size=1, max_size=30
    )
)
def test_the_window_leaves_no_gap_and_goes_back_only_where_that_is_said(moves):
    reach, now, complete, since = Reach(HOUR), NOW, None, None
    for move, how in moves:
        now += move
        begin, end = reach.window(now)
        assert begin <= now < end
        if reach.began_again:
            assert since is not None and now < since
        else:
            assert since is None or begin >= since
            # Whatever was stored since the last listing that was complete lies within.
            assert complete is None or begin <= complete < end
        since = begin
        if how == "listed":
            reach.listed(now)
            complete = now


def test_a_server_that_is_down_is_said_once_and_nothing_is_missed():
    bucket = Bucket()
    bucket.put("a", body("a"))

    def stop() -> None:
        bucket.down = True
        bucket.put("b", body("b"))

    def start() -> None:
        bucket.down = False
        bucket.put("c", body("c"))

    items, schedule, _ = run(bucket, stop, nothing, nothing, nothing, start, nothing)
    assert lines(items) == ["a", "b", "c"] and notes(items) == ["following", "lost", "back"]
    assert schedule.waited[1:5] == [5.0, 10.0, 20.0, 40.0] and schedule.waited[5] == 5.0


def test_a_listing_that_breaks_off_forgets_nothing():
    bucket = Bucket()
    for name in "abcd":
        bucket.put(name, body(name))

    def cut() -> None:
        bucket.cut_after = 2
        bucket.put("aa", body("aa"))

    items, *_ = run(bucket, cut, nothing)
    assert lines(items) == ["a", "b", "c", "d", "aa"] and notes(items) == ["following", "lost", "back"]


def test_a_server_that_is_down_from_the_start_ends_it():
    with pytest.raises(UnreachableError):
        run(Bucket(down=True))


def test_what_cannot_be_read_is_asked_for_again_then_said_once():
    bucket = Bucket()
    bucket.unread = {"a": [Unread("busy", "503")], "b": [Unread("busy", "503")] * 9}
    for name in "ab":
        bucket.put(name, body(name))
    items, _, follow = run(bucket, *[nothing] * 6)
    assert lines(items) == ["a"] and troubles(items) == ["busy"] and follow.coverage.troubles == 1
    assert len(bucket.unread["b"]) == 6


def test_an_object_that_was_deleted_before_it_was_read_is_named():
    bucket = Bucket()
    bucket.put("b", body("b"))
    bucket.unread = {"b": [Unread("gone", "it is not there any more")]}
    items, *_ = run(bucket, lambda: bucket.content.pop("b"), nothing)
    assert lines(items) == [] and troubles(items) == ["gone"]


def test_a_gz_that_is_being_written_is_no_damage_one_that_stays_short_is():
    bucket, whole = Bucket(), gzip.compress(body(*(f"line {n} {n * n * 7919}" for n in range(500))))
    bucket.put("a.gz", whole[: len(whole) // 2])
    items, *_ = run(bucket, lambda: bucket.put("a.gz", whole), nothing, every=1)
    assert lines(items) == gzip.decompress(whole).decode().splitlines() and troubles(items) == []
    bucket.put("a.gz", whole[: len(whole) // 2])
    items, *_ = run(bucket, *[nothing] * 5, every=1)
    assert troubles(items) == ["truncated"] and len(lines(items)) > 100


def test_it_ends_when_it_is_told_to():
    bucket = Bucket()
    bucket.put("a", body("a", "b", "c"))
    assert lines(run(bucket, nothing, nothing, limit=2)[0]) == ["a", "b"]
    items, schedule, _ = run(bucket, *[nothing] * 100, until=NOW + 20_000)
    assert lines(items) == ["a", "b", "c"] and len(schedule.waited) == 4


def test_records_that_stay_incomplete_are_shown_at_the_end():
    bucket = Bucket()
    bucket.put("a", b"one\ntwo")
    assert lines(run(bucket, until=NOW)[0]) == ["one", "two"]


def test_filters_are_those_of_a_search():
    bucket = Bucket()
    bucket.put("a", body(*(json.dumps({"level": level, "n": n}) for n, level in enumerate(["INFO", "ERROR"] * 3))))
    items, *_ = run(bucket, lambda: bucket.put("b", body('{"level": "ERROR", "n": 9}')), pattern='"ERROR"')
    assert [json.loads(line)["n"] for line in lines(items)] == [1, 3, 5, 9]


def test_nothing_is_read_twice_that_did_not_change():
    bucket = Bucket()
    for n in range(10):
        bucket.put(f"{n}.log", body(str(n)))
    _, _, follow = run(bucket, *[nothing] * 5)
    assert bucket.reads == 10 and follow.coverage.decoded == 20


def test_listing_that_is_dear_is_done_less_often():
    bucket = Bucket()
    for n in range(30):
        bucket.put(f"{n}.log", body(str(n)))
    _, schedule, follow = run(bucket, nothing, nothing)
    assert schedule.waited == [5.0] * 3 and follow.requests_an_hour == 720 * follow.requests
