"""How good alerts and scores are against labelled windows: by event, with the cost of repeated false alarms.

A window is met by one alert inside it. Alerts outside every window that are an hour or less apart are one run, and
a run is one false alarm per started four hours, the default repeat interval of Alertmanager: without that cost,
alerting always would score well. No threshold is chosen here. Point-adjusted F1 is left out on purpose: one lucky
row counts for its whole window, and random scores reach .86 (Kim et al., Towards a Rigorous Evaluation of
Time-Series Anomaly Detection, 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from smartcloudops.core.times import HOUR, MINUTE, SECOND, WEEK

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

MERGE_MS = HOUR
REPEAT_MS = 4 * HOUR


@dataclass(frozen=True, slots=True)
class Track:
    """One file or group walked through: times (T,) in ms, score (T,) with NaN = not scored, alerts (T,).

    windows (K, 2): first and last row of each labelled window, both inclusive. Rows before `first` are not judged,
    nor are windows that end before it. `series`: how many series the alerts speak for.
    """

    times: Ints
    score: Floats
    alerts: Flags
    windows: Ints
    first: int = 0
    series: int = 1

    @property
    def step(self) -> int:
        """The median distance of neighbouring rows in ms, at least a second."""
        steps = np.diff(self.times)
        return max(int(np.median(steps)), SECOND) if len(steps) else 5 * MINUTE

    @property
    def judged(self) -> Ints:
        """The windows that can be met, in order, (K, 2)."""
        kept = self.windows[self.windows[:, 1] >= self.first]
        return kept[np.lexsort((kept[:, 1], kept[:, 0]))]

    @property
    def weeks(self) -> float:
        """Series-weeks that were judged: C series over W weeks are C x W."""
        rows = self.times[self.first :]
        return self.series * (int(rows[-1] - rows[0]) + self.step) / WEEK if len(rows) else 0.0


class Counts(NamedTuple):
    """Windows met and missed, and false alarms."""

    met: int
    missed: int
    false: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures over one or more tracks. auc_pr is NaN without a labelled row, delays are NaN where none was met.

    delay: median time from a window's first row to the first alert in it, in rows and in ms.
    """

    counts: Counts
    auc_pr: float
    delay_rows: float
    delay_ms: float
    weeks: float

    @property
    def windows(self) -> int:
        """How many windows could be met."""
        return self.counts.met + self.counts.missed

    @property
    def precision(self) -> float:
        """Met windows of met windows and false alarms; 0 without an alert."""
        return _share(self.counts.met, self.counts.met + self.counts.false)

    @property
    def recall(self) -> float:
        """Met windows of all; 0 without a window."""
        return _share(self.counts.met, self.windows)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, 0 where both are."""
        met, missed, false = self.counts
        return _share(2 * met, 2 * met + missed + false)

    @property
    def false_per_week(self) -> float:
        """False alarms per series-week."""
        return self.counts.false / self.weeks if self.weeks else 0.0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def windows_of(times: Ints, spans: Sequence[tuple[int, int]]) -> Ints:
    """Labelled spans (first, last) in ms as rows, (K, 2), both inclusive; an end off the grid goes inwards.

    >>> windows_of(np.array([0, 60, 120, 180]), [(60, 120), (61, 200)]).tolist()
    [[1, 2], [2, 3]]
    """
    found = [_rows(times, first, last) for first, last in spans]
    return np.array(found, np.int64).reshape(-1, 2)


def _rows(times: Ints, first: int, last: int) -> tuple[int, int]:
    a, b = (np.flatnonzero(times == at) for at in (first, last))
    if len(a) and len(b):
        return int(a[0]), int(b[0])
    return int(np.searchsorted(times, first)), int(np.searchsorted(times, last, "right")) - 1


def evaluate(tracks: Sequence[Track]) -> Quality:
    """Pooled figures: events are added up, rows are ranked together, delays go into one median."""
    each = [counts(track) for track in tracks]
    positive = np.concatenate([labels(t)[t.first :] for t in tracks]) if tracks else np.zeros(0, np.bool_)
    score = np.concatenate([t.score[t.first :] for t in tracks]) if tracks else np.zeros(0)
    late = [delay for track in tracks for delay in delays(track)]
    rows, ms = (float(np.median([d[i] for d in late])) if late else float("nan") for i in (0, 1))
    total = Counts(*(sum(column) for column in zip(*each, strict=True))) if each else Counts(0, 0, 0)
    return Quality(total, average_precision(positive, score), rows, ms, sum(t.weeks for t in tracks))


def counts(track: Track) -> Counts:
    """Windows met and missed, and false alarms, of one track."""
    alerts = _alerts(track)
    inside = np.zeros(len(alerts), np.bool_)
    met = 0
    for first, last in track.judged.tolist():
        here = (alerts >= first) & (alerts <= last)
        inside |= here
        met += bool(here.any())
    return Counts(met, len(track.judged) - met, false_alarms(alerts[~inside], track.step))


def _alerts(track: Track) -> Ints:
    rows = np.flatnonzero(track.alerts)
    return rows[rows >= track.first]


def false_alarms(rows: Ints, step: int) -> int:
    """How many alarms alerts at these rising rows cost where none should be; step in ms.

    >>> false_alarms(np.array([5, 6, 7, 100]), 5 * MINUTE)
    2
    """
    if not len(rows):
        return 0
    gap, repeat = max(1, round(MERGE_MS / step)), max(1, round(REPEAT_MS / step))
    cut = np.flatnonzero(np.diff(rows) > gap)
    first, last = rows[np.r_[0, cut + 1]], rows[np.r_[cut, len(rows) - 1]]
    return int(np.ceil((last - first + 1) / repeat).sum())


def delays(track: Track) -> list[tuple[int, int]]:
    """For each window that was met, the time to the first alert in it: (rows, ms)."""
    alerts, found = _alerts(track), []
    for first, last in track.judged.tolist():
        here = alerts[(alerts >= first) & (alerts <= last)]
        if len(here):
            found.append((int(here[0]) - first, int(track.times[here[0]] - track.times[first])))
    return found


def labels(track: Track) -> Flags:
    """Which rows lie in a judged window, (T,)."""
    out = np.zeros(len(track.times), np.bool_)
    for first, last in track.judged.tolist():
        out[first : last + 1] = True
    return out


def average_precision(positive: Flags, score: Floats) -> float:
    """Area under precision over recall, step-wise; equal scores are one step, rows without a score come last.

    NaN without a positive row.

    >>> average_precision(np.array([True, False, True]), np.array([3.0, 2.0, 1.0]))
    0.8333333333333333
    """
    if not positive.any():
        return float("nan")
    known = np.where(np.isnan(score), -np.inf, score)
    order = np.argsort(-known, kind="stable")
    ranked = known[order]
    last = np.r_[ranked[1:] != ranked[:-1], True]
    hits = np.cumsum(positive[order])[last]
    taken = np.flatnonzero(last) + 1
    return float(np.sum(np.diff(np.r_[0, hits]) * hits / taken) / hits[-1])
