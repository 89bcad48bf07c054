"""What is going on now, looked at side by side under a time limit: alerts, incidents, watched metrics, and what was not
to be had.

Each part is the bounded text of the tool that found it, so that what stands in the context is evidence like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from smartcloudops.core.errors import DataError, ModelError, ScoError
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable
from smartcloudops.core.times import MINUTE, format_duration, minute

if TYPE_CHECKING:
    from smartcloudops.ask.events import Looked
    from smartcloudops.ask.messages import ToolAnswer
    from smartcloudops.ask.world import World

LONGEST = 6_000
_LONGEST_LINE = 300
_MOST_MISSING = 8


class Gatherer(Protocol):
    """What runs tools under a time limit."""

    # Answers in the order of the calls, their evidence numbered; None for one that is late.
    def gather(self, calls: Sequence[tuple[str, dict[str, Any]]], budget_s: float) -> list[ToolAnswer | None]: ...

    # What an answer rests on.
    def looked(self, answer: ToolAnswer) -> tuple[Looked, ...]: ...


@dataclass(frozen=True, slots=True)
class _Part:
    """One look: which tool with which arguments, what of `send` it is, and how many characters it may take."""

    tool: str
    arguments: Mapping[str, Any]
    sends: str
    heading: str
    room: int


_PARTS = (
    _Part("list_alerts", {"limit": 10}, "alerts", "Alerts", 1_500),
    _Part("list_incidents", {"open_only": True, "limit": 5}, "alerts", "Open incidents", 1_200),
    _Part("overview", {}, "metrics", "Watched metrics", 2_400),
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the context; `sends`: what of `send` it is, "nothing" where anybody may have it."""

    sends: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Context:
    """What is going on. `facts` is the same for the offline answerer; `missing`: a line for whatever was not there."""

    sections: tuple[Section, ...]
    facts: dict[str, Any]
    looked: tuple[Looked, ...]
    missing: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return self.text_for(None)

    def text_for(self, sends: Iterable[str] | None) -> str:
        """What a provider may have that is sent these kinds; everything with None."""
        allowed = None if sends is None else {*sends, "nothing"}
        parts = []
        for section in self.sections:
            is_sent = allowed is None or section.sends in allowed
            parts.append(f"### {section.heading}\n{section.text if is_sent else f'({section.sends} may not be sent)'}")
        return "\n\n".join(parts)


def gather(world: World, toolbox: Gatherer, *, budget_ms: int) -> Context:
    """Look at everything at once; nothing here raises for a source that is down, late or not configured."""
    answers = toolbox.gather([(part.tool, dict(part.arguments)) for part in _PARTS], budget_ms / 1000)
    found = dict(zip((part.tool for part in _PARTS), answers, strict=True))
    missing = list(_missing(found, budget_ms))
    sources, metrics = _sources(world, found, missing)
    sections = [Section("metrics", "Sources", sources)]
    sections += [Section(part.sends, part.heading, _shown(found[part.tool], part)) for part in _PARTS]
    if missing:
        sections.append(Section("metrics", "Missing", _listed(missing)))
    looked = tuple(one for answer in answers if answer is not None for one in toolbox.looked(answer))
    return Context(tuple(sections), _facts(world, found, metrics, missing), looked, tuple(missing))


Found = Mapping[str, "ToolAnswer | None"]


def _shown(answer: ToolAnswer | None, part: _Part) -> str:
    if answer is None or answer.is_error:
        return "not to be had: see Missing"
    return within(answer.text, part.room, part.tool)


def within(text: str, room: int, tool: str) -> str:
    """A tool's text in so many characters: whole lines from the top, and the mark that ends it where it is fenced."""
    if len(text) <= room:
        return text
    lines = text.split("\n")
    close = [lines.pop()] if lines[-1].startswith("<<<") else []
    kept, left = list[str](), room - sum(map(len, close)) - 80
    for line in lines:
        shown = line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
        left -= len(shown) + 1
        if left < 0:
            break
        kept.append(shown)
    return "\n".join([*kept, f"… {len(lines) - len(kept)} more lines: `{tool}` has all", *close])


def _missing(found: Found, budget_ms: int) -> Iterator[str]:
    """A line for whatever did not come, with the reason."""
    for tool, answer in found.items():
        if answer is None:
            yield f"{tool}: no answer within {format_duration(budget_ms)}"
        elif answer.is_error:
            yield f"{tool}: {_reason(answer.text)}"
        else:
            yield from (f"{tool}: {_line(each)}" for each in answer.data.get("missing", ()))
            late = answer.data.get("late") or ()
            if late:
                yield f"{tool}: no answer in time of {_line(', '.join(late))}"


def _reason(text: str) -> str:
    """Why a tool failed, and what to try."""
    lines = [line for line in text.split("\n") if not line.startswith("<<<")]
    return _line("; ".join(lines).removeprefix("error: "))


def _line(text: str) -> str:
    shown = redact(printable(text))
    return shown if len(shown) <= _LONGEST_LINE else shown[: _LONGEST_LINE - 1] + "…"


def _listed(missing: Sequence[str]) -> str:
    left = len(missing) - _MOST_MISSING
    return "\n".join(
        [*(f"- {each}" for each in missing[:_MOST_MISSING]), *([f"- and {left} more"] if left > 0 else [])]
    )


def _sources(world: World, found: Found, missing: list[str]) -> tuple[str, list[dict[str, Any]]]:
    """Where everything comes from and how old it is, and the watched metrics; what cannot be told goes to `missing`."""
    lines, metrics = [], list[dict[str, Any]]()
    try:
        source = world.source()
        lines.append(f"metrics: {source.name}, {_line(source.where)}{_newest(world, found)}")
        metrics = [
            {"name": m.name, "unit": m.unit, "kind": m.kind, "direction": m.direction, "expr": m.expr}
            for m in world.metrics()
        ]
    except ScoError as e:
        missing.append(f"metrics: {_line(e.message)}")
    lines.append(f"model: {_model(world)}")
    lines.append(f"last detect: {_last_detect(world)}")
    return "\n".join(lines), metrics


def _newest(world: World, found: Found) -> str:
    """How old the newest values are."""
    overview = found.get("overview")
    if overview is None or overview.is_error:
        return ""
    try:
        extent = world.source().extent()
    except DataError:
        return "; values of this moment, no history yet"
    at = extent.end if extent is not None else overview.data.get("at")
    if at is None:
        return ""
    age = world.clock() - at
    return f"; newest values {minute(at)}" + (
        f", {format_duration(age // MINUTE * MINUTE)} old" if age >= MINUTE else ""
    )


def _model(world: World) -> str:
    from smartcloudops.anomaly.pointer import learnt_at, read_pointer

    try:
        version = read_pointer(world.config.models_dir)["version"]
        return f"{version}, learnt {minute(learnt_at(version))}" if version else "none (`sco train` makes one)"
    except ModelError as e:
        return f"cannot be read: {_line(e.message)}"


def _last_detect(world: World) -> str:
    from smartcloudops.core.runs import newest
    from smartcloudops.core.state import FILE, open_state

    if not (world.config.state_dir / FILE).exists():
        return "never"
    try:
        with open_state(world.config.state_dir) as state:
            last = next(iter(newest(state, "detect")), None)
    except ScoError as e:
        return f"cannot be read: {_line(e.message)}"
    if last is None:
        return "never"
    how = "not ended" if last.status is None else f"status {last.status}"
    error = f", {_line(str(last.facts['error']))}" if last.facts.get("error") else ""
    return f"{minute(last.started)}, {how}{error}"


def _facts(world: World, found: Found, metrics: list[dict[str, Any]], missing: Sequence[str]) -> dict[str, Any]:
    overview = _data(found, "overview")
    return {
        "now": _now(world),
        "source": _source(world),
        "hosts": list((overview or {}).get("hosts", ())),
        "metrics": metrics,
        "alerts": _data(found, "list_alerts"),
        "incidents": _data(found, "list_incidents"),
        "overview": overview,
        "logs": sorted(world.config.logs),
        "missing": list(missing),
    }


def _data(found: Found, tool: str) -> Mapping[str, Any] | None:
    answer = found.get(tool)
    return None if answer is None or answer.is_error else answer.data


def _now(world: World) -> int:
    try:
        return world.now()
    except ScoError:
        return world.clock()


def _source(world: World) -> str:
    try:
        return redact(world.source().where)
    except ScoError:
        return ""
