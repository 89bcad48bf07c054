"""One turn of a provider, put together or refused."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import pytest

from smartcloudops.ask.accumulate import Accumulator
from smartcloudops.ask.messages import Message, System, ToolSpec, User
from smartcloudops.ask.providers import PROVIDERS, Dialling, Provider
from smartcloudops.core.errors import ProviderError

OVERVIEW = ToolSpec(
    "overview",
    "What goes on.",
    {"type": "object", "properties": {"since": {"type": "string"}}, "additionalProperties": False},
)
EXPLAIN = ToolSpec(
    "explain", "Why.", {"type": "object", "properties": {"host": {"type": "string"}}, "required": ["host"]}
)
QUESTION = (System("You are terse."), User("why is web-2 slow?"))
TOOLS = (OVERVIEW, EXPLAIN)


def provider(name: str, url: str, *, key: str | None = "a-key-of-tests", timeout_s: float = 5.0) -> Provider:
    """The provider of that name at that address."""
    return PROVIDERS.load(name)(Dialling(model="m-1", base_url=url, key=key, timeout_s=timeout_s))


def turn(
    name: str,
    url: str,
    messages: Sequence[Message] = QUESTION,
    tools: Sequence[ToolSpec] = TOOLS,
    *,
    timeout_s: float = 5.0,
) -> Accumulator:
    """What a fresh provider answers, put together."""
    found = Accumulator("t")
    with closing(provider(name, url, timeout_s=timeout_s)) as one:
        for delta in one.reply(messages, tools):
            found.take(delta)
    return found


def refusal(
    name: str, url: str, tools: Sequence[ToolSpec] = TOOLS, *, timeout_s: float = 5.0, text: str = ""
) -> ProviderError:
    """The error that ends a turn, after this much of its text."""
    found = Accumulator("t")
    with closing(provider(name, url, timeout_s=timeout_s)) as one, pytest.raises(ProviderError) as caught:
        for delta in one.reply(QUESTION, tools):
            found.take(delta)
    assert found.turn(name).text == text
    return caught.value
