"""A conversation as one provider may see it: answers of tools that it may not be sent, and what was said on them, are
left out; providers of one conversation may differ in that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from smartcloudops.ask.messages import Assistant, Message, Results, System, ToolAnswer, User

_WITHHELD = "(withheld: {what} may not be sent to you)"


def permitted(
    messages: Sequence[Message], sends_of: Callable[[str], str], sends: Iterable[str] | None
) -> list[Message]:
    """The messages with what is not in `sends` replaced by a note; all as they are with None.

    What a provider said on a question is replaced where it had looked at what is withheld.
    """
    if sends is None:
        return list(messages)
    allowed = {*sends, "nothing"}
    out: list[Message] = []
    lost: set[str] = set()
    for message in messages:
        if isinstance(message, User):
            lost = set()
        if isinstance(message, Results):
            lost |= {kind for answer in message.answers if (kind := sends_of(answer.call.name)) not in allowed}
            message = Results(tuple(_answer(each, sends_of(each.call.name), allowed) for each in message.answers))
        elif isinstance(message, Assistant) and lost and message.text:
            message = replace(message, text=_WITHHELD.format(what=" and ".join(sorted(lost))), native=None)
        if not isinstance(message, System):
            out.append(message)
    return out


def _answer(answer: ToolAnswer, kind: str, allowed: set[str]) -> ToolAnswer:
    if kind in allowed:
        return answer
    return ToolAnswer(answer.call, _WITHHELD.format(what=kind))
