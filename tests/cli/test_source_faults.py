"""A faulty Prometheus, through the front door: the right status, a message that says what to do, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from fakes.prometheus_server import Asked, FakePrometheus, Reply, error, matrix, success
from fakes.recordings import history

from smartcloudops.core.errors import Status

CONFIG = """
[metrics]
presets = []
[[metric]]
name = "cpu"
expr = "cpu_busy"
[[metric]]
name = "memory"
expr = "memory_used"
"""
STEP_S = 300


def healthy(asked: Asked) -> Reply:
    """Two hosts, any window: the recording repeats for ever."""
    if asked.path.endswith("/query"):
        return Reply(success({"resultType": "scalar", "result": [0, "1"]}))
    start, end, step = (float(asked.params[k]) for k in ("start", "end", "step"))
    name = asked.params["query"].split("_")[0]
    rows = history(rows=5000)
    times = np.arange(start, end + 1, step)
    found = []
    for host in ("web-1", "web-2"):
        values = rows[f'{name}{{instance="{host}"}}'][: len(times)]
        samples = [(t, repr(float(v))) for t, v in zip(times.tolist(), values, strict=True)]
        found.append(({"instance": host}, samples))
    return Reply(matrix(*found))


def ranges(fault: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    """Healthy but for range queries."""
    return lambda asked: fault(asked) if asked.path.endswith("/query_range") else healthy(asked)


def always(reply: Reply) -> Callable[[Asked], Reply]:
    return lambda asked: reply


CUT = Reply(matrix(({"instance": "a"}, [(0, "1")] * 100)), cut=200)
FAULTS = {
    "401": (always(Reply(b"no", 401)), Status.USAGE, "401"),
    "403": (always(Reply(b"no", 403)), Status.USAGE, "403"),
    "503": (always(Reply(b"later", 503)), Status.UNREACHABLE, "503"),
    "slow": (always(Reply(success(1), wait_s=1.5)), Status.UNREACHABLE, "no answer"),
    "html": (always(Reply(b"<html>hello</html>", type="text/html")), Status.USAGE, "Prometheus"),
    "400": (ranges(always(Reply(error("bad_data", "parse error"), 400))), Status.USAGE, "parse error"),
    "422": (ranges(always(Reply(error("execution", "too many samples"), 422))), Status.USAGE, "too many samples"),
    "cut off": (ranges(always(CUT)), Status.UNREACHABLE, "cpu"),
}


@pytest.fixture
def against(sco, home):
    """Run a command with a server's URL in force."""
    path = home / ".config/sco/config.toml"
    path.parent.mkdir(parents=True)

    def call(url: str, *args: str):
        path.write_text(f'[prometheus]\nurl = "{url}"\ntimeout = "1s"\n{CONFIG}')
        return sco(*args)

    return call


@pytest.mark.parametrize("command", ["train", "detect"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_server(against, command, fault):
    answer, status, words = FAULTS[fault]
    if command == "detect" and fault in {"400", "422", "cut off"}:
        with FakePrometheus(healthy) as server:
            assert against(server.url, "train").status == 0
    with FakePrometheus(answer) as server:
        said = against(server.url, command)
    assert said.status == status, said.err
    assert words in said.err and "try:" in said.err
    assert server.url.removeprefix("http://") in said.err
    assert said.out == ""


@pytest.mark.parametrize("command", ["train", "detect"])
def test_a_server_that_is_down_is_69_even_if_nothing_was_ever_trained(against, command):
    said = against("http://127.0.0.1:1", command)
    assert said.status == Status.UNREACHABLE and "refused" in said.err


def test_a_server_that_is_there_but_no_model_is_2(against):
    with FakePrometheus(healthy) as server:
        said = against(server.url, "detect")
    assert said.status == Status.USAGE and "try: sco train" in said.err


def test_an_empty_answer_is_no_error_but_nothing_can_be_learnt(against):
    nothing = ranges(always(Reply(matrix())))
    with FakePrometheus(nothing) as server:
        said = against(server.url, "train")
    assert said.status == Status.FAILED and "no series for cpu, memory" in said.err
    with FakePrometheus(healthy) as server:
        assert against(server.url, "train").status == 0
    with FakePrometheus(nothing) as server:
        said = against(server.url, "detect", "--json")
    assert said.status == Status.PARTIAL
    assert {s["reason"] for s in said.json["skipped"]} == {"no data in this window; it had some in training"}


def test_odd_values_gaps_and_duplicates_pass(against):
    def odd(asked: Asked) -> Reply:
        reply = healthy(asked)
        body = reply.body.decode()
        first = body.index("[[") + 1
        end = body.index("]", first) + 1
        sample = body[first:end]
        stamp = sample.split(",")[0]
        extra = ",".join(f'{stamp},"{v}"]' for v in ("NaN", "+Inf", "-Inf", "18446744073709551616"))
        return Reply((body[:end] + "," + extra + body[end:]).encode())

    with FakePrometheus(ranges(odd)) as server:
        assert against(server.url, "train").status == 0
        assert against(server.url, "detect").status == 0


def test_an_answer_that_is_too_large_is_refused_before_it_fills_the_memory(against, monkeypatch):
    monkeypatch.setenv("SCO_PROMETHEUS__MAX_RESPONSE", "1000000")
    huge = Reply(matrix(({"instance": "a"}, [(i, "1.25") for i in range(90_000)])))
    with FakePrometheus(ranges(always(huge))) as server:
        said = against(server.url, "train")
    assert said.status in (Status.USAGE, Status.FAILED) and "cpu" in said.err and "try:" in said.err


def test_a_failed_fetch_leaves_model_and_incidents_as_they_were(against, sco):
    with FakePrometheus(healthy) as server:
        against(server.url, "train")
        against(server.url, "detect")
        before = sco("models", "list", "--json").out, sco("incidents", "list", "--json").out
    with FakePrometheus(ranges(always(CUT))) as server:
        assert against(server.url, "train").status == Status.UNREACHABLE
        assert against(server.url, "detect").status == Status.UNREACHABLE
    assert before == (sco("models", "list", "--json").out, sco("incidents", "list", "--json").out)


def test_secrets_never_reach_the_messages(against, sco, home, monkeypatch):
    monkeypatch.setenv("PROM_TOKEN", "very-secret-token")
    path = home / ".config/sco/config.toml"
    with FakePrometheus(always(Reply(b"bad very-secret-token", 401))) as server:
        url = server.url.replace("http://", "http://me:hunter2hunter2@")
        path.write_text(f'[prometheus]\nurl = "{url}"\ntoken_env = "PROM_TOKEN"\n{CONFIG}')
        for command in ("train", "detect", "-vv train"):
            said = sco(*command.split())
            assert said.status == Status.USAGE
            assert "very-secret" not in said.err + said.out and "hunter2" not in said.err + said.out
        assert "very-secret" not in sco("config", "show").out


def test_newest_window_is_asked_for_not_all_of_history(against):
    with FakePrometheus(healthy) as server:
        against(server.url, "train")
        at = len(server.asked)
        against(server.url, "detect")
        (first, *_) = [a for a in server.asked[at:] if a.path.endswith("/query_range")]
    length = float(first.params["end"]) - float(first.params["start"])
    assert length < 2 * 86_400 and abs(float(first.params["end"]) - time.time()) < 2 * STEP_S
