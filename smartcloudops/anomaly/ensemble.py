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
# The detectors' mean probability that raises an alarm: then the alarm is 1.
ALARM = 1 / 150
_FINE, _COARSE, _SMOOTH = 2 * MINUTE, 30 * MINUTE, 0.95
# In larger groups the mean of so many series' likelihoods drowns what the forest sees.
_FEW = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """The detectors to fit; those that take part in the score; the weight of each in the alarm; why, in words."""

    detectors: tuple[str, ...]
    score: frozenset[str]
    alarm: Mapping[str, float]
    why: str

    def weights(self) -> Floats:
        """(2, D): whether each detector takes part in the score, and its weight in the alarm."""
        score = [float(name in self.score) for name in self.detectors]
        return np.array([score, [self.alarm.get(name, 0.0) for name in self.detectors]])


def choose(values: Floats, step: int, *, prophet: bool = False) -> Choice:
    """By the history of a group (C, T), NaN = missing: its cadence, smoothness and number of series."""
    fine, coarse = step <= _FINE, step >= _COARSE
    leaps = fine or (coarse and smoothness(values) < _SMOOTH)
    ranked = {FOREST, "seasonal"} | ({"prophet"} if prophet else set())
    kept: tuple[str, ...]
    if leaps:
        kept, alarm = (FOREST, "seasonal", "jump"), {"seasonal": 1.0, "jump": 1.0}
        reason = "rows are a minute or two apart" if fine else "rows are far apart and restless"
        why = f"alarms on leaps (seasonal, jump), for {reason}"
    else:
        kept = (FOREST, "seasonal", "novelty", "likelihood")
        alarm = {FOREST: 1.0, "novelty": 1.0, "likelihood": 1.0}
        ranked |= {"likelihood"} if len(values) <= _FEW else set()
        reason = "rows are smooth" if coarse else "rows are dense"
        why = f"alarms on records and lasting change (forest, novelty, likelihood), for {reason}"
    return Choice(kept + (("prophet",) if prophet else ()), frozenset(ranked), alarm, why)


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


def alarm(detectors: Sequence[Floats], weight: Floats, step: int) -> Floats:
    """The weighted mean of ln p over ln ALARM, 1 is the threshold: D arrays as for `combine`, weight (G, D) -> (G, R).

    Detectors of single series are averaged for each series; the strangest series speaks, and answers for having
    been picked out of C (Bonferroni): its ln p rises by ln C.
    """
    unit = np.log(rare(step)) / np.log(ALARM)
    by_group = _mean([(s, weight[:, d, None]) for d, s in enumerate(detectors) if s.ndim == 2])
    by_series = _mean([(s, weight[:, d, None, None]) for d, s in enumerate(detectors) if s.ndim == 3])
    if by_series is not None:
        mean, heavy = by_series
        picked = _of_group(mean) * unit - np.log(mean.shape[1]) / -np.log(ALARM)
        by_series = (np.maximum(picked, 0.0), heavy.max(axis=1))
    parts = [(by_group[0] * unit, by_group[1])] if by_group is not None else []
    parts += [by_series] if by_series is not None else []
    return _mean([(s, w) for s, w in parts])[0]  # type: ignore[index]


def _mean(weighted: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats] | None:
    """The weighted mean of what is not NaN, and its weight; None where there is nothing to average."""
    if not weighted:
        return None
    total, weight = np.zeros(weighted[0][0].shape), np.zeros(weighted[0][0].shape)
    for scores, w in weighted:
        known = np.isfinite(scores)
        total += np.where(known, scores, 0.0) * w
        weight += np.where(known, w, 0.0)
    return np.where(weight > 0, total / np.maximum(weight, 1e-12), np.nan), weight


def validate(arrays: Arrays, groups: int, detectors: int) -> None:
    """Check the weights of G groups and D detectors that came from a file; ModelError names what is wrong."""
    between("weights", require(arrays, "weights", "f8", (groups, 2, detectors)), 0.0, 1.0)
