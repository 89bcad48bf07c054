"""What crosses the borders between capabilities: frozen, plain Python, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was left out, and why. `series` is a series, group or file name."""

    series: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one series at one time.

    `score` is calibrated: ln(p) / ln(p0), 1.0 is one event in seven days. `p` is the causal tail probability of the
    raw score, `n` how many past rows stand behind it. `alarm` is the group's, what alerts are judged by: 1.0 is
    the threshold. `expected`, `lower`, `upper` are in the series' unit.
    """

    series: str
    group: str
    time: int
    value: float | None
    score: float
    p: float
    n: int
    expected: float | None = None
    lower: float | None = None
    upper: float | None = None
    detectors: tuple[str, ...] = ()
    alarm: float | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A series that explains part of an incident; shares of one incident add up to at most 1."""

    series: str
    share: float
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A stretch of anomalous rows of one group inside a scored window; times in ms, both ends included.

    `rows`: the times of the anomalous rows, in order. `trace`: the first suspect's values from a little before
    the first of them to the last, one a row, NaN = missing. `strong`: the last row at the threshold, None where all
    only hold an incident that is open. `evidence`: what else was looked at for it, such as the suspect's logs.
    """

    group: str
    start: int
    last: int
    peak: float
    suspects: tuple[Suspect, ...] = ()
    rows: tuple[int, ...] = ()
    trace: tuple[float, ...] = ()
    strong: int | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """Verdicts of one group merged over time. `end` is None while it is ongoing; times in ms, UTC.

    `source` says where the group's metrics come from; groups of other sources are other groups. `acked`: since when
    somebody takes care of it, so that no reminder is due until it ends; `note`: what they said. `strong`: the last
    row at the threshold, from which holding and remembering count; `last` may be one that only held it. `evidence`:
    what was looked at for it when it opened, such as the suspect's logs.
    """

    id: str
    fingerprint: str
    group: str
    start: int
    last: int
    end: int | None
    severity: Severity
    peak: float
    suspects: tuple[Suspect, ...] = ()
    label: bool | None = None
    model: str | None = None
    source: str = ""
    acked: int | None = None
    note: str | None = None
    strong: int | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was looked at: enough to run it again. `values`: {entity, name, value, unit, time}."""

    id: str
    kind: Literal["metric", "alert", "log", "infra", "runbook"]
    source: str
    query: str
    start: int | None
    end: int | None
    ran_at: int
    values: tuple[dict[str, Any], ...] = field(default=())
    text: str = ""
