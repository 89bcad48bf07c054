"""Newest window -> scores -> verdicts and findings: fetch, match to the model, score by shard, judge, explain."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from smartcloudops.anomaly import features, judge, policy, scoring
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.groups import Gathered, gather
from smartcloudops.anomaly.judge import State
from smartcloudops.anomaly.model import Shard
from smartcloudops.anomaly.reporting import (
    Rank,
    ScoredSeries,
    every_verdict,
    ranked_by,
    scored_series,
    suspects_of,
    verdicts_of,
)
from smartcloudops.anomaly.store import Stored
from smartcloudops.anomaly.training import metric_row
from smartcloudops.core.errors import ModelError, UsageError
from smartcloudops.core.records import Finding, Incident, Skip, Verdict
from smartcloudops.core.registry import nearest
from smartcloudops.core.settings import Detect, Metric
from smartcloudops.core.times import DAY, SECOND, parse_time
from smartcloudops.metrics import Source
from smartcloudops.metrics.series import Values, Window

TRACE_ROWS = 16


@dataclass(frozen=True, slots=True)
class Detection:
    """What a window showed. `scored`: newest scored time by group.

    `total` is how many series came or were learnt; `notes` are things a person should know. `courses` are the
    scores of every series, where they were asked for; `learnt_at` (ms) is when the model was made.
    """

    window: Window
    model: str
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    scored: Mapping[str, int]
    skipped: tuple[Skip, ...]
    series: int
    total: int
    notes: tuple[str, ...] = ()
    courses: tuple[ScoredSeries, ...] = ()
    learnt_at: int | None = None


@dataclass(slots=True)
class _Found:
    """What the shards gave so far."""

    verdicts: list[Verdict] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    scored: dict[str, int] = field(default_factory=dict)
    skipped: list[Skip] = field(default_factory=list)
    courses: list[ScoredSeries] = field(default_factory=list)
    series: int = 0


def _expected(shard: Shard, metrics: Sequence[Metric]) -> Iterator[str]:
    """The shard's series whose metrics are still configured."""
    names = {metric.name for metric in metrics}
    for group in shard.groups:
        yield from (name for name, metric in zip(group.names, group.metrics, strict=True) if metric in names)


def step_of(stored: Stored) -> int:
    """The model's step in ms; ModelError where its manifest has none."""
    try:
        step = stored.manifest["window"]["step_ms"]
    except (KeyError, TypeError) as e:
        raise ModelError(f"model {stored.version} is refused: its manifest has no step") from e
    if not isinstance(step, int) or isinstance(step, bool) or not SECOND <= step <= 366 * DAY:
        raise ModelError(f"model {stored.version} is refused: its step is {step!r}")
    return step


def detect(
    source: Source,
    metrics: Sequence[Metric],
    window: Window,
    stored: Stored,
    settings: Detect,
    *,
    ongoing: Iterable[Incident] = (),
    every: bool = False,
    courses: bool = False,
    rank: Rank | None = None,
    only: Container[str] | None = None,
) -> Detection:
    """Score a window with a stored model; writes nothing.

    `ongoing` are the newest incident of each group, open or just over: an open one holds its alert open, one that
    is over is not repeated; `every` gives a verdict for every series and row, not only for anomalous ones, `courses`
    the same as arrays; `rank` makes suspects of how far the series of an incident strayed; shards that hold none of
    the groups `only` are passed over. Raises what the source raises, ModelError where the model does not fit.
    """
    plans = _plans(stored)
    known, notes = _known(metrics, stored)
    longest = max((scoring.lookback(plan) for plan in plans.values()), default=0) * window.step
    gathered = gather(source, known, Window(window.start - longest, window.end, window.step))
    rows = {name: row for g in gathered.groups for name, row in zip(g.names, g.values, strict=True)}
    job = _Job(
        gathered,
        rows,
        window,
        {m.name: m for m in known},
        settings,
        {i.group: i for i in ongoing},
        every,
        courses,
        rank,
    )
    found = _Found()
    learnt: set[str] = set()
    for shard in stored.shards():
        if only is not None and not any(group.key in only for group in shard.groups):
            continue
        plan = _checked(stored, plans, shard, window.step)
        learnt.update(_expected(shard, known))
        job.run(plan, shard, found)
    new = [name for name in rows if name not in learnt]
    found.skipped += [*gathered.skipped, *(Skip(n, "not in the model; the next `sco train` learns it") for n in new)]
    return Detection(
        window,
        stored.version,
        tuple(sorted(found.verdicts, key=lambda v: (v.time, -v.score, v.series))),
        tuple(found.findings),
        found.scored,
        tuple(found.skipped),
        found.series,
        len(learnt) + len(new) + len(gathered.skipped),
        tuple(notes),
        tuple(found.courses),
        _made_at(stored),
    )


def _made_at(stored: Stored) -> int | None:
    """When the model was made, in ms; None where its manifest does not say."""
    try:
        return parse_time(stored.manifest["created"], now=0)
    except UsageError:
        return None


def check(stored: Stored) -> None:
    """Every shard as `detect` would check it; ModelError names what is wrong."""
    plans, step = _plans(stored), step_of(stored)
    for shard in stored.shards():
        _checked(stored, plans, shard, step)


def _checked(stored: Stored, plans: Mapping[int, Plan], shard: Shard, step: int) -> Plan:
    """The plan of a shard whose arrays were checked against it."""
    plan = plans.get(shard.series)
    if plan is None or plan.step != step or plan.series != shard.series:
        raise ModelError(f"model {stored.version} is refused: it has no plan for {shard.series} series")
    scoring.validate(plan, shard)
    return plan


def _plans(stored: Stored) -> dict[int, Plan]:
    try:
        return {int(c): Plan.from_dict(raw) for c, raw in stored.manifest["plans"].items()}
    except (ValueError, OverflowError) as e:
        raise ModelError(f"model {stored.version} is refused: its plans cannot be read ({e})") from e


def feature_names(stored: Stored, entity: str) -> list[str]:
    """What the forest of an entity looks at, in order; UsageError with the nearest entity for a wrong one."""
    for shard in stored.shards():
        for g, info in enumerate(shard.groups):
            if info.key == entity:
                return features.names(
                    _plans(stored)[shard.series], info.names, shard.part(scoring.FEATURES)["pairs"][g]
                )
    raise UsageError(f"no entity {entity} in model {stored.version}", hint=nearest(entity, _keys(stored)))


def _keys(stored: Stored) -> list[str]:
    return [group.key for group in stored.groups()]


def _known(metrics: Sequence[Metric], stored: Stored) -> tuple[list[Metric], list[str]]:
    """The metrics that the model was learnt from, as they are configured now, and what has changed since."""
    rows = {row["name"]: row for row in stored.manifest["metrics"] if isinstance(row, dict) and "name" in row}
    same = [m for m in metrics if m.name in rows and metric_row(m) == {**rows[m.name], "prophet": m.prophet}]
    if not same:
        names = ", ".join(map(str, rows)) or "none"
        if any(m.name in rows for m in metrics):
            names += ", by other expressions or labels"
        hint = "sco train, or --config FILE for the configuration it was trained with"
        raise ModelError(f"model {stored.version} was learnt from other metrics ({names})", hint=hint)
    changed = [m.name for m in metrics if m.name in rows and m not in same]
    gone = [name for name in rows if name not in {m.name for m in metrics}]
    notes = [f"metric {name} was changed since training and is not scored; run sco train" for name in changed]
    unseen = {m.name for m in metrics} - set(rows) - set(stored.manifest.get("empty", []))
    notes += [f"metric {name} is not in the model; the next sco train learns it" for name in sorted(unseen)]
    notes += [f"metric {name} of the model is not configured any more" for name in gone]
    return same, notes


@dataclass(frozen=True, slots=True)
class _Job:
    gathered: Gathered
    rows: Mapping[str, Values]
    window: Window
    metrics: Mapping[str, Metric]
    settings: Detect
    ongoing: Mapping[str, Incident]
    every: bool
    courses: bool
    rank: Rank | None

    def run(self, plan: Plan, shard: Shard, found: _Found) -> None:
        """Score one shard and add what it shows."""
        values = self._values(shard, found)
        rows = (self.window.end - self.window.start) // self.window.step + 1
        times = self.gathered.window.times()
        scored = scoring.score(plan, shard, values, times, rows)
        metrics = [g.metrics for g in shard.groups]
        counts, lasting = policy.matters(scored, metrics, self.metrics, policy.rules(self.settings).keep)
        found.series += int(np.isfinite(values[:, :, -rows:]).any(axis=2).sum())
        for g, info in enumerate(shard.groups):
            known = np.flatnonzero(np.isfinite(scored.score[g]))
            if len(known):
                found.scored[info.key] = int(times[-rows:][known[-1]])
            self._judge(shard, scored, counts, lasting, g, found)
        if self.every:
            found.verdicts += every_verdict(shard, scored)
        if self.courses:
            found.courses += scored_series(shard, scored)

    def _values(self, shard: Shard, found: _Found) -> Values:
        """The shard's series from what was fetched, missing where there is nothing, (G, C, T)."""
        width = len(self.gathered.window.times())
        values = np.full((len(shard.groups), shard.series, width), np.nan)
        for g, info in enumerate(shard.groups):
            for c, name in enumerate(info.names):
                row = self.rows.get(name)
                if row is not None:
                    values[g, c] = row
                elif info.metrics[c] in self.metrics:
                    found.skipped.append(Skip(name, "no data in this window; it had some in training"))
        return values

    def _judge(
        self,
        shard: Shard,
        scored: scoring.Scored,
        counts: policy.Flags,
        lasting: policy.Flags,
        g: int,
        found: _Found,
    ) -> None:
        times = scored.scene.times[-scored.scene.rows :]
        rules = policy.rules(self.settings).remembering(float(scored.memory[g]))
        limit = rules.threshold
        alarm = policy.judged(scored.alarm[g], counts[g].any(axis=0), lasting[g].any(axis=0), rules)
        decision = judge.judge(times, alarm, self._state(shard.groups[g].key), rules)
        strong = np.flatnonzero(alarm >= limit)
        if not self.every:
            found.verdicts += verdicts_of(shard, scored, counts, g, strong, self.metrics)
        for part in _stretches(decision.in_incident):
            support = part[alarm[part] >= rules.keep]
            if len(support):
                finding, told = self._finding(shard, scored, counts, g, support), support[alarm[support] >= limit]
                found.findings.append(replace(finding, strong=int(times[told[-1]]) if len(told) else None))

    def _state(self, key: str) -> State:
        """The alert state at the window's start, as the newest incident of the group tells it."""
        incident = self.ongoing.get(key)
        if incident is None or incident.start >= self.window.start:
            return State()
        newest = incident.last if incident.strong is None else incident.strong
        strong = min(newest, self.window.start - self.window.step)
        if incident.end is not None and incident.end < self.window.start:
            return State(strong=strong, peak=incident.peak)
        return State(incident.start, strong, incident.start, incident.peak)

    def _finding(self, shard: Shard, scored: scoring.Scored, counts: policy.Flags, g: int, rows: judge.Rows) -> Finding:
        times = scored.scene.times[-scored.scene.rows :]
        at = int(rows[np.argmax(scored.alarm[g, rows])])
        ranked = ranked_by(self.rank, shard, scored, counts, g, rows, self.metrics) if self.rank else ()
        suspects = ranked or suspects_of(shard, scored, counts, g, at, self.metrics)
        info = shard.groups[g]
        before = scored.scene.values.shape[2] - scored.scene.rows
        since = max(0, before + int(rows[0]) - TRACE_ROWS)
        course = scored.scene.values[g, info.names.index(suspects[0].series), since : before + int(rows[-1]) + 1]
        when = tuple(times[rows].tolist())
        peak = float(scored.alarm[g, at])
        return Finding(info.key, when[0], when[-1], peak, suspects, when, tuple(course.tolist()))


def _stretches(flags: policy.Flags) -> list[judge.Rows]:
    """Runs of raised flags as arrays of row numbers."""
    up = np.flatnonzero(flags)
    return np.split(up, np.flatnonzero(np.diff(up) > 1) + 1) if len(up) else []
