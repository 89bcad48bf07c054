"""What crosses between the loop and a provider: messages go in, deltas come out; frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from smartcloudops.core.records import Evidence


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a provider declares it; `parameters` is a JSON Schema of type object, flat."""

    name: str
    about: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call as the model made it; `arguments` is its JSON text, which may be none.

    `id` is the provider's, or ours where it gave none; `extra` is what the provider wants back unchanged.
    """

    id: str
    name: str
    arguments: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a call gave: `text` for models, `evidence` and `data` for the offline answerer, which reads no text."""

    call: ToolCall
    text: str
    is_error: bool = False
    evidence: tuple[Evidence, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class System:
    """Standing instructions and the live context; `facts` is that context for the offline answerer."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class User:
    """What the person said, with files and standard input fenced below it."""

    text: str


@dataclass(frozen=True, slots=True)
class Assistant:
    """One turn of a provider. `native` is what `provider` wants back for this turn, verbatim; others get the text.

    `knew`: what of `send` had been seen when it was said, in the live context and in the answers of tools.
    """

    text: str
    calls: tuple[ToolCall, ...] = ()
    provider: str = ""
    native: Any = None
    interrupted: bool = False
    knew: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """The answers to all calls of the turn before, in its order."""

    answers: tuple[ToolAnswer, ...]


Message = System | User | Assistant | Results


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class CallDelta:
    """A piece of a tool call, as the wire has it: any field may be missing, repeated or late.

    `whole`: nothing more follows for this call, and the next delta is another one whatever its index.
    """

    index: int | None = None
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    whole: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NativeDelta:
    """The turn as the provider wants it back; the last one wins."""

    native: Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request, as the provider counts them; the last one of a request wins."""

    input: int = 0
    output: int = 0
    cached: int = 0


Reason = Literal["stop", "length", "blocked", "unknown"]


@dataclass(frozen=True, slots=True)
class Finish:
    """Why the provider stopped, where it says so. Never decides whether the loop goes on."""

    reason: Reason
    detail: str = ""


Delta = TextDelta | CallDelta | NativeDelta | Usage | Finish
Messages = Sequence[Message]
