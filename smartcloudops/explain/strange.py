"""How far a series strays from what is usual at this time of day or week, in robust deviations.

Medians by hour as in S-H-ESD (Hochenbaum, Vallis, Kejariwal: Automatic Anomaly Detection in the Cloud Via Statistical
Learning, 2017). The largest distance over an incident ranks the series of one host or group.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smartcloudops.core.times import DAY, HOUR, WEEK
from smartcloudops.explain.excess import Floats, median

Times = npt.NDArray[np.int64]
_ENOUGH = 3
_ROUNDED, _PART = 1e-3, 0.01
_BLOCK = 128
MOST, CAP = 1e6, 50.0


def strangeness(rows: Floats, times: Times, past: Floats, past_times: Times, worse: npt.NDArray[np.int64]) -> Floats:
    """(C, R) rows at times (R,) against history (C, H) at times (H,): distances from the usual, 0 or more.

    Where `worse` (C,) is 1 or -1 only growth or only a fall counts. NaN where the row or all history is missing.
    """
    found = np.empty_like(rows)
    for at in range(0, len(rows), _BLOCK):
        block = slice(at, at + _BLOCK)
        found[block] = _distances(rows[block], times, past[block], past_times, worse[block, None])
    return found


def _distances(rows: Floats, times: Times, past: Floats, past_times: Times, worse: npt.NDArray[np.int64]) -> Floats:
    level, before = _usual(past, past_times, times)
    apart = past - before
    apart -= median(apart)[:, None]
    deviation = 1.4826 * median(np.abs(apart, out=apart))
    with np.errstate(invalid="ignore"):
        high = np.fmax(np.fmax.reduce(past, axis=1, initial=-np.inf), np.fmax.reduce(rows, axis=1, initial=-np.inf))
        low = np.fmin(np.fmin.reduce(past, axis=1, initial=np.inf), np.fmin.reduce(rows, axis=1, initial=np.inf))
    span = np.where(high >= low, high - low, 0.0)
    middle = np.nan_to_num(median(level))
    deviation = np.maximum(np.maximum(deviation, np.maximum(_PART * np.abs(middle), _ROUNDED * span)), 1e-9)
    z = (rows - level) / deviation[:, None]
    return np.minimum(np.where(worse == 0, np.abs(z), np.maximum(worse * z, 0.0)), MOST)


def _usual(past: Floats, past_times: Times, times: Times) -> tuple[Floats, Floats]:
    """The usual level at the rows (C, R) and at history's own rows (C, H): by hour of the week from three weeks of
    history on, of the day from three days on, else one median."""
    seen = int(past_times[-1] - past_times[0]) if len(past_times) else 0
    if seen < 3 * DAY:
        level = median(past)[:, None]
        return np.repeat(level, len(times), axis=1), np.repeat(level, len(past_times), axis=1)
    profile = _profile(past, past_times, 24)
    if seen >= 3 * WEEK:
        weekly = _profile(past, past_times, WEEK // HOUR)
        profile = np.where(np.isnan(weekly), np.tile(profile, 7), weekly)
    profile = np.where(np.isnan(profile), median(past)[:, None], profile)
    return _at(profile, times), _at(profile, past_times)


def _profile(past: Floats, times: Times, hours: int) -> Floats:
    """Median by hour, (C, hours); NaN where an hour has fewer than three points."""
    hour = times // HOUR % hours
    sizes = np.bincount(hour, minlength=hours)
    order = np.argsort(hour, kind="stable")
    starts = np.cumsum(sizes) - sizes
    profile = np.full((len(past), hours), np.nan)
    for h in np.flatnonzero(sizes):
        cell = past[:, order[starts[h] : starts[h] + sizes[h]]]
        enough = (~np.isnan(cell)).sum(axis=1) >= _ENOUGH
        profile[:, h] = np.where(enough, median(cell), np.nan)
    return profile


def _at(profile: Floats, times: Times) -> Floats:
    """Between the middles of two hours, linearly, (C, T)."""
    place = times / HOUR - 0.5
    before = np.floor(place).astype(np.int64)
    part, hours = place - before, profile.shape[1]
    found: Floats = profile[:, before % hours] * (1 - part) + profile[:, (before + 1) % hours] * part
    return found


def peak_order(peaks: Floats) -> list[int]:
    """Series by their largest distance, the strangest first; those without any value last, equals as they came."""
    return [int(i) for i in np.argsort(-np.nan_to_num(peaks, nan=-1.0), kind="stable")]


def shares(peaks: Floats) -> Floats:
    """Each series' part of all distances, (C,); one beyond 50 deviations says no more than 50."""
    capped = np.minimum(np.nan_to_num(peaks), CAP)
    total = float(capped.sum())
    return np.asarray(capped / total if total > 0 else np.zeros_like(capped))
