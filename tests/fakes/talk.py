"""A conversation partner that follows a script; run as a program, `sco ask` with it: `python talk.py STATE_DIR`."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from smartcloudops.ask.events import Answer, Answered, Called, Calling, Event, Looked, Said, Started
from smartcloudops.ask.messages import ToolAnswer, ToolCall, Usage
from smartcloudops.cli.repl import converse
from smartcloudops.core.errors import ScoError, Status, UsageError
from smartcloudops.core.records import Evidence


@dataclass(frozen=True)
class Row:
    id: str
    updated: int
    title: str
    turns: int


def evidence(value: float) -> Looked:
    values = ({"entity": "web-2", "name": "cpu last", "value": value, "unit": "%", "time": 0, "ref": "1.last"},)
    e = Evidence("E1", "metric", "prometheus", "avg(cpu)", 0, 3_600_000, 3_600_000, values)
    return Looked(e, "query_metrics", {"query": "cpu"})


@dataclass
class ScriptedTalk:
    """`slow …` says a word every 50 ms for a minute; `fail` and `late` fail, the latter within the answer."""

    heard: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def ask(self, question: str) -> Iterator[Event]:
        self.heard.append(question)
        self.said.append("")
        if question == "fail":
            raise UsageError("the question is refused", hint="ask another")
        yield Started("scripted", "one", "")
        call = ToolCall("1", "query_metrics", '{"query": "cpu"}')
        yield Calling(call)
        yield Called(ToolAnswer(call, ""), 12)
        try:
            for word in self._words(question):
                self.said[-1] += word
                yield Said(word)
                if question == "late":
                    raise ScoError("the connection broke")
        except (KeyboardInterrupt, GeneratorExit):
            self.said[-1] += " [kept as interrupted]"
            raise
        yield Answered(Answer(self.said[-1], "scripted", "one", (evidence(97.0),), usage=Usage(10, 20)))

    def _words(self, question: str) -> Iterator[str]:
        if question.startswith("slow"):
            for number in range(1200):
                yield f"word{number} "
                time.sleep(0.05)
        yield from ("You said ", f"**{question!r}**", " [E1].")

    def retry(self) -> Iterator[Event]:
        if not self.heard:
            raise UsageError("there is no question to ask again")
        return self.ask(self.heard[-1])

    def set_model(self, text: str) -> str:
        return f"{text or 'scripted'} answers"

    def tools(self) -> Sequence[tuple[str, str, str]]:
        return [("query_metrics", "values over time", "metrics"), ("search_logs", "lines", "not offered: logs")]

    def context(self) -> str:
        return "=== system\nYou are sco."

    def looked(self) -> Sequence[Looked]:
        return [evidence(97.0)] if self.heard else []

    def look_again(self, number: int) -> tuple[Looked, Looked]:
        if number != 1:
            raise UsageError(f"there is no evidence {number}", hint="there are E1")
        return evidence(97.0), replace(evidence(41.0))

    def resume(self, session: str | None) -> str:
        return f"session {session or 'newest'}: why is web-2 slow"

    def list_sessions(self) -> Sequence[Row]:
        return [Row("a1b2", 3_600_000, "why is web-2 slow", 3), Row("c3d4", 0, "disk", 1)]

    def clear(self) -> None:
        self.heard.clear()
        self.said.clear()

    def cost(self) -> str:
        return f"{len(self.heard)} questions, $0.0100"

    def transcript(self) -> str:
        pairs = zip(self.heard, self.said, strict=True)
        return "".join(f"## {question}\n\n{answer}\n\n" for question, answer in pairs)

    def hosts(self) -> Sequence[str]:
        return ["web-1", "web-2", "db-1"]

    def metrics(self) -> Sequence[str]:
        return ["checkout_latency", "cpu"]


if __name__ == "__main__":
    # As `sco` does, which ends by an exception.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(Status.TERMINATED))
    status = converse(ScriptedTalk(), Path(sys.argv[1]))
    print(f"ended with {int(status)}")
    sys.exit(status)
