"""What a series must reach to be no chance finding, by how its own past strayed and by how many rows are looked at.

Among a thousand series some are always five deviations from the usual. The largest distances of each one's past are
taken as the tail of a generalized Pareto distribution (Hosking, Wallis: Parameter and Quantile Estimation for the
Generalized Pareto Distribution, 1987), by probability weighted moments, and followed to where one look in so many
would stray by chance once in fifty times.
"""

from __future__ import annotations

import numpy as np

from smartcloudops.explain.excess import NOTABLE, Floats

# One explanation in so many of a quiet time may accuse somebody.
_CHANCE = 0.02
_FEW_ROWS = 100
_TAIL, _MOST_TAIL = 50, 40
# Tails are never taken to be shorter than these, of one row and of what lasts: a past that is short, or had luck, looks
# tamer than it is.
_SHAPE_ALONE, _SHAPE_LASTING, _SHAPE_AT_MOST = 0.25, 0.1, 0.5
# Without a past: from three deviations on, which one row in a hundred reaches, the tail falls by 1/e each 1.5.
_PLAIN = (NOTABLE, 0.01, 1.5)
# How far beyond the largest of the past, by the logarithm of how many times as many rows are looked at; more where the
# past does not show how a day goes.
_BEYOND, _BEYOND_A_SHORT_PAST, _ENOUGH_DAYS = 0.15, 0.5, 2.0
# One row alone is judged by a past that shows how often one row strays.
_ENOUGH_FOR_ONE = 1_000
# What lasts is no chance beyond these, even where the same has happened before: so many deviations, so many times
# what the past exceeds in one row of a hundred.
_LASTING, _TIMES, _OFTEN = 12.0, 3.0, 0.99


def lasting(sizes: Floats, width: int) -> Floats:
    """What (C, R) rows keep up: medians of `width` rows, (C, R - width + 1); nothing where there are fewer."""
    if sizes.shape[-1] < width:
        return np.empty((*sizes.shape[:-1], 0))
    found: Floats = np.median(np.lib.stride_tricks.sliding_window_view(sizes, width, axis=-1), axis=-1)
    return found


def surprise(rows: Floats, past: Floats, looks: int, *, least: float, days: float) -> Floats:
    """How far distances (C, R) go beyond what chance explains after distances (C, H), (C,): beyond 1 they do.

    The larger of what one row reaches, `least` at any rate, and what three rows of five keep up; `looks`: how many
    rows of any series are looked at; `days`: how long the past is.
    """
    rows, past = np.nan_to_num(rows), np.nan_to_num(past)
    beyond = _BEYOND if days >= _ENOUGH_DAYS else _BEYOND_A_SHORT_PAST
    width = 5 if rows.shape[1] >= 5 else 3
    kept, before = lasting(rows, width), lasting(past, width)
    alone = rows.max(axis=1, initial=0.0) / np.maximum(rare(past, looks, _SHAPE_ALONE, beyond), least)
    if not kept.shape[1]:
        return np.asarray(alone)
    often = np.quantile(before, _OFTEN, axis=1) if before.shape[1] else np.zeros(len(rows))
    needed = np.minimum(rare(before, looks, _SHAPE_LASTING, beyond), np.maximum(_LASTING, _TIMES * often))
    long = kept.max(axis=1) / np.maximum(needed, NOTABLE)
    return np.asarray(np.maximum(alone, long) if past.shape[1] >= _ENOUGH_FOR_ONE else long)


def rare(past: Floats, looks: int, shape_at_least: float, beyond: float) -> Floats:
    """What one of `looks` distances reaches by chance once in fifty times, (C,), given past distances (C, H)."""
    count = past.shape[1]
    if count < _FEW_ROWS:
        begin, share, fall = _PLAIN
        return np.full(len(past), begin + fall * np.log(max(1.0, looks * share / _CHANCE)))
    size = min(_MOST_TAIL, max(10, count // _TAIL))
    top = np.sort(np.partition(past, count - size - 1, axis=1)[:, count - size - 1 :], axis=1)
    scale, shape = _pareto(top[:, 1:] - top[:, :1], shape_at_least)
    times = max(1.0, looks * size / count / _CHANCE)
    followed = top[:, 0] + scale * (times**shape - 1) / shape
    return np.asarray(np.maximum(followed, top[:, -1] * (1 + beyond * np.log1p(looks / count))))


def _pareto(over: Floats, shape_at_least: float) -> tuple[Floats, Floats]:
    """Scale and shape of excesses (C, K), ascending."""
    size = over.shape[1]
    weight = 1 - (np.arange(1, size + 1) - 0.35) / size
    mean, weighted = over.mean(axis=1), (over * weight).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = np.clip(np.nan_to_num(2 - mean / (mean - 2 * weighted)), shape_at_least, _SHAPE_AT_MOST)
    # Scale by the mean under the clipped shape, so that clipping does not lose what was seen.
    return mean * (1 - shape), shape
