"""What only Gemini's wire has: whole calls, signatures, thoughts, blocked prompts, quotas of a day."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from fakes.gemini_wire import (
    SIGNATURE,
    answer,
    blocked,
    calls,
    end,
    error,
    event,
    gemini_wire,
    parts,
    text,
    thought,
    usage,
)
from fakes.one_turn import QUESTION, TOOLS, provider, refusal, turn

from smartcloudops.ask.messages import (
    Assistant,
    Finish,
    Message,
    Results,
    System,
    ToolAnswer,
    ToolCall,
    Usage,
    User,
)
from smartcloudops.ask.providers import PROVIDERS, Dialling
from smartcloudops.core.errors import Status
from smartcloudops.core.times import DAY, HOUR, now_ms

SKIPPED = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
PER_DAY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "20"}],
}
PER_MINUTE = {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]}
RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
USED_UP = "You exceeded your current quota, please check your plan and billing details."


def same(signature: str) -> str:
    """A signature in the alphabet that all of them are compared in."""
    return signature.replace("-", "+").replace("_", "/")


def after(first: Assistant, *texts: str) -> list[Message]:
    """The conversation with the answers to all calls of a turn."""
    return [*QUESTION, first, Results(tuple(ToolAnswer(c, t) for c, t in zip(first.calls, texts, strict=True)))]


def test_the_request_is_what_the_wire_asks_for() -> None:
    with gemini_wire([answer("yes")]) as server:
        turn("gemini", server.url)
    [asked] = server.asked
    assert asked.path == "/v1beta/models/m-1:streamGenerateContent?alt=sse"
    assert asked.headers["x-goog-api-key"] == "a-key-of-tests"
    # A deadline for the whole answer is not what `timeout` means.
    assert "x-server-timeout" not in asked.headers
    body = asked.json
    assert body["contents"] == [{"role": "user", "parts": [{"text": "why is web-2 slow?"}]}]
    assert body["systemInstruction"]["parts"] == [{"text": "You are terse."}]
    declared = body["tools"][0]["functionDeclarations"]
    assert [(each["name"], each["description"], each["parameters_json_schema"]) for each in declared] == [
        (each.name, each.about, dict(each.parameters)) for each in TOOLS
    ]


@pytest.mark.parametrize(
    ("base", "version"), [("", "v1beta"), ("/", "v1beta"), ("/v1", "v1"), ("/gate/v1alpha/", "v1alpha")]
)
def test_the_version_at_the_end_of_a_base_url_is_the_version(base: str, version: str) -> None:
    with gemini_wire([answer("yes")]) as server:
        turn("gemini", server.url + base)
    prefix = "/gate" if "gate" in base else ""
    assert server.asked[0].path.startswith(f"{prefix}/{version}/models/m-1:")


def test_a_turn_goes_back_to_its_model_as_it_came_with_every_signature() -> None:
    steps = [
        *text("Let me look."),
        thought("hm"),
        *calls(("overview", {}), ("explain", {"host": "web-2"}), signature=SIGNATURE, ids=("f1", "f2")),
        parts({"text": "", "thoughtSignature": SIGNATURE}),
        *end(),
    ]
    with gemini_wire([steps, answer("fine")], signed=True) as server:
        first = turn("gemini", server.url).turn("gemini")
        assert first.text == "Let me look."
        turn("gemini", server.url, after(first, "E1 cpu", "E2 why"))
    _, model, results = server.asked[1].json["contents"]
    for part in model["parts"]:
        if "thoughtSignature" in part:
            part["thoughtSignature"] = same(part["thoughtSignature"])
    assert model == {
        "role": "model",
        "parts": [
            {"text": "Let me look."},
            {"text": "hm", "thought": True},
            {"functionCall": {"id": "f1", "name": "overview", "args": {}}, "thoughtSignature": SIGNATURE},
            {"functionCall": {"id": "f2", "name": "explain", "args": {"host": "web-2"}}},
            {"text": "", "thoughtSignature": SIGNATURE},
        ],
    }
    assert results == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "f1", "name": "overview", "response": {"result": "E1 cpu"}}},
            {"functionResponse": {"id": "f2", "name": "explain", "response": {"result": "E2 why"}}},
        ],
    }


def test_answers_to_calls_without_ids_have_none_and_failures_are_named_so() -> None:
    with gemini_wire([[*calls(("overview", {}), signature=SIGNATURE), *end()], answer("fine")], signed=True) as server:
        first = turn("gemini", server.url).turn("gemini")
        assert first.calls[0].id == "call_1_t"
        failed = Results((ToolAnswer(first.calls[0], "no such host", is_error=True),))
        turn("gemini", server.url, [*QUESTION, first, failed])
    [answered] = server.asked[1].json["contents"][2]["parts"]
    assert answered == {"functionResponse": {"name": "overview", "response": {"error": "no such host"}}}


def test_turns_of_others_carry_the_signature_that_stands_for_none() -> None:
    made = (ToolCall("a", "overview", "{}", {"extra_content": {"x": 1}}), ToolCall("b", "explain", '{"host": "web-2"}'))
    foreign = Assistant("Let me look.", made, provider="openai", native={"where": "x"})
    with gemini_wire([answer("fine")], signed=True) as server:
        turn("gemini", server.url, after(foreign, "E1", "E2"))
    model = server.asked[0].json["contents"][1]
    assert model["parts"] == [
        {"text": "Let me look."},
        {"functionCall": {"name": "overview", "args": {}}, "thoughtSignature": SKIPPED},
        {"functionCall": {"name": "explain", "args": {"host": "web-2"}}},
    ]


def test_a_signature_of_another_model_is_not_sent() -> None:
    with gemini_wire([[*calls(("overview", {}), signature=SIGNATURE), *end()], answer("fine")]) as server:
        first = turn("gemini", server.url).turn("gemini")
        with closing(PROVIDERS.load("gemini")(Dialling(model="m-2", base_url=server.url))) as other:
            list(other.reply(after(first, "E1"), TOOLS))
    [part] = server.asked[1].json["contents"][1]["parts"]
    assert part["thoughtSignature"] == SKIPPED


def test_a_missing_signature_is_a_request_that_is_not_understood() -> None:
    """The server that checks signatures does refuse; what is sent without one says what came back."""
    with gemini_wire([[*calls(("overview", {})), *end()]], signed=True) as server:
        first = turn("gemini", server.url).turn("gemini")
        with (
            closing(provider("gemini", server.url)) as one,
            pytest.raises(Exception, match="thought_signature") as caught,
        ):
            list(one.reply(after(first, "E1"), TOOLS))
    assert getattr(caught.value, "kind", "") == "request"


def test_several_calls_in_several_chunks_and_the_same_one_twice() -> None:
    steps = [*calls(("overview", {}), ("overview", {})), *calls(("explain", {"host": "web-2"})), *end()]
    with gemini_wire([steps]) as server:
        found = turn("gemini", server.url).turn("gemini").calls
    assert [each.name for each in found] == ["overview", "overview", "explain"]
    assert len({each.id for each in found}) == 3


def test_a_call_without_arguments() -> None:
    with gemini_wire([[parts({"functionCall": {"name": "overview"}}), *end()]]) as server:
        assert turn("gemini", server.url).turn("gemini").calls == (ToolCall("call_1_t", "overview", "{}"),)


def test_thoughts_are_not_shown_and_are_counted() -> None:
    with gemini_wire([[thought("The user wants…"), *text("web-2"), *end(counted=usage(10, 5, thoughts=90))]]) as server:
        found = turn("gemini", server.url)
    assert (found.turn("gemini").text, found.usage) == ("web-2", Usage(10, 95))


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "SOMETHING_NEW"])
def test_a_blocked_prompt_is_an_error_with_the_reason(reason: str) -> None:
    with gemini_wire([blocked(reason, "Not this.")]) as server:
        found = refusal("gemini", server.url)
    assert (found.kind, found.status) == ("blocked", Status.FAILED)
    assert found.message.endswith(f"blocks the prompt: {reason}: Not this.")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        *(
            (each, "blocked")
            for each in ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE")
        ),
        *(("STOP", "stop"), ("MAX_TOKENS", "length"), ("OTHER", "unknown"), ("NEWER_THAN_THE_SDK", "unknown")),
    ],
)
def test_reasons(said: str, reason: str) -> None:
    with gemini_wire([[*text("so far"), *end(said)]]) as server:
        found = turn("gemini", server.url).finish
    assert found == Finish(reason, "" if reason == "stop" else said)  # type: ignore[arg-type]


@pytest.mark.parametrize("said", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"])
def test_a_call_that_the_server_cannot_read_is_asked_for_again_once(said: str) -> None:
    with gemini_wire([end(said), answer("now")]) as server:
        assert turn("gemini", server.url).turn("gemini").text == "now"
    with gemini_wire([end(said)] * 3) as server:
        found = refusal("gemini", server.url)
    assert found.kind == "broken" and said in found.message and len(server.asked) == 2
    with gemini_wire([[*text("so far"), *end(said)]]) as server:
        assert turn("gemini", server.url).finish == Finish("unknown", said)


@pytest.mark.parametrize(
    ("details", "kind", "wait_ms"),
    [
        ([PER_DAY, RETRY], "quota", None),
        ([PER_MINUTE, RETRY], "rate", 34_500),
        ([RETRY], "rate", 34_500),
        ([{"retryDelay": "soon"}, None, 5], "rate", -1),
    ],
)
def test_a_minutes_limit_and_a_days_quota_are_told_apart(details: Any, kind: str, wait_ms: int | None) -> None:
    with gemini_wire([error(429, USED_UP, "RESOURCE_EXHAUSTED", details)]) as server:
        found = refusal("gemini", server.url)
    assert found.kind == kind
    if wait_ms == -1:
        assert found.retry_at is None
    elif wait_ms is None:
        assert found.retry_at is not None and found.retry_at % DAY == 8 * HOUR
        assert 0 < found.retry_at - now_ms() <= DAY
    else:
        assert found.retry_at is not None and abs(found.retry_at - now_ms() - wait_ms) < 3_000


@pytest.mark.parametrize("kind", ["UNAUTHENTICATED", "PERMISSION_DENIED"])
def test_keys_are_refused_in_several_ways(kind: str) -> None:
    code = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403}[kind]
    with gemini_wire([error(code, "Your API key was reported as leaked.", kind)]) as server:
        assert refusal("gemini", server.url).kind == "auth"


def test_an_error_in_the_stream_without_a_code_breaks_it_off() -> None:
    with gemini_wire([[*text("so far"), event({"error": {"message": "boom"}})]]) as server:
        assert refusal("gemini", server.url, text="so far").kind == "broken"


@pytest.mark.parametrize("junk", ["5", "[{]", '{"candidates": [{"content": 5}]}'])
def test_chunks_that_the_sdk_cannot_read_break_it_off(junk: str) -> None:
    with gemini_wire([[*text("so far"), event(junk), *end()]]) as server:
        assert refusal("gemini", server.url, text="so far").kind == "broken"


def test_unknown_fields_and_values_are_no_news(capfd: pytest.CaptureFixture[str]) -> None:
    new = event({"candidates": [{"content": {"parts": [{"text": "web-2", "hologram": 1}], "role": "model"}, "new": 2}]})
    with gemini_wire([[new, *end("NEWER_THAN_THE_SDK")]]) as server:
        assert turn("gemini", server.url).turn("gemini").text == "web-2"
    assert capfd.readouterr() == ("", "")


def test_only_models_that_answer_are_listed() -> None:
    with gemini_wire([], models=("m-1",)) as server, closing(provider("gemini", server.url)) as one:
        assert list(one.models()) == ["m-1"]
    assert server.listed[0].headers["x-goog-api-key"] == "a-key-of-tests"


def test_a_long_conversation_keeps_its_order() -> None:
    messages = [
        System("s"),
        User("one"),
        Assistant("1", provider="offline"),
        User("two"),
        Assistant("2"),
        User("three"),
    ]
    with gemini_wire([answer("3")]) as server:
        turn("gemini", server.url, messages)
    said = [(each["role"], each["parts"][0]["text"]) for each in server.asked[0].json["contents"]]
    assert said == [("user", "one"), ("model", "1"), ("user", "two"), ("model", "2"), ("user", "three")]
