"""A provider that says what a test has written down, and remembers what it was sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from smartcloudops.ask.messages import CallDelta, Delta, Finish, Message, Messages, TextDelta, ToolSpec

# One turn: deltas, errors to raise where they stand, or functions to call there.
Turn = Sequence[Delta | Exception | Callable[[], object]]


@dataclass
class Scripted:
    """One turn after another; `sent` holds the messages and tool names of each request."""

    turns: list[Turn]
    name: str = "openai"
    model: str = "scripted"
    where: str = "scripted.test"
    sent: list[tuple[list[Message], list[str]]] = field(default_factory=list)
    closed: int = 0

    def reply(self, messages: Messages, tools: Sequence[ToolSpec]) -> Iterator[Delta]:
        """The next turn; an empty one where the script has ended."""
        self.sent.append((list(messages), [tool.name for tool in tools]))
        for each in self.turns.pop(0) if self.turns else []:
            if isinstance(each, Exception):
                raise each
            if callable(each):
                each()
            else:
                yield each

    def models(self) -> Sequence[str]:
        return (self.model,)

    def close(self) -> None:
        self.closed += 1


def says(*pieces: str) -> list[Delta]:
    """A turn of words."""
    return [*(TextDelta(piece) for piece in pieces), Finish("stop")]


def calls(*wanted: tuple[str, dict[str, Any]]) -> list[Delta]:
    """A turn of tool calls."""
    made = enumerate(wanted)
    return [CallDelta(i, f"id_{i}", name, json.dumps(arguments), whole=True) for i, (name, arguments) in made]
