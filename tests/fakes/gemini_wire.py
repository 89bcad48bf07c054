"""A server on loopback that speaks Gemini from a script.

with gemini_wire([[*calls(("overview", {})), *end()], answer("web-2 is slow.")]) as server:
    Gemini(Dialling(base_url=server.url)) ...
    server.asked[0].json["contents"]
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from fakes.sse_server import Drop, Reply, SseServer, Step, Wait, drop, drop_after, event, stall, status

__all__ = [
    "SIGNATURE",
    "Drop",
    "Reply",
    "Step",
    "Wait",
    "answer",
    "blocked",
    "calls",
    "candidate",
    "drop",
    "drop_after",
]
__all__ += ["end", "error", "event", "gemini_wire", "parts", "stall", "status", "text", "thought", "usage"]

SIGNATURE = base64.b64encode(b"\xfb\xff signed by the model").decode()
_SKIPPED = base64.b64encode(b"skip_thought_signature_validator").decode()


def gemini_wire(
    script: Iterable[Reply | Sequence[Step]],
    *,
    models: Sequence[str] | None = (),
    signed: bool = False,
    slow_listing_s: float = 0.0,
) -> SseServer:
    """The server, under any version of the API; `models` None: it has no list of them.

    Refuses calls without answers, and where `signed` calls without a signature of its own or the one that stands for
    it, as the real one does.
    """
    able = ["generateContent", "countTokens"]
    rows = [{"name": f"models/{each}", "supportedGenerationMethods": able} for each in models or ()]
    rows.append({"name": "models/embedding-1", "supportedGenerationMethods": ["embedContent"]})
    listing = None if models is None else {"models": rows}

    def check(body: Mapping[str, Any]) -> Reply | None:
        return _unanswered(body) or (_unsigned(body) if signed else None)

    return SseServer(script, base="", listing=listing, check=check, slow_listing_s=slow_listing_s)


def _named(content: Mapping[str, Any], kind: str) -> list[str]:
    return [part[kind]["name"] for part in content["parts"] if kind in part]


def _unanswered(body: Mapping[str, Any]) -> Reply | None:
    contents = [*body["contents"], {"parts": []}]
    for one, after in pairwise(contents):
        if _named(one, "functionCall") != _named(after, "functionResponse"):
            said = (
                "Please ensure that the number of function response parts is equal to the number of function call parts"
            )
            return error(400, said, "INVALID_ARGUMENT")
    return None


def _unsigned(body: Mapping[str, Any]) -> Reply | None:
    for number, content in enumerate(body["contents"]):
        first = next((part for part in content["parts"] if "functionCall" in part), None)
        given = None if first is None else first.get("thoughtSignature", "").replace("-", "+").replace("_", "/")
        if given is not None and given not in (SIGNATURE, _SKIPPED):
            said = f"Function call in the {number}. content block is missing a thought_signature"
            return error(400, said, "INVALID_ARGUMENT")
    return None


def candidate(finish: str | None = None, *, message: str | None = None, parts: Sequence[Any] | None = None) -> bytes:
    """A chunk with one candidate."""
    fields = {"finishReason": finish, "finishMessage": message}
    known = {name: value for name, value in fields.items() if value}
    content = {} if parts is None else {"content": {"role": "model", "parts": list(parts)}}
    return event({"candidates": [{**content, **known, "index": 0}], "modelVersion": "m"})


def parts(*given: Mapping[str, Any]) -> bytes:
    """A chunk with these parts."""
    return candidate(parts=given)


def text(said: str, pieces: int = 2) -> list[bytes]:
    """The answer's text in pieces."""
    size = max(1, -(-len(said) // pieces))
    return [parts({"text": said[i : i + size]}) for i in range(0, len(said), size)]


def thought(said: str) -> bytes:
    """What the model thinks, which nobody is shown."""
    return parts({"text": said, "thought": True})


def calls(*wanted: tuple[str, Any], signature: str | None = None, ids: Sequence[str] = ()) -> list[bytes]:
    """Tool calls as Gemini sends them: whole, all in one chunk; the first is signed where there is a signature."""
    made = []
    for number, (name, arguments) in enumerate(wanted):
        call = {"name": name, "args": arguments, **({"id": ids[number]} if ids else {})}
        made.append({"functionCall": call, **({"thoughtSignature": signature} if signature and not number else {})})
    return [parts(*made)]


def usage(given: int, received: int, thoughts: int = 0, cached: int = 0) -> bytes:
    """A chunk with what was counted so far."""
    counted = {"promptTokenCount": given, "candidatesTokenCount": received, "cachedContentTokenCount": cached}
    return event({"usageMetadata": {**counted, "thoughtsTokenCount": thoughts, "totalTokenCount": given + received}})


def end(finish: str = "STOP", counted: bytes | None = None) -> list[bytes]:
    """What was counted, and the reason; there is no other mark of the end."""
    return [*([counted] if counted else []), candidate(finish)]


def blocked(reason: str, words: str | None = None) -> list[bytes]:
    """The prompt is refused."""
    known = {"blockReason": reason, "blockReasonMessage": words}
    return [event({"promptFeedback": {name: value for name, value in known.items() if value}})]


def answer(said: str) -> list[bytes]:
    """A whole ordinary answer."""
    return [*text(said), *end(counted=usage(10, 5))]


def error(
    code: int, said: str, kind: str, details: Sequence[Any] = (), headers: Mapping[str, str] | None = None
) -> Reply:
    """A refusal in Google's form."""
    return status(code, {"error": {"code": code, "message": said, "status": kind, "details": list(details)}}, headers)
