"""The answerer without a model on a real Prometheus: the host, the metric, since when, and nobody where all is well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fakes.prometheus_text import openmetrics

from smartcloudops.ask.asking import Asking
from smartcloudops.ask.events import Answer, Answered
from smartcloudops.ask.routing import Wanted
from smartcloudops.ask.tools import TOOLS
from smartcloudops.ask.world import World
from smartcloudops.core import config
from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND

pytestmark = pytest.mark.real
HOSTS = ("web-1", "web-2", "web-3", "web-4", "db-1")
History = dict[str, tuple[list[int], list[float]]]


@pytest.fixture(scope="module")
def end() -> int:
    """The newest sample: old enough not to overlap what the server writes."""
    return (int(time.time() * 1000) - 4 * HOUR) // HOUR * HOUR


def node(end: int, *, busy: str | None) -> History:
    """Eight days of cpu and disk of five hosts; one is busy in the last 45 minutes."""
    at = list(range(end - 8 * DAY, end + 1, MINUTE))
    rng = np.random.default_rng(1)
    history: History = {}
    for host in HOSTS:
        label = f'instance="{host}:9100",job="node"'
        idle = 0.75 + rng.normal(0, 0.02, len(at))
        if host == busy:
            idle[-45:] = 0.04
        history[f'node_cpu_seconds_total{{cpu="0",mode="idle",{label}}}'] = (at, np.cumsum(60 * idle).tolist())
        disk = f'{{device="/dev/a",fstype="ext4",mountpoint="/",{label}}}'
        history[f"node_filesystem_avail_bytes{disk}"] = (at, (4e10 + rng.normal(0, 1e7, len(at))).tolist())
        history[f"node_filesystem_size_bytes{disk}"] = (at, [1e11] * len(at))
    return history


@pytest.fixture(scope="module")
def busy_url(prometheus_factory: Callable[[str], str], end: int) -> str:
    return prometheus_factory(openmetrics(node(end, busy="web-2")))


@pytest.fixture(scope="module")
def calm_url(prometheus_factory: Callable[[str], str], end: int) -> str:
    return prometheus_factory(openmetrics(node(end, busy=None)))


@pytest.fixture(scope="module")
def mesh_url(prometheus_factory: Callable[[str], str], end: int) -> str:
    """Two days of a service graph: shop waits for checkout, which waits for ledger; ledger has been slow for half an
    hour, and both that wait for it with it."""
    at = list(range(end - 2 * DAY, end + 1, MINUTE))
    rng = np.random.default_rng(2)
    own = {"shop": 0.02, "checkout": 0.03, "ledger": 0.05}
    late = np.arange(len(at)) >= len(at) - 30
    waits = {name: value * np.exp(rng.normal(0, 0.03, len(at))) for name, value in own.items()}
    waits["ledger"] = waits["ledger"] * np.where(late, 8, 1)
    waits["checkout"] = waits["checkout"] + waits["ledger"]
    waits["shop"] = waits["shop"] + waits["checkout"]
    history: History = {}
    for client, server in (("user", "shop"), ("shop", "checkout"), ("checkout", "ledger")):
        label = f'client="{client}",server="{server}"'
        calls = np.cumsum(np.full(len(at), 600.0))
        seconds = np.cumsum(600 * waits[server])
        history[f"traces_service_graph_request_total{{{label}}}"] = (at, calls.tolist())
        history[f"traces_service_graph_request_server_seconds_count{{{label}}}"] = (at, calls.tolist())
        history[f"traces_service_graph_request_server_seconds_sum{{{label}}}"] = (at, seconds.tolist())
    return prometheus_factory(openmetrics(history))


@pytest.fixture
def asked(end: int, tmp_path: Path) -> Iterator[Callable[..., Answer]]:
    def ask(url: str, *questions: str, presets: str = '["node", "http"]') -> Answer:
        text = f'[prometheus]\nurl = "{url}"\n[metrics]\npresets = {presets}\n[ask]\ncontext = "20s"\n'
        (tmp_path / "c.toml").write_text(text)
        loaded = config.load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=tmp_path)
        asking = Asking(loaded, Wanted(provider="offline"), environ={}, clock=lambda: end)
        for question in questions:
            last = list(asking.ask(question))[-1]
        assert isinstance(last, Answered)
        assert [f"{n.text}: {n.reason}" for n in last.answer.numbers if not n.supported] == []
        return last.answer

    yield ask


def test_the_busy_host_is_named_with_its_cpu(busy_url: str, asked: Callable[..., Answer], end: int) -> None:
    answer = asked(busy_url, "why is web-2 so slow?")
    first = answer.text.partition("\n")[0]
    assert first.startswith("**web-2** stands out since ")
    assert "its `cpu` is 96% now, usually 2" in first.replace("96.0%", "96%")
    stamp = first.partition("since ")[2][:5]
    minutes = int(stamp[:2]) * 60 + int(stamp[3:])
    assert abs(minutes - (end - 45 * MINUTE) // MINUTE % 1440) <= 10
    assert """Next: `sco query 'cpu{instance="web-2:9100"}' --since 6h`""" in answer.text
    assert answer.looked


def test_a_fleet_too_large_for_every_point_is_judged_by_fewer(
    busy_url: str, end: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.toml").write_text(f'[prometheus]\nurl = "{busy_url}"\n')
    loaded = config.load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=tmp_path)
    world = World(loaded, clock=lambda: end)
    fine = TOOLS.load("find_unusual").run(world, {}).data
    monkeypatch.setattr("smartcloudops.ask.looks.find_unusual._MOST_CELLS", 10_000)
    coarse = TOOLS.load("find_unusual").run(world, {}).data
    assert (fine["step"], coarse["step"]) == (5 * MINUTE, 15 * MINUTE)
    assert (fine["end"] - fine["start"]) > 2 * (coarse["end"] - coarse["start"]) > 2 * DAY
    assert [s["entity"] for s in coarse["suspects"]] == [s["entity"] for s in fine["suspects"]] == ["web-2"]


def test_a_conversation_goes_on_about_it(busy_url: str, asked: Callable[..., Answer]) -> None:
    assert asked(busy_url, "how is everything", "since when?").text.startswith("**web-2** stands out since ")
    other = asked(busy_url, "what is cpu on web-2", "and db-1?").text
    assert other.startswith("`cpu` of db-1 is 2")


def test_nobody_is_accused_where_all_is_well(calm_url: str, asked: Callable[..., Answer]) -> None:
    for question in ("how is everything", "why is web-2 slow", "what is broken"):
        answer = asked(calm_url, question)
        assert "stand out" in answer.text or "stands out" in answer.text
        assert "**" not in answer.text


def test_a_call_graph_finds_what_the_others_wait_for(mesh_url: str, asked: Callable[..., Answer]) -> None:
    started = time.monotonic()
    answer = asked(mesh_url, "why is the shop slow", presets='["services"]')
    assert answer.text.startswith("**ledger** is to blame by the calls between services, with a share of ")
    assert (time.monotonic() - started) * SECOND < 30 * SECOND


def test_a_server_that_is_gone_is_said_to_be_gone(asked: Callable[..., Answer]) -> None:
    answer = asked("http://127.0.0.1:9", "how is everything")
    assert answer.text.startswith("I cannot tell whether anything stands out")
    assert "127.0.0.1:9" in answer.text
