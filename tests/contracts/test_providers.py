"""Every provider in the table keeps the contract: names itself, contacts nobody unasked, and can be hung up."""

from __future__ import annotations

import importlib.util
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import ModuleType
from typing import Any

import pytest
from fakes import gemini_wire, openai_wire

from smartcloudops.ask.messages import (
    CallDelta,
    Finish,
    NativeDelta,
    Results,
    System,
    TextDelta,
    ToolAnswer,
    ToolSpec,
    Usage,
    User,
)
from smartcloudops.ask.providers import PROVIDERS, Dialling, Provider

WIRES: dict[str, ModuleType] = {"openai": openai_wire, "gemini": gemini_wire}
DELTAS = (TextDelta, CallDelta, NativeDelta, Usage, Finish)
TOOL = ToolSpec("overview", "What goes on.", {"type": "object", "properties": {}})
FACTS = {"now": 0, "source": "", "hosts": [], "metrics": [], "missing": []}
FACTS |= dict.fromkeys(("alerts", "incidents", "overview"))
MESSAGES = (System("You are terse.", FACTS), User("help"))


def written(name: str) -> bool:
    """Whether the provider's module is there: its row may stand in the table before it."""
    target = next(row for row, known in zip(PROVIDERS.targets(), PROVIDERS, strict=True) if known == name)
    return importlib.util.find_spec(target.partition(":")[0]) is not None


names = pytest.mark.parametrize("name", [each for each in PROVIDERS if written(each)])


@contextmanager
def running(name: str, *script: Any) -> Iterator[Provider]:
    """The provider, at a server of its own where it needs one."""
    if name not in WIRES:
        with closing(PROVIDERS.load(name)(Dialling())) as one:
            yield one
        return
    server = getattr(WIRES[name], f"{name}_wire")(script or [WIRES[name].answer("All quiet.")], models=("m-1",))
    with server, closing(PROVIDERS.load(name)(Dialling("m-1", server.url))) as one:
        yield one


@names
def test_it_names_itself_its_model_and_where_the_question_goes(name: str) -> None:
    with running(name) as one:
        assert one.name == name
        assert isinstance(one.model, str)
        assert one.where == "" if name == "offline" else one.where.startswith("http://127.0.0.1:")


@names
def test_making_one_contacts_nobody(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **more: Any) -> Any:
        raise AssertionError("it contacts somebody")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    dialling = Dialling("m-1", "http://127.0.0.1:9", "k") if name in WIRES else Dialling()
    with closing(PROVIDERS.load(name)(dialling)) as one:
        reply = one.reply(MESSAGES, (TOOL,))
        assert iter(reply) is reply
        if name == "offline":
            assert list(reply)


@names
def test_a_reply_is_deltas_that_say_something(name: str) -> None:
    with running(name) as one:
        found = list(one.reply(MESSAGES, ()))
    assert all(isinstance(each, DELTAS) for each in found)
    assert any(isinstance(each, TextDelta) for each in found)


@names
def test_without_tools_nothing_is_called(name: str) -> None:
    with running(name) as one:
        assert not [each for each in one.reply(MESSAGES, ()) if isinstance(each, CallDelta)]


@names
def test_it_keeps_no_state_of_a_conversation(name: str) -> None:
    wire = WIRES.get(name)
    with running(name, *([wire.answer("All quiet.")] * 2 if wire else ())) as one:
        assert list(one.reply(MESSAGES, ())) == list(one.reply(MESSAGES, ()))


@names
def test_its_own_turn_and_the_answers_to_it_can_be_sent_back(name: str) -> None:
    from smartcloudops.ask.accumulate import Accumulator

    wire = WIRES.get(name)
    script = [[*wire.calls(("overview", {})), *wire.end()], wire.answer("All quiet.")] if wire else []
    with running(name, *script) as one:
        first = Accumulator()
        for each in one.reply((MESSAGES[0], User("what is going on?")), (TOOL,)):
            first.take(each)
        turn = first.turn(name)
        answers = tuple(ToolAnswer(call, "E1 all quiet") for call in turn.calls)
        after = [Results(answers)] if answers else []
        if turn.calls or name in WIRES:
            assert list(one.reply((*MESSAGES[:1], User("what is going on?"), turn, *after), ()))


@names
def test_models_are_sorted_texts(name: str) -> None:
    with running(name) as one:
        found = list(one.models())
    assert found == sorted(found) and all(isinstance(each, str) for each in found)


@names
def test_it_can_be_closed_twice_and_at_once(name: str) -> None:
    with running(name) as one:
        began = time.monotonic()
        one.close()
        one.close()
        assert time.monotonic() - began < 1


@names
def test_a_key_is_in_nothing_that_is_printed(name: str) -> None:
    if name in WIRES:
        with closing(PROVIDERS.load(name)(Dialling("m-1", "http://127.0.0.1:9", "a-secret-key"))) as one:
            assert "a-secret-key" not in f"{one!r} {one.where} {one.model}"
    assert "a-secret-key" not in repr(Dialling(key="a-secret-key"))
