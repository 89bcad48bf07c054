"""What both providers do alike, each with a server on loopback that speaks its wire."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Generator
from contextlib import closing
from types import ModuleType
from typing import Any

import pytest
from fakes import gemini_wire, openai_wire
from fakes.one_turn import OVERVIEW, QUESTION, provider, refusal, turn
from fakes.sse_server import SseServer

from smartcloudops.ask.messages import Assistant, Results, System, ToolAnswer, ToolCall, Usage, User
from smartcloudops.ask.providers import PROVIDERS, Dialling
from smartcloudops.core.errors import ConfigError, ProviderError, Status
from smartcloudops.core.times import now_ms

WIRES: dict[str, ModuleType] = {"openai": openai_wire, "gemini": gemini_wire}
wires = pytest.mark.parametrize("name", WIRES)


def serve(name: str, *script: Any, **more: Any) -> SseServer:
    server: SseServer = getattr(WIRES[name], f"{name}_wire")(script, **more)
    return server


@wires
def test_text_comes_as_it_is_sent_and_is_counted(name: str) -> None:
    wire = WIRES[name]
    script = [*wire.text("web-2 is slow.", 7), *wire.end(counted=wire.usage(120, 7, cached=64))]
    with serve(name, script) as server, closing(provider(name, server.url)) as one:
        found = list(one.reply(QUESTION, ()))
    assert [getattr(delta, "text", None) for delta in found[:7]] == ["we", "b-", "2 ", "is", " s", "lo", "w."]
    assert Usage(120, 7, 64) in found


@wires
def test_each_piece_is_passed_on_before_the_next_is_sent(name: str) -> None:
    wire = WIRES[name]
    first, *rest = wire.text("web-2 is slow.")
    with serve(name, [first, wire.stall(2), *rest, *wire.end()]) as server, closing(provider(name, server.url)) as one:
        began = time.monotonic()
        assert getattr(next(one.reply(QUESTION, ())), "text", "") == "web-2 i"
        assert time.monotonic() - began < 1


@wires
def test_nobody_is_contacted_before_the_reply_is_read(name: str) -> None:
    with serve(name, WIRES[name].answer("yes")) as server, closing(provider(name, server.url)) as one:
        reply = one.reply(QUESTION, ())
        assert (server.asked, server.listed) == ([], [])
        next(reply)
        assert len(server.asked) == 1


@wires
def test_two_parallel_calls_are_made_with_text_before_them(name: str) -> None:
    wire = WIRES[name]
    script = [*wire.text("Let me look."), *wire.calls(("overview", {}), ("explain", {"host": "web-2"})), *wire.end()]
    with serve(name, script) as server:
        found = turn(name, server.url).turn(name)
    assert found.text == "Let me look."
    assert [(call.name, call.arguments) for call in found.calls] == [
        ("overview", "{}"),
        ("explain", '{"host": "web-2"}'),
    ]
    assert len({call.id for call in found.calls}) == 2


@wires
def test_a_tool_that_does_not_exist_is_passed_on_and_its_answer_goes_back(name: str) -> None:
    wire = WIRES[name]
    with serve(name, [*wire.calls(("rm -rf /", {})), *wire.end()], wire.answer("sorry")) as server:
        first = turn(name, server.url).turn(name)
        assert first.calls[0].name == "rm -rf /"
        results = Results((ToolAnswer(first.calls[0], "no such tool", is_error=True),))
        assert turn(name, server.url, [*QUESTION, first, results]).turn(name).text == "sorry"
    assert "no such tool" in server.asked[1].body.decode()


@wires
def test_a_finish_of_stop_does_not_hide_calls(name: str) -> None:
    wire = WIRES[name]
    with serve(name, [*wire.calls(("overview", {})), *wire.end({"openai": "stop", "gemini": "STOP"}[name])]) as server:
        found = turn(name, server.url)
    assert found.finish is not None and found.finish.reason == "stop"
    assert [call.name for call in found.turn(name).calls] == ["overview"]


@wires
def test_a_server_that_ignores_tools_simply_answers(name: str) -> None:
    with serve(name, WIRES[name].answer("I know nothing.")) as server:
        assert turn(name, server.url).turn(name).calls == ()


@wires
def test_without_tools_none_are_declared(name: str) -> None:
    with serve(name, *([WIRES[name].answer("yes")] * 2)) as server:
        turn(name, server.url, tools=())
        turn(name, server.url, tools=(OVERVIEW,))
    assert ["tools" in asked.json for asked in server.asked] == [False, True]


@wires
def test_a_clean_end_without_a_reason_is_an_answer(name: str) -> None:
    with serve(name, WIRES[name].text("web-2 is slow.")) as server:
        found = turn(name, server.url)
    assert (found.turn(name).text, found.finish) == ("web-2 is slow.", None)


@wires
def test_an_answer_of_nothing_is_an_error(name: str) -> None:
    with serve(name, []) as server:
        found = refusal(name, server.url)
    assert (found.kind, found.status) == ("broken", Status.UNREACHABLE)
    assert "before it said anything" in found.message


@pytest.mark.parametrize(
    ("name", "junk"),
    [
        *(("openai", each) for each in ("5", "[]", "null", '"x"', "{}", '{"choices": null}', '{"choices": [null, 5]}')),
        *(("gemini", each) for each in ("null", "{}", "[]", '"x"', '{"candidates": null}', '{"candidates": "x"}')),
    ],
)
def test_chunks_without_anything_in_them_are_passed_over(name: str, junk: str) -> None:
    wire = WIRES[name]
    with serve(name, [wire.event(junk), *wire.answer("still here")]) as server:
        assert turn(name, server.url).turn(name).text == "still here"


@wires
@pytest.mark.parametrize("junk", [b"data: {bad\n\n", b"data: \xff\n\n"])
def test_what_is_no_json_is_said_so(name: str, junk: bytes) -> None:
    with serve(name, [*WIRES[name].text("so far"), junk]) as server:
        assert refusal(name, server.url, text="so far").kind == "broken"


REFUSALS: dict[str, dict[str, tuple[int, str, str]]] = {
    "auth": {
        "openai": (401, "Incorrect API key provided: a-ke*****ests.", "invalid_api_key"),
        "gemini": (400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT"),
    },
    "too_long": {
        "openai": (400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
        "gemini": (
            400,
            "The input token count (9) exceeds the maximum number of tokens allowed (8).",
            "INVALID_ARGUMENT",
        ),
    },
    "no_tools": {
        "openai": (400, "registry.ollama.ai/library/gemma:2b does not support tools", ""),
        "gemini": (400, "Function calling is not enabled for models/m-1", "INVALID_ARGUMENT"),
    },
    "model": {
        "openai": (404, "The model `m-1` does not exist or you do not have access to it.", "model_not_found"),
        "gemini": (404, "models/m-1 is not found for API version v1beta", "NOT_FOUND"),
    },
    "request": {
        "openai": (400, "Invalid type for 'messages[0].content'.", "invalid_type"),
        "gemini": (400, 'Unknown name "x": Cannot find field.', "INVALID_ARGUMENT"),
    },
    "rate": {
        "openai": (429, "Rate limit reached for requests", "rate_limit_exceeded"),
        "gemini": (429, "You exceeded your current quota, please check your plan", "RESOURCE_EXHAUSTED"),
    },
    "server": {
        "openai": (500, "The server had an error", "server_error"),
        "gemini": (503, "The model is overloaded. Please try again later.", "UNAVAILABLE"),
    },
}
_STATUS = {"auth": 2, "too_long": 1, "no_tools": 2, "model": 2, "request": 2, "rate": 69, "server": 69}


@wires
@pytest.mark.parametrize("kind", REFUSALS)
def test_refusals_say_who_was_asked_what_came_back_and_what_to_do(name: str, kind: str) -> None:
    code, words, sort = REFUSALS[kind][name]
    with serve(name, *([WIRES[name].error(code, words, sort)] * 2)) as server:
        found = refusal(name, server.url)
    assert (found.kind, int(found.status)) == (kind, _STATUS[kind])
    assert found.message.startswith(f"{name} ({server.url}, model m-1) ")
    assert words[:20] in found.message and f"status {code}" in found.message
    assert found.hint and ("--provider" in found.hint or f"[ask.{name}]" in found.hint or "-m" in found.hint)
    assert found.__cause__ is not None


@wires
def test_a_refusal_shows_no_key_not_even_parts_of_it(name: str) -> None:
    said = "Incorrect API key provided: sk-abcd****************wxyz or a-key-of-tests,\nsee \x1b[31m" + "x" * 900
    with serve(name, WIRES[name].error(401, said, "")) as server:
        found = refusal(name, server.url)
    assert "provided: *** or ***" in found.message
    for secret in ("abcd", "wxyz", "a-key-of-tests", "\x1b", "\n"):
        assert secret not in found.message
    assert len(found.message) < 500


@wires
@pytest.mark.parametrize("many", [3, 30])
def test_an_unknown_model_is_answered_with_the_nearest(name: str, many: int) -> None:
    models = ["m-2", "m-1-mini", *(f"other-{i}" for i in range(many - 2))]
    with serve(name, WIRES[name].error(*REFUSALS["model"][name]), models=models) as server:
        found = refusal(name, server.url)
    assert found.hint and "it has: " in found.hint
    shown = found.hint.partition("it has: ")[2].partition(" (of ")[0].split(", ")
    assert set(shown[:2]) == {"m-2", "m-1-mini"} and len(shown) == min(many, 8)
    assert found.hint.endswith("(of 30)") is (many == 30)


@wires
@pytest.mark.parametrize("listing", ["none", "slow"])
def test_a_list_that_cannot_be_had_is_no_further_error(name: str, listing: str) -> None:
    more: dict[str, Any] = {"models": None} if listing == "none" else {"models": ("m-2",), "slow_listing_s": 20}
    began = time.monotonic()
    with serve(name, WIRES[name].error(*REFUSALS["model"][name]), **more) as server:
        found = refusal(name, server.url)
    assert found.kind == "model" and found.hint and "it has" not in found.hint
    assert time.monotonic() - began < 6


@wires
def test_models_are_listed_sorted(name: str) -> None:
    with serve(name, models=("m-2", "m-1")) as server, closing(provider(name, server.url)) as one:
        assert list(one.models()) == ["m-1", "m-2"]
    with serve(name, models=None) as server, closing(provider(name, server.url)) as one:
        assert list(one.models()) == []


@wires
@pytest.mark.parametrize("after", ["30", "30.5", "date", None, "nonsense"])
def test_429_says_when_to_come_back_where_the_server_does(name: str, after: str | None) -> None:
    from email.utils import formatdate

    value = formatdate(time.time() + 30, usegmt=True) if after == "date" else after
    headers = {} if value is None else {"Retry-After": value}
    with serve(name, WIRES[name].error(*REFUSALS["rate"][name], headers=headers)) as server:
        found = refusal(name, server.url)
    assert (found.kind, len(server.asked)) == ("rate", 1)
    if after in (None, "nonsense"):
        assert found.retry_at is None
    else:
        assert found.retry_at is not None and 28_000 < found.retry_at - now_ms() < 31_000
        assert found.hint and found.hint.startswith("ask again after 2")


@wires
def test_what_passes_at_once_is_asked_again_once(name: str) -> None:
    wire = WIRES[name]
    soon = wire.error(*REFUSALS["rate"][name], headers={"Retry-After": "1"})
    for failure in (wire.error(*REFUSALS["server"][name]), soon, [wire.drop()]):
        with serve(name, failure, wire.answer("now")) as server:
            assert turn(name, server.url).turn(name).text == "now"
    with serve(name, *([wire.error(*REFUSALS["server"][name])] * 3)) as server:
        assert refusal(name, server.url).kind == "server"
        assert len(server.asked) == 2


@wires
def test_an_error_in_the_stream_is_one(name: str) -> None:
    wire = WIRES[name]
    broken = {"error": {"message": "upstream exploded", "code": 502}}
    with serve(name, [*wire.text("so far"), wire.event(broken)]) as server:
        found = refusal(name, server.url, text="so far")
    assert found.kind == "server" and "upstream exploded" in found.message


@wires
@pytest.mark.parametrize("pieces", [0, 1, 2])
def test_a_dropped_connection_is_told_and_nothing_is_asked_twice_after_the_first_word(name: str, pieces: int) -> None:
    wire = WIRES[name]
    with serve(name, *([wire.drop_after(pieces, wire.text("so far"))] * 2)) as server:
        found = refusal(name, server.url, text="so far"[: 3 * pieces])
    assert found.kind == "broken" and "broke off" in found.message
    assert len(server.asked) == (1 if pieces else 2)


@wires
def test_a_stall_is_told_after_the_longest_silence(name: str) -> None:
    wire = WIRES[name]
    began = time.monotonic()
    with serve(name, [*wire.text("so far"), wire.stall(20)]) as server:
        found = refusal(name, server.url, timeout_s=0.5, text="so far")
    assert found.kind == "stalled" and "silent for 0.5 s" in found.message
    assert found.hint and f"[ask.{name}] timeout" in found.hint
    assert time.monotonic() - began < 3
    with serve(name, wire.status(200, {}, wait_s=20)) as server:
        assert refusal(name, server.url, timeout_s=0.5).kind == "stalled"


@wires
def test_slow_and_steady_is_no_stall(name: str) -> None:
    wire = WIRES[name]
    steps = [step for piece in wire.text("slow and steady", 5) for step in (piece, wire.stall(0.3))]
    with serve(name, [*steps, *wire.end()]) as server:
        assert turn(name, server.url, timeout_s=1.0).turn(name).text == "slow and steady"


@wires
def test_a_server_that_is_not_there_is_down(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = refusal(name, f"http://127.0.0.1:{port}")
    assert (found.kind, found.status) == ("down", Status.UNREACHABLE)
    assert "connection refused" in found.message
    assert found.hint and f"[ask.{name}] base_url" in found.hint


@wires
def test_a_redirect_is_not_followed_with_the_key_and_the_question(name: str) -> None:
    with serve(name, WIRES[name].answer("mine!")) as other:
        moved = WIRES[name].status(307, {}, {"Location": f"{other.url}/elsewhere?token=1"})
        with serve(name, moved) as server:
            found = refusal(name, server.url)
    assert found.kind == "request" and f"redirects to {other.url}/elsewhere" in found.message
    assert "token" not in found.message and other.asked == []


@wires
def test_a_page_for_people_is_no_answer(name: str) -> None:
    with serve(name, WIRES[name].status(200, "<html>Welcome</html>")) as server:
        found = refusal(name, server.url)
    assert found.kind == "request" and found.hint and f"[ask.{name}] base_url" in found.hint
    with serve(name, WIRES[name].status(404, "<html><h1>Not found</h1></html>")) as server:
        found = refusal(name, server.url)
    assert found.kind == "request" and "<" not in found.message


@wires
@pytest.mark.parametrize("moment", ["before", "first", "middle"])
def test_closing_from_another_thread_ends_a_reply_that_hangs(name: str, moment: str) -> None:
    wire = WIRES[name]
    script: Any = {
        "before": wire.status(200, {}, wait_s=30),
        "first": [wire.stall(30)],
        "middle": [*wire.text("so far"), wire.stall(30)],
    }[moment]
    with serve(name, script) as server:
        one = provider(name, server.url, timeout_s=30)
        threading.Timer(0.5, one.close).start()
        began = time.monotonic()
        with pytest.raises(ProviderError, match="hung up"):
            list(one.reply(QUESTION, ()))
        assert 0.4 < time.monotonic() - began < 2
        with pytest.raises(ProviderError, match="hung up"):
            list(one.reply(QUESTION, ()))
        one.close()
    assert len(server.asked) == 1


@wires
def test_a_wait_before_asking_again_ends_with_the_line(name: str) -> None:
    soon = WIRES[name].error(*REFUSALS["rate"][name], headers={"Retry-After": "2"})
    with serve(name, soon) as server:
        one = provider(name, server.url)
        threading.Timer(0.3, one.close).start()
        began = time.monotonic()
        with pytest.raises(ProviderError):
            list(one.reply(QUESTION, ()))
        assert time.monotonic() - began < 1.5


@wires
def test_a_reply_that_is_given_up_leaves_nothing_open(name: str) -> None:
    wire = WIRES[name]
    script = [*wire.text("so far"), wire.stall(30)]
    with serve(name, script, wire.answer("next")) as server, closing(provider(name, server.url)) as one:
        reply = one.reply(QUESTION, ())
        next(reply)
        assert isinstance(reply, Generator)
        reply.close()
        assert [getattr(delta, "text", "") for delta in one.reply(QUESTION, ())][:2] == ["ne", "xt"]


@wires
def test_a_conversation_with_holes_is_still_one_that_servers_take(name: str) -> None:
    """Interrupted turns, turns of other providers, calls without answers, arguments that are no JSON."""
    made = (ToolCall("a", "explain", '{"host": '), ToolCall("b", "overview", ""))
    answers = (ToolAnswer(made[0], "the arguments are no JSON", is_error=True), ToolAnswer(made[1], "E1 all quiet"))
    messages = [
        System("You are terse."),
        User("one"),
        Assistant(
            "I will", (ToolCall("x", "explain", "{}"),), provider=name, native={"model": "m-1"}, interrupted=True
        ),
        User("two caf\udce9"),
        Assistant("", provider="offline", interrupted=True),
        Assistant("Looking.", made, provider="offline"),
        Results(answers),
        Assistant("All quiet.", provider="offline"),
        Results((ToolAnswer(made[0], "nobody asked"),)),
        System("The time is noon."),
        User("three"),
    ]
    with serve(name, WIRES[name].answer("fine")) as server:
        assert turn(name, server.url, messages).turn(name).text == "fine"
    sent = server.asked[0].body.decode()
    assert "nobody asked" not in sent and "caf?" in sent and "E1 all quiet" in sent
    assert "You are terse.\\n\\nThe time is noon." in sent


@wires
def test_an_earlier_call_stays_in_the_conversation_when_tools_are_no_longer_offered(name: str) -> None:
    call = ToolCall("a", "overview", "{}")
    messages = [*QUESTION, Assistant("", (call,), provider=name), Results((ToolAnswer(call, "E1 quiet"),))]
    with serve(name, WIRES[name].answer("fine")) as server:
        turn(name, server.url, messages, tools=())
    assert "E1 quiet" in server.asked[0].body.decode()


HOSTILE = {
    "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
    "OPENAI_API_KEY": "key-of-the-environment",
    "OPENAI_ADMIN_KEY": "key-of-the-environment",
    "OPENAI_ORG_ID": "org-of-the-environment",
    "OPENAI_PROJECT_ID": "project-of-the-environment",
    "OPENAI_CUSTOM_HEADERS": "Authorization: Bearer key-of-the-environment\nX-Extra: of-the-environment",
    "GOOGLE_API_KEY": "key-of-the-environment",
    "GEMINI_API_KEY": "key-of-the-environment",
    "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1",
    "GOOGLE_VERTEX_BASE_URL": "http://127.0.0.1:1",
    "GOOGLE_GENAI_USE_VERTEXAI": "true",
    "GOOGLE_GENAI_USE_ENTERPRISE": "true",
    "GOOGLE_GENAI_API_VERSION": "v9",
    "GOOGLE_GENAI_CLIENT_MODE": "replay",
    "GOOGLE_CLOUD_PROJECT": "project-of-the-environment",
    "GOOGLE_CLOUD_LOCATION": "of-the-environment",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
}


@wires
@pytest.mark.parametrize("key", ["a-key-of-tests", None])
def test_the_environment_of_the_sdks_is_ignored(
    name: str, key: str | None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for variable, value in HOSTILE.items():
        monkeypatch.setenv(variable, value)
    server = serve(name, WIRES[name].answer("yes"), models=("m-1",))
    with server, closing(provider(name, server.url, key=key)) as one:
        assert list(one.reply(QUESTION, ()))
        assert list(one.models()) == ["m-1"]
    for asked in (*server.asked, *server.listed):
        assert "environment" not in f"{asked.path} {asked.headers} {asked.body.decode()}"
        assert not [header for header in asked.headers if header.startswith(("x-stainless", "x-goog-api-client"))]
    assert capfd.readouterr() == ("", "")


@wires
def test_the_official_endpoint_needs_a_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in HOSTILE.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match="no key for https://") as caught:
        PROVIDERS.load(name)(Dialling())
    assert caught.value.hint and f"[ask.{name}] key_env" in caught.value.hint
    with closing(PROVIDERS.load(name)(Dialling(key="k"))) as one:
        assert one.where in ("https://api.openai.com/v1", "https://generativelanguage.googleapis.com")
        assert one.model


@wires
@pytest.mark.parametrize("url", ["ftp://x", "nonsense", "http://", "http://me:secret@127.0.0.1:1/v1"])
def test_a_base_url_that_is_none_is_refused(name: str, url: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[ask.{name}\] base_url") as caught:
        PROVIDERS.load(name)(Dialling(base_url=url))
    assert "secret" not in f"{caught.value} {caught.value.hint}"


@wires
@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "caf\u00e9"])
def test_a_key_that_is_none_is_refused_without_showing_it(name: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PROVIDERS.load(name)(Dialling(key=key))
    assert not key or key not in f"{caught.value} {caught.value.hint}"


@wires
def test_a_name_that_does_not_resolve_is_down(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*args: Any, **more: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    found = refusal(name, "http://llm.example/v1")
    assert found.kind == "down" and "does not resolve" in found.message
