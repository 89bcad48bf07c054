"""Objects over processes and threads: the same results, every end told, nothing left running."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fakes.memory_logs import DEADLY, Memory, denied

from smartcloudops.core.errors import ScoError, UnreachableError
from smartcloudops.logs import crew
from smartcloudops.logs.ahead import Budget, Threads, ahead_of, fetched
from smartcloudops.logs.objects import BUFFER, LogObject
from smartcloudops.logs.work import Done, Given, Sofar


def lines(one: LogObject, buffers: Iterator[bytes], give: Callable[[Any], None]) -> None:
    """A payload for each buffer: how many lines."""
    for buffer in buffers:
        give(buffer.count(b"\n"))


def content(objects: int = 60) -> dict[str, bytes]:
    return {f"{n:03}.log": b"line\n" * n for n in range(1, objects + 1)}


@pytest.fixture(params=[0, 1, 3], ids=["here", "one process", "three processes"])
def workers(request) -> int:
    return request.param


def test_every_object_is_worked_on_once_and_its_end_is_told(workers) -> None:
    results = list(crew.run(Memory(content()), Memory(content()).objects(), lines, workers=workers))
    counted = {r.one.key: r.payload for r in results if isinstance(r, Given)}
    assert counted == {f"{n:03}.log": n for n in range(1, 61)}
    ended = [r for r in results if isinstance(r, Done)]
    assert sorted(r.one.key for r in ended) == sorted(counted)
    assert sum(r.decoded for r in ended) == sum(len(data) for data in content().values())


def test_workers_that_wait_for_a_listing_load_what_they_need_before_it_comes(tmp_path) -> None:
    """Each its own; what fails there is told as if it had failed at work."""

    def late() -> Iterator[LogObject]:
        time.sleep(0.5)
        assert len(list(tmp_path.iterdir())) == 2
        yield from Memory(content(4)).objects()

    def warm() -> None:
        (tmp_path / str(os.getpid())).touch()

    results = list(crew.run(Memory(content(4)), late(), lines, workers=2, warm=warm))
    assert len([r for r in results if isinstance(r, Done)]) == 4

    def broken() -> None:
        raise UnreachableError("nothing to load it from")

    with pytest.raises(UnreachableError, match="to load it from"):
        list(crew.run(Memory(content(4)), late(), lines, workers=2, warm=broken))


def test_payloads_of_an_object_come_in_order_before_its_end(workers) -> None:
    data = {"big": b"x" * 99 + b"\n", "small": b"a\n"}
    source = Memory({**data, "big": data["big"] * (BUFFER // 40)})
    results = list(crew.run(source, source.objects(), lines, workers=workers))
    big = [r for r in results if r.one.key == "big"]
    assert isinstance(big[-1], Done) and len(big) > 2
    assert sum(r.payload for r in big[:-1] if isinstance(r, Given)) == BUFFER // 40


def test_how_far_a_large_object_has_come_is_told_meanwhile(workers, monkeypatch) -> None:
    monkeypatch.setattr("smartcloudops.logs.worker._EVERY_S", 0)
    source = Memory({"big": b"line\n" * (BUFFER // 2)})
    results = list(crew.run(source, source.objects(), lines, workers=workers))
    news = [r.decoded for r in results if isinstance(r, Sofar)]
    assert isinstance(results[-1], Done)
    assert len(news) > 2 and news == sorted(news) and 0 < news[-1] <= results[-1].decoded


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(workers) -> None:
    cut = gzip.compress(b"".join(b"%06d\n" % n for n in range(9000)))
    source = Memory({**content(5), "cut.gz": cut[:-2000]}, wrong={"003.log": denied()})
    results = list(crew.run(source, source.objects(), lines, workers=workers))
    troubles = {t.address: t for r in results if isinstance(r, Done) for t in r.troubles}
    assert {a: t.damage for a, t in troubles.items()} == {"memory://003.log": "denied", "memory://cut.gz": "truncated"}
    assert troubles["memory://cut.gz"].searched > 20_000
    assert len([r for r in results if isinstance(r, Done)]) == 6


def test_no_object_can_be_read(workers) -> None:
    source = Memory(content(3), wrong={"002.log": UnreachableError("nobody answers")})
    with pytest.raises(UnreachableError, match="nobody answers"):
        list(crew.run(source, source.objects(), lines, workers=workers))


def test_a_listing_that_fails(workers) -> None:
    source = Memory(content(9), wrong={"listing": ScoError("no list")}, fails_after=4)
    with pytest.raises(ScoError, match="no list"):
        list(crew.run(source, source.objects(), lines, workers=workers))


def broken(one: LogObject, buffers: Iterator[bytes], give: Callable[[Any], None]) -> None:
    raise ZeroDivisionError("a bug")


def test_a_bug_in_the_work_is_not_hidden(workers) -> None:
    with pytest.raises(ZeroDivisionError, match="a bug"):
        list(crew.run(Memory(content(2)), Memory(content(2)).objects(), broken, workers=workers))


def test_a_worker_that_dies_is_an_error_not_a_silence() -> None:
    source = Memory({**content(4), "zzz": DEADLY})
    with pytest.raises(ScoError, match="worker process died"):
        list(crew.run(source, source.objects(), lines, workers=2))


def test_nobody_outlives_a_run_that_is_left(workers) -> None:
    before = {p.pid for p in psutil.Process(os.getpid()).children(recursive=True)}
    source = Memory(content(200), slow_s=0.005)
    results = crew.run(source, source.objects(), lines, workers=workers)
    next(iter(results))
    results.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        left = {p.pid for p in psutil.Process(os.getpid()).children(recursive=True)} - before
        busy = [t for t in threading.enumerate() if t.name == "logs"]
        if not left and not busy:
            return
        time.sleep(0.02)
    raise AssertionError((left, busy))


def test_an_endless_listing_does_not_fill_the_memory() -> None:
    listed = 0

    def endless() -> Iterator[LogObject]:
        nonlocal listed
        while True:
            listed += 1
            yield LogObject("001.log", 5, 0)

    results = crew.run(Memory(content(1)), endless(), lines, workers=0)
    for _ in range(20):
        next(results)
    time.sleep(0.5)
    assert listed < 5_000
    results.close()


def test_a_listing_that_is_slower_than_the_work_comes_to_its_end() -> None:
    worked = threading.Semaphore(1)

    def one_at_a_time() -> Iterator[LogObject]:
        for _ in range(15_000):
            worked.acquire()
            yield LogObject("001.log", 5, 0)

    def work(one: LogObject, buffers: Iterator[bytes], give: Callable[[Any], None]) -> None:
        list(buffers)
        worked.release()

    ended: list[Given | Done] = []
    run = crew.run(Memory(content(1)), one_at_a_time(), work, workers=0)
    threading.Thread(target=lambda: ended.extend(run), daemon=True).start()
    deadline = time.monotonic() + 60
    while len(ended) < 15_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(ended) == 15_000


FORKING = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from fakes.memory_logs import Memory
from smartcloudops.logs import crew

def work(one, buffers, give):
    give(sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))))

place = Memory({{"a": b"a"}})
print([r.payload for r in crew.run(place, place.objects(), work, workers=2) if hasattr(r, "payload")], flush=True)
os.register_at_fork(before=lambda: os.kill(os.getpid(), signal.SIGINT))
try:
    list(crew.run(place, place.objects(), work, workers=2))
except KeyboardInterrupt:
    print("interrupted")
"""


def test_ctrl_c_while_workers_are_forked_is_not_lost_and_workers_block_no_signal() -> None:
    code = FORKING.format(tests=str(Path(__file__).parents[1]))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.splitlines(), done.stderr) == (["[[]]", "interrupted"], "")


def test_a_bomb_stops_at_the_cap(workers) -> None:
    source = Memory({"bomb.gz": gzip.compress(bytes(64 << 20)), "ok": b"a\n"})
    results = list(crew.run(source, source.objects(), lines, workers=workers, cap=1 << 20))
    ended = {r.one.key: r for r in results if isinstance(r, Done)}
    assert [t.damage for t in ended["bomb.gz"].troubles] == ["bomb"]
    assert not ended["ok"].troubles


def test_the_budget_bounds_what_is_held_and_lets_the_largest_through() -> None:
    source = Memory({f"{n:02}": b"x" * 1000 for n in range(20)} | {"99": b"x" * 5000}, slow_s=0.005)
    reader = source.reader()
    got = [f.one.key for f in fetched(source.objects(), reader, budget=2500) if list(f.pieces)]
    assert len(got) == 21
    assert reader.most <= 2


def test_a_closed_budget_lets_go() -> None:
    budget = Budget(10)
    assert budget.take(10)
    done = []
    waiting = threading.Thread(target=lambda: done.append(budget.take(5)))
    waiting.start()
    budget.close()
    waiting.join(5)
    assert done == [False]


def test_ahead_of_gives_all_in_order_and_raises_what_is_raised() -> None:
    def items() -> Iterator[int]:
        yield from range(5)
        raise ValueError("no more")

    taken: list[int] = []
    ahead = ahead_of(items())
    with pytest.raises(ValueError, match="no more"):
        while True:
            taken.append(next(ahead))
    assert taken == [0, 1, 2, 3, 4]


ENDING = """
import sys, threading, time
sys.path.insert(0, {tests!r})
from fakes.memory_logs import Memory
from smartcloudops.logs import crew
from smartcloudops.logs.objects import BUFFER, LogObject

class Frozen(Memory):
    def reader(self):
        reader = super().reader()
        reader.read = lambda one: time.sleep(60)
        reader.stream = lambda one, **asked: iter(lambda: time.sleep(60), 0)
        return reader

place = Frozen({{"a": b"a"}})
run = crew.run(place, [LogObject("a", {size}, 0)], lambda one, buffers, give: list(buffers), workers=0)
threading.Thread(target=lambda: next(run), daemon=True).start()
time.sleep(0.5)
"""


@pytest.mark.parametrize("size", [1, BUFFER + 1], ids=["whole", "in pieces"])
def test_a_process_ends_while_a_server_does_not_answer(size) -> None:
    code = ENDING.format(tests=str(Path(__file__).parents[1]), size=size)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


def test_calls_that_have_not_begun_are_given_up() -> None:
    threads, goes_on = Threads(1, "one"), threading.Event()
    first, second = threads.submit(goes_on.wait), threads.submit(lambda: 2)
    while not first.running():
        time.sleep(0.001)
    threads.close()
    goes_on.set()
    assert (first.result(5), second.cancelled()) == (True, True)
