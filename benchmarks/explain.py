"""How fast and how right `sco explain` is.

`python benchmarks/explain.py [--data DIR --roots FILE]`. Speed is the CPU time of one call in this process, the
median of 5 to 20, on made series: 50 services that call each other, and 5,000 series, each with 2,000 rows of history.

With `--data`, folders as `sco explain --data` reads them, and `--roots`, `{incident: {"root": …}}`, it prints how
often the root stands first and among the first three: as they are, with a fifth of the edges dropped (10 seeds),
without edges, without traffic, without history; and, where history.csv is there, how many calm windows of it (five
rows, the symptom's time after the second) are left without suspects, and how many incidents are not. The roots are
opened after everything has been explained.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from smartcloudops.explain import folder
from smartcloudops.explain.entities import Recording
from smartcloudops.explain.explaining import explain
from smartcloudops.explain.settle import Question
from smartcloudops.explain.topology import Edge
from smartcloudops.metrics.series import parse_series_name

STEP = 300_000
ROWS, BEFORE = 5, 2
Case = tuple[Recording, Question, list[Edge]]
Change = Callable[[Case], Case]


def made(names: Sequence[str], history: int, rows: int, seed: int = 0) -> Recording:
    """Noise around 1 s, 100 requests, the last half of the rows four times as slow for the last third of the parts."""
    rng = np.random.default_rng(seed)
    values = np.stack(
        [
            100 + rng.normal(0, 1, history + rows) if n.startswith("req") else 1 + rng.normal(0, 0.01, history + rows)
            for n in names
        ]
    )
    late = [i for i, n in enumerate(names) if not n.startswith("req") and i > len(names) * 2 // 3]
    values[late, history + rows // 2 :] *= 4
    times = np.arange(history + rows, dtype=np.int64) * STEP
    labels = tuple(parse_series_name(n) for n in names)
    past = values[:, :history]
    return Recording(times[history:], STEP, tuple(names), labels, values[:, history:], times[:history], past)


def took(call: Callable[[], object], rounds: int) -> float:
    """Median seconds of CPU of a call, which nobody else on the machine can slow down much."""
    found = []
    for _ in range(rounds):
        started = time.process_time()
        call()
        found.append(time.process_time() - started)
    return statistics.median(found)


def speed() -> None:
    """Both bars."""
    parts = [f'{m}{{service="s{i}"}}' for m in ("requests", "latency_seconds") for i in range(50)]
    small = made(parts, 2_000, 12)
    edges = [(f"s{i}", f"s{j}") for i in range(50) for j in (2 * i + 1, 2 * i + 2) if j < 50]
    question = Question(parts[50], int(small.times[6]))
    large = made([f'm{i % 50}{{instance="h{i // 50}"}}' for i in range(5_000)], 2_000, 12)
    wide = made([f'{m}{{service="s{i}"}}' for m in ("requests", "latency_seconds") for i in range(2_500)], 2_000, 12)
    many = [(f"s{i}", f"s{j}") for i in range(2_500) for j in (2 * i + 1, 2 * i + 2) if j < 2_500]
    for what, case, rounds in (
        ("50 services, 2,000 rows of history, flow", (small, question, edges), 20),
        ("2,500 services (5,000 series), flow", (wide, Question(wide.names[2_500], int(wide.times[6])), many), 5),
        ("5,000 series of hosts, metrics", (large, Question(None, int(large.times[6])), []), 5),
    ):
        print(f"{what:<44}{1000 * took(lambda case=case: explain(*case), rounds):>9.1f} ms CPU")


def ranks(cases: Mapping[str, Case], change: Change) -> dict[str, list[str]]:
    """The suspects of each incident, best first."""
    return {key: [s.entity for s in explain(*change(case)).suspects] for key, case in cases.items()}


def without(case: Case, kind: str) -> Case:
    """The case without the series of a kind."""
    r, question, edges = case
    keep = [i for i, labels in enumerate(r.labels) if r.meanings[labels.get("__name__", "")].kind != kind]
    names, labels = tuple(r.names[i] for i in keep), tuple(r.labels[i] for i in keep)
    return replace(r, names=names, labels=labels, values=r.values[keep], past=r.past[keep]), question, edges


def without_history(case: Case) -> Case:
    """The case with nothing but its own rows."""
    r = case[0]
    return replace(r, past_times=r.past_times[:0], past=r.past[:, :0]), case[1], case[2]


def dropping(seed: int) -> Change:
    """A fifth of the edges, another for each case, is left out."""
    rng = np.random.default_rng(seed)
    return lambda case: (case[0], case[1], [e for e in case[2] if rng.random() >= 0.2])


def calm(cases: Mapping[str, Case]) -> Mapping[str, Case]:
    """Every window of each history, with each symptom that its incidents have."""
    found: dict[str, Case] = {}
    for r, question, edges in cases.values():
        for at in range(0, len(r.past_times) - ROWS if r.past.size else 0):
            times = r.past_times[at : at + ROWS]
            key = f"{question.series} {len(r.past_times)} {int(times[0])}"
            if key not in found and np.ptp(times) == (ROWS - 1) * r.step:
                window = replace(r, times=times, values=r.past[:, at : at + ROWS])
                found[key] = (window, Question(question.series, int(times[BEFORE]) - 1), edges)
    return found


def quality(data: Path, roots_file: Path) -> None:
    """The table."""
    cases = {folder.key(f, data): folder.read(f) for f in folder.incidents(data)}
    found: dict[str, list[dict[str, list[str]]]] = {
        "as it is": [ranks(cases, lambda case: case)],
        "a fifth of the edges dropped": [ranks(cases, dropping(seed)) for seed in range(10)],
        "no edges": [ranks(cases, lambda case: (*case[:2], []))],
        "no traffic": [ranks(cases, lambda case: without(case, "traffic"))],
        "neither": [ranks(cases, lambda case: (*without(case, "traffic")[:2], []))],
        "no history": [ranks(cases, without_history)],
        "no symptom given": [ranks(cases, lambda case: (case[0], Question(), case[2]))],
    }
    windows = ranks(calm(cases), lambda case: case)
    roots = json.loads(roots_file.read_text())
    print(f"\n{len(cases)} incidents{'':<25}top-1   top-3  without suspects")
    for what, runs in found.items():
        place = [[s.index(roots[k]["root"]) if roots[k]["root"] in s else 99 for k, s in run.items()] for run in runs]
        first, third = (float(np.mean(np.array(place) < n)) for n in (1, 3))
        empty = float(np.mean([not s for run in runs for s in run.values()]))
        print(f"  {what:<34}{first:>7.3f} {third:>7.3f} {empty:>9.3f}")
    if windows:
        print(f"  {len(windows)} calm windows{'':<41}{float(np.mean([not s for s in windows.values()])):>7.3f}")


def main() -> None:
    """Speed, then quality where there is data."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--data", type=Path, help="folders with metrics.csv")
    flags.add_argument("--roots", type=Path, help="their roots, as JSON")
    given = flags.parse_args()
    speed()
    if given.data and given.roots:
        quality(given.data, given.roots)


if __name__ == "__main__":
    main()
