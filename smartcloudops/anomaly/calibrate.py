"""Raw scores to tail probabilities against a series' own past, and those to scores that mean the same everywhere.

The body of the past is kept as a grid of quantiles, its top 2 % as a generalised Pareto tail (Pickands 1975;
probability-weighted moments by Hosking & Wallis 1987). The shape is kept in [0, 0.5]: a tail that ends would
make every new record infinitely strange.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.anomaly.rolling import quantiles
from smartcloudops.core.errors import ModelError
from smartcloudops.core.times import WEEK

FLOOR = 1e-12
_LEVELS = np.concatenate([np.linspace(0.0, 0.9, 19), np.linspace(0.91, 1.0, 10)])
_TOP, _FEWEST, _SHAPE = 0.02, 10, 0.5
# In the detectors' units: so much more than the past is no more, lest a trifle after a past without change be a wonder.
_TRIFLE = 1e-3
# Beyond 1 / (n + 1) only n / (n + _CAUTION) of the logarithm that the tail promises is believed.
_CAUTION = 200

Stacked = Mapping[str, npt.NDArray[Any]]


def learn(raw: Floats) -> Arrays:
    """The past of raw scores, (…, T) with NaN = not scored, as a table per leading index.

    body: (…, Q) quantiles up to where the tail begins; tail: (…, 3): probability to be in the tail, scale,
    shape; n: (…,) int64, how many scores there were. Body and n are zero where there were none.
    """
    ordered = np.sort(np.where(np.isfinite(raw), raw, np.nan), axis=-1)
    if not ordered.shape[-1]:
        ordered = np.full((*raw.shape[:-1], 1), np.nan)
    n = np.isfinite(ordered).sum(axis=-1)
    body = np.nan_to_num(quantiles(ordered, _LEVELS * (1 - _share(n)[..., None])))
    excess = ordered - body[..., -1:]
    tail = _pareto(np.where(excess > 0, excess, np.nan), n, body)
    return {"body": body, "tail": tail, "n": n.astype(np.int64)}


def _share(n: npt.NDArray[np.int64]) -> Floats:
    """How much of the past is tail: the top 2 %, or more where that is fewer than ten scores."""
    return np.clip(np.maximum(_TOP, _FEWEST / np.maximum(n, 1)), 0.0, 0.5)


def _pareto(excess: Floats, n: npt.NDArray[np.int64], body: Floats) -> Floats:
    """Excesses in rising order, NaN elsewhere, (…, T) -> (…, 3)."""
    here = np.isfinite(excess)
    count = here.sum(axis=-1)
    filled = np.where(here, excess, 0.0)
    # Weight of each excess: the share of excesses above it.
    above = np.flip(np.cumsum(np.flip(here, axis=-1), axis=-1), axis=-1) - 0.65
    safe = np.maximum(count, 1)
    mean = filled.sum(axis=-1) / safe
    weighted = (filled * above).sum(axis=-1) / safe**2
    with np.errstate(all="ignore"):
        shape = np.nan_to_num(2 - mean / (mean - 2 * weighted), nan=0.0, posinf=_SHAPE, neginf=0.0)
    shape = np.clip(shape, 0.0, _SHAPE)
    least = np.maximum(1e-3 * (body[..., -1] - body[..., 0]) + 1e-9 * np.abs(body[..., -1]), _TRIFLE)
    scale = np.maximum(mean * (1 - shape), least)
    return np.stack([np.maximum(count, 1) / (n + 1), scale, shape], axis=-1)


def p_values(arrays: Stacked, raw: Floats) -> Floats:
    """Probability of a score at least that high: raw (…, R), arrays with the same leading axes -> (…, R).

    Never rises with the score, never below FLOOR; NaN where the score is NaN or there is no past.
    """
    body, n = arrays["body"], arrays["n"][..., None]
    over, scale, shape = (arrays["tail"][..., i, None] for i in range(3))
    more = raw - _TRIFLE
    level = _level(body, more) * (1 - _share(n))
    inside = np.maximum(1 - level, over)
    excess = np.maximum(more - body[..., -1:], 0.0) / scale
    beyond = over * np.exp(-np.where(shape > 1e-6, np.log1p(shape * excess) / np.maximum(shape, 1e-6), excess))
    p = np.clip(np.where(excess > 0, beyond, inside), FLOOR, 1.0)
    return np.where(np.isnan(raw) | (n == 0), np.nan, _cautious(p, n))


def crossed(raw: Floats, folds: int = 5) -> Floats:
    """Probabilities of the past itself, each fifth of it judged by the other four: (…, T) -> (…, T).

    Judged by a table that has seen them, no rows are rarer than 1 / n, as new ones will be. Where scores of many
    series are combined and calibrated again, that would raise several false alarms for each true one.
    """
    out = np.full(raw.shape, np.nan)
    for part in np.array_split(np.arange(raw.shape[-1]), folds):
        others = raw.copy()
        others[..., part] = np.nan
        out[..., part] = p_values(learn(others), raw[..., part])
    return out


def _level(body: Floats, raw: Floats) -> Floats:
    """Where the scores lie in the body, 0 to 1; of equal quantiles the lowest level counts."""
    below = np.zeros(raw.shape, np.int64)
    for i in range(len(_LEVELS)):
        below += raw > body[..., i, None]
    right = np.minimum(below, len(_LEVELS) - 1)
    left = np.maximum(right - 1, 0)
    low, high = (np.take_along_axis(body, at, axis=-1) for at in (left, right))
    with np.errstate(all="ignore"):
        part = np.where(high > low, np.clip((raw - low) / (high - low), 0.0, 1.0), 1.0)
    level: Floats = _LEVELS[left] + (_LEVELS[right] - _LEVELS[left]) * part
    return level


def _cautious(p: Floats, n: npt.NDArray[np.int64]) -> Floats:
    """Beyond what n scores can show, 1 / (n + 1), extrapolate the less the fewer they are."""
    known = 1.0 / (n + 1)
    trust = n / (n + _CAUTION)
    with np.errstate(all="ignore"):
        return np.where(p < known, known * (p / known) ** trust, p)


def rare(step: int) -> float:
    """p0: one event per 7 days at that step in ms."""
    return min(step / WEEK, 0.5)


def scores(p: Floats, step: int) -> Floats:
    """Calibrated scores ln(p) / ln(p0), 1.0 is the threshold; NaN stays.

    >>> scores(np.array([1.0, 300_000 / WEEK]), 300_000).tolist()
    [-0.0, 1.0]
    """
    out: Floats = np.log(p) / np.log(rare(step))
    return out


def validate(arrays: Stacked, shape: tuple[int | None, ...]) -> None:
    """Check arrays of `learn` that came from a file, of that leading shape; ModelError names what is wrong."""
    body = require(arrays, "body", "f8", (*shape, len(_LEVELS)))
    tail = require(arrays, "tail", "f8", (*shape, 3))
    between("n", require(arrays, "n", "i8", shape), 0, 2**53)
    between("tail probability", tail[..., 0], 0.0, 1.0)
    between("tail scale", tail[..., 1], 1e-300, 1e300)
    between("tail shape", tail[..., 2], 0.0, _SHAPE)
    if not np.isfinite(body).all() or (np.diff(body, axis=-1) < 0).any():
        raise ModelError("array 'body' does not rise")
