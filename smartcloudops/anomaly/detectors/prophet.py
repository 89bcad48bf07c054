"""Prophet (Taylor & Letham: Forecasting at Scale, The American Statistician 72, 2018) on hourly medians.

Prophet itself fits; trend, seasonalities and the spread of the residuals are kept as arrays and evaluated with
NumPy, equal to Prophet's own prediction.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Arrays, Floats, Scene, Scores
from smartcloudops.anomaly.detectors.checks import between, require
from smartcloudops.anomaly.detectors.walks import walk
from smartcloudops.anomaly.rolling import median, quantiles
from smartcloudops.core.errors import ModelError
from smartcloudops.core.times import DAY, HOUR

_CHANGES = 25
# A change point that never comes, in place of those that a short history lacks.
_NEVER = 1e300
_SEASONS = (("weekly", 7.0, 3, 13 * DAY), ("daily", 1.0, 4, 2 * DAY))
_TERMS = 2 * sum(order for _, _, order, _ in _SEASONS)
_TREND = ("k", "m", "start", "t_scale", "y_scale")
_FEWEST = 48
_BAND = 4.0

Stacked = Mapping[str, npt.NDArray[Any]]
Times = npt.NDArray[np.int64]


class Prophet:
    """Options: series, bool (C,), which series to fit (all).

    Arrays, float64, NaN for series that were not fitted (not asked for, fewer than 48 hours, or Stan gave up):
    trend (C, 5): growth, offset, start in ms, time scale in ms, value scale; changes (C, 25, 2): when, how
    much; seasons (C, 14): Fourier coefficients, weekly then daily, sine before cosine; scale (C,): robust
    standard deviation of the residuals of single rows.
    """

    scope: Literal["group", "series"] = "series"
    robust = False

    def fit(self, scene: Scene, *, seed: int, options: Mapping[str, Any]) -> Arrays:
        """About 50 ms a series; optimisation starts from Prophet's own fixed point, nothing is random."""
        values = np.where(np.isfinite(scene.values[0]), scene.values[0], np.nan)
        wanted = options.get("series", np.ones(len(values), np.bool_))
        arrays = _empty(len(values))
        for c in np.flatnonzero(wanted):
            _fit_series(arrays, int(c), values[c], scene.times)
        return arrays

    def score(self, arrays: Stacked, scene: Scene) -> Scores:
        """|value - prediction| in robust standard deviations, (G, C, R), NaN where nothing was fitted."""
        times, values = scene.times[-scene.rows :], scene.values[:, :, -scene.rows :]
        fitted = np.isfinite(arrays["scale"])
        raw, expected, reach = (np.full(values.shape, np.nan) for _ in range(3))
        expected[fitted] = predict({name: array[fitted] for name, array in arrays.items()}, times)
        reach[fitted] = arrays["scale"][fitted][:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            raw[fitted] = np.abs(values[fitted] - expected[fitted]) / reach[fitted]
        raw[~np.isfinite(raw)] = np.nan
        return Scores(raw, expected, expected - _BAND * reach, expected + _BAND * reach)

    def rehearse(self, tame: Scene, came: Scene, *, seed: int, options: Mapping[str, Any]) -> Floats:
        """See `Detector`; not cheap."""
        return walk(self, tame, came, seed=seed, options=options)

    def validate(self, arrays: Stacked, *, series: int, features: int) -> None:
        """See `Detector`."""
        groups = len(require(arrays, "scale", "f8", (None, series)))
        fitted = np.isfinite(arrays["scale"])
        for name, shape in (("scale", ()), ("trend", (5,)), ("changes", (_CHANGES, 2)), ("seasons", (_TERMS,))):
            array = require(arrays, name, "f8", (groups, series, *shape))
            between(name, array, -_NEVER, _NEVER, missing=True)
            if np.isnan(array[fitted]).any():
                raise ModelError(f"array '{name}' holds nan for a series that was fitted")
        between("scale", arrays["scale"], 1e-300, _NEVER, missing=True)
        between("trend", arrays["trend"][..., 3], 1.0, _NEVER, missing=True)


DETECTOR = Prophet()


def _empty(series: int) -> Arrays:
    shapes: dict[str, tuple[int, ...]] = {"trend": (5,), "changes": (_CHANGES, 2), "seasons": (_TERMS,), "scale": ()}
    return {name: np.full((series, *shape), np.nan) for name, shape in shapes.items()}


def _fit_series(arrays: Arrays, at: int, values: Floats, times: Times) -> None:
    moments, medians = hourly(values, times)
    if len(moments) < _FEWEST:
        return
    try:
        model = reference(moments, medians)
    except RuntimeError:  # Stan found no optimum: the series stays without a prediction
        return
    exported = export(model)
    residual = values - predict({name: array[None] for name, array in exported.items()}, times)[0]
    for name, array in exported.items():
        arrays[name][at] = array
    arrays["scale"][at] = _scale(values, residual)


def hourly(values: Floats, times: Times) -> tuple[Times, Floats]:
    """Medians of the hours that hold points, each at the mean time of its rows, whole seconds."""
    here = np.isfinite(values)
    values, times = values[here], times[here]
    _, first, size = np.unique(times // HOUR, return_index=True, return_counts=True)
    if not len(first):
        return times, values
    slot = np.repeat(np.arange(len(first)), size)
    table = np.full((len(first), int(size.max())), np.nan)
    table[slot, np.arange(len(times)) - first[slot]] = values
    moments = np.add.reduceat(times - times[0], first) // size + times[0]
    return moments // 1000 * 1000, median(table)


def reference(times: Times, values: Floats) -> Any:
    """The fitted prophet.Prophet. RuntimeError where Stan finds no optimum."""
    for name in ("prophet.plot", "prophet", "cmdstanpy"):
        # Not a level: cmdstanpy sets its own when it is first used.
        logging.getLogger(name).disabled = True
    with warnings.catch_warnings():
        # Prophet uses what newer pandas deprecates: nothing that a user of sco could act on.
        warnings.simplefilter("ignore")
        return _fit_prophet(times, values)


def _fit_prophet(times: Times, values: Floats) -> Any:
    import pandas as pd
    import prophet

    span = int(times[-1] - times[0])
    known: dict[str, Any] = {
        f"{name}_seasonality": order if span >= least else False for name, _, order, least in _SEASONS
    }
    model = prophet.Prophet(yearly_seasonality=False, uncertainty_samples=0, n_changepoints=_CHANGES, **known)
    return model.fit(pd.DataFrame({"ds": pd.to_datetime(times, unit="ms"), "y": values}))


def export(model: Any) -> Arrays:
    """What `predict` needs of a fitted prophet.Prophet with linear growth and additive seasonalities."""
    k, m = (float(model.params[name][0, 0]) for name in ("k", "m"))
    start, t_scale = model.start.timestamp() * 1000, model.t_scale.total_seconds() * 1000
    changes = np.tile([_NEVER, 0.0], (_CHANGES, 1))
    when = np.asarray(model.changepoints_t, np.float64)
    changes[: len(when), 0], changes[: len(when), 1] = when, model.params["delta"][0][: len(when)]
    columns, beta = model.train_component_cols, model.params["beta"][0]
    seasons = [
        beta[columns[name].to_numpy() == 1] if name in model.seasonalities else np.zeros(2 * order)
        for name, _, order, _ in _SEASONS
    ]
    trend = np.array([k, m, start, t_scale, float(model.y_scale)])
    return {"trend": trend, "changes": changes, "seasons": np.concatenate(seasons)}


def predict(arrays: Stacked, times: Times) -> Floats:
    """Prophet's yhat of N series at any times: arrays with a leading axis N, times (R,) -> (N, R)."""
    k, m, start, t_scale, y_scale = (arrays["trend"][:, i, None] for i in range(len(_TREND)))
    t = (times - start) / t_scale
    when, delta = arrays["changes"][:, None, :, 0], arrays["changes"][:, None, :, 1]
    passed = np.where(when <= t[..., None], delta, 0.0)
    trend = (k + passed.sum(axis=-1)) * t + m - (passed * when).sum(axis=-1)
    out: Floats = (trend + _summed(arrays["seasons"], _fourier(times))) * y_scale
    return out


def _summed(weights: Floats, waves: Floats) -> Floats:
    """(C, K) times (K, T), term after term: a library's product rounds a row by how many others there are."""
    total = np.zeros((len(weights), waves.shape[1]))
    for weight, wave in zip(weights.T, waves, strict=True):
        total += weight[:, None] * wave
    return total


def _fourier(times: Times) -> Floats:
    """(14, R)."""
    days = times / DAY
    waves = [2 * np.pi * n * days / period for _, period, order, _ in _SEASONS for n in range(1, order + 1)]
    return np.stack([turn(wave) for wave in waves for turn in (np.sin, np.cos)])


def _scale(values: Floats, residual: Floats) -> float:
    low, middle, high = quantiles(values, np.array([0.0, 0.5, 1.0]))
    floor = max(0.01 * abs(middle), 1e-3 * (high - low), 1e-9)
    return float(max(1.4826 * median(np.abs(residual - median(residual))), floor))
