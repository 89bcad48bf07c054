"""Messages and evidence as JSON, without secrets, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from smartcloudops.ask.events import Looked
from smartcloudops.ask.messages import Assistant, Message, Results, ToolAnswer, ToolCall, User
from smartcloudops.core.errors import DataError
from smartcloudops.core.records import Evidence
from smartcloudops.core.redact import MASK, redact

# What code reads of an answer is for the turn at hand; more than this of it is not worth keeping.
_MOST_DATA = 200_000


def role_of(message: Message) -> str:
    """`user`, `assistant`, `results`, `system`."""
    return type(message).__name__.lower()


def write(message: Message) -> str:
    """The body of a message."""
    match message:
        case User(text):
            body: dict[str, Any] = {"text": text}
        case Assistant():
            body = {**asdict(message), "native": _untouched(message.native)}
        case Results(answers):
            body = {"answers": [{**asdict(each), "data": _small(each.data)} for each in answers]}
        case _:
            body = {"text": message.text}
    return dump(body)


def read(role: str, body: str) -> Message:
    """The message again; DataError where that is none."""
    try:
        found: Message = _READ[role](json.loads(body))
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise DataError(f"a stored {role} cannot be read: {type(e).__name__}: {e}") from e
    return found


def read_looked(evidence: str, tool: str, arguments: str) -> Looked:
    """A look again; DataError where that is none."""
    try:
        return Looked(_evidence(json.loads(evidence)), tool, dict(json.loads(arguments)))
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise DataError(f"stored evidence cannot be read: {type(e).__name__}: {e}") from e


def plain(evidence: Evidence) -> dict[str, Any]:
    """Evidence by its fields."""
    return asdict(evidence)


def dump(value: Any) -> str:
    """JSON of plain values, every text in it redacted; what has a secret's name is masked whole."""
    return json.dumps(_redacted(value, {}), ensure_ascii=False, separators=(",", ":"), default=str)


def _redacted(value: Any, seen: dict[str, str]) -> Any:
    """`seen` keeps texts that were looked at: evidence names the same hosts and metrics a thousand times."""
    if isinstance(value, str):
        if value not in seen:
            # A lone surrogate is no text that a file can hold.
            seen[value] = redact(value.encode("utf-8", "replace").decode())
        return seen[value]
    if isinstance(value, Mapping):
        return {_redacted(str(name), seen): _named(str(name), each, seen) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(each, seen) for each in value]
    return value


def _named(name: str, value: Any, seen: dict[str, str]) -> Any:
    return MASK if isinstance(value, str) and value and _names_a_secret(name) else _redacted(value, seen)


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    probe = json.dumps({name: "x"})
    return redact(probe) != probe


def _untouched(native: Any) -> Any:
    """What a provider wants back verbatim is of no use with a mask in it, or where JSON cannot hold it."""
    try:
        kept = json.loads(json.dumps(native))
    except (TypeError, ValueError):
        return None
    return kept if kept == native and _redacted(kept, {}) == kept else None


def _small(data: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return data if len(json.dumps(data)) <= _MOST_DATA else {}
    except (TypeError, ValueError):
        return {}


def _user(body: Mapping[str, Any]) -> User:
    return User(str(body["text"]))


def _assistant(body: Mapping[str, Any]) -> Assistant:
    calls = tuple(map(_call, body["calls"]))
    text, provider, knew = str(body["text"]), str(body["provider"]), tuple(map(str, body.get("knew", ())))
    return Assistant(text, calls, provider, body["native"], bool(body["interrupted"]), knew)


def _results(body: Mapping[str, Any]) -> Results:
    return Results(tuple(map(_answer, body["answers"])))


def _answer(body: Mapping[str, Any]) -> ToolAnswer:
    evidence = tuple(map(_evidence, body["evidence"]))
    return ToolAnswer(_call(body["call"]), str(body["text"]), bool(body["is_error"]), evidence, dict(body["data"]))


def _call(body: Mapping[str, Any]) -> ToolCall:
    return ToolCall(str(body["id"]), str(body["name"]), str(body["arguments"]), dict(body["extra"]))


def _evidence(body: Mapping[str, Any]) -> Evidence:
    return Evidence(**{**body, "values": tuple(map(dict, body["values"]))})


_READ: dict[str, Callable[[Any], Message]] = {"user": _user, "assistant": _assistant, "results": _results}
