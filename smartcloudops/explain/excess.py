"""How much worse than usual, row by row: robust references, distances in deviations, what exceeds them.

Arrays are (N, T): N parts, T rows. NaN is missing and never an excess.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartcloudops.explain.kinds import Meaning

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NOTABLE = 3.0
_LATENCY_FLOOR_S, _LATENCY_FLOOR_PART, _SHARE_FLOOR = 1e-4, 0.02, 0.0025


@dataclass(frozen=True, slots=True)
class Usual:
    """Median and robust deviation by part, (N,), in seconds, parts of 1 or the series' own unit; NaN = unknown."""

    middle: Floats
    deviation: Floats


def median(values: Floats) -> Floats:
    """Median along the last axis of what is not NaN, (…, T) -> (…); NaN where there is nothing."""
    if not values.shape[-1]:
        return np.full(values.shape[:-1], np.nan)
    flat = values.reshape(-1, values.shape[-1])
    gaps = np.isnan(flat.sum(axis=1))
    found = np.full(len(flat), np.nan)
    if not gaps.all():
        found[~gaps] = _middle(flat if not gaps.any() else flat[~gaps])
    for i in np.flatnonzero(gaps):
        known = flat[i][~np.isnan(flat[i])]
        if len(known):
            found[i] = _middle(known[None])[0]
    return found.reshape(values.shape[:-1])


def _middle(full: Floats) -> Floats:
    """As np.median, in a third of the time: one selection, then the largest of the lower half."""
    half = full.shape[1] // 2
    cut = np.partition(full, half, axis=1)
    upper = cut[:, half]
    if full.shape[1] % 2:
        return np.asarray(upper)
    return np.asarray((cut[:, :half].max(axis=1) + upper) / 2)


def usual(past: Floats, before: Floats, what: Meaning) -> Usual:
    """From history (N, H); a part without any is judged by its rows before the incident (N, B)."""
    middle = median(past)
    deviation = 1.4826 * median(np.abs(past - middle[:, None]))
    bare = np.isnan(middle)
    if bare.any():
        middle[bare] = median(before[bare])
        deviation[bare] = 1.4826 * median(np.abs(before[bare] - middle[bare, None]))
    return Usual(middle, np.maximum(deviation, _floor(middle, what)))


def _floor(middle: Floats, what: Meaning) -> Floats:
    """The smallest deviation that means anything, in the units of `Usual`."""
    if what.kind == "latency":
        return _LATENCY_FLOOR_PART * np.abs(middle) + _LATENCY_FLOOR_S
    if what.form == "share":
        return np.full(middle.shape, _SHARE_FLOOR)
    return np.maximum(_LATENCY_FLOOR_PART * np.abs(middle), 1e-9)


def distances(rows: Floats, before: Floats, normal: Usual, worse: int) -> tuple[Floats, Floats]:
    """Excess and its size in deviations, both (N, R), 0 where there is none.

    The excess counts from the median or from the best of the rows before, whichever leaves less: what was bad
    already is no part of this incident.
    """
    from_middle = worse * (rows - normal.middle[:, None])
    least = np.min(np.where(np.isnan(before), np.inf, worse * before), axis=1, initial=np.inf)
    least = np.where(np.isinf(least), -np.inf, least)[:, None]
    over = np.minimum(from_middle, worse * rows - least)
    over = np.where(np.isnan(over), 0.0, np.maximum(over, 0.0))
    sizes = over / np.where(np.isnan(normal.deviation), np.inf, normal.deviation)[:, None]
    return over, sizes


def notable(over: Floats, sizes: Floats) -> Floats:
    """The excess where it is at least three deviations, else 0."""
    found: Floats = np.where(sizes >= NOTABLE, over, 0.0)
    return found


def weights(traffic: Floats, past: Floats) -> Floats:
    """Requests a row, (N, R); a gap takes the part's usual number, a part without any traffic counts for nothing."""
    filled = np.where(np.isnan(traffic), median(past)[:, None], traffic)
    found: Floats = np.maximum(np.nan_to_num(filled, posinf=0.0, neginf=0.0), 0.0)
    return found


def rated(counter: Floats, step_ms: int) -> Floats:
    """A counter as increase per second, (…, T): the first row is missing, a fall is a restart from 0.

    A gap is bridged: the increase over it belongs to all its rows.

    >>> rated(np.array([[0.0, 60.0, np.nan, 180.0, 6.0]]), 60_000)
    array([[nan, 1. , nan, 1. , 0.1]])
    """
    rows = np.atleast_2d(counter)
    found = np.full(rows.shape, np.nan)
    for i, row in enumerate(rows):
        known = np.flatnonzero(~np.isnan(row))
        grown = np.diff(row[known])
        grown = np.where(grown < 0, row[known][1:], grown)
        found[i, known[1:]] = grown / (np.diff(known) * (step_ms / 1000))
    return found.reshape(counter.shape)
