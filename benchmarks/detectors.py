"""Fitting and scoring of the detectors, each against its peer in the same run.

`python benchmarks/detectors.py [--groups N] [--series C] [--trees L] [--skip-prophet]`: our forest engine against
scikit-learn's fit, our heaps against scikit-learn's `score_samples` (on one long history, and on the newest rows of
many groups, one model each), Prophet per series, and the CPU seconds of every stage that `sco detect` runs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from smartcloudops.anomaly import calibrate, features
from smartcloudops.anomaly.detectors import DETECTORS, Arrays, Floats, Scene, forest_sklearn
from smartcloudops.anomaly.detectors.isolation_forest import score_rows
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.judge import Policy, State, judge

STEP = 300_000
HISTORY, NEWEST = 4_032, 13
LOOKBACK = 300
PEER_GROUPS = 30


def cpu(run: Callable[[], Any], times: int = 3) -> float:
    """Median CPU seconds of this process."""
    found = []
    for _ in range(times):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return statistics.median(found)


def history(series: int, rows: int, seed: int = 0) -> tuple[Floats, Any]:
    """Daily waves with shared noise, (C, T), and their times."""
    rng = np.random.default_rng(seed)
    times = np.arange(rows, dtype=np.int64) * STEP
    wave = np.sin(2 * np.pi * times / 86_400_000) + rng.normal(size=rows) * 0.3
    return 50 + 10 * (wave + rng.normal(size=(series, rows)) * 0.3), times


def repeat(arrays: Arrays, groups: int) -> Arrays:
    """The same model for many groups, each with memory of its own."""
    return {name: np.repeat(array[None], groups, axis=0) for name, array in arrays.items()}


def say(what: str, ours: float, peer: float | None = None, named: str = "") -> None:
    """One line: milliseconds, and how many times faster than the peer."""
    ratio = f"   {named} {peer * 1e3:10.1f} ms   {peer / ours:6.1f} x" if peer is not None else ""
    print(f"{what:<58}{ours * 1e3:10.1f} ms{ratio}")


def forests(scene: Scene, trees: int, groups: int) -> Arrays:
    """Fit and score rates beside scikit-learn's; gives the fitted arrays."""
    forest = DETECTORS.load("isolation_forest")
    fits = {
        engine: cpu(lambda e=engine: forest.fit(scene, seed=1, options={"engine": e, "trees": trees}))  # type: ignore[misc]
        for engine in ("numpy", "sklearn")
    }
    say(f"fit {trees} trees of 256 on {scene.rows:,} rows", fits["numpy"], fits["sklearn"], "sklearn")
    arrays: Arrays = forest.fit(scene, seed=1, options={"trees": trees})
    reference = forest_sklearn.reference(scene.features[0], trees=trees, samples=256, seed=1)
    rows = scene.features
    theirs = cpu(lambda: reference.score_samples(rows[0]))
    say(f"score {scene.rows:,} rows of one group", cpu(lambda: score_rows(repeat(arrays, 1), rows)), theirs, "sklearn")
    many, newest = repeat(arrays, groups), np.repeat(rows[:, -NEWEST:], groups, axis=0)
    each = cpu(lambda: [reference.score_samples(newest[0]) for _ in range(PEER_GROUPS)]) / PEER_GROUPS * groups
    say(f"score {NEWEST} rows of {groups:,} groups", cpu(lambda: score_rows(many, newest)), each, "sklearn")
    return arrays


def detect(plan: Plan, learnt: Arrays, tame: Scene, forest: Arrays, groups: int) -> None:
    """CPU of each stage over all groups."""
    values, times = history(plan.series, LOOKBACK + NEWEST, seed=9)
    many, stacked = np.repeat(values[None], groups, axis=0), repeat(learnt, groups)
    found = features.compute(plan, stacked, many, times, NEWEST)
    total = cpu(lambda: features.compute(plan, stacked, many, times, NEWEST))
    say(f"features, {plan.features} each", total)
    scene = Scene(times, STEP, many, found)
    for name in ("isolation_forest", "seasonal"):
        detector = DETECTORS.load(name)
        one = forest if name == "isolation_forest" else detector.fit(tame, seed=1, options={})
        arrays = repeat(one, groups)
        raw = detector.score(arrays, scene).raw
        past = detector.score(repeat(one, 1), tame).raw[0]
        table = repeat(calibrate.learn(past), groups)
        stages = {
            "check arrays": lambda d=detector, a=arrays: d.validate(a, series=plan.series, features=plan.features),
            "score": lambda d=detector, a=arrays: d.score(a, scene),
            "calibrate": lambda t=table, r=raw: calibrate.scores(calibrate.p_values(t, r), STEP),
        }
        for stage, run in stages.items():
            spent = cpu(run)
            total += spent
            say(f"{name}: {stage}", spent)
    rows = np.random.default_rng(0).random((groups, NEWEST)) * 1.05
    newest = times[-NEWEST:]
    spent = cpu(lambda: [judge(newest, row, State(), Policy()) for row in rows])
    say("judge", spent)
    say(f"all stages, {groups * plan.series:,} series", total + spent)


def prophets(scene: Scene) -> None:
    """Wall seconds per series, since Stan is a child process."""
    detector = DETECTORS.load("prophet")
    detector.fit(scene, seed=0, options={"series": np.arange(scene.values.shape[1]) == 0})
    start = time.perf_counter()
    detector.fit(scene, seed=0, options={})
    say("prophet: fit, wall, per series", (time.perf_counter() - start) / scene.values.shape[1])


def main() -> None:
    """Run all and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--series", type=int, default=10)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--skip-prophet", action="store_true")
    args = parser.parse_args()

    plan = Plan.of(series=args.series, step=STEP)
    values, times = history(args.series, HISTORY)
    learnt = features.learn(plan, values, times)
    tame = features.winsorise(values, learnt)
    say(f"learn features of {args.series} series x {HISTORY:,} rows", cpu(lambda: features.learn(plan, values, times)))
    one = repeat(learnt, 1)
    say("compute them for every row", cpu(lambda: features.compute(plan, one, tame[None], times, HISTORY)))
    scene = Scene(times, STEP, tame[None], features.compute(plan, one, tame[None], times, HISTORY))
    forest = forests(scene, args.trees, args.groups)
    detect(plan, learnt, scene, forest, args.groups)
    if not args.skip_prophet:
        prophets(scene)


if __name__ == "__main__":
    main()
