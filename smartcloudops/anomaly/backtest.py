"""The yardstick: walk forward through CSV files causally, and write a score and an alert state for every row.

Row t is scored by a model fitted on rows before it, from features of rows up to it. The model is fitted again
at most daily in data time, and only once a fifth of history has been added. Step, detectors and scale come from
rows before t; the file's length, its later rows and any labels are never looked at.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly import scoring
from smartcloudops.anomaly.detectors import Floats
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.fitting import Recipe, fit_group
from smartcloudops.anomaly.groups import Group, bounded
from smartcloudops.anomaly.judge import Flags, Policy, State, judge
from smartcloudops.anomaly.model import single
from smartcloudops.anomaly.scoring import Scored
from smartcloudops.core.errors import DataError, ScoError, UsageError
from smartcloudops.core.files import write_atomic
from smartcloudops.core.runners import choose
from smartcloudops.core.times import DAY, SECOND
from smartcloudops.metrics.file import read_table

WARM_UP = 96
GROWTH = 1.2
SEED = 0
OPTIONS = {"engine": "sklearn", "trees": 64, "max_samples": 256}

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Walk:
    """One file's outcome per row, shape (T,); score is NaN where a row could not be scored."""

    score: Floats
    is_anomaly: Flags
    in_incident: Flags
    fits: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file's summary, or the reason why there is none."""

    file: str
    rows: int = 0
    alerts: int = 0
    incidents: int = 0
    fits: int = 0
    error: str | None = None


def walk(times: Times, values: Floats, names: Sequence[str], *, first: int = WARM_UP, engine: str = "sklearn") -> Walk:
    """Score rows `first`… of values (C, T) forward in time; rows before `first` are only learnt from.

    Times (T,) in ms need not be regular; rows are taken as they come.
    """
    rows = len(times)
    score = np.full(rows, np.nan)
    notify, inside = np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    state, fits = State(), 0
    for start, end in segments(times, first):
        scored = _segment(times, values, names, start, end, engine)
        score[start:end] = scored.score[0]
        decision = judge(times[start:end], scored.alarm[0], state, Policy().remembering(float(scored.memory[0])))
        notify[start:end], inside[start:end], state = decision
        fits += 1
    return Walk(score, notify, inside, fits)


def segments(times: Times, first: int) -> Iterator[tuple[int, int]]:
    """Stretches [start, end) of rows that one fit serves; each fit knows the rows before `start`.

    A stretch ends at the first row that is both a day later and a fifth more history; this is known at that row.
    """
    start, rows = first, len(times)
    while start < rows:
        later = np.flatnonzero(times[start:] - times[start] >= DAY)
        a_day = start + int(later[0]) if len(later) else rows
        end = min(rows, max(a_day, int(np.ceil(start * GROWTH)), start + 1))
        yield start, end
        start = end


def _segment(times: Times, values: Floats, names: Sequence[str], start: int, end: int, engine: str) -> Scored:
    step = _step(times[:start])
    recipe = Recipe(step, SEED, (OPTIONS | {"engine": engine},))
    group = Group("file", tuple(names), tuple(names), values[:, :start])
    shard = single(fit_group(group, times[:start], recipe))
    plan = Plan.of(series=len(names), step=step)
    since = max(0, start - scoring.lookback(plan))
    return scoring.score(plan, shard, values[None, :, since:end], times[since:end], end - start)


def _step(times: Times) -> int:
    steps = np.diff(times)
    steps = steps[steps > 0]
    return max(int(np.median(steps)), 1) if len(steps) else 60 * SECOND


@dataclass(frozen=True, slots=True)
class _Task:
    name: str
    data: Path
    results: Path
    train: Path | None
    engine: str


def backtest(
    data: Path,
    results: Path,
    *,
    train: Path | None = None,
    workers: int | None = None,
    engine: str = "sklearn",
    advance: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Walk every CSV below `data`, and write results under the same relative path; one bad file stops no other.

    UsageError where there is no file, or where results would fall on the data.
    """
    if not data.is_dir():
        raise UsageError(f"{data} is no directory", hint="--data takes a directory of CSV files")
    if train is not None and not train.is_dir():
        raise UsageError(f"{train} is no directory", hint="--train takes a directory of CSV files")
    if _inside(results, data) or (train is not None and _inside(results, train)):
        raise UsageError(f"{results} lies inside the data", hint="give --results another directory")
    names = sorted(str(p.relative_to(data)) for p in data.rglob("*.csv") if p.is_file())
    if not names:
        raise UsageError(f"{data} holds no CSV file", hint="each file: timestamp,value or timestamp,a,b,…")
    tasks = [_Task(name, data, results, train, engine) for name in names]
    done = []
    for outcome in choose(workers, len(tasks)).map(_run, tasks):
        advance(outcome)
        done.append(outcome)
    return done


def _inside(path: Path, directory: Path) -> bool:
    return path.resolve().is_relative_to(directory.resolve())


def _run(task: _Task) -> Outcome:
    try:
        return _walk_file(task)
    except ScoError as e:
        return Outcome(task.name, error=e.message)


def _walk_file(task: _Task) -> Outcome:
    stamps, times, names, values = read_table(task.data / task.name)
    past = 0
    if task.train is not None:
        before = read_table(task.train / task.name)
        if before[2] != names:
            raise DataError(f"{task.train / task.name} has other columns than {task.data / task.name}")
        past = len(before[1])
        times, values = np.concatenate([before[1], times]), np.concatenate([before[3], values], axis=1)
    values = bounded(values)
    first = max(past, WARM_UP)
    found = _tail(walk(times, values, names, first=first, engine=task.engine), past)
    write_atomic(task.results / task.name, _table(stamps, values[:, past:], found))
    starts = found.in_incident & ~np.roll(found.in_incident, 1)
    starts[:1] = found.in_incident[:1]
    return Outcome(task.name, len(stamps), int(found.is_anomaly.sum()), int(starts.sum()), found.fits)


def _tail(found: Walk, past: int) -> Walk:
    return replace(
        found,
        score=found.score[past:],
        is_anomaly=found.is_anomaly[past:],
        in_incident=found.in_incident[past:],
    )


def _table(stamps: Sequence[str], values: Floats, found: Walk) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("timestamp", "value", "anomaly_score", "is_anomaly", "in_incident"))
    alone = len(values) == 1
    scores, alerts, inside = found.score.tolist(), found.is_anomaly.tolist(), found.in_incident.tolist()
    shown = values[0].tolist() if alone else [float("nan")] * len(stamps)
    for stamp, value, score, alert, held in zip(stamps, shown, scores, alerts, inside, strict=True):
        cells = (f"{score:.6g}", int(alert), int(held)) if score == score else ("", "", "")
        writer.writerow((stamp, repr(value) if value == value else "", *cells))
    return out.getvalue().encode()
