"""Which detectors speak for a group, chosen from its own unlabelled history; their scores put together.

Two questions, two answers. The *score* ranks rows: the mean of the calibrated scores of the detectors that take part,
over the last rows, which calibration then makes a probability again. The *alarm* says when to tell somebody: the
geometric mean of the chosen detectors' probabilities, so that none alone, however sure, wakes people, and several that
agree do. Seen over public labelled data, what people call incidents are records, new shapes and lasting changes where
rows are dense or smooth; single leaps where a row stands for half an hour or more of unrest, or for two minutes and
less; and where many series are watched together, leaps or records of one that leave the whole strange.

Tried without help: weights by how well a detector tells anomalies injected into the series' own history, which favour
those that see what is injected, not what people label; the detectors' single best; more of them in groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smartcloudops.anomaly.calibrate import rare
from smartcloudops.anomaly.detectors import Arrays, Floats
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.anomaly.rolling import total
from smartcloudops.core.times import MINUTE

FOREST = "isolation_forest"
# Rows that a score is the mean of where they are dense: an incident is seldom one row.
LONGEST = 6
_FINE, _COARSE, _SMOOTH = 2 * MINUTE, 30 * MINUTE, 0.95
# The alarm that one detector alone, however sure, can make: too little to hold one, for what looks back over hours
# would hold it for as long.
_ALONE = 0.6
_WHOLE = 1e9
# Up to so many series are a few: in larger groups nearly every row is a record or a new shape of one of them.
_FEW = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """How a group is judged: the detectors that take part in the score, and in the alarm; why, in words.

    bar: the mean probability that raises an alarm, then the alarm is 1; rows: how many newest rows the score is the
    mean of; memory: the part of `[detect] record` for which an alert that is over is compared with.
    """

    score: tuple[str, ...]
    alarm: tuple[str, ...]
    bar: float
    rows: int
    memory: float
    why: str

    @property
    def detectors(self) -> tuple[str, ...]:
        """Those to fit, each once."""
        return tuple(dict.fromkeys((*self.score, *self.alarm)))

    def arrays(self, order: Sequence[str]) -> Arrays:
        """weights (2, D): whether each detector of `order` takes part in the score, and in the alarm; bar, rows,
        memory (): as they are."""
        weights = np.array([[float(name in part) for name in order] for part in (self.score, self.alarm)])
        rows = np.array(self.rows, np.int64)
        return {"weights": weights, "bar": np.array(self.bar), "rows": rows, "memory": np.array(self.memory)}


def choose(values: Floats, step: int, *, prophet: bool = False) -> Choice:
    """By the history of a group (C, T), NaN = missing: its cadence, smoothness and number of series."""
    leaps, more = (FOREST, "seasonal", "jump"), ("prophet",) if prophet else ()
    said, coarse = "alarms on leaps (forest, seasonal, jump), for rows are", step >= _COARSE
    if step <= _FINE:
        return Choice(leaps + more, leaps, 1 / 1500, 1, 0.25, f"{said} a minute or two apart")
    if len(values) > _FEW:
        why = (
            "alarms where the look of the group, leaps and records agree (forest, jump, range), for it has many series"
        )
        return Choice(leaps + more, (FOREST, "jump", "range_novelty"), 1 / 100, LONGEST, 1.0, why)
    if coarse and smoothness(values) < _SMOOTH:
        return Choice(leaps + more, leaps, 1 / 100, 1, 0.25, f"{said} far apart and restless")
    ranked, told = (FOREST, "seasonal", "matrix_profile"), (FOREST, "novelty", "range_novelty", "likelihood")
    found = "records, new shapes and lasting change (forest, novelties, likelihood, matrix profile)"
    why = f"alarms on {found}, for rows are {'smooth' if coarse else 'dense'}"
    return Choice(ranked + more, (*told, "matrix_profile"), 1 / 50, LONGEST, 1.0, why)


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


def combine(detectors: Sequence[Floats], weight: Floats) -> Floats:
    """The mean of the calibrated scores, of each detector of single series the highest.

    detectors: D arrays (G, R) or (G, C, R), NaN = silent; weight (G, D) -> (G, R).
    """
    return _mean([(_of_group(s), weight[:, d, None]) for d, s in enumerate(detectors)])[0]


def _of_group(scores: Floats) -> Floats:
    return scores if scores.ndim == 2 else np.asarray(np.fmax.reduce(scores, axis=1))


def over_rows(scores: Floats, rows: int) -> Floats:
    """Means of the last so many rows that have a score, NaN where this one has none: (…, R) -> (…, R).

    >>> over_rows(np.array([1.0, np.nan, 2.0, 6.0]), 2).tolist()
    [1.0, nan, 2.0, 4.0]
    """
    here = np.isfinite(scores)
    lead = [(0, 0)] * (scores.ndim - 1) + [(rows - 1, 0)]
    count = total(np.pad(here.astype(np.float64), lead), rows, scores.shape[-1])
    summed = total(np.pad(np.where(here, scores, 0.0), lead), rows, scores.shape[-1])
    return np.where(here, summed / np.maximum(count, 1.0), np.nan)


def alarm(detectors: Sequence[Floats], weight: Floats, bar: Floats, step: int) -> Floats:
    """The weighted mean of ln p over ln bar, 1 is the threshold: D arrays as for `combine`, weight (G, D), bar (G,).

    Up to the threshold no detector counts for more than 0.6, of those that spoke about the row. Those of single
    series are averaged for each series; the strangest series speaks, and answers for having been picked out of C
    (Bonferroni): its ln p rises by ln C. Gives (G, R).
    """
    unit = np.log(rare(step)) / np.log(bar)
    careful = _told(detectors, weight, step, _ALONE / unit) * unit[:, None]
    whole = _told(detectors, weight, step, np.full(len(unit), _WHOLE)) * unit[:, None]
    return np.asarray(np.where(careful >= 1, whole, careful))


def _told(detectors: Sequence[Floats], weight: Floats, step: int, share: Floats) -> Floats:
    """The mean of the scores, each no more than `share` (G,) of the weight that spoke: (G, R)."""
    of_group = [(s, weight[:, d, None]) for d, s in enumerate(detectors) if s.ndim == 2]
    of_series = [(s, weight[:, d, None, None]) for d, s in enumerate(detectors) if s.ndim == 3]
    heard = np.asarray(sum(np.where(np.isfinite(s), w, 0.0) for s, w in of_group)) if of_group else np.zeros((1, 1))
    parts: list[tuple[Floats, Floats]] = []
    if of_series:
        each = np.asarray(sum(np.where(np.isfinite(s), w, 0.0) for s, w in of_series))
        most = share[:, None, None] * (heard[:, None, :] + each)
        mean, _ = _mean([(np.minimum(s, most), w) for s, w in of_series])
        strangest = np.where(each > 0, mean, -np.inf).argmax(axis=1)[:, None, :]
        picked, own = (np.take_along_axis(x, strangest, axis=1)[:, 0] for x in (mean, each))
        parts.append((np.maximum(picked - np.log(mean.shape[1]) / -np.log(rare(step)), 0.0), own))
        heard = heard + own
    parts += [(np.minimum(s, share[:, None] * heard), w) for s, w in of_group]
    return _mean(parts)[0]


def _mean(weighted: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """The weighted mean of what is not NaN, and its weight."""
    known = [np.isfinite(scores) for scores, _ in weighted]
    summed = sum(np.where(k, s, 0.0) * w for k, (s, w) in zip(known, weighted, strict=True))
    weight = np.asarray(sum(np.where(k, w, 0.0) for k, (_, w) in zip(known, weighted, strict=True)))
    return np.where(weight > 0, summed / np.maximum(weight, 1e-12), np.nan), weight


def validate(arrays: Arrays, groups: int, detectors: int) -> None:
    """Check the weights of G groups and D detectors that came from a file; ModelError names what is wrong."""
    between("weights", require(arrays, "weights", "f8", (groups, 2, detectors)), 0.0, 1.0)
    between("bar", require(arrays, "bar", "f8", (groups,)), 1e-12, 0.5)
    between("rows", require(arrays, "rows", "i8", (groups,)), 1, LONGEST)
    between("memory", require(arrays, "memory", "f8", (groups,)), 0.0, 1.0)
