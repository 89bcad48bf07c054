"""What somebody sees while Terraform applies: what runs and for how long, and what Ctrl-C means."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from smartcloudops.core.console import Progress, is_terminal, width
from smartcloudops.core.streaming import Decision
from smartcloudops.core.text import printable
from smartcloudops.core.times import format_duration
from smartcloudops.infra.records import Step
from smartcloudops.infra.runner import Watch
from smartcloudops.infra.streams import Event

_SHOWN, _SLOWEST = 3, 3
# Columns that the counts take, and how many there are where no line is cut.
_BEFORE, _ANY = 46, 1000
_DOING = {"create": "creating", "update": "updating", "delete": "destroying", "read": "reading"}
_DONE = {"create": "created", "update": "updated", "delete": "destroyed"}
_QUESTION = """What now? Terraform goes on meanwhile.
  w  wait: it ends what it is at, saves the state, releases the lock
  s  stop now: {running} may be lost from the state, and stay in AWS unknown to it
  k  kill: nothing is saved any more, and a remote lock stays until somebody removes it
[w] """
_ANSWERS: dict[str, Decision] = {"": "wait", "w": "wait", "s": "interrupt", "k": "kill"}


@dataclass(slots=True)
class Following:
    """Follows one apply. `total` is how many resources it changes; `also` hears every event; `what` it is called."""

    total: int
    quiet: bool = False
    also: Callable[[Event], None] = lambda event: None
    what: str = "applying"
    err: TextIO = field(default_factory=lambda: sys.stderr)
    asks: TextIO = field(default_factory=lambda: sys.stdin)
    monotonic: Callable[[], float] = time.monotonic
    _progress: Progress = field(init=False)
    _began: dict[str, tuple[float, str]] = field(default_factory=dict)
    _ended: list[tuple[float, str, str]] = field(default_factory=list)
    _start_s: float = 0.0

    def __post_init__(self) -> None:
        self._progress = Progress(self.what, self.total, quiet=self.quiet, stream=self.err, monotonic=self.monotonic)
        self._start_s = self.monotonic()

    def watch(self) -> Watch:
        """For the runner."""
        return Watch(self._hear, self._tick, self._interrupted, self._decide)

    def _hear(self, event: Event) -> None:
        self.also(event)
        if not isinstance(event, Step):
            return
        if event.kind == "began":
            self._began[event.address] = (self.monotonic(), event.action)
        elif event.kind in ("ended", "failed"):
            since, action = self._began.pop(event.address, (self.monotonic(), event.action))
            if event.kind == "ended":
                self._ended.append((self.monotonic() - since, event.address, action))
            else:
                self.tell(f"failed: {event.address}, after {_seconds(self.monotonic() - since)}")

    def _tick(self) -> None:
        changed = sum(action != "read" for _, _, action in self._ended)
        self._progress.to(changed, max(self.total, changed), self._running())

    def _running(self) -> str:
        """What runs and for how long, the slowest last, where the eye rests; as many as the terminal has room for."""
        now = self.monotonic()
        rows = sorted((now - since, address, action) for address, (since, action) in self._began.items())
        texts = [f"{_DOING.get(action, action)} {address} {_seconds(took)}" for took, address, action in rows]
        room = width(self.err) - _BEFORE if is_terminal(self.err) else _ANY
        count = min(_SHOWN, len(texts))
        while count > 1 and len(", ".join(texts[-count:])) > room:
            count -= 1
        more = len(texts) - count
        return ", ".join([*([f"{more} more"] if more else []), *(texts[-count:] if count else [])])

    def tell(self, text: str) -> None:
        """A line that stays, above the one that is drawn over."""
        self._progress.hide()
        self.err.write(f"{printable(text)}\n")
        self.err.flush()

    def end(self) -> None:
        """Wipe the line out, and say what was done, how long it took, and what took longest."""
        self._progress.hide()
        if not self.quiet:
            self.err.writelines(f"{printable(line)}\n" for line in self._summary())

    def _summary(self) -> Iterator[str]:
        counts = [(sum(action == each for _, _, action in self._ended), said) for each, said in _DONE.items()]
        said = ", ".join(f"{count} {what}" for count, what in counts if count) or "nothing was changed"
        yield f"{said} in {_seconds(self.monotonic() - self._start_s)}"
        slow = sorted((row for row in self._ended if row[0] >= 1), reverse=True)[:_SLOWEST]
        if slow:
            yield "slowest: " + ", ".join(f"{address} {_seconds(took)}" for took, address, _ in slow)

    def _interrupted(self, count: int) -> None:
        at = self._running() or "what it is at"
        self.tell(f"stopping: Terraform finishes {at}, saves the state and releases the lock; again to choose")

    def _decide(self) -> Decision:
        """Ask what a further Ctrl-C means; where there is nobody to ask, wait."""
        if not (self.asks.isatty() and self.err.isatty()):
            self.tell("still stopping: the state is saved when Terraform has finished what it is at")
            return "wait"
        self._progress.hide()
        running = ", ".join(sorted(self._began)) or "what it is at"
        self.err.write(_QUESTION.format(running=printable(running)))
        self.err.flush()
        decision = _ANSWERS.get(self.asks.readline().strip().lower()[:1], "wait")
        self.tell({"wait": "waiting", "interrupt": "stopping now", "kill": "killed"}[decision])
        return decision


def _seconds(seconds: float) -> str:
    return format_duration(max(0, round(seconds)) * 1000)
