"""Checks that hang, crash, or wait for others."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from fakes.prometheus_server import FakePrometheus, Reply, always

from smartcloudops.core.times import now_ms
from smartcloudops.doctor import Check
from smartcloudops.doctor.run import examine
from smartcloudops.doctor.scene import Scene, set_up


@pytest.fixture
def scene(home: Path, tmp_path: Path) -> Scene:
    return set_up(file=None, environ=os.environ, cwd=tmp_path, home=home, now=now_ms())


def test_a_silent_server_costs_a_check_its_time_and_no_more(home: Path, tmp_path: Path) -> None:
    with FakePrometheus(always(Reply(wait_s=3))) as silent:
        environ = {**os.environ, "SCO_PROMETHEUS__URL": silent.url}
        scene = set_up(file=None, environ=environ, cwd=tmp_path, home=home, now=now_ms())
        checks = (Check("a", "prometheus:server", timeout_s=0.3), Check("b", "disk:space", needs="a"))
        started = time.monotonic()
        (_, hung), (_, dependent) = examine(scene, checks)
        assert time.monotonic() - started < 2
    assert hung.level == "fail" and "no answer within" in hung.seen
    assert dependent.level == "info" and dependent.seen == "not looked at, since a failed"


def test_a_check_that_crashes_is_a_finding_and_hides_no_other(scene: Scene) -> None:
    checks = (Check("odd", "no_such_file:look"), Check("disk", "disk:space"))
    (_, odd), (_, disk) = examine(scene, checks)
    assert odd.level == "fail" and "a bug in this check: ModuleNotFoundError" in odd.seen
    assert disk.level in ("ok", "warn")
