"""The answerer that needs no model, no key and no network: rules over what the same tools find."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from smartcloudops.ask.answering import replying
from smartcloudops.ask.messages import CallDelta, Delta, Finish, Messages, Results, TextDelta, ToolSpec
from smartcloudops.ask.providers import Dialling


class Offline:
    """Keeps nothing: every turn is decided from the messages alone."""

    name = "offline"
    model = "rules"
    where = ""

    def __init__(self, dialling: Dialling | None = None) -> None:
        """There is nobody to dial."""

    def reply(self, messages: Messages, tools: Sequence[ToolSpec]) -> Iterator[Delta]:
        """Calls of the tools that are still needed, or the answer, a paragraph at a time."""
        calls, paragraphs = replying.reply(messages, [tool.name for tool in tools])
        turn = sum(isinstance(m, Results) for m in messages)
        for place, (name, arguments) in enumerate(calls):
            yield CallDelta(place, f"offline_{turn}_{place}", name, json.dumps(arguments), whole=True)
        for place, text in enumerate(paragraphs):
            yield TextDelta(text if place == 0 else f"\n\n{text}")
        yield Finish("stop")

    def models(self) -> Sequence[str]:
        """There is one."""
        return (self.model,)

    def close(self) -> None:
        """Nothing is open."""
