"""The wire of Gemini: our messages to its contents, its chunks to our deltas; plain tables, no SDK."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    ToolAnswer,
    Usage,
    User,
)
from smartcloudops.ask.providers.turns import paired, read_arguments, sendable, sendable_name, table

# Gemini 3 refuses calls without the signature of the model that made them; this one stands for "made elsewhere".
# https://ai.google.dev/gemini-api/docs/thought-signatures
FOREIGN_SIGNATURE = base64.b64encode(b"skip_thought_signature_validator").decode()
# The model wrote a call that its own server could not read: asked again, it may do better.
MALFORMED = ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE")
_REASONS: dict[str, Reason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "blocked",
    "RECITATION": "blocked",
    "LANGUAGE": "blocked",
    "BLOCKLIST": "blocked",
    "PROHIBITED_CONTENT": "blocked",
    "SPII": "blocked",
    "MODEL_ARMOR": "blocked",
}


def conversation(messages: Messages, model: str) -> list[dict[str, Any]]:
    """The messages as contents; a turn goes back as it came to the model that made it, as text and calls to others."""
    said: list[dict[str, Any]] = []
    own: list[dict[str, Any]] = []
    for message in paired(messages):
        match message:
            case User(text):
                said.append({"role": "user", "parts": [{"text": sendable(text)}]})
            case Assistant():
                kept = _native(message, model)
                own = [table(part.get("functionCall")) for part in kept]
                said.append({"role": "model", "parts": kept or _rebuilt(message)})
            case Results(answers):
                said.append({"role": "user", "parts": [_response(answer, own) for answer in answers]})
            case System():
                pass
    return said


def _native(turn: Assistant, model: str) -> Sequence[dict[str, Any]]:
    kept = table(turn.native) if turn.provider == "gemini" else {}
    return kept.get("parts", ()) if kept.get("model") == model else ()


def _rebuilt(turn: Assistant) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"text": sendable(turn.text)}] if turn.text else []
    for number, call in enumerate(turn.calls):
        part: dict[str, Any] = {"functionCall": {"name": sendable_name(call.name), "args": read_arguments(call)}}
        # Of calls in parallel the first carries the signature.
        parts.append(part if number else {**part, "thoughtSignature": FOREIGN_SIGNATURE})
    return parts


def _response(answer: ToolAnswer, own: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The answer to a call, named as the call is: a call of its `own` keeps its id, if it has one, and any name."""
    call = answer.call
    known = {"id": call.id} if any(each.get("id") == call.id for each in own) else {}
    name = call.name if any(each.get("name") == call.name for each in own) else sendable_name(call.name)
    response = {"error" if answer.is_error else "result": sendable(answer.text)}
    return {"functionResponse": {**known, "name": name, "response": response}}


def deltas(chunks: Iterable[Mapping[str, Any]], model: str) -> Iterator[Delta]:
    """The chunks of one answer, as deltas; the parts, signatures and all, come last for the next request."""
    kept: list[dict[str, Any]] = []
    finish = ""
    for chunk in chunks:
        if usage := table(chunk.get("usageMetadata")):
            yield _usage(usage)
        candidate = _candidate(chunk)
        finish = str(candidate.get("finishReason") or finish)
        parts = table(candidate.get("content")).get("parts")
        for part in map(table, parts if isinstance(parts, list) else ()):
            _keep(kept, part)
            yield from _said(part)
    if kept:
        yield NativeDelta({"model": model, "parts": kept})
    if finish:
        reason = _REASONS.get(finish, "blocked" if finish.startswith("IMAGE_") else "unknown")
        yield Finish(reason, "" if reason == "stop" else finish)


def blocked(chunk: Mapping[str, Any]) -> str:
    """Why the prompt is refused, "" where it is not."""
    feedback = table(chunk.get("promptFeedback"))
    reason, words = feedback.get("blockReason") or "", feedback.get("blockReasonMessage")
    return f"{reason}: {words}" if reason and words else str(reason)


def _candidate(chunk: Mapping[str, Any]) -> dict[str, Any]:
    candidates = chunk.get("candidates")
    return table(candidates[0]) if isinstance(candidates, list) and candidates else {}


def _said(part: Mapping[str, Any]) -> Iterator[Delta]:
    if part.get("text") and not part.get("thought"):
        yield TextDelta(str(part["text"]))
    if call := table(part.get("functionCall")):
        arguments = json.dumps(call.get("args") or {})
        yield CallDelta(id=call.get("id"), name=call.get("name"), arguments=arguments, whole=True)


def _keep(kept: list[dict[str, Any]], part: dict[str, Any]) -> None:
    """Pieces of plain text are joined; what carries a signature, or is a thought, must stay as it is."""
    if kept and part.keys() == {"text"} == kept[-1].keys():
        kept[-1] = {"text": kept[-1]["text"] + part["text"]}
    elif part:
        kept.append(part)


def _usage(found: Mapping[str, Any]) -> Usage:
    def count(*names: str) -> int:
        return sum(int(found[name]) for name in names if isinstance(found.get(name), int))

    given = count("promptTokenCount", "toolUsePromptTokenCount")
    return Usage(given, count("candidatesTokenCount", "thoughtsTokenCount"), count("cachedContentTokenCount"))
