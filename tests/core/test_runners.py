"""Spreading work: the same results in order, and no worker that outlives its task giver."""

from __future__ import annotations

import os
import time

import pytest

from smartcloudops.core.errors import ScoError
from smartcloudops.core.runners import Processes, Serial, choose


def square(n: int) -> int:
    time.sleep(0.02 * (n % 3))
    return n * n


def fail_at_three(n: int) -> int:
    if n == 3:
        raise ValueError("three")
    return n


def die(n: int) -> int:
    os._exit(9)


def large(data: bytes) -> int:
    return len(data)


def test_results_come_in_order_and_are_the_same() -> None:
    tasks = list(range(20))
    assert list(Processes(2).map(square, tasks)) == list(Serial().map(square, tasks))


def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="three"):
        list(Processes(2).map(fail_at_three, range(50)))


def test_a_worker_that_dies_is_an_error_with_a_way_out() -> None:
    with pytest.raises(ScoError, match="a worker process died") as e:
        list(Processes(2).map(die, range(4)))
    assert "workers" in str(e.value.hint)


def test_leaving_early_ends_the_workers() -> None:
    results = Processes(2).map(large, [bytes(5_000_000)] * 8)
    assert next(results) == 5_000_000
    started = time.monotonic()
    results.close()
    assert time.monotonic() - started < 5


def test_one_task_needs_no_process() -> None:
    assert isinstance(choose(8, 1), Serial)
    assert isinstance(choose(2, 9), Processes)
