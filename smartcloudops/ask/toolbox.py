"""The one way to the tools: checks arguments, runs calls side by side, turns failures into text, numbers the evidence,
and lets out only text that is bounded, redacted and fenced."""

from __future__ import annotations

import json
import queue
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from smartcloudops.ask import outgoing, withholding
from smartcloudops.ask.arguments import canonical, checked
from smartcloudops.ask.events import Called, Looked
from smartcloudops.ask.messages import ToolAnswer, ToolCall, ToolSpec
from smartcloudops.ask.outgoing import Veil
from smartcloudops.ask.tools import TOOLS, Result, Tool
from smartcloudops.ask.world import World
from smartcloudops.core.errors import ScoError, UsageError
from smartcloudops.core.log import Log
from smartcloudops.core.records import Evidence
from smartcloudops.core.registry import Registry

CAP = 12_000
TIMEOUT_S = 30.0
MOST_CALLS = 16
# A secret that is cut in half is no longer one: what is looked at for secrets reaches beyond what is sent.
_MARGIN = 4_096
_MARK = re.compile(r"^§(\d+)\b", re.MULTILINE)
_LOG = Log("ask")


@dataclass(frozen=True, slots=True)
class Known:
    """What a toolbox has come to know: plain Python, so that it can come from another process."""

    numbered: int
    looked_at: list[Looked]
    answered: list[ToolAnswer]
    seen: dict[str, str]
    masks: Mapping[str, str]


@dataclass(slots=True)
class Toolbox:
    """The tools of one conversation."""

    world: World
    veil: Veil
    tools: Registry[Tool] = TOOLS
    timeout_s: float = TIMEOUT_S
    cap: int = CAP
    # How much evidence there is already; ids go on from there.
    numbered: int = 0
    looked_at: list[Looked] = field(default_factory=list)
    _seen: dict[str, str] = field(default_factory=dict)

    def offered(self, sends: Iterable[str] | None) -> list[ToolSpec]:
        """The tools whose answers may be sent; all with None, where nothing is sent."""
        return [tool.spec for tool in self._tools() if sends is None or tool.sends in {*sends, "nothing"}]

    def begin(self) -> None:
        """A new question: calls may be made again."""
        self._seen.clear()

    def gather(self, calls: Sequence[tuple[str, dict[str, Any]]], budget_s: float) -> list[ToolAnswer | None]:
        """Answers in the order of the calls; None for one that is not there in time."""
        made = [ToolCall(f"context_{name}", name, json.dumps(arguments)) for name, arguments in calls]
        found: list[ToolAnswer | None] = [None] * len(calls)
        for place, called in self._run(made, budget_s, sends=None):
            found[place] = None if called is None else called.answer
        return found

    def known(self) -> Known:
        """What the tools have given so far, to be handed to another toolbox of the same conversation."""
        return Known(self.numbered, self.looked_at, self.world.answered, self._seen, self.veil.masks)

    def take_over(self, known: Known) -> None:
        """Go on from what another toolbox of this conversation knows."""
        self.numbered, self.looked_at, self._seen = known.numbered, known.looked_at, known.seen
        self.world.answered[:] = known.answered
        self.veil.remember(known.masks)

    def run(self, calls: Sequence[ToolCall], *, sends: Iterable[str] | None = None) -> Iterator[Called]:
        """Run the calls of a turn side by side; their answers in order, each as soon as it and all before it are there.

        `sends`: what may be sent; a tool whose answers may not is refused.
        """
        for place, called in self._run(calls[:MOST_CALLS], self.timeout_s, sends=sends):
            yield called or Called(self._late(calls[place]), round(self.timeout_s * 1000))
        for call in calls[MOST_CALLS:]:
            text = f"error: more than {MOST_CALLS} calls at once; make it again if it is still needed"
            yield Called(ToolAnswer(call, text, True), 0)

    def sends_of(self, name: str) -> str:
        """What of `send` a tool's answers are; a name that is no tool has none."""
        return self.tools.load(name).sends if name in self.tools else "nothing"

    def looked(self, answer: ToolAnswer) -> tuple[Looked, ...]:
        """What an answer rests on, with the call that looks again."""
        ids = {one.id for one in answer.evidence}
        return tuple(one for one in self.looked_at if one.evidence.id in ids)

    def look_again(self, looked: Looked) -> ToolAnswer:
        """Make a call of before once more; its evidence gets new ids."""
        call = ToolCall("again", looked.tool, json.dumps(looked.arguments))
        self._seen.pop(canonical(looked.tool, looked.arguments), None)
        return next(self.run([call])).answer

    def _tools(self) -> Iterator[Tool]:
        return (self.tools.load(name) for name in self.tools)

    def _run(
        self, calls: Sequence[ToolCall], limit_s: float, *, sends: Iterable[str] | None
    ) -> Iterator[tuple[int, Called | None]]:
        deadline = time.monotonic() + limit_s
        waiting = [self._start(call, sends) for call in calls]
        for place, job in enumerate(waiting):
            done = job.result(max(0.0, deadline - time.monotonic()))
            if done is None:
                self._seen.pop(canonical(job.call.name, job.arguments), None)
            yield place, None if done is None else Called(self._finished(job, done), job.took_ms)

    def _start(self, call: ToolCall, sends: Iterable[str] | None) -> _Job:
        try:
            tool = self._tool(call.name, sends)
            shown = {k: self._restored(v) for k, v in checked(tool.parameters, call.arguments).items()}
            self._once(call, shown)
        except ScoError as e:
            return _Job(call, None, {}, _said(e))
        job = _Job(call, tool, shown)
        threading.Thread(target=job.run, args=(self._seen_by(sends),), name=f"tool {call.name}", daemon=True).start()
        return job

    def _seen_by(self, sends: Iterable[str] | None) -> World:
        """The world with no answers but those that may be calculated with."""
        if sends is None:
            return self.world
        return replace(self.world, answered=withholding.within(self.world.answered, self.sends_of, sends))

    def _tool(self, name: str, sends: Iterable[str] | None) -> Tool:
        if name not in self.tools:
            known = ", ".join(self.tools)
            raise UsageError(f"there is no tool `{name[:60]}`", hint=f"the tools are {known}")
        tool = self.tools.load(name)
        if sends is not None and tool.sends not in {*sends, "nothing"}:
            raise UsageError(f"`{name}` is not offered: {tool.sends} may not be sent to this provider")
        return tool

    def _once(self, call: ToolCall, arguments: Mapping[str, Any]) -> None:
        key = canonical(call.name, arguments)
        if key in self._seen:
            raise UsageError(f"the same call was made before; its answer is {self._seen[key] or 'above'}")
        self._seen[key] = ""

    def _restored(self, value: Any) -> Any:
        return self.veil.restore(value) if isinstance(value, str) else value

    def _finished(self, job: _Job, done: Result | str) -> ToolAnswer:
        """Number what was found, and make of it what may leave."""
        if isinstance(done, str):
            return ToolAnswer(job.call, self._outward(done, job.call.name), True)
        evidence = tuple(self._numbered(one) for one in done.evidence)
        self.looked_at += [Looked(one, job.call.name, dict(job.arguments)) for one in evidence]
        self._seen[canonical(job.call.name, job.arguments)] = ", ".join(one.id for one in evidence)
        text = self._outward(_with_ids(done.text, evidence), job.call.name)
        answer = ToolAnswer(job.call, text, evidence=evidence, data=done.data)
        self.world.answered.append(answer)
        return answer

    def _numbered(self, evidence: Evidence) -> Evidence:
        self.numbered += 1
        return replace(evidence, id=f"E{self.numbered}")

    def _outward(self, text: str, source: str) -> str:
        """Bounded before it is searched for secrets, so that five megabytes cost no more than some kilobytes."""
        hidden = self.veil.hide(text[: self.cap + _MARGIN])
        if len(text) > self.cap:
            kept = hidden[: self.cap].rpartition("\n")[0] or hidden[: self.cap]
            left = f"… {len(text) - len(kept):,} of {len(text):,} characters are left out; ask for less:"
            hidden = f"{kept}\n{left} a shorter time, fewer series (`topk(5, …)`, `sum by (…)`), a smaller limit"
        return outgoing.fenced(hidden, source)

    def _late(self, call: ToolCall) -> ToolAnswer:
        text = f"error: no answer within {self.timeout_s:g} s; ask for less: a shorter time or fewer series"
        return ToolAnswer(call, text, True)


class _Job:
    """One call under way in a thread that nobody waits for at the end of the process."""

    def __init__(self, call: ToolCall, tool: Tool | None, arguments: Mapping[str, Any], failed: str = "") -> None:
        self.call, self.tool, self.arguments = call, tool, arguments
        self.took_ms = 0
        self._done: queue.SimpleQueue[Result | str] = queue.SimpleQueue()
        if failed:
            self._done.put(failed)

    def run(self, world: World) -> None:
        started = time.monotonic()
        found = self._guarded(world)
        self.took_ms = round((time.monotonic() - started) * 1000)
        _LOG.info("looked", tool=self.call.name, took_ms=self.took_ms, failed=isinstance(found, str))
        self._done.put(found)

    def result(self, wait_s: float) -> Result | str | None:
        """What it gave, or the error's text; None where it is not there in time."""
        try:
            return self._done.get(timeout=wait_s) if wait_s > 0 else self._done.get_nowait()
        except queue.Empty:
            return None

    def _guarded(self, world: World) -> Result | str:
        assert self.tool is not None
        try:
            return self.tool.run(world, self.arguments)
        except ScoError as e:
            return _said(e)
        except Exception as e:  # noqa: BLE001 - the border of a tool call: a bug in one must not end the answer
            from smartcloudops.core.bugs import write_bug

            path = write_bug(e, sys.argv)
            return f"error: `{self.call.name}` failed by a bug in sco ({type(e).__name__}, details in {path})"


def _said(e: ScoError) -> str:
    return f"error: {e.message}" + (f"\ntry: {e.hint}" if e.hint else "")


def _with_ids(text: str, evidence: Sequence[Evidence]) -> str:
    """The text with an id for each mark that begins a line: what comes from outside stands behind something."""
    if evidence and not _MARK.search(text):
        text = f"§1 {text}"
    ids = {str(number): one.id for number, one in enumerate(evidence, 1)}
    return _MARK.sub(lambda found: ids.get(found[1], found[0]), text)
