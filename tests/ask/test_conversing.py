"""The loop: it goes on while there are calls, ends bounded, hands over before the first word and never after."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fakes.probing_tools import TOOLS
from fakes.scripted_provider import Scripted, calls, says

from smartcloudops.ask.conversing import Limits, Talking
from smartcloudops.ask.events import Answer, Answered, Called, Calling, Event, Said, Started, Told
from smartcloudops.ask.messages import Assistant, CallDelta, Finish, Results, System, TextDelta, ToolCall, Usage, User
from smartcloudops.ask.outgoing import Veil
from smartcloudops.ask.providers import Dialling, Provider
from smartcloudops.ask.routing import Route, Wanted
from smartcloudops.ask.toolbox import Toolbox
from smartcloudops.ask.world import World
from smartcloudops.core import config
from smartcloudops.core.errors import ConfigError, ProviderError, Status, UsageError

ALL = ("alerts", "metrics")
DOWN = ProviderError("no answer from scripted.test: connection refused", kind="down")


@dataclass
class Stage:
    """One question with a route of scripted providers."""

    talking: Talking
    events: list[Event] = field(default_factory=list)

    def play(self) -> Answer:
        for event in self.talking.answer():
            self.events.append(event)
        assert isinstance(self.events[-1], Answered)
        return self.events[-1].answer

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def shown(self) -> str:
        return "".join(event.text for event in self.all(Said))


@pytest.fixture
def stage(tmp_path: Path) -> Callable[..., Stage]:
    def make(*providers: Scripted, fallback: bool = True, flags: dict[str, Any] | None = None, **limits: Any) -> Stage:
        route = [provider.name for provider in providers]
        settings = {"ask.route": route, "ask.openai.base_url": "http://scripted.test", **(flags or {})}
        loaded = config.load(flags=settings, environ={}, cwd=tmp_path, home=tmp_path)
        by_name = {provider.name: provider for provider in providers}

        def dial(name: str, dialling: Dialling) -> Provider:
            if name not in by_name:
                raise ConfigError(f"no key for {name}")
            return by_name[name]

        toolbox = Toolbox(World(loaded), Veil(()), TOOLS, timeout_s=5)
        talking = Talking(
            [User("why is web-1 busy")],
            lambda sends: System(f"context for {sends}"),
            Route(loaded, Wanted(fallback=fallback), {}, make=dial),
            toolbox,
            Limits(**{"timeout_s": 30.0, **limits}),
            looked=lambda: toolbox.looked_at,
            question="why is web-1 busy",
        )
        return Stage(talking)

    return make


def test_tools_are_called_until_the_provider_calls_none(stage) -> None:
    provider = Scripted(
        [calls(("read", {"host": "web-1"})), calls(("pair", {})), says("cpu of web-1 is ", "97% [E1].")]
    )
    act = stage(provider)
    answer = act.play()
    assert answer.text == act.shown == "cpu of web-1 is 97% [E1]."
    assert [type(event) for event in act.events] == [
        Started, Calling, Called, Calling, Called, Said, Said, Answered,
    ]  # fmt: skip
    assert [one.evidence.id for one in answer.looked] == ["E1", "E2", "E3"]
    assert [number.supported for number in answer.numbers] == [True]
    kinds = [type(message) for message in provider.sent[-1][0]]
    assert kinds == [System, User, Assistant, Results, Assistant, Results]


def test_finish_reasons_decide_nothing(stage) -> None:
    said_stop = [*calls(("read", {})), Finish("stop")]
    assert stage(Scripted([said_stop, says("done")])).play().text == "done"


def test_text_before_calls_is_part_of_the_answer(stage) -> None:
    act = stage(Scripted([[TextDelta("I look."), *calls(("read", {}))], says("Here it is.")]))
    assert act.play().text == "I look.\n\nHere it is."
    assert act.shown == "I look.\n\nHere it is."


def test_the_last_step_offers_no_tools(stage) -> None:
    provider = Scripted([calls(("read", {"host": f"web-{i}"})) for i in range(9)])
    act = stage(provider, max_steps=3)
    answer = act.play()
    assert [bool(tools) for _, tools in provider.sent] == [True, True, False]
    assert answer.status is Status.PARTIAL
    assert any("stopped after 3 requests" in note for note in answer.notes)


def test_broken_and_unknown_calls_are_answered_and_the_loop_goes_on(stage) -> None:
    odd = [CallDelta(None, None, "read", '{"host": ', whole=True), CallDelta(None, None, "reboot", "{}", whole=True)]
    act = stage(Scripted([odd, says("so be it")]))
    assert act.play().text == "so be it"
    assert [called.answer.is_error for called in act.all(Called)] == [True, True]


def test_before_the_first_word_the_next_provider_answers(stage) -> None:
    first, second = Scripted([[DOWN]]), Scripted([says("all is well")], name="gemini")
    failures: list[str] = []
    act = stage(first, second)
    act.talking.failed = lambda provider, error: failures.append(f"{provider.name} {error.kind}")
    answer = act.play()
    assert (answer.text, answer.provider, answer.status) == ("all is well", "gemini", Status.PARTIAL)
    assert [event.provider for event in act.all(Started)] == ["openai", "gemini"]
    assert "connection refused; gemini answers instead" in act.all(Told)[0].text
    assert failures == ["openai down"]
    assert first.closed and second.closed


def test_a_provider_that_fails_after_calls_hands_over_with_what_was_found(stage) -> None:
    first = Scripted([calls(("read", {})), [DOWN]])
    second = Scripted([says("cpu of web-1 is 97%.")], name="gemini")
    assert stage(first, second).play().provider == "gemini"
    results = [message for message in second.sent[0][0] if isinstance(message, Results)]
    assert "97%" in results[0].answers[0].text


def test_after_the_first_word_the_answer_is_marked_as_interrupted(stage) -> None:
    first, second = Scripted([[TextDelta("web-1 is "), DOWN]]), Scripted([says("never")], name="gemini")
    act = stage(first, second)
    answer = act.play()
    assert (answer.text, answer.interrupted, answer.status) == ("web-1 is ", True, Status.PARTIAL)
    assert second.sent == []
    assert act.talking.messages[-1] == Assistant("web-1 is ", provider="openai", interrupted=True, knew=ALL)


def test_without_fallback_the_error_is_the_end(stage) -> None:
    act = stage(Scripted([[DOWN]]), Scripted([says("never")], name="gemini"), fallback=False)
    with pytest.raises(ProviderError, match="connection refused"):
        act.play()


def test_when_all_fail_the_last_error_is_raised(stage) -> None:
    act = stage(Scripted([[DOWN]]), Scripted([[ProviderError("gemini is out of quota", kind="quota")]], name="gemini"))
    with pytest.raises(ProviderError, match="out of quota"):
        act.play()


@pytest.mark.parametrize(
    ("turn", "kind"), [([], "broken"), ([TextDelta("  \n")], "broken"), ([Finish("blocked", "SAFETY")], "blocked")]
)
def test_an_empty_answer_is_no_answer(stage, turn: list[Any], kind: str) -> None:
    kinds: list[str] = []
    act = stage(Scripted([turn]), Scripted([says("well")], name="gemini"))
    act.talking.failed = lambda provider, error: kinds.append(error.kind)
    assert act.play().provider == "gemini"
    assert kinds == [kind]


def test_a_server_that_takes_no_tools_answers_from_the_context(stage) -> None:
    provider = Scripted([[ProviderError("tools are not supported", kind="no_tools")], says("from what I was told")])
    act = stage(provider)
    assert act.play().text == "from what I was told"
    assert [tools for _, tools in provider.sent][1] == []
    assert "takes no tools" in act.all(Told)[0].text


def test_an_answer_cut_off_by_its_length_says_so(stage) -> None:
    answer = stage(Scripted([[TextDelta("it goes on and"), Finish("length")]])).play()
    assert answer.status is Status.PARTIAL
    assert "cut off" in answer.notes[0]


def test_a_provider_that_hangs_is_ended_at_the_time_limit(stage) -> None:
    released = threading.Event()

    class Hanging(Scripted):
        def close(self) -> None:
            released.set()

    def hang() -> None:
        assert released.wait(10)
        raise ProviderError("broke off", kind="broken")

    act = stage(Hanging([[hang]]), fallback=False, timeout_s=0.2)
    with pytest.raises(ProviderError, match=r"had not answered after 0\.2 s"):
        act.play()


def test_tokens_and_cost_add_up(stage) -> None:
    turns = [[*calls(("read", {})), Usage(1000, 10)], [TextDelta("ok"), Usage(2000, 20)]]
    prices = {"ask.openai.price_input": 1.0, "ask.openai.price_output": 10.0}
    answer = stage(Scripted(turns), flags=prices).play()
    assert answer.usage == Usage(3000, 30)
    assert answer.cost_usd == pytest.approx(0.0033)


def test_at_the_limit_of_cost_it_answers_with_what_it_has(stage) -> None:
    provider = Scripted([[*calls(("read", {})), Usage(1_000_000, 0)], says("enough")])
    flags = {"ask.openai.price_input": 1.0, "ask.openai.price_output": 10.0}
    assert stage(provider, flags=flags, max_cost=0.5).play().text == "enough"
    assert [bool(tools) for _, tools in provider.sent] == [True, False]


def test_a_limit_of_cost_needs_a_price(stage) -> None:
    with pytest.raises(UsageError, match="the price of scripted is not known"):
        stage(Scripted([says("hi")]), max_cost=0.5).play()


def test_stopping_in_mid_answer_keeps_the_conversation_usable(stage) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    act = stage(Scripted([[TextDelta("web-1 is busy bec"), stop]]))
    with pytest.raises(KeyboardInterrupt):
        act.play()
    assert act.talking.messages[-1] == Assistant("web-1 is busy bec", provider="openai", interrupted=True, knew=ALL)
    assert act.talking.summary().interrupted


def test_stopping_among_calls_leaves_no_call_without_an_answer(stage) -> None:
    act = stage(Scripted([[TextDelta("I look."), *calls(("read", {}))], says("never")]))
    answering = act.talking.answer()
    for event in answering:
        if isinstance(event, Calling):
            answering.close()
            break
    assert act.talking.messages == [
        User("why is web-1 busy"),
        Assistant("I look.", provider="openai", interrupted=True, knew=ALL),
    ]


def test_what_a_provider_may_not_be_sent_is_neither_offered_nor_kept_in_its_history(stage) -> None:
    provider = Scripted([says("fine")])
    act = stage(provider, flags={"ask.openai.send": ["metrics"]})
    act.talking.messages[:0] = [
        User("before"),
        Assistant("", (ToolCall("c", "alerts", "{}"),)),
        Results((next(act.talking.toolbox.run([ToolCall("c", "alerts", "{}")])).answer,)),
        Assistant("db-1 fires"),
    ]
    act.play()
    messages, tools = provider.sent[0]
    assert "alerts" not in tools
    assert "db-1" not in repr(messages)
    assert messages[0] == System("context for ('metrics',)")


def test_masks_are_lifted_for_the_reader_and_hidden_text_is_dropped(stage) -> None:
    act = stage(Scripted([says("mail <ema", "il-1> about \x1b[31mweb-1\u202e")]))
    act.talking.toolbox.veil = Veil(("email",))
    act.talking.toolbox.veil.hide("ops@example.com")
    assert act.play().text == "mail ops@example.com about web-1"


def test_what_breaks_off_goes_back_to_providers_with_its_masks_on(stage) -> None:
    act = stage(Scripted([[TextDelta("mail <email-1> now"), DOWN]]))
    act.talking.toolbox.veil = Veil(("email",))
    act.talking.toolbox.veil.hide("ops@example.com")
    assert act.play().text == "mail ops@example.com now"
    assert act.talking.messages[-1] == Assistant("mail <email-1> now", provider="openai", interrupted=True, knew=ALL)
