"""From a conversation's messages to what is done next: calls, or the answer's paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from smartcloudops.ask.answering import logged, picture, plain_answers
from smartcloudops.ask.answering.intent import Intent, understand
from smartcloudops.ask.answering.looked import Looked, read
from smartcloudops.ask.answering.planning import Call, next_calls
from smartcloudops.ask.messages import Messages

Answer = Callable[[Intent, Looked], Iterator[str]]

_ANSWERS: Mapping[str, Answer] = {
    "health": picture.answer,
    "why": picture.answer,
    "what_changed": picture.answer,
    "since_when": plain_answers.since_when,
    "compare": plain_answers.compare,
    "list": plain_answers.as_list,
    "value": plain_answers.value,
    "forecast": plain_answers.forecast,
    "logs": logged.answer,
    "help": plain_answers.help_,
    "not_understood": plain_answers.not_understood,
}
_UNREAD = "What came with the question was not read: rules answer from metrics, alerts and incidents alone."


def reply(messages: Messages, offered: Iterable[str]) -> tuple[list[Call], list[str]]:
    """The next calls among the offered tools, or else the paragraphs of the answer."""
    looked = read(messages)
    intent = _meant(looked)
    calls = next_calls(intent, looked, offered)
    if calls:
        return calls, []
    attached = [_UNREAD] if looked.attached else []
    return [], [*_ANSWERS[intent.kind](intent, looked), *attached]


def _meant(looked: Looked) -> Intent:
    """The question's meaning; "since when?" after an answer is about the host that the answer named."""
    found = understand(looked.question, looked.names, now=looked.now, before=looked.before)
    alone = found.kind in ("since_when", "forecast") and not found.hosts and not found.strangers
    if not alone or not looked.before:
        return found
    first = looked.said.partition("\n")[0]
    named = tuple(h for h in looked.names.hosts if f"**{h}**" in first)
    return replace(found, hosts=named[:1])
