"""A conversation as text: exactly what a provider gets, and a transcript to keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from smartcloudops.ask.events import Looked
from smartcloudops.ask.incoming import inert
from smartcloudops.ask.messages import Assistant, Message, Results, System, ToolSpec, User
from smartcloudops.ask.withholding import permitted
from smartcloudops.core.times import SECOND, rfc3339


def prompt(
    provider: str,
    system: System,
    messages: Sequence[Message],
    tools: Sequence[ToolSpec],
    sends_of: Callable[[str], str],
    sends: Iterable[str] | None,
) -> str:
    """Every text that leaves the machine with the next request, in order."""
    allowed = None if sends is None else tuple(sends)
    where = (
        "nothing leaves this machine"
        if allowed is None
        else f"sent: {', '.join(allowed) or 'nothing but the question'}"
    )
    parts = [f"=== to {provider} ({where})", f"=== system\n{system.text}"]
    parts += [f"=== {role}\n{text}" for role, text in _spoken(permitted(messages, sends_of, allowed))]
    declared = [{"name": t.name, "description": t.about, "parameters": dict(t.parameters)} for t in tools]
    parts.append("=== tools\n" + "\n".join(json.dumps(one, ensure_ascii=False) for one in declared))
    return "\n\n".join(parts) + "\n"


def _spoken(messages: Sequence[Message]) -> Iterator[tuple[str, str]]:
    for message in messages:
        if isinstance(message, User):
            yield "user", message.text
        elif isinstance(message, Assistant):
            calls = "".join(f"\n→ {call.name} {call.arguments}" for call in message.calls)
            yield "assistant", (message.text + calls).strip()
        elif isinstance(message, Results):
            for answer in message.answers:
                yield f"tool {answer.call.name}", answer.text


def transcript(messages: Sequence[Message], looked: Sequence[Looked]) -> str:
    """Questions, answers and evidence in Markdown."""
    parts = []
    for message in messages:
        if isinstance(message, User):
            parts.append(f"## {message.text.strip()}")
        elif isinstance(message, Assistant) and message.text.strip():
            parts.append(inert(message.text).strip() + ("\n\n*(interrupted)*" if message.interrupted else ""))
    if looked:
        parts.append("## Evidence\n" + "\n".join(map(_evidence, looked)))
    return "\n\n".join(parts) + "\n"


def _evidence(one: Looked) -> str:
    e = one.evidence
    window = f", {_time(e.start)} to {_time(e.end)}" if e.start is not None and e.end is not None else ""
    return f"- {e.id}: `{e.query.replace('`', '')}`{window}, looked at {_time(e.ran_at)} ({e.source})"


def _time(ms: int) -> str:
    return rfc3339(ms // SECOND * SECOND)
