"""What was looked at since the question, read from data and evidence; a tool's text is quoted only where it failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.ask.answering.naming import Names, names_of
from smartcloudops.ask.messages import Assistant, Messages, Results, System, ToolAnswer, User
from smartcloudops.core.times import rfc3339

_FENCE = "<<<data "


@dataclass(frozen=True, slots=True)
class Looked:
    """`question` with the questions `before` it; `facts` of the live context; `answers` of tools since the question;
    `said`: the answer before; `attached`: a file or standard input came with the question."""

    question: str
    before: tuple[str, ...]
    facts: Mapping[str, Any]
    answers: tuple[ToolAnswer, ...]
    steps: int
    said: str = ""
    attached: bool = False

    @property
    def now(self) -> int:
        """What the question's times count from, ms."""
        return int(self.facts.get("now") or 0)

    @property
    def names(self) -> Names:
        """Known names, those that a look has brought to light among them."""
        known = names_of(self.facts)
        return Names(tuple(dict.fromkeys([*known.hosts, *self.data("find_unusual").get("hosts", ())])), known.metrics)

    def answer(self, tool: str) -> ToolAnswer | None:
        """The last answer of a tool that did not fail."""
        return next((a for a in reversed(self.answers) if a.call.name == tool and not a.is_error), None)

    def all(self, tool: str) -> list[ToolAnswer]:
        """Every answer of a tool that did not fail."""
        return [a for a in self.answers if a.call.name == tool and not a.is_error]

    def data(self, tool: str) -> Mapping[str, Any]:
        """What a tool's last answer holds; nothing where it was not called or failed."""
        found = self.answer(tool)
        return found.data if found else {}

    def called(self, tool: str) -> bool:
        """Whether it was called, whatever came of it."""
        return any(a.call.name == tool for a in self.answers)

    def cite(self, tool: str) -> str:
        """` [E4]`, or nothing where there is no evidence."""
        found = self.answer(tool)
        return cited(found) if found else ""

    def hint(self, tool: str) -> str:
        """What a tool that failed gave to try next; "" where it gave nothing."""
        found = next((a.text for a in self.answers if a.call.name == tool and a.is_error), "")
        return next((line[5:].strip() for line in found.splitlines() if line.startswith("try: ")), "")

    def failures(self) -> list[str]:
        """What could not be looked at and why, a line each."""
        return [f"`{a.call.name}`: {_reason(a.text)}" for a in self.answers if a.is_error and not _was_made(a.text)]


def cited(answer: ToolAnswer) -> str:
    """The id of an answer's first evidence, as it stands in a sentence."""
    return f" [{answer.evidence[0].id}]" if answer.evidence else ""


def read(messages: Messages) -> Looked:
    """The last question of a conversation, and what was looked at since."""
    facts = next((m.facts for m in reversed(messages) if isinstance(m, System)), {})
    asked = [i for i, m in enumerate(messages) if isinstance(m, User)]
    last = asked[-1] if asked else len(messages)
    since = [m for m in messages[last:] if isinstance(m, Results)]
    spoken = [m.text for m in messages[:last] if isinstance(m, Assistant) and m.text.strip()]
    return Looked(
        _question(messages[last]) if asked else "",
        tuple(_question(messages[i]) for i in asked[:-1]),
        facts,
        tuple(answer for m in since for answer in m.answers),
        len(since),
        spoken[-1] if spoken else "",
        bool(asked) and _FENCE in str(messages[last]),
    )


def arguments_of(answer: ToolAnswer) -> Mapping[str, Any]:
    """The arguments of a call; none where they are no JSON object."""
    try:
        found = json.loads(answer.call.arguments or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def clock(ms: int, now: int) -> str:
    """A moment, without the date where it is of the last eighteen hours: `14:05Z`."""
    text = rfc3339(ms)[:16] + "Z"
    return text[11:] if 0 <= now - ms < 18 * 3_600_000 else text


def _question(message: Any) -> str:
    """What the person said, without files and standard input fenced below it."""
    return str(message.text).partition(_FENCE)[0].strip()


def _reason(text: str) -> str:
    """The error's own line, out of its fence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = next((line for line in lines if "error:" in line), lines[0] if lines else "no reason was given")
    return found.partition("error:")[2].strip() or found


def _was_made(text: str) -> bool:
    return "the same call was made before" in text
