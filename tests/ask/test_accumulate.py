"""Turns put together from whatever pieces servers send."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.ask.accumulate import Accumulator
from smartcloudops.ask.messages import CallDelta, Delta, Finish, NativeDelta, TextDelta, ToolCall, Usage


def put_together(*deltas: Delta) -> tuple[ToolCall, ...]:
    turn = Accumulator("t")
    for delta in deltas:
        assert turn.take(delta) == ""
    return turn.turn("openai").calls


def test_text_is_shown_as_it_comes_and_kept() -> None:
    turn = Accumulator()
    assert [turn.take(TextDelta(piece)) for piece in ("web-2 ", "", "is slow")] == ["web-2 ", "", "is slow"]
    turn.take(NativeDelta({"parts": 1}))
    turn.take(NativeDelta({"parts": 2}))
    made = turn.turn("gemini")
    assert (made.text, made.provider, made.native, made.interrupted) == ("web-2 is slow", "gemini", {"parts": 2}, False)


def test_the_last_count_and_the_last_reason_win() -> None:
    turn = Accumulator()
    assert (turn.usage, turn.finish) == (Usage(), None)
    for delta in (Usage(5, 1), Finish("length"), Usage(5, 9, 2), Finish("stop")):
        turn.take(delta)
    assert (turn.usage, turn.finish) == (Usage(5, 9, 2), Finish("stop"))


def test_fragments_of_parallel_calls_are_told_apart_by_their_index() -> None:
    calls = put_together(
        CallDelta(0, "a", "explain", ""),
        CallDelta(1, "b", "overview", ""),
        CallDelta(0, arguments='{"host":'),
        CallDelta(1, arguments="{"),
        CallDelta(0, arguments=' "web-2"}'),
        CallDelta(1, arguments="}"),
    )
    assert calls == (ToolCall("a", "explain", '{"host": "web-2"}'), ToolCall("b", "overview", "{}"))


def test_without_any_index_the_order_tells() -> None:
    calls = put_together(
        CallDelta(id="a", name="explain", arguments='{"host"'),
        CallDelta(arguments=': "web-2"}'),
        CallDelta(id="b", name="explain", arguments='{"host": "db-1"}'),
    )
    assert [json.loads(call.arguments)["host"] for call in calls] == ["web-2", "db-1"]
    assert [call.id for call in calls] == ["a", "b"]


def test_all_calls_at_index_0_are_told_apart_by_their_ids() -> None:
    calls = put_together(
        CallDelta(0, "a", "overview", "{}"),
        CallDelta(0, "b", "overview", '{"since"'),
        CallDelta(0, arguments=': "2h"}'),
    )
    assert calls == (ToolCall("a", "overview", "{}"), ToolCall("b", "overview", '{"since": "2h"}'))


def test_all_calls_at_index_0_without_ids_are_told_apart_by_what_is_complete() -> None:
    calls = put_together(
        CallDelta(0, name="explain", arguments='{"host": "a"}'),
        CallDelta(0, name="explain", arguments='{"host": "b"}'),
        CallDelta(0, name="overview"),
        CallDelta(0, name="list_alerts", arguments="{}"),
    )
    assert [(call.name, call.arguments) for call in calls] == [
        ("explain", '{"host": "a"}'),
        ("explain", '{"host": "b"}'),
        ("overview", ""),
        ("list_alerts", "{}"),
    ]


def test_names_and_ids_may_come_late_and_again_and_again() -> None:
    late = put_together(
        CallDelta(0, arguments='{"a"'), CallDelta(0, name="explain"), CallDelta(0, "x", arguments=": 1}")
    )
    repeated = put_together(*(CallDelta(0, "x", "explain", piece) for piece in ('{"a"', ": 1}", "")))
    assert late == repeated == (ToolCall("x", "explain", '{"a": 1}'),)


def test_whole_calls_are_never_joined() -> None:
    calls = put_together(
        CallDelta(name="overview", arguments="{}", whole=True),
        CallDelta(name="overview", arguments="{}", whole=True),
        CallDelta(arguments="rest"),
    )
    assert [(call.id, call.arguments) for call in calls] == [
        ("call_1_t", "{}"),
        ("call_2_t", "{}"),
        ("call_3_t", "rest"),
    ]


def test_ids_of_ours_differ_from_turn_to_turn_and_ids_twice_are_replaced() -> None:
    def one() -> str:
        turn = Accumulator()
        turn.take(CallDelta(name="overview"))
        return turn.turn("openai").calls[0].id

    assert one() != one()
    calls = put_together(CallDelta(0, "same", "explain", "{}"), CallDelta(1, "same", "overview", "{}"))
    assert [call.id for call in calls] == ["same", "call_2_t"]


@pytest.mark.parametrize("arguments", ["", "{", '{"host": }', "web-2", '{"a": 1}}', "[1]", "null"])
def test_arguments_are_kept_as_they_are(arguments: str) -> None:
    pieces = [CallDelta(0, arguments=letter) for letter in arguments]
    assert put_together(CallDelta(0, "a", "explain"), *pieces) == (ToolCall("a", "explain", arguments),)


def test_what_a_server_wants_back_is_kept_whatever_piece_it_came_in() -> None:
    calls = put_together(
        CallDelta(0, "a", "explain", "{}", extra={"extra_content": {"google": {"thought_signature": "s"}}}),
        CallDelta(0, extra={"extra_content": {"other": 1}}),
    )
    assert calls[0].extra == {"extra_content": {"google": {"thought_signature": "s"}, "other": 1}}


def test_a_call_of_nothing_is_none() -> None:
    assert put_together(CallDelta(0, "a"), CallDelta(1, "b", "overview")) == (ToolCall("b", "overview", ""),)


def test_a_server_cannot_make_it_slow() -> None:
    turn = Accumulator("t")
    for _ in range(20_000):
        turn.take(CallDelta(0, name="explain", arguments='{"}}}}}}}}}}'))
    assert len(turn.turn("openai").calls[0].arguments) == 240_000


_JSON = st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=6) | st.booleans(), max_size=3)
_CALLS = st.lists(st.tuples(st.sampled_from(["overview", "explain", "calculate"]), _JSON), min_size=1, max_size=4)


def fragments(text: str, cuts: list[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in pairwise(edges)]


@given(st.data())
def test_the_same_calls_in_any_pieces_are_the_same_turn(data: Any) -> None:
    wanted = [(name, json.dumps(arguments)) for name, arguments in data.draw(_CALLS)]
    expected = tuple(ToolCall(f"id{i}", name, text) for i, (name, text) in enumerate(wanted))
    style = data.draw(st.sampled_from(["indexed", "indexed late", "unindexed", "at 0", "repeated", "whole"]))
    queues: list[list[CallDelta]] = []
    for i, (name, text) in enumerate(wanted):
        pieces = fragments(text, data.draw(st.lists(st.integers(0, 99), max_size=5)))
        index = {"unindexed": None, "at 0": 0, "whole": None}.get(style, i)
        if style == "whole":
            queues.append([CallDelta(None, f"id{i}", name, text, whole=True)])
        elif style == "repeated":
            queues.append([CallDelta(index, f"id{i}", name, piece) for piece in pieces])
        elif style == "indexed late":
            known = [CallDelta(index, f"id{i}"), CallDelta(index, name=name)]
            queues.append([*(CallDelta(index, arguments=piece) for piece in pieces), *known])
        else:
            rest = [CallDelta(index, arguments=piece) for piece in pieces]
            queues.append([CallDelta(index, f"id{i}", name), *rest])
    deltas: list[CallDelta] = []
    mixed = style in ("indexed", "indexed late", "repeated")
    while any(queues):
        open_queues = [queue for queue in queues if queue]
        deltas.append(data.draw(st.sampled_from(open_queues)).pop(0) if mixed else open_queues[0].pop(0))
    assert put_together(*deltas) == expected


@given(st.lists(st.builds(CallDelta, st.none() | st.integers(0, 2), st.none() | st.text(max_size=2))))
def test_nothing_that_a_server_sends_breaks_it(deltas: list[CallDelta]) -> None:
    calls = put_together(*deltas)
    assert len({call.id for call in calls}) == len(calls)
