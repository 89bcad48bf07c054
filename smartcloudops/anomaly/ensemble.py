"""Which detectors speak for a group, chosen from its own unlabelled history; their scores put together.

Two questions, two answers. The *score* ranks rows: the highest calibrated score of any detector that takes part,
which calibration then makes a probability again. The *alarm* says when to tell somebody: the geometric mean of the
chosen detectors' probabilities, so that none alone, however sure, wakes people, and two or three that agree do.
Seen over public labelled data, records and lasting changes are what people call incidents where rows are dense or
smooth; where a row stands for half an hour or more of unrest, or for a minute and less, it is single leaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smartcloudops.anomaly.calibrate import rare
from smartcloudops.anomaly.detectors import Arrays, Floats
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.core.times import MINUTE

FOREST = "isolation_forest"
# The detectors' mean probability that raises an alarm: then the alarm is 1. Minutes are so many that they need more.
ALARM, ALARM_FINE = 1 / 100, 1 / 1500
# Leaps are events of their own where records are steps of one.
LEAP_MEMORY = 0.25
_FINE, _COARSE, _SMOOTH = 2 * MINUTE, 30 * MINUTE, 0.95
# In larger groups the mean of so many series' likelihoods drowns what the forest sees.
_FEW = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """The detectors to fit; those that take part in the score, together or apart; weights in the alarm; why, in words.

    memory: the part of `[detect] record` for which an alert that is over is compared with; bar: the mean
    probability that raises an alarm.
    """

    detectors: tuple[str, ...]
    score: frozenset[str]
    apart: frozenset[str]
    alarm: Mapping[str, float]
    memory: float
    bar: float
    why: str

    def arrays(self) -> Arrays:
        """weights (3, D): whether each detector takes part in the score, whether apart, its weight in the alarm.

        memory, bar (): as they are.
        """
        parts = [[float(name in part) for name in self.detectors] for part in (self.score, self.apart)]
        weights = np.array([*parts, [self.alarm.get(name, 0.0) for name in self.detectors]])
        return {"weights": weights, "memory": np.array(self.memory), "bar": np.array(self.bar)}


def choose(values: Floats, step: int, *, prophet: bool = False) -> Choice:
    """By the history of a group (C, T), NaN = missing: its cadence, smoothness and number of series."""
    fine, coarse = step <= _FINE, step >= _COARSE
    leaps = fine or (coarse and smoothness(values) < _SMOOTH)
    ranked = {FOREST, "seasonal"} | ({"prophet"} if prophet else set())
    kept: tuple[str, ...]
    apart: frozenset[str] = frozenset()
    if leaps:
        kept = (FOREST, "seasonal", "jump")
        alarm = dict.fromkeys(kept, 1.0)
        reason = "rows are a minute or two apart" if fine else "rows are far apart and restless"
        why = f"alarms on leaps (forest, seasonal, jump), for {reason}"
    else:
        kept = (FOREST, "seasonal", "novelty", "likelihood")
        alarm = {FOREST: 0.5, "novelty": 1.0, "likelihood": 0.5}
        apart = frozenset({"likelihood"}) if len(values) <= _FEW else frozenset()
        reason = "rows are smooth" if coarse else "rows are dense"
        why = f"alarms on records and lasting change (forest, novelty, likelihood), for {reason}"
    kept += ("prophet",) if prophet else ()
    memory, bar = LEAP_MEMORY if leaps else 1.0, ALARM_FINE if fine else ALARM
    return Choice(kept, frozenset(ranked), apart, alarm, memory, bar, why)


def smoothness(values: Floats) -> float:
    """The median over the series of the correlation of a value with the one before; (C, T), NaN = missing."""
    found = []
    for row in values:
        a, b = row[:-1], row[1:]
        both = np.isfinite(a) & np.isfinite(b)
        a, b = a[both], b[both]
        if len(a) > 2 and a.std() > 0 and b.std() > 0:
            found.append(float(np.corrcoef(a, b)[0, 1]))
    return float(np.median(found)) if found else 0.0


def combine(detectors: Sequence[Floats], part: Floats) -> Floats:
    """The highest calibrated score of the detectors that take part and of any series.

    detectors: D arrays (G, R) or (G, C, R); part (G, D), 0 or 1 -> (G, R).
    """
    found = [_of_group(s) for s in detectors]
    return np.asarray(np.fmax.reduce([np.where(part[:, d, None] > 0, s, np.nan) for d, s in enumerate(found)]))


def _of_group(scores: Floats) -> Floats:
    return scores if scores.ndim == 2 else np.asarray(np.fmax.reduce(scores, axis=1))


def beside(score: Floats, odds: Sequence[Floats], part: Floats, step: int) -> Floats:
    """The combined score (G, R), or that of a detector apart where it is higher; the best of several counts for less.

    odds: D arrays (G, R) or (G, C, R); part (G, D), 0 or 1. Probabilities are multiplied by how many were looked at.
    """
    if not part.any():
        return score
    series = max(s.shape[1] for s in odds if s.ndim == 3)
    two, many = (np.log(n) / -np.log(rare(step)) for n in (2, 2 * series))
    other = combine(odds, part)
    return np.where(np.isnan(other), score, np.maximum(np.fmax(score - two, other - many), 0.0))


def alarm(detectors: Sequence[Floats], weight: Floats, bar: Floats, step: int) -> Floats:
    """The weighted mean of ln p over ln bar, 1 is the threshold: D arrays as for `combine`, weight (G, D), bar (G,).

    Detectors of single series are averaged for each series; the strangest series speaks, and answers for having
    been picked out of C (Bonferroni): its ln p rises by ln C. Gives (G, R).
    """
    of_group = [(s, weight[:, d, None]) for d, s in enumerate(detectors) if s.ndim == 2]
    of_series = [(s, weight[:, d, None, None]) for d, s in enumerate(detectors) if s.ndim == 3]
    parts = [_mean(of_group)] if of_group else []
    if of_series:
        mean, heavy = _mean(of_series)
        picked = _of_group(mean) - np.log(mean.shape[1]) / -np.log(rare(step))
        parts.append((np.maximum(picked, 0.0), heavy.max(axis=1)))
    return np.asarray(_mean(parts)[0] * (np.log(rare(step)) / np.log(bar))[:, None])


def _mean(weighted: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """The weighted mean of what is not NaN, and its weight."""
    known = [np.isfinite(scores) for scores, _ in weighted]
    total = sum(np.where(k, s, 0.0) * w for k, (s, w) in zip(known, weighted, strict=True))
    weight = np.asarray(sum(np.where(k, w, 0.0) for k, (_, w) in zip(known, weighted, strict=True)))
    return np.where(weight > 0, total / np.maximum(weight, 1e-12), np.nan), weight


def validate(arrays: Arrays, groups: int, detectors: int) -> None:
    """Check the weights of G groups and D detectors that came from a file; ModelError names what is wrong."""
    between("weights", require(arrays, "weights", "f8", (groups, 3, detectors)), 0.0, 1.0)
    between("bar", require(arrays, "bar", "f8", (groups,)), 1e-12, 0.5)
    between("memory", require(arrays, "memory", "f8", (groups,)), 0.0, 1.0)
