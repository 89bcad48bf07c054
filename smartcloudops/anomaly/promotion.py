"""Champion and challenger: whether a new model goes into use, judged on the last fifth of history.

Both are scored on the same rows: as they came (false alarms) and with anomalies injected (recall). The rows are
those that neither has seen: they lie after the champion's training window, and for a sample of the groups the
challenger is fitted once more without them. (Without the whole fifth, its shorter past would make it too cautious to
compete with a champion of yesterday.) Where too few such rows are left, because the champion is young, both are
judged on rows that both have seen, and the comparison says so: a champion that knows the answers would win against
every newcomer that does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly import inject, scoring
from smartcloudops.anomaly.detectors import Floats
from smartcloudops.anomaly.evaluate import false_alarms
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.fitting import HELD_OUT, Recipe, fit_many
from smartcloudops.anomaly.groups import Group
from smartcloudops.anomaly.judge import Policy, State, judge
from smartcloudops.anomaly.model import GroupModel, Shard, single
from smartcloudops.anomaly.store import LocalStore, Stored
from smartcloudops.core.errors import ModelError, UsageError
from smartcloudops.core.runners import choose
from smartcloudops.core.times import WEEK, parse_time, rfc3339
from smartcloudops.metrics.series import Window

# A tenth of the groups, within these bounds: training takes at most a fifth longer.
_FEWEST, _MOST, _SHARE = 4, 40, 10
# Rows that neither has seen are enough from a quarter of the held-out rows on.
_ENOUGH = 0.25
_EVENTS, _ROUNDS = 240, 8
_RECALL_POINTS = 0.02

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figures:
    """How one model did. recall: the share of injected anomalies that stand out from all but 1 % of the rows;
    alerted: the share that reaches the alert threshold; then its false alarms and their rate."""

    recall: float
    alerted: float
    false_alarms: int
    false_per_series_week: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models on the same rows of `groups` groups, from `start` to `end`; `seen`: both had learnt from them."""

    champion: str
    seen: bool
    start: str
    end: str
    groups: int
    series: int
    events: int
    of_champion: Figures
    of_challenger: Figures


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the new model goes into use, and why; `champion` is the one in use so far."""

    promoted: bool
    reason: str
    champion: str | None = None
    comparison: Comparison | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON, for the manifest and the report."""
        return asdict(self)


def decide(
    store: LocalStore,
    groups: Sequence[Group],
    models: Sequence[GroupModel],
    window: Window,
    recipe: Recipe,
    *,
    workers: int,
    wanted: bool | None = None,
) -> Decision:
    """Judge newly fitted models against the one in use; `wanted` overrides the outcome, not the comparison.

    `models` are of some of the groups, by key. Nothing is written.
    """
    found = _decide(store, groups, models, window, recipe, workers)
    if wanted is None or wanted == found.promoted:
        return found
    asked = "--promote" if wanted else "--no-promote"
    return replace(found, promoted=wanted, reason=f"{asked} was given, though {found.reason}")


def _decide(
    store: LocalStore,
    groups: Sequence[Group],
    models: Sequence[GroupModel],
    window: Window,
    recipe: Recipe,
    workers: int,
) -> Decision:
    version = None
    try:
        version = store.pointer()["version"]
        if version is None:
            return Decision(True, "it is the first model")
        matches = list(_matches(store.open(version), groups, models, window, recipe))
    except (ModelError, UsageError) as e:
        return Decision(True, f"the model before cannot be compared: {e.message}", version)
    if not matches:
        return Decision(True, f"model {version} knows none of these series", version)
    bouts = [bout for bout in choose(workers or None, len(matches)).map(_fight, matches) if bout is not None]
    if not bouts:
        return Decision(True, "the history is too short to compare them", version)
    return _verdict(version, matches[0], bouts)


class _Match(NamedTuple):
    """One group for both models; rows [start, T) are judged. `seen`: both models have learnt from them."""

    group: Group
    times: Times
    recipe: Recipe
    challenger: GroupModel
    champion: Shard
    plan: Plan
    start: int
    seen: bool
    rounds: int


class _Tally(NamedTuple):
    """What one model did on one group; numbers of injected anomalies, and false alarms."""

    events: int
    seen: float
    alerted: int
    alarms: int


class _Bout(NamedTuple):
    """One group's outcome; weeks: series-weeks that were judged."""

    champion: _Tally
    challenger: _Tally
    series: int
    weeks: float


def _matches(
    champion: Stored, groups: Sequence[Group], models: Sequence[GroupModel], window: Window, recipe: Recipe
) -> Iterator[_Match]:
    """The sampled groups with what both models know of them; ModelError where the champion is damaged or foreign."""
    times = window.times()
    start, seen = _first_judged(champion, times, recipe.step)
    known = _known(champion)
    fitted = {model.info.key: model for model in models}
    both = [g for g in groups if g.key in fitted and g.key in known and set(g.names) & set(known[g.key][1].names)]
    chosen = _sample(both)
    events = max(1, (len(times) - start) // max((len(times) - start) // 12, 24)) * max(1, len(chosen))
    rounds = min(_ROUNDS, -(-_EVENTS // events))
    for group in chosen:
        plan, info, shard = known[group.key]
        one = Shard((info,), shard)
        yield _Match(group, times, recipe, fitted[group.key], one, plan, start, seen, rounds)


def _first_judged(champion: Stored, times: Times, step: int) -> tuple[int, bool]:
    """The first row to judge, and whether the champion had seen it."""
    window = champion.manifest.get("window", {})
    if window.get("step_ms") != step:
        raise ModelError("its step is another")
    cut = int(len(times) * (1 - HELD_OUT))
    unseen = int(np.searchsorted(times, parse_time(str(window.get("end")), now=0), "right"))
    first = max(cut, unseen)
    if len(times) - first >= _ENOUGH * (len(times) - cut):
        return first, False
    return cut, True


def _known(champion: Stored) -> dict[str, Any]:
    """By key: the plan, the group, and its arrays with a leading axis of 1."""
    plans = {int(c): Plan.from_dict(raw) for c, raw in champion.manifest.get("plans", {}).items()}
    found = {}
    for shard in champion.shards():
        plan = plans.get(shard.series)
        if plan is None:
            raise ModelError(f"model {champion.version} has no plan for {shard.series} series")
        scoring.validate(plan, shard)
        for g, info in enumerate(shard.groups):
            found[info.key] = (plan, info, {key: array[g : g + 1] for key, array in shard.arrays.items()})
    return found


def _sample(groups: Sequence[Group]) -> list[Group]:
    """The same groups every time, evenly spread."""
    count = min(len(groups), _MOST, max(_FEWEST, len(groups) // _SHARE))
    return [groups[i * len(groups) // count] for i in range(count)] if count else []


def _fight(match: _Match) -> _Bout | None:
    """Score one group with both; None where it cannot be learnt without the judged rows, or those are empty."""
    group, times, start = match.group, match.times, match.start
    if not np.isfinite(group.values[:, start:]).any():
        return None
    challenger: GroupModel | str = match.challenger
    if not match.seen:
        past = replace(group, values=group.values[:, :start])
        (challenger,) = fit_many(([past], times[:start], match.recipe))
    if isinstance(challenger, str):
        return None
    own = Plan.of(series=len(group.names), step=match.recipe.step)
    tried = [_Trial(match, match.plan, match.champion), _Trial(match, own, single(challenger))]
    champion, newcomer = (trial.tally() for trial in tried)
    weeks = len(group.names) * (len(times) - start) * match.recipe.step / WEEK
    return _Bout(champion, newcomer, len(group.names), weeks)


class _Trial:
    """One model on one group's judged rows."""

    def __init__(self, match: _Match, plan: Plan, shard: Shard) -> None:
        self._match, self._plan, self._shard = match, plan, shard
        self._since = max(0, match.start - scoring.lookback(plan))
        self._rows = len(match.times) - match.start

    def tally(self) -> _Tally:
        """Alarms on the rows as they came, injected anomalies seen over a few rounds."""
        values = self._match.group.values
        came, alarm = self._score(values)
        alerts = judge(self._match.times[-self._rows :], alarm, State(), Policy()).is_anomaly
        events, seen, alerted = 0, 0.0, 0
        for seed in range(self._match.rounds):
            spoilt = inject.inject(values, rows=self._rows, seed=self._match.recipe.seed + seed)
            windows = spoilt.windows
            score, alarm = self._score(spoilt.values)
            events += len(windows)
            seen += inject.recall_at(came, score, windows) * len(windows)
            alerted += sum(bool((alarm[a:b] >= Policy().threshold).any()) for a, b in windows.tolist())
        return _Tally(events, seen, alerted, false_alarms(np.flatnonzero(alerts), self._plan.step))

    def _score(self, values: Floats) -> tuple[Floats, Floats]:
        """Calibrated scores of the judged rows, and what alerts are judged by, (R,) each.

        A series that the model knows and that is gone counts as missing.
        """
        rows = dict(zip(self._match.group.names, values[:, self._since :], strict=True))
        missing = np.full(values.shape[1] - self._since, np.nan)
        seen = np.stack([rows.get(name, missing) for name in self._shard.groups[0].names])
        times = self._match.times[self._since :]
        scored = scoring.score(self._plan, self._shard, seen[None], times, self._rows)
        return scored.score[0], scored.alarm[0]


def _verdict(champion: str, match: _Match, bouts: Sequence[_Bout]) -> Decision:
    weeks = sum(b.weeks for b in bouts)
    old = _figures([b.champion for b in bouts], weeks)
    new = _figures([b.challenger for b in bouts], weeks)
    comparison = Comparison(
        champion=champion,
        seen=match.seen,
        start=rfc3339(int(match.times[match.start])),
        end=rfc3339(int(match.times[-1])),
        groups=len(bouts),
        series=sum(b.series for b in bouts),
        events=sum(b.challenger.events for b in bouts),
        of_champion=old,
        of_challenger=new,
    )
    worse = reasons_against(old, new)
    reason = " and ".join(worse) if worse else "it sees as much as the one before, without more false alarms"
    return Decision(not worse, reason, champion, comparison)


def _figures(tallies: Sequence[_Tally], weeks: float) -> Figures:
    events, seen, alerted, alarms = (sum(column) for column in zip(*tallies, strict=True))
    many = max(events, 1)
    return Figures(seen / many, alerted / many, int(alarms), alarms / weeks)


def reasons_against(old: Figures, new: Figures) -> list[str]:
    """What speaks against the new model: two points of recall lost, more false alarms, or deafness.

    False alarms count from one more on, or from the standard deviation of the difference of two counts where that
    is more: the same model on other rows would differ by as much. How many anomalies reach the threshold varies
    from fit to fit by twenty points in a group, because it hangs on the few rarest rows of the past; only half of
    the old model's share, ten points at least, is too little.

    >>> reasons_against(Figures(0.9, 0.4, 3, 1.0), Figures(0.85, 0.35, 4, 1.3))
    ['it sees 85.0 % of injected anomalies, the model in use 90.0 %']
    """
    found = []
    if new.recall < old.recall - _RECALL_POINTS - 1e-9:
        found.append(f"it sees {_percent(new.recall)} of injected anomalies, the model in use {_percent(old.recall)}")
    if new.alerted < min(old.alerted / 2, old.alerted - 0.1):
        found.append(f"it alerts on {_percent(new.alerted)} of them, the model in use on {_percent(old.alerted)}")
    if new.false_alarms - old.false_alarms > max(1.0, np.sqrt(new.false_alarms + old.false_alarms)):
        found.append(f"it raises {new.false_alarms} false alarms where the model in use raises {old.false_alarms}")
    return found


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
