"""What a metric's own settings say about deviations: direction, smallest size, how long. Scores are never touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Floats
from smartcloudops.anomaly.judge import KEEP, Policy
from smartcloudops.anomaly.scoring import Scored
from smartcloudops.core.settings import Detect, Metric

Flags = npt.NDArray[np.bool_]
_SIGN = {"up": 1.0, "down": -1.0}


def rules(settings: Detect) -> Policy:
    """The judge's rules by the settings."""
    return Policy(
        settings.threshold,
        settings.threshold * KEEP,
        settings.hold_ms,
        settings.repeat_ms,
        settings.record_ms,
        settings.adopt_ms,
    )


def matters(
    scored: Scored, metrics: Sequence[Sequence[str]], by_name: Mapping[str, Metric], keep: float
) -> tuple[Flags, Flags]:
    """Which series' deviations count, and which of them have lasted; (G, C, R), where the group's score is >= keep.

    Where series are strange by themselves, at `keep` or more, only those count; else all do. A deviation in the
    harmless direction or smaller than `min_dev` does not count; one shorter than `for` has not lasted. Where
    nothing is expected of a series, its deviation has no direction and counts.
    """
    step = scored.scene.step
    values = scored.scene.values[:, :, -scored.scene.rows :]
    strange = scored.own() >= keep
    counts = (scored.alarm >= keep)[:, None, :] & (strange | ~strange.any(axis=1, keepdims=True))
    lasted = counts.copy()
    for g, names in enumerate(metrics):
        for c, name in enumerate(names):
            metric = by_name.get(name)
            if metric is not None and _is_particular(metric):
                counts[g, c] &= _counts(metric, values[g, c], scored.expected[g, c])
                lasted[g, c] = lasting(counts[g, c], -(-metric.for_ms // step))
    return counts, lasted


def judged(scores: Floats, counts: Flags, lasted: Flags, rules: Policy) -> Floats:
    """The scores (R,) that the judge sees: a row that does not count neither opens nor holds an incident, one that
    has not lasted holds but does not open."""
    known = np.isfinite(scores)
    idle = known & (scores >= rules.keep) & ~counts
    early = known & (scores >= rules.threshold) & counts & ~lasted
    held = np.where(early, np.nextafter(rules.threshold, 0), scores)
    return np.asarray(np.where(idle, np.nextafter(rules.keep, 0), held))


def _is_particular(metric: Metric) -> bool:
    return metric.direction != "both" or metric.min_dev > 0 or metric.for_ms > 0


def _counts(metric: Metric, values: Floats, expected: Floats) -> Flags:
    with np.errstate(invalid="ignore"):
        deviation = values - expected
        large = np.abs(deviation) >= metric.min_dev
        signed = deviation * _SIGN[metric.direction] > 0 if metric.direction in _SIGN else True
    counts: Flags = np.isnan(deviation) | (large & signed)
    return counts


def lasting(flags: Flags, rows: int) -> Flags:
    """True where a flag has been up for `rows` rows before this one, too.

    >>> lasting(np.array([True, True, False, True, True, True]), 1).tolist()
    [False, True, False, False, True, True]
    """
    if rows <= 0:
        return flags
    run = np.zeros(len(flags), np.int64)
    length = 0
    for i, up in enumerate(flags.tolist()):
        length = length + 1 if up else 0
        run[i] = length
    return run > rows
