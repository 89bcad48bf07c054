"""What only Chat Completions has: fragments of every shape, servers with gaps, Azure, errors of many makers."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest
from fakes.one_turn import OVERVIEW, QUESTION, TOOLS, provider, refusal, turn
from fakes.openai_wire import answer, call, calls, chunk, delta, end, error, event, openai_wire, status, text, usage
from fakes.openai_wire import refusal as refuses

from smartcloudops.ask.messages import Assistant, Finish, Results, System, TextDelta, ToolAnswer, ToolCall, Usage, User
from smartcloudops.core.errors import ProviderError
from smartcloudops.core.times import now_ms

SIGNED = {"google": {"thought_signature": "c2lnbmVk"}}


def called(*steps: bytes) -> list[tuple[str, str]]:
    """The calls of a turn whose chunks are these."""
    with openai_wire([[*steps, *end("tool_calls")]]) as server:
        found = turn("openai", server.url).turn("openai").calls
    assert len({each.id for each in found}) == len(found)
    return [(each.name, each.arguments) for each in found]


def test_the_request_is_what_the_wire_asks_for() -> None:
    first, second = ToolCall("a", "overview", ""), ToolCall("b", "explain", '{"host": "web-2"}')
    messages = [
        System("You are terse."),
        User("why?"),
        Assistant("Let me look.", (first, second), provider="openai"),
        Results((ToolAnswer(first, "E1 cpu 97%"), ToolAnswer(second, "no such host", is_error=True))),
        Assistant("web-2 is slow.", provider="openai"),
        User("since when?"),
    ]
    with openai_wire([answer("2h")]) as server:
        turn("openai", server.url, messages)
    [asked] = server.asked
    assert (asked.path, asked.headers["authorization"]) == ("/v1/chat/completions", "Bearer a-key-of-tests")
    assert asked.json == {
        "model": "m-1",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "You are terse."},
            {"role": "user", "content": "why?"},
            {
                "role": "assistant",
                "content": "Let me look.",
                "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "overview", "arguments": "{}"}},
                    {"id": "b", "type": "function", "function": {"name": "explain", "arguments": '{"host": "web-2"}'}},
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "E1 cpu 97%"},
            {"role": "tool", "tool_call_id": "b", "content": "no such host"},
            {"role": "assistant", "content": "web-2 is slow."},
            {"role": "user", "content": "since when?"},
        ],
        "tools": [
            {
                "type": "function",
                "function": {"name": each.name, "description": each.about, "parameters": dict(each.parameters)},
            }
            for each in TOOLS
        ],
    }


@pytest.mark.parametrize("arguments", ["{", "5", "[]", "null", '"x"'])
def test_arguments_that_are_no_object_go_back_as_none_since_servers_parse_them(arguments: str) -> None:
    made = ToolCall("a", "over view", arguments)
    messages = [*QUESTION, Assistant("", (made,), provider="openai"), Results((ToolAnswer(made, "no JSON"),))]
    with openai_wire([answer("sorry")]) as server:
        turn("openai", server.url, messages)
    [sent] = server.asked[0].json["messages"][2]["tool_calls"]
    assert sent["function"] == {"name": "over_view", "arguments": "{}"}


def test_calls_in_parallel_fragments() -> None:
    wanted = (("overview", {}), ("explain", {"host": "web-2"}))
    assert called(*calls(*wanted, pieces=5)) == [("overview", "{}"), ("explain", '{"host": "web-2"}')]


def test_calls_without_an_index() -> None:
    steps = [
        call(id="a", name="explain", arguments='{"host":'),
        call(arguments=' "web-2"}'),
        call(id="b", name="overview", arguments="{}"),
    ]
    assert called(*steps) == [("explain", '{"host": "web-2"}'), ("overview", "{}")]


def test_name_and_id_in_every_delta() -> None:
    steps = [call(0, id="a", name="explain", arguments=piece) for piece in ('{"host"', ': "web-2"', "}")]
    assert called(*steps) == [("explain", '{"host": "web-2"}')]


def test_a_name_that_comes_late() -> None:
    steps = [call(0, id="a", arguments='{"host": '), call(0, arguments='"web-2"}'), call(0, name="explain")]
    assert called(*steps) == [("explain", '{"host": "web-2"}')]


def test_all_calls_at_index_0() -> None:
    with_ids = [call(0, id=each, name="explain", arguments=f'{{"host": "{each}"}}') for each in ("a", "b")]
    without = [call(0, name="explain", arguments=f'{{"host": "{each}"}}') for each in ("a", "b")]
    assert called(*with_ids) == called(*without) == [("explain", '{"host": "a"}'), ("explain", '{"host": "b"}')]


def test_calls_without_ids_get_some_that_do_not_come_again() -> None:
    from smartcloudops.ask.accumulate import Accumulator

    ids = set()
    for _ in range(2):
        with openai_wire([[call(0, name="overview", arguments="{}"), *end()]]) as server:
            found = Accumulator()
            with closing(provider("openai", server.url)) as one:
                for each in one.reply(QUESTION, TOOLS):
                    found.take(each)
        ids.add(found.turn("openai").calls[0].id)
    assert len(ids) == 2


def test_arguments_that_are_no_json_and_arguments_that_are_an_object() -> None:
    assert called(call(0, id="a", name="explain", arguments="web-2")) == [("explain", "web-2")]
    assert called(call(0, id="a", name="explain", arguments={"host": "web-2"})) == [("explain", '{"host": "web-2"}')]
    assert called(call(0, id="a", name="overview")) == [("overview", "")]


def test_malformed_calls_break_nothing() -> None:
    steps = [
        delta(tool_calls=[None, 5, {"index": 0}, {"index": "0", "id": 7, "function": None}]),
        delta(tool_calls="x"),
        delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "overview", "arguments": None}}]),
    ]
    assert called(*steps) == [("overview", "")]


def test_reasoning_is_not_shown_but_goes_back_with_the_calls_to_where_it_came_from() -> None:
    thinking = [delta(reasoning_content="The user "), delta(reasoning_content="wants…")]
    with openai_wire([[*thinking, *calls(("overview", {})), *end()], answer("fine"), answer("fine")]) as server:
        first = turn("openai", server.url).turn("openai")
        assert first.text == ""
        messages = [*QUESTION, first, Results((ToolAnswer(first.calls[0], "quiet"),))]
        turn("openai", server.url, messages)
        turn("openai", server.url.replace("127.0.0.1", "localhost"), messages)
    back = [asked.json["messages"][2].get("reasoning_content") for asked in server.asked[1:]]
    assert back == ["The user wants…", None]


def test_signatures_of_geminis_other_endpoint_go_back_unchanged_to_where_they_came_from() -> None:
    signed = delta(
        tool_calls=[
            {"index": 0, "id": "a", "function": {"name": "overview", "arguments": "{}"}, "extra_content": SIGNED}
        ]
    )
    with openai_wire([[signed, *end()], answer("fine"), answer("fine")]) as server:
        first = turn("openai", server.url).turn("openai")
        assert first.calls[0].extra == {"extra_content": SIGNED}
        messages = [*QUESTION, first, Results((ToolAnswer(first.calls[0], "quiet"),))]
        turn("openai", server.url, messages)
        turn("openai", server.url.replace("127.0.0.1", "localhost"), messages)
    back = [asked.json["messages"][2]["tool_calls"][0].get("extra_content") for asked in server.asked[1:]]
    assert back == [SIGNED, None]


@pytest.mark.parametrize(
    ("said", "reason"),
    [("stop", "stop"), ("tool_calls", "stop"), ("length", "length"), ("content_filter", "blocked"), ("eos", "unknown")],
)
def test_reasons(said: str, reason: str) -> None:
    with openai_wire([[*text("so far"), *end(said)]]) as server:
        found = turn("openai", server.url)
    assert found.finish is not None and found.finish.reason == reason


def test_a_refusal_of_the_model_is_no_text() -> None:
    with openai_wire([[*refuses("I cannot help with that."), *end(None)]]) as server:
        found = turn("openai", server.url)
    assert (found.turn("openai").text, found.finish) == ("", Finish("blocked", "I cannot help with that."))


def test_a_server_that_does_not_stream_is_read_all_the_same() -> None:
    made = {"id": "a", "type": "function", "function": {"name": "overview", "arguments": "{}"}}
    message = {"role": "assistant", "content": "Let me look.", "tool_calls": [made, made | {"id": "b"}]}
    body = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2},
    }
    with openai_wire([status(200, body), status(200, {"error": {"message": "no such luck"}})]) as server:
        found = turn("openai", server.url)
        assert refusal("openai", server.url).kind == "server"
    assert [each.id for each in found.turn("openai").calls] == ["a", "b"]
    assert (found.turn("openai").text, found.usage) == ("Let me look.", Usage(9, 2))


def test_text_in_parts_is_text() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "web-2"}]
    with openai_wire([[delta(content=parts), delta(content=None), *end()]]) as server:
        assert turn("openai", server.url).turn("openai").text == "web-2"


def test_azure_sends_what_was_filtered_first_and_needs_no_other_code() -> None:
    filtered = chunk(
        prompt_filter_results=[{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False}}}]
    )
    with openai_wire([[filtered, *answer("web-2")]], base="/openai/v1") as server:
        assert turn("openai", f"{server.url}/?api-version=preview").turn("openai").text == "web-2"
    [asked] = server.asked
    assert asked.path == "/openai/v1/chat/completions?api-version=preview"
    assert asked.headers["authorization"] == "Bearer a-key-of-tests"


def test_what_newer_models_refuse_is_never_sent() -> None:
    with openai_wire([answer("yes")]) as server:
        turn("openai", server.url)
    assert not {"temperature", "max_tokens", "parallel_tool_calls", "tool_choice"} & server.asked[0].json.keys()


@pytest.mark.parametrize("code", [400, 422])
def test_a_server_that_does_not_know_stream_options_is_asked_without(code: int) -> None:
    refused = error(code, "Unrecognized request argument supplied: stream_options")
    server = openai_wire([refused, answer("one"), answer("two")])
    with server, closing(provider("openai", server.url)) as one:
        assert [d.text for d in one.reply(QUESTION, TOOLS) if isinstance(d, TextDelta)] == ["on", "e"]
        assert [d.text for d in one.reply(QUESTION, TOOLS) if isinstance(d, TextDelta)] == ["tw", "o"]
    assert ["stream_options" in asked.json for asked in server.asked] == [True, False, False]


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (400, {"error": {"message": "registry.ollama.ai/library/x does not support tools"}}, "no_tools"),
        (400, {"message": '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser'}, "no_tools"),
        (500, {"error": {"code": 500, "message": "tools param requires --jinja flag"}}, "no_tools"),
        (404, {"error": {"message": "No endpoints found that support tool use.", "code": 404}}, "no_tools"),
        (422, {"detail": "Unsupported parameter: tools"}, "no_tools"),
        (400, {"error": {"message": "`tool calling` is not supported with this model"}}, "no_tools"),
        (404, {"error": "model 'x' not found, try pulling it first"}, "model"),
        (404, {"object": "error", "message": "The model `x` does not exist.", "type": "NotFoundError"}, "model"),
        (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}}, "model"),
        (403, {"error": {"message": "Project has no access", "code": "model_not_found"}}, "model"),
        (400, {"error": {"message": "invalid model ID", "type": "invalid_request_error"}}, "model"),
        (404, {"detail": "Not Found"}, "request"),
        (401, {"error": {"message": "No auth credentials found", "code": 401}}, "auth"),
        (403, {"error": {"message": "Country not supported", "code": "unsupported_country"}}, "auth"),
        (402, {"error": {"message": "Insufficient credits", "code": 402}}, "quota"),
        (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}, "quota"),
        (429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, "rate"),
        (429, {"error": {"message": "exceeded your current quota", "status": "RESOURCE_EXHAUSTED"}}, "rate"),
        (429, {"error": {"message": "Request too large for m-1 on tokens per min (TPM)"}}, "too_long"),
        (413, {}, "too_long"),
        (400, {"error": {"message": "too big", "type": "exceed_context_size_error", "n_ctx": 4096}}, "too_long"),
        (400, {"object": "error", "message": "This model's maximum context length is 8192 tokens."}, "too_long"),
        (400, {"error": {"code": "content_filter", "message": "The response was filtered"}}, "blocked"),
        (400, {"error": {"message": "no", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}, "blocked"),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, "request"),
        (502, "<html><body>Bad gateway</body></html>", "server"),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "server"),
        (400, "plain words", "request"),
    ],
)
def test_errors_of_many_makers(code: int, body: Any, kind: str) -> None:
    with openai_wire([status(code, body)] * 2) as server:
        found = refusal("openai", server.url)
    assert found.kind == kind
    assert f"status {code}" in found.message and "<" not in found.message
    assert body != "plain words" or "plain words" in found.message


def test_tools_are_no_reason_where_none_were_sent() -> None:
    with openai_wire([error(400, "x does not support tools")]) as server:
        assert refusal("openai", server.url, tools=()).kind == "request"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"error": {"message": "Rate limit", "code": 429}}, "rate"),
        ({"error": {"message": "Rate limit", "type": "rate_limit_exceeded"}}, "rate"),
        ({"error": {"message": "The server is overloaded", "type": "server_error"}}, "server"),
        ({"error": "CUDA out of memory"}, "server"),
        ({"object": "error", "message": "maximum context length is 4096 tokens", "code": 400}, "too_long"),
        ({"error": {"message": "filtered", "code": "content_filter"}}, "blocked"),
    ],
)
def test_errors_in_the_stream(data: Any, kind: str) -> None:
    with openai_wire([[*text("so far"), event(data)]]) as server:
        assert refusal("openai", server.url, text="so far").kind == kind


def test_retry_after_in_milliseconds() -> None:
    headers = {"Retry-After-Ms": "30000", "Retry-After": "1"}
    with openai_wire([error(429, "slow", "rate_limit_exceeded", headers)]) as server:
        found = refusal("openai", server.url)
    assert found.retry_at is not None and 28_000 < found.retry_at - now_ms() < 31_000


def test_comments_keep_a_slow_server_alive_and_are_not_shown() -> None:
    with openai_wire([[b": OPENROUTER PROCESSING\n\n", *answer("yes")]]) as server:
        assert turn("openai", server.url).turn("openai").text == "yes"


def test_more_choices_than_asked_for_are_not_mixed() -> None:
    both = [{"index": 1, "delta": {"content": "no"}}, {"index": 0, "delta": {"content": "yes"}}]
    with openai_wire([[chunk(choices=both), *end()]]) as server:
        assert turn("openai", server.url).turn("openai").text == "yes"


def test_the_key_is_in_no_representation() -> None:
    with openai_wire([]) as server, closing(provider("openai", server.url)) as one:
        assert "a-key-of-tests" not in f"{one!r} {one.__dict__}"
        with pytest.raises(ProviderError) as caught:
            list(one.reply(QUESTION, (OVERVIEW,)))
    assert "a-key-of-tests" not in f"{caught.value!r} {caught.value.hint} {caught.value.__cause__}"


@pytest.mark.parametrize(("name", "other"), [("openai", "google.genai"), ("gemini", "openai")])
def test_only_the_sdk_of_the_chosen_provider_is_loaded(name: str, other: str) -> None:
    code = f"""
import json, sys
from smartcloudops.ask.providers import PROVIDERS, Dialling
before = [m for m in ("openai", "google.genai", "httpx2", "requests") if m in sys.modules]
PROVIDERS.load({name!r})(Dialling(key="k"))
print(json.dumps([before, {other!r} in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], False]


def test_usage_of_other_shapes_is_read_as_far_as_it_goes() -> None:
    odd = chunk(usage={"prompt_tokens": 3, "completion_tokens": None, "prompt_tokens_details": None})
    with openai_wire([[*text("yes"), odd, *end()]]) as server:
        assert turn("openai", server.url).usage == Usage(3, 0)
    with openai_wire([[*text("yes"), usage(1, 1), usage(2, 2), *end()]]) as server:
        assert turn("openai", server.url).usage == Usage(2, 2)
