"""The wire of Chat Completions: our messages to its, its chunks to our deltas; plain tables, no SDK."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from smartcloudops.ask.messages import (
    Assistant,
    CallDelta,
    Delta,
    Finish,
    Messages,
    NativeDelta,
    Reason,
    Results,
    System,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
    User,
)
from smartcloudops.ask.providers.turns import instructions, paired, read_arguments, sendable, sendable_name, table

_REASONS: dict[str, Reason] = {
    "stop": "stop",
    "tool_calls": "stop",
    "function_call": "stop",
    "length": "length",
    "content_filter": "blocked",
}
# Some servers want the thoughts of a turn back with its calls; nobody is shown them.
_THOUGHTS = ("reasoning_content", "reasoning")


def declared(tool: ToolSpec) -> dict[str, Any]:
    """A tool as the request declares it."""
    about = {"name": tool.name, "description": tool.about, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": about}


def conversation(messages: Messages, where: str) -> list[dict[str, Any]]:
    """The messages as the request has them; what only the server at `where` understands goes to no other."""
    standing = instructions(messages)
    said: list[dict[str, Any]] = [{"role": "system", "content": standing}] if standing else []
    for message in paired(messages):
        match message:
            case User(text):
                said.append({"role": "user", "content": sendable(text)})
            case Assistant():
                said.append(_turn(message, where))
            case Results(answers):
                said += [
                    {"role": "tool", "tool_call_id": answer.call.id, "content": sendable(answer.text)}
                    for answer in answers
                ]
            case System():
                pass
    return said


def _turn(turn: Assistant, where: str) -> dict[str, Any]:
    own = turn.provider == "openai" and table(turn.native).get("where", where) == where
    said: dict[str, Any] = {"role": "assistant", "content": sendable(turn.text) or None}
    if turn.calls:
        said["tool_calls"] = [_call(call, own=own) for call in turn.calls]
        said |= {name: table(turn.native)[name] for name in _THOUGHTS if own and name in table(turn.native)}
    return said


def _call(call: ToolCall, *, own: bool) -> dict[str, Any]:
    function = {"name": sendable_name(call.name), "arguments": json.dumps(read_arguments(call))}
    return {"id": call.id, "type": "function", "function": function, **(call.extra if own else {})}


def deltas(chunks: Iterable[Mapping[str, Any]], where: str) -> Iterator[Delta]:
    """The chunks of one answer, whatever of them is missing or of another type than it should be."""
    finish, refusal = "", ""
    thoughts: dict[str, str] = {}
    echoed = False
    for chunk in chunks:
        if usage := table(chunk.get("usage")):
            yield _usage(usage)
        choice = _choice(chunk)
        finish = str(choice.get("finish_reason") or finish)
        # A server that does not stream sends a whole message.
        delta = table(choice.get("delta")) or table(choice.get("message"))
        if text := _text(delta.get("content")):
            yield TextDelta(text)
        refusal += _text(delta.get("refusal"))
        for name in _THOUGHTS:
            if thought := _text(delta.get(name)):
                thoughts[name] = thoughts.get(name, "") + thought
        for call in _calls(delta, whole="delta" not in choice):
            echoed = echoed or bool(call.extra)
            yield call
    if thoughts or echoed:
        yield NativeDelta({"where": where, **thoughts})
    if refusal:
        yield Finish("blocked", refusal)
    elif finish:
        yield Finish(_REASONS.get(finish, "unknown"), "" if finish in _REASONS else finish)


def _choice(chunk: Mapping[str, Any]) -> dict[str, Any]:
    """The first choice; more than one was not asked for."""
    choices = chunk.get("choices")
    found = [table(each) for each in choices] if isinstance(choices, list) else []
    return next((each for each in found if each.get("index") in (0, None)), {})


def _calls(delta: Mapping[str, Any], *, whole: bool) -> Iterator[CallDelta]:
    calls = delta.get("tool_calls")
    for call in map(table, calls if isinstance(calls, list) else ()):
        function = table(call.get("function"))
        index, arguments = call.get("index"), function.get("arguments")
        yield CallDelta(
            index=index if isinstance(index, int) else None,
            id=_text(call.get("id")) or None,
            name=_text(function.get("name")) or None,
            # Some servers send the object itself.
            arguments=json.dumps(arguments) if isinstance(arguments, dict) else _text(arguments),
            whole=whole,
            extra={"extra_content": call["extra_content"]} if call.get("extra_content") else {},
        )


def _usage(found: Mapping[str, Any]) -> Usage:
    cached = table(found.get("prompt_tokens_details")).get("cached_tokens")
    return Usage(_count(found.get("prompt_tokens")), _count(found.get("completion_tokens")), _count(cached))


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _text(value: object) -> str:
    """Text, or the text parts of a list of parts."""
    if isinstance(value, list):
        return "".join(_text(table(part).get("text")) for part in value if table(part).get("type") == "text")
    return value if isinstance(value, str) else ""
