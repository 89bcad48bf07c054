"""A conversation as one provider may see it: answers of tools that it may not be sent, and what was said by whoever
knew them, are left out; providers of one conversation may differ in that."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from smartcloudops.ask.messages import Assistant, Message, Results, System, ToolAnswer, ToolCall, User

_EVIDENCE = re.compile(r"\bE\d+\b")
_WITHHELD = "(withheld: {what} may not be sent to you)"
NOTHING = "nothing"
# What of `send` the live context is.
LIVE = frozenset({"alerts", "metrics"})


def permitted(
    messages: Sequence[Message], sends_of: Callable[[str], str], sends: Iterable[str] | None
) -> list[Message]:
    """The messages with what is not in `sends` replaced by a note; all as they are with None.

    What a provider said, called and calculated goes with whatever it knew then: also in the live context, also from
    earlier questions.
    """
    if sends is None:
        return list(messages)
    allowed = {*sends, NOTHING}
    out: list[Message] = []
    lost: set[str] = set()
    unfit: set[str] = set()
    for message in messages:
        if isinstance(message, User):
            lost = set()
        if isinstance(message, Results):
            kinds = [_kind(sends_of(each.call.name), unfit) for each in message.answers]
            lost |= {kind for kind in kinds if kind not in allowed}
            pairs = zip(message.answers, kinds, strict=True)
            message = Results(tuple(_answer(each, kind, allowed, bare=bool(unfit)) for each, kind in pairs))
        elif isinstance(message, Assistant):
            unfit = set(message.knew) - allowed
            message = _turn(message, lost | unfit, bare=bool(unfit))
        if not isinstance(message, System):
            out.append(message)
    return out


def known_to(messages: Sequence[Message], sends_of: Callable[[str], str], sends: Iterable[str] | None) -> set[str]:
    """What of `send` a provider has seen that is given the live context and these messages."""
    answers = [each for message in messages if isinstance(message, Results) for each in message.answers]
    seen = {*LIVE, *(sends_of(each.call.name) for each in answers)} - {NOTHING}
    return seen if sends is None else seen & set(sends)


def within(
    answers: Sequence[ToolAnswer], sends_of: Callable[[str], str], sends: Iterable[str] | None
) -> list[ToolAnswer]:
    """The answers that may be calculated with: of kinds in `sends`, or made of such alone; all with None."""
    if sends is None:
        return list(answers)
    allowed, ids, found = set(sends), set[str](), list[ToolAnswer]()
    for answer in answers:
        kind = sends_of(answer.call.name)
        if kind in allowed or (kind == NOTHING and _named(answer.call) <= ids):
            ids |= {one.id for one in answer.evidence}
            found.append(answer)
    return found


def _named(call: ToolCall) -> set[str]:
    """Ids of the evidence that a call names."""
    return set(_EVIDENCE.findall(call.arguments))


def _kind(kind: str, unfit: set[str]) -> str:
    """What is nothing of its own is what the caller knew."""
    return " and ".join(sorted(unfit)) if kind == NOTHING and unfit else kind


def _turn(turn: Assistant, what: set[str], *, bare: bool) -> Assistant:
    text = _WITHHELD.format(what=" and ".join(sorted(what))) if what and turn.text else turn.text
    if bare:
        return replace(turn, text=text, calls=tuple(map(_bare, turn.calls)), native=None)
    return turn if text == turn.text else replace(turn, text=text, native=None)


def _bare(call: ToolCall) -> ToolCall:
    return ToolCall(call.id, call.name, "{}")


def _answer(answer: ToolAnswer, kind: str, allowed: set[str], *, bare: bool) -> ToolAnswer:
    call = _bare(answer.call) if bare else answer.call
    if kind in allowed:
        return replace(answer, call=call)
    return ToolAnswer(call, _WITHHELD.format(what=kind))
