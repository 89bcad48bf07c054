"""Scores in words: verdicts with what was expected, and suspects ranked by what explains a group's score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from smartcloudops.anomaly import calibrate, features
from smartcloudops.anomaly.detectors import Floats
from smartcloudops.anomaly.detectors.isolation_forest import contributions
from smartcloudops.anomaly.features import Plan
from smartcloudops.anomaly.judge import Flags, Rows
from smartcloudops.anomaly.model import Shard
from smartcloudops.anomaly.scoring import FEATURES, Scored
from smartcloudops.core.quantities import quantity
from smartcloudops.core.records import Suspect, Verdict
from smartcloudops.core.settings import Metric
from smartcloudops.metrics.series import Times

FOREST = "isolation_forest"
_MOST, _LEAST_SHARE = 5, 0.05
_BAND, _NOTABLE = 4.0, 3.0

# Largest distances from the usual of a group's series in robust deviations, (C,) -> shares of the blame, (C,).
Rank = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class ScoredSeries:
    """One series over the rows at which its group could be scored: times (R,) in ms, the rest (R,), NaN = unknown.

    `score` is the series' own, its group's where no detector speaks for it alone.
    """

    series: str
    group: str
    times: Times
    score: Floats
    expected: Floats
    lower: Floats
    upper: Floats

    def between(self, first: int, last: int) -> ScoredSeries:
        """The rows from one time to another, both included."""
        rows = slice(*np.searchsorted(self.times, [first, last + 1]).tolist())
        bands = (self.score[rows], self.expected[rows], self.lower[rows], self.upper[rows])
        return ScoredSeries(self.series, self.group, self.times[rows], *bands)


def scored_series(shard: Shard, scored: Scored) -> Iterator[ScoredSeries]:
    """Every series of the shard whose group has a score in the window."""
    times, own = scored.scene.times[-scored.scene.rows :], scored.own()
    score = np.where(np.isfinite(own), own, scored.score[:, None, :])
    bands = (score, scored.expected, scored.lower, scored.upper)
    for g, info in enumerate(shard.groups):
        rows = np.flatnonzero(np.isfinite(scored.score[g]))
        if len(rows):
            for c, name in enumerate(info.names):
                yield ScoredSeries(name, info.key, times[rows], *(band[g, c, rows] for band in bands))


def verdicts_of(
    shard: Shard, scored: Scored, counts: Flags, g: int, rows: Rows, metrics: Mapping[str, Metric]
) -> list[Verdict]:
    """A verdict for each series that explains each of these anomalous rows; the first carries the group's score."""
    out = []
    for r in rows.tolist():
        own_shares = _own_shares(shard, scored, counts, g, r)
        shares = own_shares if own_shares.any() else _shares(shard, scored, counts, g, r)
        order = np.argsort(-shares, kind="stable")
        for rank, c in enumerate(order.tolist()):
            own = _own(scored, g, c, r)
            if rank == 0 or own >= 1.0:
                out.append(_verdict(shard, scored, (g, c, r), float(scored.score[g, r]) if rank == 0 else own))
    return out


def every_verdict(shard: Shard, scored: Scored) -> list[Verdict]:
    """A verdict for every series and row that could be scored: its own score, its group's where it has none."""
    return [
        _verdict(shard, scored, (g, c, r), _own_or(scored, g, c, r, float(scored.score[g, r])))
        for g, info in enumerate(shard.groups)
        for c in range(len(info.names))
        for r in np.flatnonzero(np.isfinite(scored.score[g])).tolist()
    ]


def _own(scored: Scored, g: int, c: int, r: int) -> float:
    return _own_or(scored, g, c, r, 0.0)


def _own_or(scored: Scored, g: int, c: int, r: int, default: float) -> float:
    found = [float(s[g, c, r]) for s in scored.detectors.values() if s.ndim == 3]
    return max((s for s in found if s == s), default=default)


def _verdict(shard: Shard, scored: Scored, at: tuple[int, int, int], score: float) -> Verdict:
    g, c, r = at
    info = shard.groups[g]
    p = float(calibrate.rare(scored.scene.step) ** score)
    return Verdict(
        series=info.names[c],
        group=info.key,
        time=int(scored.scene.times[-scored.scene.rows :][r]),
        value=_known(scored.scene.values[:, :, -scored.scene.rows :][g, c, r]),
        score=score,
        p=max(p, calibrate.FLOOR),
        n=int(scored.n[g]),
        expected=_known(scored.expected[g, c, r]),
        lower=_known(scored.lower[g, c, r]),
        upper=_known(scored.upper[g, c, r]),
        detectors=_fired(scored, at),
        alarm=_known(scored.alarm[g, r]),
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _fired(scored: Scored, at: tuple[int, int, int]) -> tuple[str, ...]:
    """The detectors at their threshold, the strangest first; the strangest alone where none is."""
    g, c, r = at
    by = {name: float(s[g, r] if s.ndim == 2 else s[g, c, r]) for name, s in scored.detectors.items()}
    ranked = sorted((name for name, s in by.items() if s == s), key=lambda name: -by[name])
    fired = [name for name in ranked if by[name] >= 1.0]
    return tuple(fired or ranked[:1])


def suspects_of(
    shard: Shard, scored: Scored, counts: Flags, g: int, r: int, metrics: Mapping[str, Metric]
) -> tuple[Suspect, ...]:
    """The series that explain row r of group g, by share."""
    shares = _shares(shard, scored, counts, g, r)
    first, *others = np.argsort(-shares, kind="stable").tolist()[:_MOST]
    order = [first, *(c for c in others if shares[c] >= _LEAST_SHARE)]
    info = shard.groups[g]
    return tuple(
        Suspect(info.names[c], float(shares[c]), _reason(scored, (g, c, r), metrics.get(info.metrics[c])))
        for c in order
    )


def ranked_by(
    rank: Rank, shard: Shard, scored: Scored, counts: Flags, g: int, rows: Rows, metrics: Mapping[str, Metric]
) -> tuple[Suspect, ...]:
    """The series of group g by their largest distance over these rows, those that matter before all; none where none
    is three deviations from the usual."""
    values = scored.scene.values[g, :, -scored.scene.rows :][:, rows]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        apart = _BAND * np.abs(values - scored.expected[g][:, rows]) / (scored.upper - scored.expected)[g][:, rows]
    apart = np.where(np.isfinite(apart), apart, 0.0)
    heavy = counts[g][:, rows].any(axis=1)
    peaks = apart.max(axis=1) * (heavy if heavy.any() else True)
    if peaks.max() < _NOTABLE:
        return ()
    shares, info = rank(peaks), shard.groups[g]
    first, *others = np.argsort(-peaks, kind="stable").tolist()[:_MOST]
    order = [first, *(c for c in others if shares[c] >= _LEAST_SHARE)]
    return tuple(
        Suspect(
            info.names[c],
            float(shares[c]),
            _reason(scored, (g, c, int(rows[np.argmax(apart[c])])), metrics.get(info.metrics[c])),
        )
        for c in order
    )


def _shares(shard: Shard, scored: Scored, counts: Flags, g: int, r: int) -> Floats:
    """Two parts the series' own scores, squared, one part what the forest's score rests on; adds up to 1."""
    weight = 2 * _own_shares(shard, scored, counts, g, r)
    if FOREST in scored.detectors:
        weight = weight + _forest_shares(shard, scored, g, r)
    total = weight.sum()
    return np.asarray(weight / total if total > 0 else np.full(shard.series, 1 / shard.series))


def _own_shares(shard: Shard, scored: Scored, counts: Flags, g: int, r: int) -> Floats:
    """Shares by the series' own scores above half the threshold, all 0 where there are none."""
    own = np.array([_own(scored, g, c, r) for c in range(shard.series)])
    own = np.where(own >= 0.5, np.square(own), 0.0) * np.where(counts[g, :, r].any(), counts[g, :, r], True)
    return np.asarray(own / max(own.sum(), 1e-12))


def _forest_shares(shard: Shard, scored: Scored, g: int, r: int) -> Floats:
    learnt = shard.part(FEATURES)
    plan = Plan.of(series=shard.series, step=scored.scene.step)
    one = {key: array[g : g + 1] for key, array in shard.part(FOREST).items()}
    owners = features.owners(plan, learnt["pairs"][g : g + 1])
    row = scored.scene.features[g : g + 1, r : r + 1]
    return np.asarray(contributions(one, row, learnt["medians"][g : g + 1], owners)[0, 0])


def _reason(scored: Scored, at: tuple[int, int, int], metric: Metric | None) -> str:
    unit = metric.unit if metric else ""
    value = _known(scored.scene.values[:, :, -scored.scene.rows :][at])
    lower, upper = _known(scored.lower[at]), _known(scored.upper[at])
    if value is None:
        return "missing"
    if lower is None or upper is None:
        return quantity(value, unit)
    usual = f"{quantity(lower, unit)} to {quantity(upper, unit)}"
    if lower <= value <= upper:
        return f"{quantity(value, unit)}, inside the usual {usual}, but it moves unlike before"
    return f"{quantity(value, unit)}, usually {usual}"
