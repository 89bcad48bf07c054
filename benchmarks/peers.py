"""Public detectors as they are used on a stream: what they learnt from the rows before, and a score for the next ones.

A peer is made once per file. `fit` is told all rows before a stretch, (C, n) and their times; it gives back a
function that scores the last `rows` of longer arrays by what was fitted, (rows,), higher is stranger. Missing values
carry the last one forward. Peers that are never fitted score row t from rows up to t by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Scorer = Callable[[Floats, Times, int], Floats]
WINDOW = 12
MOST_ROWS = 4_000


class Peer(Protocol):
    """See the module."""

    def fit(self, values: Floats, times: Times) -> Scorer: ...


def filled(values: Floats) -> Floats:
    """Each gap takes the value before it; zeros before the first value."""
    return pd.DataFrame(values.T).replace([np.inf, -np.inf], np.nan).ffill().fillna(0.0).to_numpy().T


def windows(values: Floats, rows: int) -> Floats:
    """The last WINDOW values of every series up to each of the last `rows` rows: (C, n) -> (rows, C * WINDOW)."""
    padded = np.pad(values, ((0, 0), (WINDOW - 1, 0)), mode="edge")
    seen = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=1)[:, -rows:]
    return np.ascontiguousarray(seen.transpose(1, 0, 2).reshape(rows, -1))


class ExpandingZ:
    """The distance from the mean of all rows before, in their standard deviations; the largest of the series."""

    def fit(self, values: Floats, times: Times) -> Scorer:
        return self._score

    def _score(self, values: Floats, times: Times, rows: int) -> Floats:
        x = filled(values)
        before = np.arange(x.shape[1])
        total, square = (np.cumsum(y, axis=1) - y for y in (x, x * x))
        mean = total / np.maximum(before, 1)
        spread = np.sqrt(np.maximum(square / np.maximum(before, 1) - mean * mean, 0))
        score = (np.abs(x - mean) / (spread + 1e-9 + 1e-6 * np.abs(mean))).max(axis=0)
        # The first rows have next to no past, and would set the threshold for good.
        score[:WINDOW] = 0
        return score[-rows:]


class SklearnForest:
    """sklearn.ensemble.IsolationForest with its defaults, on the values of the row."""

    def fit(self, values: Floats, times: Times) -> Scorer:
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(random_state=0).fit(filled(values).T)
        return lambda x, t, rows: -forest.score_samples(filled(x).T[-rows:])


class Pyod:
    """One of PyOD's models with its defaults, on the row or on windows, in units of the past's deviations.

    ECOD and COPOD are left out: their scores of new rows depend on the other new rows.
    """

    def __init__(self, load: Callable[[], Any], *, windowed: bool) -> None:
        self._load, self._windowed = load, windowed

    def fit(self, values: Floats, times: Times) -> Scorer:
        x = filled(values)
        centre, scale = x.mean(axis=1, keepdims=True), x.std(axis=1, keepdims=True) + 1e-9

        def rows_of(y: Floats, rows: int) -> Floats:
            z = (filled(y) - centre) / scale
            return windows(z, rows) if self._windowed else z.T[-rows:]

        model = self._load()
        model.fit(rows_of(values, values.shape[1])[-MOST_ROWS:])
        return lambda y, t, rows: np.asarray(model.decision_function(rows_of(y, rows)), float)


def knn() -> Pyod:
    """The distance to the fifth nearest past window."""

    def load() -> Any:
        from pyod.models.knn import KNN

        return KNN()

    return Pyod(load, windowed=True)


def hbos() -> Pyod:
    """How rare the bins of the row's values are."""

    def load() -> Any:
        from pyod.models.hbos import HBOS

        return HBOS()

    return Pyod(load, windowed=False)


class AdtkPersist:
    """What ADTK's PersistAD decides by: the distance from the median of the last WINDOW rows, in past deviations."""

    def fit(self, values: Floats, times: Times) -> Scorer:
        from adtk.transformer import DoubleRollingAggregate

        scale = filled(values).std(axis=1) + 1e-9
        change = DoubleRollingAggregate(agg="median", window=(WINDOW, 1), center=True, diff="l1")

        def score(x: Floats, t: Times, rows: int) -> Floats:
            index = pd.date_range("2000-01-01", periods=x.shape[1], freq="min")
            each = [
                change.transform(pd.Series(row, index)).to_numpy() / s for row, s in zip(filled(x), scale, strict=True)
            ]
            return np.nan_to_num(np.max(each, axis=0))[-rows:]

        return score


class RiverTrees:
    """river's HalfSpaceTrees with its defaults behind a MinMaxScaler; learns each row after it was scored."""

    def __init__(self) -> None:
        from river import anomaly, compose, preprocessing

        trees = anomaly.HalfSpaceTrees(seed=0)
        self._model = compose.Pipeline(preprocessing.MinMaxScaler(), trees)
        self._scores: list[float] = []

    def fit(self, values: Floats, times: Times) -> Scorer:
        return self._score

    def _score(self, values: Floats, times: Times, rows: int) -> Floats:
        """Rows come in order and only once; earlier ones are remembered."""
        x = filled(values)
        for at in range(len(self._scores), x.shape[1]):
            row = dict(enumerate(x[:, at].tolist()))
            self._scores.append(float(self._model.score_one(row)))
            self._model.learn_one(row)
        return np.array(self._scores[x.shape[1] - rows : x.shape[1]])


class ProphetBand:
    """Prophet with its defaults: the distance from its forecast in widths of its band; the largest of the series."""

    def fit(self, values: Floats, times: Times) -> Scorer:
        import logging

        from prophet import Prophet

        logging.getLogger("cmdstanpy").disabled = True
        models = []
        for row in filled(values)[:, -MOST_ROWS:]:
            frame = pd.DataFrame({"ds": pd.to_datetime(times[-MOST_ROWS:], unit="ms"), "y": row})
            models.append(Prophet(uncertainty_samples=200).fit(frame, seed=0))

        def score(x: Floats, t: Times, rows: int) -> Floats:
            ahead = pd.DataFrame({"ds": pd.to_datetime(t[-rows:], unit="ms")})
            # The band is sampled from the global generator.
            np.random.seed(0)
            return np.max([_beyond(m.predict(ahead), row[-rows:]) for m, row in zip(models, filled(x), strict=True)], 0)

        return score


def _beyond(found: pd.DataFrame, row: Floats) -> Floats:
    width = (found["yhat_upper"] - found["yhat_lower"]).to_numpy() + 1e-9
    return np.abs(row - found["yhat"].to_numpy()) / width


# Name -> how to make one; what takes minutes a file comes last.
PEERS: dict[str, Callable[[], Peer]] = {
    "expanding z": ExpandingZ,
    "scikit-learn IsolationForest": SklearnForest,
    "PyOD HBOS": hbos,
    "PyOD KNN, windows of 12": knn,
    "ADTK PersistAD": AdtkPersist,
    "river HalfSpaceTrees": RiverTrees,
    "Prophet": ProphetBand,
}
