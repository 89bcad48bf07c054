"""How unlike everything before the shape of the last rows is: distance to the nearest earlier stretch.

The left matrix profile (Yeh et al.: Matrix Profile I, ICDM 2016; discords: Keogh, Lin, Fu: HOT SAX, ICDM 2005) on raw
amplitude: a change of level is an anomaly here, and z-normalised stretches would hide it. Stretches are of blocks of
four rows, which costs little accuracy and saves 15/16 of the work and 3/4 of the memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores, units
from smartcloudops.anomaly.detectors.checks import between, require

# Rows of a block, blocks of a stretch, and how many blocks of history are kept: four weeks of five minutes.
_ROWS, _LENGTH, _KEPT = 4, 6, 2016
_LIMIT = 50.0
# Distances that are held at a time: few enough to stay in cache, ten times faster than all at once.
_CELLS = 64_000

Stacked = Mapping[str, npt.NDArray[Any]]
Blocks = npt.NDArray[np.float32]
Slots = npt.NDArray[np.int64]


class MatrixProfile:
    """No options. Arrays: those of `units.learn`; blocks float32 (C, B): means of four rows each, in scales;
    last int64 (): the number of the newest one, counted from the epoch.

    >>> times = np.arange(400) * 60_000
    >>> values = np.sin(np.arange(400) / 8.0)[None, None]
    >>> values[0, 0, 300:330] = 0
    >>> scene = Scene(times, 60_000, values, np.zeros((1, 400, 0), np.float32))
    >>> arrays = {name: array[None] for name, array in DETECTOR.fit(scene, seed=0, options={}).items()}
    >>> int(np.nanargmax(DETECTOR.score(arrays, scene).raw[0, 0, 100:])) + 100 in range(310, 335)
    True
    """

    scope: Literal["group", "series"] = "series"
    robust = True

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """See `Detector`; nothing is random."""
        learnt = units.learn(scene.values[0])
        numbers, blocks, _ = _blocks({name: array[None] for name, array in learnt.items()}, scene)
        last = numbers[-1] if len(numbers) else np.int64(-1)
        return {**learnt, "blocks": blocks[0, :, -_KEPT:], "last": np.asarray(last)}

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """Root mean square distance, in scales, of the newest whole stretch from the nearest that ended before it
        began; (G, C, R)."""
        numbers, blocks, newest = _blocks(arrays, scene)
        newest = newest[-scene.rows :]
        raw = np.full((*scene.values.shape[:2], scene.rows), np.nan)
        for last in np.unique(arrays["last"]):
            groups = np.flatnonzero(arrays["last"] == last)
            # Of history, what lies before the grid: the grid holds the rest, and nothing is compared with later rows.
            length = arrays["blocks"].shape[2]
            kept = int(np.clip(length - (last - numbers[0] + 1), 0, length)) if len(numbers) else length
            course = np.concatenate([arrays["blocks"][groups, :, :kept], blocks[groups]], axis=-1)
            known = newest >= 0
            raw[groups[:, None], :, np.flatnonzero(known)] = np.moveaxis(_nearest(course, newest[known] + kept), -1, 1)
        raw[~np.isfinite(scene.values[:, :, -scene.rows :])] = np.nan
        return Scores(raw)

    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
        """See `Detector`; nothing but the scale is learnt, for only what came before is compared with."""
        arrays = self.fit(came, seed=seed, options=options)
        return self.score({name: array[None] for name, array in arrays.items()}, came).raw

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        groups = units.validate(arrays, series)
        blocks = require(arrays, "blocks", "f4", (groups, series, None))
        between("blocks", blocks, -_LIMIT, _LIMIT)
        between("last", require(arrays, "last", "i8", (groups,)), -1, 2**53)


DETECTOR = MatrixProfile()


def _blocks(arrays: Stacked, scene: Scene) -> tuple[Slots, Blocks, Slots]:
    """Whole blocks of the grid, those without a row left out: their numbers (B,), means (G, C, B), and the place of
    the newest one that was whole at each row, -1 for none, (T,).

    A block without a value repeats the one before, at the start it is 0, the median.
    """
    row = scene.times // scene.step
    starts = np.flatnonzero(np.diff(row // _ROWS, prepend=-1))
    place = np.cumsum(np.isin(np.arange(len(row)), starts)) - 1
    ends = row % _ROWS == _ROWS - 1
    z = units.standard(arrays, scene, len(row), _LIMIT)
    # Of rows that share a step the first counts: a block is whole at its last step's first row.
    here = np.isfinite(z) & (np.diff(row, prepend=-1) > 0)
    count = np.add.reduceat(here, starts, axis=-1, dtype=np.int64)
    means = np.add.reduceat(np.where(here, z, 0.0), starts, axis=-1) / np.maximum(count, 1)
    latest = np.maximum.accumulate(np.where(count > 0, np.arange(len(starts)), -1), axis=-1)
    filled = np.take_along_axis(means, np.maximum(latest, 0), axis=-1)
    blocks = np.where(latest >= 0, filled, 0.0).astype(np.float32)
    # The first and the last may be cut.
    first, last = int(row[0] % _ROWS != 0), len(starts) - int(not ends[-1])
    return row[starts[first:last]] // _ROWS, blocks[..., first:last], np.where(ends, place, place - 1) - first


def _nearest(course: Blocks, ends: Slots) -> Floats:
    """Distance of the stretches that end at these blocks from the nearest earlier one: (G, C, B), (R,) -> (G, C, R).

    NaN where nothing lies before.
    """
    asked, place = np.unique(ends, return_inverse=True)
    found = np.full((*course.shape[:2], len(asked)), np.inf)
    if course.shape[2] < 2 * _LENGTH:
        return np.full((*course.shape[:2], len(ends)), np.nan)
    stretches = np.lib.stride_tricks.sliding_window_view(course, _LENGTH, axis=-1)
    size = max(1, _CELLS // course.size)
    for at in range(0, len(asked), size):
        first = asked[at : at + size] - _LENGTH + 1
        earlier = max(1, int(first[-1]) - _LENGTH + 1)
        total = np.zeros((*course.shape[:2], len(first), earlier), np.float32)
        for j in range(_LENGTH):
            own = stretches[..., np.maximum(first, 0), j]
            total += np.square(own[..., :, None] - stretches[..., None, :earlier, j])
        total[..., np.arange(earlier) > (first - _LENGTH)[:, None]] = np.inf
        found[..., at : at + size] = np.sqrt(total.min(axis=-1) / _LENGTH)
    return np.where(np.isinf(found), np.nan, found)[..., place]
