"""History -> models: gather, screen, fit each group in parallel, compare, pack, save, promote."""

from __future__ import annotations

import itertools
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from smartcloudops import __version__
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.fitting import Recipe, fit_many, history_of
from smartcloudops.anomaly.groups import Gathered, Group, gather
from smartcloudops.anomaly.model import GroupModel, pack
from smartcloudops.anomaly.promotion import Decision, decide
from smartcloudops.anomaly.scoring import detectors_of
from smartcloudops.anomaly.store import LocalStore
from smartcloudops.core.errors import ConfigError, DataError, Status
from smartcloudops.core.log import Log
from smartcloudops.core.records import Skip
from smartcloudops.core.runners import choose
from smartcloudops.core.settings import Metric, Train
from smartcloudops.core.times import format_duration, rfc3339
from smartcloudops.metrics import Source
from smartcloudops.metrics.series import Times, Window

MAX_SAMPLES = 4096
_TASK_GROUPS = 4
_LOG = Log("train")

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Training:
    """What a run learnt. `version` and `decision` are None in a dry run; `total` is how many series came."""

    version: str | None
    window: Window
    models: tuple[GroupModel, ...]
    skipped: tuple[Skip, ...]
    empty: tuple[str, ...]
    total: int
    decision: Decision | None = None

    @property
    def series(self) -> int:
        """How many series were learnt."""
        return sum(len(m.info.names) for m in self.models)

    def status(self, max_skipped: float) -> Status:
        """Partly done where more than that share of the series was skipped."""
        lost = self.total - self.series
        return Status.PARTIAL if lost > max_skipped * self.total else Status.DONE


def train(
    source: Source,
    metrics: Sequence[Metric],
    window: Window,
    settings: Train,
    *,
    store: LocalStore | None,
    exclude: Sequence[Range] = (),
    promote: bool | None = None,
    unusual: Sequence[tuple[str, int, int]] = (),
    advance: Callable[[int, int], None] = lambda done, total: None,
    now: int,
) -> Training:
    """Learn from a window of history; without a store nothing is written (a dry run).

    `exclude` are times that nothing is learnt from, `unusual` are (group, start, last) of incidents that are open or
    were labelled true: what happened then is not normal for that group. `advance` is told how many series of how
    many are learnt. `promote` overrides what the comparison with the model in use decides. Raises what the source
    raises, DataError where nothing could be learnt, ScoError where the model cannot be written.
    """
    gathered = gather(source, metrics, window)
    groups, skipped = screen(gathered.groups, window, settings, exclude, unusual)
    skipped = [*gathered.skipped, *skipped]
    recipe = recipe_of(settings, metrics, window.step)
    models = []
    for group, found in fit_all(groups, window, recipe, settings.workers, advance):
        if isinstance(found, GroupModel):
            models.append(found)
        else:
            skipped += [Skip(name, f"could not be learnt: {found}") for name in group.names]
    if not models:
        raise _nothing_learnt(source, gathered, skipped)
    done = Training(None, window, tuple(models), tuple(skipped), gathered.empty, gathered.series)
    for skip in skipped:
        _LOG.info("skipped", series=skip.series, reason=skip.reason)
    if store is None:
        return done
    decision = decide(store, groups, models, window, recipe, workers=settings.workers, wanted=promote)
    account = about(done, source, metrics, recipe) | {"comparison": decision.as_dict()}
    version = store.save(pack(models), account, now=now)
    if decision.promoted:
        store.promote(version)
    in_use = decision.promoted
    _LOG.info("learnt", version=version, series=done.series, groups=len(models), skipped=len(skipped), in_use=in_use)
    return replace(done, version=version, decision=decision)


def screen(
    groups: Sequence[Group],
    window: Window,
    settings: Train,
    exclude: Sequence[Range],
    unusual: Sequence[tuple[str, int, int]] = (),
) -> tuple[list[Group], list[Skip]]:
    """Leave excluded times and incidents out, and series that have too few points to learn from."""
    times = window.times()
    kept, skipped = [], []
    for group in groups:
        cleared = _without(group, times, [*exclude, *((a, b) for key, a, b in unusual if key == group.key)])
        points = history_of(cleared)
        enough = np.flatnonzero(points >= settings.min_points)
        skipped += [_too_short(group, i, points, settings) for i in range(len(points)) if i not in set(enough)]
        if len(enough):
            kept.append(_only(cleared, enough))
    return kept, skipped


def _without(group: Group, times: Times, ranges: Sequence[Range]) -> Group:
    if not ranges:
        return group
    left_out = np.zeros(len(times), np.bool_)
    for start, end in ranges:
        left_out |= (times >= start) & (times <= end)
    return replace(group, values=np.where(left_out, np.nan, group.values))


def _only(group: Group, rows: Any) -> Group:
    names, metrics = ([source[i] for i in rows] for source in (group.names, group.metrics))
    return Group(group.key, tuple(names), tuple(metrics), group.values[rows])


def _too_short(group: Group, i: int, points: Any, settings: Train) -> Skip:
    needed = f"learning needs {settings.min_points} ([train] min_points)"
    return Skip(group.names[i], f"{points[i]} points outside of excluded times, {needed}")


def recipe_of(settings: Train, metrics: Sequence[Metric], step: int) -> Recipe:
    """How groups are fitted, by the settings; ConfigError for a sample size that makes no complete tree."""
    if not settings.trees or not settings.samples:
        raise ConfigError(
            "[train] trees and samples need a value each", hint="write trees = [64], samples = [128, 256]"
        )
    if odd := [n for n in settings.samples if n & (n - 1) or n > MAX_SAMPLES]:
        raise ConfigError(f"[train] samples = {odd[0]} is no power of two up to {MAX_SAMPLES}", hint="write 128 or 256")
    product = itertools.product(settings.trees, settings.samples)
    grid = tuple({"engine": settings.engine, "trees": t, "max_samples": n} for t, n in product)
    return Recipe(step, settings.seed, grid, frozenset(m.name for m in metrics if m.prophet))


def fit_all(
    groups: Sequence[Group],
    window: Window,
    recipe: Recipe,
    workers: int,
    advance: Callable[[int, int], None],
) -> list[tuple[Group, GroupModel | str]]:
    """Every group with its model or the reason why there is none, in order."""
    times = window.times()
    size = max(1, min(_TASK_GROUPS, len(groups) // 4))
    tasks = [groups[at : at + size] for at in range(0, len(groups), size)]
    runner = choose(workers or None, len(tasks))
    total = sum(len(g.names) for g in groups)
    found: list[tuple[Group, GroupModel | str]] = []
    done = 0
    for task, results in zip(tasks, runner.map(fit_many, [(t, times, recipe) for t in tasks]), strict=True):
        found += zip(task, results, strict=True)
        done += sum(len(g.names) for g in task)
        advance(done, total)
    return found


def _nothing_learnt(source: Source, gathered: Gathered, skipped: Sequence[Skip]) -> DataError:
    w = gathered.window
    span = f"{rfc3339(w.start)} to {rfc3339(w.end)} at a step of {format_duration(w.step)}"
    if not gathered.series:
        names = ", ".join(gathered.empty[:8])
        hint = "wait for history if this source is new; else check [metrics] presets, [[metric]], --since, --until"
        return DataError(f"nothing to learn: {source.where} has no series for {names} from {span}", hint=hint)
    first = skipped[0]
    hint = "more history (--since), a shorter --step, less --exclude, or a lower [train] min_points"
    return DataError(
        f"nothing to learn: all {gathered.series} series from {span} were skipped, first {first.series}: "
        f"{first.reason}",
        hint=hint,
    )


def about(done: Training, source: Source, metrics: Sequence[Metric], recipe: Recipe) -> dict[str, Any]:
    """The manifest's account of what was learnt from what, and how."""
    counts = sorted({len(m.info.names) for m in done.models})
    return {
        "sco": __version__,
        "versions": _versions(),
        "seed": recipe.seed,
        "source": {"kind": source.name, "where": source.where},
        "window": {"start": rfc3339(done.window.start), "end": rfc3339(done.window.end), "step_ms": done.window.step},
        "metrics": [metric_row(m) for m in metrics if m.name not in done.empty],
        "detectors": sorted({name for m in done.models for name in detectors_of(m.arrays)}),
        "plans": {str(c): Plan.of(series=c, step=recipe.step).as_dict() for c in counts},
        "skipped": [{"series": s.series, "reason": s.reason} for s in done.skipped],
        "empty": list(done.empty),
    }


def metric_row(metric: Metric) -> dict[str, Any]:
    """What of a metric's definition decides which series there are."""
    return {"name": metric.name, "expr": metric.expr, "by": list(metric.by), "prophet": metric.prophet}


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    found = {name: version(name) for name in ("numpy", "scikit-learn", "prophet")}
    return {"python": platform.python_version(), **found}
