"""The messages as every wire needs them: calls only with their answers, names and arguments that a server can read."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from smartcloudops.ask.messages import Assistant, Message, Messages, Results, System, ToolCall

_LONGEST_NAME = 64
# Tools take flat objects; what is nested for ever would exhaust the stack of whoever reads or writes it.
_MOST_BRACKETS = 300


def paired(messages: Messages) -> Iterator[Message]:
    """The messages without calls that nobody answered (the turn was interrupted) and answers that nobody asked for.

    A turn that loses calls loses its `native` form, which holds them. Turns that say nothing are left out.
    """
    turn: Assistant | None = None
    for message, after in zip_longest(messages, messages[1:]):
        if isinstance(message, Assistant):
            turn = _answered(message, after)
            if turn.text or turn.calls:
                yield turn
        elif not isinstance(message, Results):
            turn = None
            yield message
        elif turn is not None and turn.calls:
            ids = {call.id for call in turn.calls}
            yield Results(tuple(answer for answer in message.answers if answer.call.id in ids))
            turn = None


def _answered(turn: Assistant, after: Message | None) -> Assistant:
    ids = {answer.call.id for answer in after.answers} if isinstance(after, Results) else set()
    calls = tuple(call for call in turn.calls if call.id in ids)
    return turn if calls == turn.calls else dataclasses.replace(turn, calls=calls, native=None)


def instructions(messages: Messages) -> str:
    """The text of all System messages."""
    return "\n\n".join(sendable(message.text) for message in messages if isinstance(message, System))


def sendable(text: str) -> str:
    r"""Text that can be written as UTF-8: what was read with errors holds halves of characters.

    >>> sendable("caf\udce9")
    'caf?'
    """
    return text.encode("utf-8", "replace").decode()


def sendable_name(name: str) -> str:
    """A tool's name as servers take it: they refuse a whole conversation for one that their model made up.

    >>> sendable_name("query metrics!")
    'query_metrics_'
    """
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:_LONGEST_NAME] or "unknown"


def read_arguments(call: ToolCall) -> dict[str, Any]:
    """The arguments as an object; {} where they are none: the call's answer says that they could not be read."""
    if sum(map(call.arguments.count, "[{")) > _MOST_BRACKETS:
        return {}
    try:
        found = json.loads(sendable(call.arguments))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def table(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}
