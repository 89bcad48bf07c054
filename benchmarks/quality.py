"""sco, the single detectors that it is made of, and public peers on labelled files: one table, one scorer.

`python benchmarks/quality.py --data DIR [--labels FILE] [--train DIR] [--only NAME…] [--slow] [--probation S]
[--workers N] [--limit N]`. DIR holds CSV files as `sco backtest` reads them; labels are `{file: [[first, last], …]}`,
DIR/windows.json by default, and are opened after everything has been scored. Files without labels are left out.

- `sco` is `sco backtest` itself, in a process of its own.
- `only NAME` is one row of the detectors' table: fitted, calibrated and judged like the whole, alone.
- Peers walk the same way: the same warm-up of 96 rows, refits at the same moments (at most daily, once history has
  grown by a fifth) where they learn in batches, and as threshold the score that their own past exceeds once a week,
  or its highest one in the first week. Their alerts open, hold and repeat by the same rules as ours.
- A peer that is not installed or fails is named as skipped. Prophet takes seconds a fit: only with `--slow`, or where
  `--only` names it.

Event figures are of the alerts as raised, nothing is chosen by looking; rows of the probation (15 % of a file, at most
750 rows, none with `--train`) are not judged. Seconds are of one core, over all files, libraries' imports included.
The peers: `pip install pyod adtk river`; scikit-learn and Prophet come with sco.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from peers import PEERS, Floats, Times

from smartcloudops.anomaly import calibrate, features, scoring
from smartcloudops.anomaly.backtest import OPTIONS, WARM_UP, segments
from smartcloudops.anomaly.courses import Course, read_back
from smartcloudops.anomaly.detectors import DETECTORS
from smartcloudops.anomaly.evaluate import Track, evaluate, windows_of
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.judge import Policy, State, judge
from smartcloudops.anomaly.labels import find, read
from smartcloudops.anomaly.scoring import make_scene, raw_scores
from smartcloudops.core.runners import choose
from smartcloudops.core.times import WEEK
from smartcloudops.metrics.file import read_table

SLOW = ("Prophet", "only prophet")
OWN = "only "


@dataclass(frozen=True)
class Task:
    """One contender on one file."""

    contender: str
    file: str
    data: Path
    train: Path | None


@dataclass(frozen=True)
class Run:
    """What came of it: score and alerts of the file's rows, or why there are none."""

    task: Task
    times: Times
    score: Floats
    alerts: Floats
    series: int
    seconds: float
    error: str | None = None


def run(task: Task) -> Run:
    """Walk one file; a contender that fails says why."""
    warnings.simplefilter("ignore")
    _, times, names, values = read_table(task.data / task.file)
    past = 0
    if task.train is not None:
        _, before, _, history = read_table(task.train / task.file)
        past, values = len(before), np.concatenate([history, values], axis=1)
        times = np.concatenate([before, times])
    first = max(past, WARM_UP)
    start = time.perf_counter()
    try:
        own = task.contender.startswith(OWN)
        score, alerts = alone(task, times, values, first) if own else peer(task, times, values, first)
    except Exception as e:  # noqa: BLE001 - a peer may fail in any way; the table names it
        nothing = np.zeros(0)
        return Run(task, times[past:], nothing, nothing, len(names), 0.0, f"{type(e).__name__}: {e}"[:120])
    spent = time.perf_counter() - start
    return Run(task, times[past:], score[past:], alerts[past:], len(names), spent)


def peer(task: Task, times: Times, values: Floats, first: int) -> tuple[Floats, Floats]:
    """Scores and alerts of a public detector, stretch by stretch."""
    made = PEERS[task.contender]()
    score, alerts, state = np.full(len(times), np.nan), np.zeros(len(times)), State()
    for start, end in segments(times, first):
        scorer = made.fit(values[:, :start], times[:start])
        past = scorer(values[:, :start], times[:start], start)
        limit = np.quantile(past, 1 - _rare(times[:start]), method="higher")
        score[start:end] = scorer(values[:, :end], times[:end], end - start)
        over = (score[start:end] > limit).astype(float)
        decision = judge(times[start:end], over, state, Policy())
        alerts[start:end], state = decision.is_anomaly, decision.state
    return score, alerts


def alone(task: Task, times: Times, values: Floats, first: int) -> tuple[Floats, Floats]:
    """Scores and alerts of one of our own detectors."""
    name = task.contender.removeprefix(OWN)
    score, alerts, state = np.full(len(times), np.nan), np.zeros(len(times)), State()
    for start, end in segments(times, first):
        score[start:end] = _stretch(name, times, values, start, end)
        decision = judge(times[start:end], score[start:end], state, Policy())
        alerts[start:end], state = decision.is_anomaly, decision.state
    return score, alerts


def _stretch(name: str, times: Times, values: Floats, start: int, end: int) -> Floats:
    """Fitted on the rows before `start`, calibrated by what it says of them."""
    plan = Plan.of(series=len(values), step=_step(times[:start]))
    past, when = values[:, :start], times[:start]
    learnt = features.learn(plan, past, when)
    stacked = {key: array[None] for key, array in learnt.items()}
    came = make_scene(plan, stacked, past[None], when, start)
    tame = make_scene(plan, stacked, features.winsorise(past, learnt)[None], when, start)
    detector = DETECTORS.load(name)
    fitted = detector.fit(tame if getattr(detector, "tame", True) else came, seed=0, options=_options(name))
    arrays = {key: array[None] for key, array in fitted.items()}
    since = max(0, start - scoring.lookback(plan))
    new = make_scene(plan, stacked, values[None, :, since:end], times[since:end], end - start)
    old, fresh = (raw_scores(name, arrays, scene).raw[0] for scene in (came, new))
    if old.ndim == 2:
        table = calibrate.learn(old)
        fresh = np.fmax.reduce(calibrate.scores(calibrate.p_values(table, fresh), plan.step), axis=0)
        old = np.fmax.reduce(calibrate.scores(calibrate.crossed(old), plan.step), axis=0)
    table = {key: array[None] for key, array in calibrate.learn(old).items()}
    return np.asarray(calibrate.scores(calibrate.p_values(table, fresh[None])[0], plan.step))


def _options(name: str) -> dict[str, object]:
    return dict(OPTIONS) if name == "isolation_forest" else {}


def _step(times: Times) -> int:
    steps = np.diff(times)
    return max(int(np.median(steps[steps > 0])), 1)


def _rare(times: Times) -> float:
    """The share of rows that is one a week."""
    return min(_step(times) / WEEK, 0.5)


def whole(data: Path, train: Path | None, files: Sequence[str], workers: int) -> Iterator[Run]:
    """`sco backtest` on these files, by the command line."""
    with tempfile.TemporaryDirectory() as place:
        chosen, results = Path(place) / "data", Path(place) / "results"
        for file in files:
            (chosen / file).parent.mkdir(parents=True, exist_ok=True)
            (chosen / file).symlink_to((data / file).resolve())
        command = [sys.executable, "-m", "smartcloudops", "-q", "backtest", "--data", chosen, "--results", results]
        command += ["--workers", str(workers), *(["--train", train] if train else [])]
        start = time.perf_counter()
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        each = (time.perf_counter() - start) * min(workers, len(files)) / len(files)
        for file in files:
            yield _read(Task("sco", file, chosen, train), results, each, done.stderr)


def _read(task: Task, results: Path, seconds: float, said: str) -> Run:
    _, times, names, _ = read_table(task.data / task.file)
    if not (results / task.file).exists():
        return Run(task, times, np.zeros(0), np.zeros(0), len(names), 0.0, said.strip()[-120:])
    course: Course = read_back(task.data, results, task.file, None)
    return Run(task, times, course.score, course.alerts.astype(float), len(names), seconds)


def tracks(runs: Sequence[Run], labels: Path, probation: float) -> list[Track]:
    """The runs with their labelled windows, which are read here, after everything was scored."""
    spans, out = read(labels), []
    for one in runs:
        found = find(spans, one.task.file)
        if found is not None:
            first = int(np.ceil(min(np.floor(probation * len(one.times)), probation * 5000)))
            windows = windows_of(one.times, found)
            out.append(Track(one.times, one.score, one.alerts > 0, windows, first, one.series))
    return out


def line(contender: str, runs: Sequence[Run], labels: Path, probation: float) -> str:
    """One row of the table."""
    failed = [one for one in runs if one.error]
    if failed:
        return f"| {contender} | skipped: {failed[0].error} | | | | | |"
    judged = tracks(runs, labels, probation)
    found = evaluate(judged)
    mean = np.nanmean([evaluate([track]).auc_pr for track in judged if len(track.judged)])
    cells = [found.precision, found.recall, found.f1, found.auc_pr, mean]
    shown = " | ".join(f"{cell:.3f}" for cell in cells)
    return f"| {contender} | {shown} | {sum(one.seconds for one in runs):.1f} |"


def contenders(only: Sequence[str], *, slow: bool) -> list[str]:
    """Whole, parts and peers; `only` picks those whose name holds one of its words."""
    known = ["sco", *(f"{OWN}{name}" for name in DETECTORS), *PEERS]
    if only:
        return [name for name in known if any(word.lower() in name.lower() for word in only)]
    return [name for name in known if slow or name not in SLOW]


def main() -> None:
    """Run all and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--probation", type=float)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N files")
    args = parser.parse_args()
    labels = args.labels or args.data / "windows.json"
    probation = args.probation if args.probation is not None else 0.0 if args.train else 0.15
    files = sorted(str(p.relative_to(args.data)) for p in args.data.rglob("*.csv"))[: args.limit]
    print(f"{len(files)} files of {args.data.name}\n")
    print("| contender | event P | event R | event F1 | AUC-PR pooled | AUC-PR mean | seconds |")
    print("| --- | --: | --: | --: | --: | --: | --: |", flush=True)
    for name in contenders(args.only, slow=args.slow):
        if name == "sco":
            runs = list(whole(args.data, args.train, files, args.workers))
        else:
            tasks = [Task(name, file, args.data, args.train) for file in files]
            runs = list(choose(args.workers, len(tasks)).map(run, tasks))
        print(line(name, runs, labels, probation), flush=True)


if __name__ == "__main__":
    main()
