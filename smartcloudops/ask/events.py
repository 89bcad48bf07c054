"""What happens while a question is answered, in order of happening; the terminal, JSON lines and HTTP show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from smartcloudops.ask.messages import ToolAnswer, ToolCall, Usage
from smartcloudops.core.errors import Status
from smartcloudops.core.records import Evidence


@dataclass(frozen=True, slots=True)
class Started:
    """A provider was asked; `where` is its address, "" where nothing leaves the machine."""

    provider: str
    model: str
    where: str


@dataclass(frozen=True, slots=True)
class Told:
    """Something a person should know, for stderr: a fallback, a source that is missing."""

    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the answer, safe to show."""

    text: str


@dataclass(frozen=True, slots=True)
class Calling:
    """A tool is about to run."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Called:
    """A tool has run; `answer.text` is what the provider gets."""

    answer: ToolAnswer
    took_ms: int


@dataclass(frozen=True, slots=True)
class Looked:
    """One thing that was looked at, and the call that looks again."""

    evidence: Evidence
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the answer, `text[start:end]`: with what it rests on, or why it rests on nothing."""

    start: int
    end: int
    text: str
    supported: bool
    evidence: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole of it. `text` is as shown; `cost_usd` None where no price is known; `numbers` only those checked."""

    text: str
    provider: str
    model: str
    looked: tuple[Looked, ...] = ()
    called: tuple[ToolAnswer, ...] = ()
    numbers: tuple[Number, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    interrupted: bool = False
    notes: tuple[str, ...] = ()
    status: Status = Status.DONE


@dataclass(frozen=True, slots=True)
class Answered:
    """The end."""

    answer: Answer


Event = Started | Told | Said | Calling | Called | Answered
