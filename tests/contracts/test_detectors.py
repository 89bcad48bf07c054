"""What every registered detector keeps, whatever it is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from smartcloudops.anomaly import features
from smartcloudops.anomaly.detectors import DETECTORS, Arrays, Floats, Scene
from smartcloudops.anomaly.features import Plan
from smartcloudops.core.errors import ModelError
from smartcloudops.core.times import DAY, HOUR

STEP = HOUR // 4
ROWS = 5 * DAY // STEP
TIMES = 1_767_225_600_000 + np.arange(ROWS, dtype=np.int64) * STEP
HEAVY = ("pandas", "scipy", "sklearn", "prophet", "cmdstanpy", "matplotlib")

names = pytest.mark.parametrize("name", list(DETECTORS))
sizes = pytest.mark.parametrize("series", [1, 5])


def group(series: int, seed: int = 0) -> Floats:
    """Daily waves that share noise, with gaps: (C, T)."""
    rng = np.random.default_rng(seed)
    wave = np.sin(2 * np.pi * TIMES / DAY) + rng.normal(size=ROWS) * 0.3
    values = 50 + 10 * np.arange(1, series + 1)[:, None] * (wave + rng.normal(size=(series, ROWS)) * 0.2)
    values[rng.random(values.shape) < 0.03] = np.nan
    return values


def learn(values: Floats) -> Arrays:
    return features.learn(plan_of(values), values, TIMES)


def plan_of(values: Floats) -> Plan:
    return Plan.of(series=values.shape[-2], step=STEP)


def scene(values: Floats, learnt: Arrays, rows: int = ROWS, until: int = ROWS) -> Scene:
    """One group, or several that were learnt alike."""
    many = values if values.ndim == 3 else values[None]
    stacked = {key: np.repeat(array[None], len(many), axis=0) for key, array in learnt.items()}
    many, times = many[..., :until], TIMES[:until]
    return Scene(times, STEP, many, features.compute(plan_of(values), stacked, many, times, rows))


def fit(name: str, values: Floats) -> tuple[Arrays, Arrays]:
    learnt = learn(values)
    tame = features.winsorise(values, learnt)
    return learnt, DETECTORS.load(name).fit(scene(tame, learnt), seed=7, options={})


def stack(*parts: Arrays) -> Arrays:
    return {key: np.stack([part[key] for part in parts]) for key in parts[0]}


@pytest.fixture(scope="module")
def fitted() -> Callable[[str, int], tuple[Floats, Arrays, Arrays]]:
    known: dict[tuple[str, int], tuple[Floats, Arrays, Arrays]] = {}

    def get(name: str, series: int) -> tuple[Floats, Arrays, Arrays]:
        if (name, series) not in known:
            known[name, series] = (group(series), *fit(name, group(series)))
        return known[name, series]

    return get


@names
@sizes
def test_scores_have_the_shape_of_the_scope(name: str, series: int, fitted: Any) -> None:
    values, learnt, arrays = fitted(name, series)
    detector = DETECTORS.load(name)
    found = detector.score(stack(arrays), scene(values, learnt, rows=13))
    assert found.raw.shape == ((1, 13) if detector.scope == "group" else (1, series, 13))
    assert found.raw.dtype == np.float64
    assert np.isfinite(found.raw).mean() > 0.8
    for part in (found.expected, found.lower, found.upper):
        assert part is None or part.shape == (1, series, 13)


@names
def test_the_same_seed_gives_the_same_bits(name: str) -> None:
    (_, one), (_, two) = fit(name, group(2)), fit(name, group(2))
    assert one.keys() == two.keys()
    for key in one:
        assert one[key].dtype == two[key].dtype
        assert one[key].tobytes() == two[key].tobytes()


@names
@sizes
def test_groups_stack_and_score_as_alone(name: str, series: int, fitted: Any) -> None:
    detector = DETECTORS.load(name)
    first, learnt, one = fitted(name, series)
    second = group(series, seed=1)
    _, two = fit(name, second)
    together = detector.score(stack(one, two), scene(np.stack([first, second]), learnt, rows=20)).raw
    for i, (values, arrays) in enumerate(((first, one), (second, two))):
        alone = detector.score(stack(arrays), scene(values, learnt, rows=20)).raw[0]
        np.testing.assert_allclose(together[i], alone, rtol=1e-12)


@names
@sizes
def test_a_row_sees_only_what_came_before(name: str, series: int, fitted: Any) -> None:
    values, learnt, arrays = fitted(name, series)
    detector = DETECTORS.load(name)
    changed = values.copy()
    changed[:, 450:] = 1e6
    before = detector.score(stack(arrays), scene(values, learnt)).raw
    after = detector.score(stack(arrays), scene(changed, learnt)).raw
    cut = detector.score(stack(arrays), scene(values, learnt, rows=10, until=450)).raw
    np.testing.assert_array_equal(before[..., :450], after[..., :450])
    np.testing.assert_array_equal(before[..., 440:450], cut)


@names
@sizes
def test_rows_that_were_learnt_score_alike_whether_later_ones_are_there(name: str, series: int, fitted: Any) -> None:
    values, learnt, arrays = fitted(name, series)
    detector = DETECTORS.load(name)
    whole = detector.score(stack(arrays), scene(values, learnt)).raw[..., 290:300]
    early = detector.score(stack(arrays), scene(values, learnt, rows=10, until=300)).raw
    np.testing.assert_array_equal(whole, early)


@names
@sizes
def test_strange_rows_score_higher_than_usual_ones(name: str, series: int, fitted: Any) -> None:
    values, learnt, arrays = fitted(name, series)
    changed = values.copy()
    changed[:, 468:471] = values[:, 468:471] + 400
    raw = DETECTORS.load(name).score(stack(arrays), scene(changed, learnt)).raw
    # What looks at blocks of rows speaks when one is whole.
    assert (np.nanmax(raw[..., 468:474], axis=-1) > np.nanquantile(raw[..., :468], 0.99, axis=-1)).all()


@names
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300, 2.0**64])
def test_bad_rows_never_raise(name: str, bad: float, fitted: Any) -> None:
    values, learnt, arrays = fitted(name, 5)
    changed = values.copy()
    changed[:, -20:-10], changed[2] = bad, bad
    found = DETECTORS.load(name).score(stack(arrays), scene(changed, learnt))
    assert not np.isinf(found.raw).any()


@names
@pytest.mark.parametrize("value", [0.0, 42.0, np.nan])
def test_constant_and_empty_series_can_be_learnt(name: str, value: float) -> None:
    values = group(2)
    values[0] = value
    learnt, arrays = fit(name, values)
    detector = DETECTORS.load(name)
    detector.validate(stack(arrays), series=2, features=plan_of(values).features)
    assert not np.isinf(detector.score(stack(arrays), scene(values, learnt)).raw).any()


def damages(key: str, array: Any) -> Iterator[tuple[str, Any]]:
    yield "missing", None
    yield "truncated", array[..., :-1] if array.ndim > 1 else array[:0]
    yield "flattened", array.ravel()[None, None, None, None]
    yield "of another type", array.astype(np.complex128)
    if array.dtype.kind == "f":
        yield "NaN", _half(array, np.nan)
        yield "infinite", _half(array, -np.inf) if key != "threshold" else _half(array, np.nan)
    else:
        yield "too high", np.full_like(array, np.iinfo(array.dtype).max)


def _half(array: Any, value: float) -> Any:
    out = array.copy()
    out.ravel()[: max(1, out.size // 2)] = value
    return out


@names
def test_validate_takes_its_own_and_refuses_damage(name: str, fitted: Any) -> None:
    values, _, arrays = fitted(name, 5)
    detector, width = DETECTORS.load(name), plan_of(values).features
    stacked = stack(arrays, arrays)
    detector.validate(stacked, series=5, features=width)
    for key, array in stacked.items():
        for what, wrong in damages(key, array):
            damaged = {k: a for k, a in stacked.items() if k != key} | ({} if wrong is None else {key: wrong})
            if (what == "NaN" and _masked(name, key)) or (what == "truncated" and key == "blocks"):
                continue  # of history, less is a shorter one
            with pytest.raises(ModelError):
                detector.validate(damaged, series=5, features=width)


def _masked(name: str, key: str) -> bool:
    """NaN is how these say that a series was not fitted."""
    by_hour = name in {"seasonal", "novelty", "likelihood"} and key in {"profile", "scale"}
    return by_hour or (name, key) == ("prophet", "scale")


@names
def test_scoring_loads_numpy_alone(name: str) -> None:
    code = f"""
import sys
from smartcloudops.anomaly import calibrate, features, inject, judge
from smartcloudops.anomaly.detectors import DETECTORS
DETECTORS.load({name!r})
print([m for m in {HEAVY!r} if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
