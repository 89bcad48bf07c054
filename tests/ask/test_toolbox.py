"""The way to the tools: side by side, bounded in time and size, failures as text, evidence numbered, nothing secret."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fakes.probing_tools import TOOLS

from smartcloudops.ask.messages import ToolCall
from smartcloudops.ask.outgoing import Veil
from smartcloudops.ask.toolbox import MOST_CALLS, Toolbox
from smartcloudops.ask.world import World
from smartcloudops.core import config


@pytest.fixture
def toolbox(tmp_path: Path) -> Toolbox:
    loaded = config.load(environ={}, cwd=tmp_path, home=tmp_path)
    return Toolbox(World(loaded), Veil(()), TOOLS, timeout_s=5)


def call(name: str, number: int = 0, **arguments: Any) -> ToolCall:
    return ToolCall(f"c{number}", name, json.dumps(arguments))


def texts(toolbox: Toolbox, *calls: ToolCall, **more: Any) -> list[str]:
    return [called.answer.text for called in toolbox.run(calls, **more)]


def test_evidence_is_numbered_over_the_conversation_and_named_in_the_text(toolbox: Toolbox) -> None:
    first, second = (called.answer for called in toolbox.run([call("pair"), call("read", host="db-1")]))
    assert "E1 first of §2\nE2 second" in first.text, "only what begins a line is a mark"
    assert "E3 cpu of db-1" in second.text
    assert [one.id for one in second.evidence] == ["E3"]
    toolbox.begin()
    (again,) = toolbox.run([call("read", host="db-1")])
    assert again.answer.evidence[0].id == "E4"
    assert [one.evidence.id for one in toolbox.looked_at] == ["E1", "E2", "E3", "E4"]
    assert toolbox.looked_at[2].tool == "read"
    assert toolbox.looked_at[2].arguments == {"host": "db-1"}


def test_calls_of_a_turn_run_at_the_same_time(toolbox: Toolbox) -> None:
    """Each waits for the other: one after the other would break the barrier."""
    assert all("met" in text for text in texts(toolbox, call("meet", n=1), call("meet", 1, n=2)))


def test_the_same_call_again_is_refused_and_told_where_its_answer_is(toolbox: Toolbox) -> None:
    texts(toolbox, call("read", host="db-1"))
    (text,) = texts(toolbox, ToolCall("c", "read", ' {"host":"db-1", "x": null} '.replace(', "x": null', "")))
    assert "the same call was made before; its answer is E1" in text


def test_twice_in_one_turn_runs_once(toolbox: Toolbox) -> None:
    found = list(toolbox.run([call("read"), call("read", 1)]))
    assert [called.answer.is_error for called in found] == [False, True]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (call("execute", command="reboot"), "there is no tool `execute`"),
        (call("fail"), "no metric `cpuu`\ntry: did you mean `cpu`?"),
        (call("read", url="http://x"), "there is no argument `url`"),
        (ToolCall("c", "read", '{"host": '), "no JSON"),
    ],
)
def test_failures_come_back_as_text(toolbox: Toolbox, wanted: ToolCall, said: str) -> None:
    (called,) = toolbox.run([wanted])
    assert called.answer.is_error
    assert said in called.answer.text


def test_a_bug_in_a_tool_does_not_end_the_answer(toolbox: Toolbox, home: Path) -> None:
    broken, read = toolbox.run([call("break"), call("read", 1)])
    assert "failed by a bug in sco (ZeroDivisionError" in broken.answer.text
    assert not read.answer.is_error
    assert list((home / ".local/state/sco/bugs").iterdir())


def test_a_tool_that_hangs_is_left_behind(toolbox: Toolbox) -> None:
    toolbox.timeout_s = 0.2
    started = time.monotonic()
    slow, read = toolbox.run([call("wait", seconds=3), call("read", 1)])
    assert time.monotonic() - started < 3
    assert "no answer within 0.2 s" in slow.answer.text
    assert "97%" in read.answer.text
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("tool "))
    assert "made before" not in texts(toolbox, call("wait", seconds=3))[0], "it may be tried again"


def test_much_is_cut_with_its_size_and_a_way_to_ask_for_less(toolbox: Toolbox) -> None:
    (text,) = texts(toolbox, call("much"))
    assert len(text) < toolbox.cap + 600
    assert "characters are left out; ask for less" in text
    assert "hunter" not in text


def test_the_cut_leaves_no_half_of_a_secret(toolbox: Toolbox) -> None:
    for cap in range(200, 260):
        toolbox.begin()
        toolbox.cap = cap
        assert "hunt" not in texts(toolbox, call("much"))[0]


def test_what_may_not_be_sent_is_not_offered_and_refused_all_the_same(toolbox: Toolbox) -> None:
    assert "alerts" in [spec.name for spec in toolbox.offered(None)]
    assert "alerts" not in [spec.name for spec in toolbox.offered(["metrics"])]
    (refused,) = texts(toolbox, call("alerts"), sends=["metrics"])
    assert "may not be sent to this provider" in refused
    assert "db-1" not in refused


def test_more_calls_than_anybody_needs_are_refused(toolbox: Toolbox) -> None:
    found = texts(toolbox, *(call("read", i, host=f"web-{i}") for i in range(MOST_CALLS + 3)))
    assert len(found) == MOST_CALLS + 3
    assert sum("more than" in text for text in found) == 3


def test_gathering_leaves_out_what_is_late_and_lets_it_be_asked_for(toolbox: Toolbox) -> None:
    read, late = toolbox.gather([("read", {}), ("wait", {"seconds": 2})], 0.3)
    assert read is not None
    assert late is None
    assert "made before" in texts(toolbox, call("read"))[0]
    toolbox.timeout_s = 0.05
    assert "no answer within" in texts(toolbox, call("wait", seconds=2))[0]


def test_evidence_can_be_looked_at_again(toolbox: Toolbox) -> None:
    texts(toolbox, call("read", host="db-1"))
    again = toolbox.look_again(toolbox.looked_at[0])
    assert again.evidence[0].id == "E2"
    assert again.data == {"host": "db-1"}
