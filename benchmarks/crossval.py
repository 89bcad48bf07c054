"""What the default ensemble is worth where its bars and detectors were not chosen, and what each part adds.

`python benchmarks/crossval.py DIR… [--train DIR] [--by file] [--workers N]`. DIRs hold labelled CSV files as
`quality.py` reads them; `--train` is for the last one, whose labels lie beside it. A collection is a folder of files
(`--by file`: each file is one).

Every file is walked forward once with all detectors; what is tried below changes only who speaks in the alarm and the
bar. *Cross-validated*: for each collection, detectors (those of the default, one fewer or one more) and bar are chosen
anew for each profile by the F1 of all other collections, the mean over three neighbouring bars, half a point a
detector for simplicity; then the collection that was left out is judged once. *Ablation*: the default's alarm without
each detector or with one more, at its own bar, on everything. Figures are of alerts, by event, as in `quality.py`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly import calibrate, ensemble, features, scoring
from smartcloudops.anomaly.backtest import OPTIONS, WARM_UP, _step, segments
from smartcloudops.anomaly.detectors import DETECTORS, Floats
from smartcloudops.anomaly.ensemble import Choice
from smartcloudops.anomaly.evaluate import Counts, Track, counts, windows_of
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.groups import bounded
from smartcloudops.anomaly.judge import Policy, State, judge
from smartcloudops.anomaly.labels import find, read
from smartcloudops.core.runners import choose
from smartcloudops.metrics.file import read_table

BARS = (30, 40, 60, 80, 100, 150, 250, 400, 600, 1000, 1500, 2500, 4000)
NAMES = tuple(name for name in DETECTORS if name != "prophet")
SIMPLER = 0.005

Recipe = tuple[tuple[str, ...], float]
Times = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stretch:
    """Rows [start, end) that one fit serves: the default's choice, and what each detector says, ln p / ln p0."""

    start: int
    end: int
    step: int
    choice: Choice
    odds: Mapping[str, Floats]


@dataclass(frozen=True)
class Walk:
    """One file, its labels, and its collection."""

    name: str
    collection: str
    times: Times
    series: int
    first: int
    windows: npt.NDArray[np.int64]
    stretches: tuple[Stretch, ...]


def walk(job: tuple[Path, str, Path | None, str]) -> Walk | None:
    """All detectors over one file; None where it has no labels, or too few rows to walk."""
    data, file, train, by = job
    _, times, names, values = read_table(data / file)
    past, first = 0, int(np.ceil(min(np.floor(0.15 * len(times)), 750)))
    spans = find(read(data.parent / "windows.json" if train else data / "windows.json"), file)
    if spans is None:
        return None
    windows, judged = windows_of(times, spans), times
    if train is not None:
        _, before, _, history = read_table(train / file)
        past, first = len(before), 0
        times, values = np.concatenate([before, times]), np.concatenate([history, values], axis=1)
    values = bounded(values)
    parts = tuple(_stretch(values, times, a, b, past) for a, b in segments(times, max(past, WARM_UP)))
    collection = f"{data.name}/{file}" if by == "file" else f"{data.name}/{Path(file).parent}".rstrip("/.")
    if not parts:
        return None
    return Walk(f"{data.name}/{file}", collection, judged, len(names), first, windows, parts)


def _stretch(values: Floats, times: Times, start: int, end: int, past: int) -> Stretch:
    step = _step(times[:start])
    plan = Plan.of(series=len(values), step=step)
    history, when = values[:, :start], times[:start]
    learnt = features.learn(plan, history, when)
    stacked = {key: array[None] for key, array in learnt.items()}
    came = scoring.make_scene(plan, stacked, history[None], when, start)
    tame = scoring.make_scene(plan, stacked, features.winsorise(history, learnt)[None], when, start)
    since = max(0, start - plan.lookback)
    fresh = scoring.make_scene(plan, stacked, values[None, :, since:end], times[since:end], end - start)
    odds = {}
    for name in NAMES:
        detector = DETECTORS.load(name)
        own: dict[str, Any] = dict(OPTIONS) if name == ensemble.FOREST else {}
        arrays = detector.fit(came if detector.robust else tame, seed=0, options=own)
        table = calibrate.learn(detector.rehearse(tame, came, seed=0, options=own))
        raw = scoring.raw_scores(name, {key: array[None] for key, array in arrays.items()}, fresh).raw
        odds[name] = calibrate.scores(calibrate.p_values(table, raw), step).astype(np.float32)
    return Stretch(start - past, end - past, step, ensemble.choose(history, step), odds)


def judged(one: Walk, recipe: Callable[[Choice], Recipe]) -> Counts:
    """Windows met and missed and false alarms of a file, where each profile's alarm is made by `recipe`."""
    alerts, state = np.zeros(len(one.times), np.bool_), State()
    for part in one.stretches:
        names, bar = recipe(part.choice)
        found = [part.odds[name].astype(np.float64) for name in names]
        alarm = ensemble.alarm(found, np.ones((1, len(names))), np.array([bar]), part.step)[0]
        policy = Policy().remembering(part.choice.memory)
        decision = judge(one.times[part.start : part.end], alarm, state, policy)
        alerts[part.start : part.end], state = decision.is_anomaly, decision.state
    return counts(Track(one.times, np.zeros(len(one.times)), alerts, one.windows, one.first, one.series))


def default(choice: Choice) -> Recipe:
    """The alarm as it is."""
    return choice.alarm, choice.bar


def always(recipe: Recipe) -> Callable[[Choice], Recipe]:
    """The same for every profile."""
    return lambda choice: recipe


def f1(found: Sequence[Counts]) -> float:
    """By event, pooled."""
    met, missed, false = (sum(column) for column in zip(*found, strict=True)) if found else (0, 0, 0)
    return 2 * met / (2 * met + missed + false) if met else 0.0


def variants(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The detectors themselves, one fewer (of three at least), one more."""
    yield names
    if len(names) > 2:
        yield from (tuple(n for n in names if n != gone) for gone in names)
    yield from ((*names, more) for more in NAMES if more not in names)


def profiles(walks: Sequence[Walk]) -> dict[Recipe, list[Walk]]:
    """Files by the default recipe of most of their stretches: what a profile is told by."""
    out: dict[Recipe, list[Walk]] = {}
    for one in walks:
        kinds = [default(part.choice) for part in one.stretches]
        out.setdefault(max(set(kinds), key=kinds.count), []).append(one)
    return out


def grid(walks: Sequence[Walk], base: Recipe) -> dict[Recipe, dict[str, Counts]]:
    """Every variant and bar of one profile on its files."""
    tried = [(names, 1 / bar) for names in variants(base[0]) for bar in BARS]
    return {recipe: {one.name: judged(one, always(recipe)) for one in walks} for recipe in tried}


def best(table: Mapping[Recipe, Mapping[str, Counts]], files: set[str]) -> Recipe:
    """The recipe with the highest F1 on these files, neighbouring bars counted, fewer detectors first."""
    score = {recipe: f1([c for name, c in row.items() if name in files]) for recipe, row in table.items()}
    bars = [1 / bar for bar in BARS]

    def worth(recipe: Recipe) -> float:
        names, bar = recipe
        at = bars.index(bar)
        return float(np.mean([score[names, b] for b in bars[max(0, at - 1) : at + 2]])) - SIMPLER * len(names)

    return max(table, key=worth)


def cross_validated(walks: Sequence[Walk]) -> dict[str, Counts]:
    """Each file judged by what all other collections chose; a profile seen nowhere else keeps its default."""
    out: dict[str, Counts] = {}
    for base, members in profiles(walks).items():
        table = grid(members, base)
        for collection in sorted({one.collection for one in members}):
            rest = {one.name for one in members if one.collection != collection}
            recipe = best(table, rest) if rest else base
            for one in members:
                if one.collection == collection:
                    out[one.name] = table[recipe][one.name] if rest else judged(one, default)
            said = "+".join(recipe[0])
            print(f"  {collection}: {said}, 1/{1 / recipe[1]:.0f}" + ("" if rest else " (the default)"), flush=True)
    return out


def line(name: str, found: Sequence[Counts]) -> str:
    """One row of a table."""
    met, missed, false = (sum(column) for column in zip(*found, strict=True)) if found else (0, 0, 0)
    precision, recall = met / max(met + false, 1), met / max(met + missed, 1)
    return f"| {name} | {met} | {missed} | {false} | {precision:.3f} | {recall:.3f} | {f1(found):.3f} |"


def spread(found: Mapping[str, Counts], walks: Sequence[Walk]) -> str:
    """Mean and standard deviation of F1 over collections with a window."""
    of = {c: [found[w.name] for w in walks if w.collection == c] for c in {w.collection for w in walks}}
    each = [f1(rows) for rows in of.values() if sum(c.met + c.missed for c in rows)]
    return f"{np.mean(each):.3f} ± {np.std(each):.3f} over {len(each)} collections" if each else "no window"


def ablation(walks: Sequence[Walk]) -> None:
    """Each profile without and with each detector, at its own bar."""
    for (names, bar), members in profiles(walks).items():
        print(f"\n{'+'.join(names)}, 1/{1 / bar:.0f}: {len(members)} files")
        print("| alarm | met | missed | false | P | R | F1 |\n| --- | --: | --: | --: | --: | --: | --: |")
        for tried in variants(names):
            gone, more = set(names) - set(tried), set(tried) - set(names)
            said = f"without {gone.pop()}" if gone else f"with {more.pop()}" if more else "default"
            print(line(said, [judged(one, always((tried, bar))) for one in members]), flush=True)


def main() -> None:
    """Walk, then print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--train", type=Path)
    parser.add_argument("--by", choices=("folder", "file"), default="folder")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    jobs = [
        (data, str(path.relative_to(data)), args.train if data == args.data[-1] else None, args.by)
        for data in args.data
        for path in sorted(data.rglob("*.csv"))
    ]
    walks = [one for one in choose(args.workers, len(jobs)).map(walk, jobs) if one is not None]
    print("chosen without the collection:")
    held = cross_validated(walks)
    plain = {one.name: judged(one, default) for one in walks}
    print("\n| set | met | missed | false | P | R | F1 |\n| --- | --: | --: | --: | --: | --: | --: |")
    for data in args.data:
        own = [one for one in walks if one.name.startswith(f"{data.name}/")]
        for said, found in (("default", plain), ("cross-validated", held)):
            print(line(f"{data.name}, {said} ({spread(found, own)})", [found[one.name] for one in own]))
    ablation(walks)


if __name__ == "__main__":
    main()
