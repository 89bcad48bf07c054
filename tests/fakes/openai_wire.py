"""A server on loopback that speaks Chat Completions from a script.

with openai_wire([[*text("Let me look."), *calls(("overview", {})), *end()], answer("web-2 is slow.")]) as server:
    OpenAI(Dialling(base_url=server.url)) ...
    server.asked[0].json["messages"]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fakes.sse_server import Drop, Reply, SseServer, Step, Wait, drop, drop_after, event, stall, status

__all__ = ["Drop", "Reply", "Step", "Wait", "answer", "call", "calls", "chunk", "delta", "drop", "drop_after", "end"]
__all__ += ["error", "event", "openai_wire", "refusal", "stall", "status", "text", "usage"]


def openai_wire(
    script: Iterable[Reply | Sequence[Step]],
    *,
    models: Sequence[str] | None = (),
    base: str = "/v1",
    slow_listing_s: float = 0.0,
) -> SseServer:
    """The server; `models` None: it has no list of them. Refuses calls without answers, as the real one does."""
    rows = [{"id": each, "object": "model"} for each in models or ()]
    listing = None if models is None else {"object": "list", "data": rows}
    return SseServer(script, base=base, listing=listing, check=_unanswered, slow_listing_s=slow_listing_s)


def _unanswered(body: Mapping[str, Any]) -> Reply | None:
    open_ids: list[str] = []
    for message in body["messages"]:
        if message["role"] == "tool" and message["tool_call_id"] in open_ids:
            open_ids.remove(message["tool_call_id"])
        elif message["role"] == "tool" or open_ids:
            return error(400, f"tool_call_ids did not have response messages: {open_ids}", "invalid_request_error")
        open_ids += [call["id"] for call in message.get("tool_calls", ())]
    return error(400, "tool_call_ids did not have response messages", "invalid_request_error") if open_ids else None


def chunk(**more: Any) -> bytes:
    """One chunk of the stream with no choices but those given."""
    return event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "choices": [], **more})


def delta(finish: str | None = None, **fields: Any) -> bytes:
    """A chunk with one choice and these fields in its delta."""
    return chunk(choices=[{"index": 0, "delta": fields, "finish_reason": finish}])


def text(said: str, pieces: int = 2) -> list[bytes]:
    """The answer's text in pieces."""
    size = max(1, -(-len(said) // pieces))
    return [delta(content=said[i : i + size]) for i in range(0, len(said), size)]


def calls(*wanted: tuple[str, Any], pieces: int = 2) -> list[bytes]:
    """Tool calls as OpenAI sends them: id and name first, then fragments of the arguments, in parallel."""
    first, rest = [], []
    for index, (name, arguments) in enumerate(wanted):
        body = arguments if isinstance(arguments, str) else json.dumps(arguments)
        first.append(call(index, id=f"call_{name}_{index}", name=name, arguments=""))
        size = max(1, -(-len(body) // pieces))
        rest += [(i, call(index, arguments=body[i : i + size])) for i in range(0, len(body), size)]
    return [*first, *(piece for _, piece in sorted(rest, key=lambda each: each[0]))]


def call(index: int | None = None, *, id: str | None = None, **function: Any) -> bytes:
    """One piece of a call, with the fields that are given and no others."""
    known = {"index": index, "id": id, "type": "function" if id else None}
    return delta(tool_calls=[{**{k: v for k, v in known.items() if v is not None}, "function": function}])


def refusal(said: str) -> list[bytes]:
    """The model's own refusal."""
    return [delta(refusal=said), delta("stop")]


def usage(given: int, received: int, cached: int = 0) -> bytes:
    """The last chunk, with what was counted."""
    counted = {"prompt_tokens": given, "completion_tokens": received, "total_tokens": given + received}
    return chunk(usage={**counted, "prompt_tokens_details": {"cached_tokens": cached}})


def end(finish: str | None = "stop", counted: bytes | None = None) -> list[bytes]:
    """The reason, what was counted, and the mark of the end."""
    return [*([delta(finish)] if finish else []), *([counted] if counted else []), event("[DONE]")]


def answer(said: str) -> list[bytes]:
    """A whole ordinary answer."""
    return [*text(said), *end(counted=usage(10, 5))]


def error(code: int, said: str, kind: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    """A refusal in OpenAI's form."""
    return status(code, {"error": {"message": said, "type": "error", "param": None, "code": kind or None}}, headers)
