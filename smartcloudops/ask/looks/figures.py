"""What series come to in a few figures: statistics, changes of level, thinned values, names that tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from smartcloudops.core.hosts import host_of
from smartcloudops.core.text import printable
from smartcloudops.core.times import MINUTE, SECOND, minute, rfc3339

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Labels = Mapping[str, str]

THINNED = 12
_LONGEST_NAME = 80
# A level must last so many rows; with fewer rows than _FEWEST nothing is said.
_SHORTEST, _FEWEST, _MOST_ROWS = 3, 10, 400
# How large a change of level must be: in deviations of the noise, of the whole range, of the level itself.
_BY_NOISE, _BY_RANGE, _BY_LEVEL = 3.0, 0.1, 0.02
# Medians of so many rows on both sides of a sharp step, and how large it must be.
_EDGE, _EDGE_BY_NOISE, _EDGE_BY_RANGE, _EDGE_LAGS = 5, 4.0, 0.35, (1, 2, 4, 8)
# Levels between two others that take less than this part of the rows are the way from one to the other.
_ON_THE_WAY = 1 / 8
# Squares of larger numbers, or of the inverse, are none.
_HUGE = 1e100
# Values of these labels say by themselves what they are; others stand as `label=value`.
_SPEAKING = frozenset(
    ("__name__", "mountpoint", "device", "service", "service_name", "app", "workload", "deployment", "server")
) | frozenset(("pod", "container", "namespace", "job", "name", "instance", "node", "host", "hostname", "nodename"))
_UNNAMED = "value"


@dataclass(frozen=True, slots=True)
class Summary:
    """Of the finite values of one series; times in ms. `count` of `rows` are there."""

    count: int
    rows: int
    last: float
    last_at: int
    mean: float
    min: float
    min_at: int
    max: float
    max_at: int
    p95: float


@dataclass(frozen=True, slots=True)
class Change:
    """The level changed: `time` (ms) is the first row of the new one, `before` and `after` are medians."""

    time: int
    before: float
    after: float


def summary(times: Times, values: Values) -> Summary | None:
    """The statistics of values (T,) at times (T,); None where none is finite.

    >>> found = summary(np.array([0, 1, 2]), np.array([1.0, np.nan, 3.0]))
    >>> found.count, found.last, found.mean, found.max_at
    (2, 3.0, 2.0, 2)
    """
    known = np.isfinite(values)
    if not known.any():
        return None
    at, there = times[known], values[known]
    low, high = int(np.argmin(there)), int(np.argmax(there))
    # Divided first, so that sums of huge values stay finite; within the extremes, whatever was rounded.
    with np.errstate(over="ignore"):
        mean = float(np.clip((there / len(there)).sum(), there[low], there[high]))
    return Summary(
        len(there),
        len(values),
        float(there[-1]),
        int(at[-1]),
        mean,
        float(there[low]),
        int(at[low]),
        float(there[high]),
        int(at[high]),
        float(np.percentile(there, 95, method="inverted_cdf")),
    )


def thinned(times: Times, values: Values, most: int = THINNED) -> list[tuple[int, float | None]]:
    """At most so many (time, value): the last finite value of each of equal parts of the rows, None where a part
    has none.

    >>> thinned(np.arange(6), np.array([0.0, 1, 2, np.nan, np.nan, np.nan]), 3)
    [(1, 1.0), (2, 2.0), (5, None)]
    """
    edges = np.linspace(0, len(values), min(most, len(values)) + 1).round().astype(int)
    found: list[tuple[int, float | None]] = []
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        known = np.flatnonzero(np.isfinite(values[start:end]))
        at = start + int(known[-1]) if len(known) else end - 1
        found.append((int(times[at]), float(values[at]) if len(known) else None))
    return found


def changes(times: Times, values: Values, *, least: float = 0.0, most: int = 3) -> tuple[Change, ...]:
    """The largest changes of level, by time; none for noise, for single spikes and for a steady slope.

    The levels are those of the cheapest partition under a penalty for each; `least`: smallest change that matters.
    """
    known = np.isfinite(values)
    at, there = times[known], values[known]
    skip = max(1, -(-len(there) // _MOST_ROWS))
    at, there = at[::skip], there[::skip]
    if len(there) < _FEWEST or np.abs(there).max() > _HUGE:
        return ()
    smooth = _despiked(there)
    if np.ptp(smooth) <= max(least, 1 / _HUGE):
        return ()
    deviation, reach = _noise(smooth)
    starts = _partition(smooth / deviation, 4.0 * reach * float(np.log(len(smooth))))
    needed = max(least, _BY_NOISE * deviation, _BY_RANGE * float(np.ptp(smooth)))
    found = [Change(int(at[row]), before, after) for row, before, after in _levels(smooth, starts, needed)]
    near = round(len(there) * _ON_THE_WAY)
    taken = [int(np.searchsorted(at, change.time)) for change in found]
    for row, before, after in _edges(smooth, max(least, _EDGE_BY_RANGE * float(np.ptp(smooth)))):
        if all(abs(row - other) > near for other in taken):
            found.append(Change(int(at[row]), before, after))
    kept = sorted(found, key=lambda c: -abs(c.after - c.before))[:most]
    return tuple(sorted(kept, key=lambda c: c.time))


def _despiked(values: Values) -> Values:
    """Medians of three: an edge stays where it is, a single spike goes."""
    found = values.copy()
    found[1:-1] = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
    return found


def _noise(values: Values) -> tuple[float, float]:
    """The deviation around the level, and over how many rows it hangs together (rates over minutes do)."""
    lags = [lag for lag in (1, 2, 4, 8, 16, 32) if lag <= max(1, len(values) // 8)]
    found = np.array([1.4826 * np.median(np.abs(values[lag:] - values[:-lag])) / np.sqrt(2) for lag in lags])
    largest = float(found.max())
    reach = lags[int(np.argmax(found >= 0.9 * largest))] if largest else 1
    floor = max(0.005 * float(np.ptp(values)), 1e-12 * float(np.max(np.abs(values))))
    return max(largest, floor), float(reach)


def _partition(scaled: Values, penalty: float) -> list[int]:
    """First rows of the levels but the first, by dynamic programming on squared distances; one slope may be cheaper."""
    centred = scaled - np.median(scaled)
    sums, squares = (np.concatenate([[0.0], np.cumsum(x)]) for x in (centred, centred**2))
    rows = len(scaled)
    best, origin = np.full(rows + 1, np.inf), np.zeros(rows + 1, int)
    best[0] = 0.0
    for end in range(_SHORTEST, rows + 1):
        start = np.arange(0, end - _SHORTEST + 1)
        cost = squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / (end - start)
        total = best[start] + cost + penalty
        origin[end] = int(np.argmin(total))
        best[end] = total[origin[end]]
    if _slope_cost(centred) + 2 * penalty <= best[rows]:
        return []
    starts: list[int] = []
    end = int(origin[rows])
    while end:
        starts.append(end)
        end = int(origin[end])
    return starts[::-1]


def _slope_cost(values: Values) -> float:
    """What a straight line leaves, squared."""
    x = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float(x @ values) / float(x @ x)
    rest = values - values.mean() - slope * x
    return float(rest @ rest)


def _edges(values: Values, needed: float) -> list[tuple[int, float, float]]:
    """(row, before, after) of sharp steps, which stand out of a season that a level does not; the sharpest first."""
    middle = np.median(np.lib.stride_tricks.sliding_window_view(values, _EDGE), axis=1)
    before, after = middle[:-_EDGE], middle[_EDGE:]
    short = max(
        1.4826 * float(np.median(np.abs(values[lag:] - values[:-lag]))) for lag in _EDGE_LAGS if lag < len(values)
    )
    large = np.abs(after - before) >= max(needed, _EDGE_BY_NOISE * short)
    found: list[tuple[int, float, float]] = []
    for i in np.argsort(-np.abs(after - before), kind="stable").tolist():
        around = slice(i + _EDGE - 3, i + _EDGE + 2)
        row = i + _EDGE - 2 + int(np.argmax(np.abs(np.diff(values[around]))))
        if large[i] and all(abs(row - other) > 2 * _EDGE for other, _, _ in found):
            found.append((row, float(before[i]), float(after[i])))
    return found


def _levels(values: Values, starts: list[int], needed: float) -> list[tuple[int, float, float]]:
    """(row, level before, level after) of the changes that are large enough, small ones joined first."""
    edges = [0, *starts, len(values)]
    while len(edges) > 2:
        level = [float(np.median(values[a:b])) for a, b in pairwise(edges)]
        sizes = [abs(b - a) / max(needed, _BY_LEVEL * max(abs(a), abs(b))) for a, b in pairwise(level)]
        smallest = min(range(len(sizes)), key=sizes.__getitem__)
        if sizes[smallest] >= 1:
            break
        del edges[smallest + 1]
    level = [float(np.median(values[a:b])) for a, b in pairwise(edges)]
    return _joined(edges, level, max(_SHORTEST, round(len(values) * _ON_THE_WAY)))


def _joined(edges: list[int], level: list[float], short: int) -> list[tuple[int, float, float]]:
    """Steps in one direction with short levels between them are one change, as of its first row."""
    found: list[tuple[int, float, float]] = []
    for i, row in enumerate(edges[1:-1], 1):
        before, after = level[i - 1], level[i]
        brief = i > 1 and row - edges[i - 1] <= short
        if found and brief and (after - before) * (found[-1][2] - found[-1][1]) > 0:
            found[-1] = (found[-1][0], found[-1][1], after)
        else:
            found.append((row, before, after))
    return found


def names(labels: Sequence[Labels]) -> list[str]:
    """What to call each series: its host, with as few further labels as tell all of them apart; printable, unlike.

    >>> names([{"instance": "web-1:9100", "mountpoint": "/"}, {"instance": "web-1:9100", "mountpoint": "/var"}])
    ['web-1 /', 'web-1 /var']
    >>> names([{"__name__": "value"}]), names([{"code": "500", "job": "shop"}, {"code": "200", "job": "shop"}])
    (['all'], ['code=500', 'code=200'])
    """
    hosts = [host(each) for each in labels]
    if not all(hosts):
        hosts = [""] * len(labels)
    varying = _varying(labels)
    chosen: list[str] = []
    found = _joined_names(labels, hosts, chosen)
    while varying and len(set(found)) < len(found):
        best = max(varying, key=lambda label: len(set(_joined_names(labels, hosts, [*chosen, label]))))
        varying.remove(best)
        chosen.append(best)
        found = _joined_names(labels, hosts, chosen)
    return _unlike([text or _alone(each) for text, each in zip(found, labels, strict=True)])


def host(labels: Labels) -> str:
    """As `host_of`, for thousands of series of few hosts."""
    instance = labels.get("instance")
    return _bare(instance) if instance else host_of(labels)


@lru_cache(maxsize=16_384)
def _bare(instance: str) -> str:
    return host_of({"instance": instance})


def own(labels: Labels) -> dict[str, str]:
    """The labels without the name."""
    return {label: value for label, value in labels.items() if label != "__name__"}


def _varying(labels: Sequence[Labels]) -> list[str]:
    """Labels that differ, those that speak for themselves first; ports only where nothing else does."""
    every = sorted({label for each in labels for label in each})
    differing = [label for label in every if len({each.get(label, "") for each in labels}) > 1]
    return sorted(differing, key=lambda label: (label == "instance", label not in _SPEAKING))


def _joined_names(labels: Sequence[Labels], hosts: Sequence[str], chosen: Sequence[str]) -> list[str]:
    found = []
    for each, host in zip(labels, hosts, strict=True):
        whole = host if "instance" not in chosen else ""
        found.append(" ".join(word for word in (whole, *(_word(each, label) for label in chosen)) if word))
    return found


def _word(labels: Labels, label: str) -> str:
    value = labels.get(label, "")
    return value if label in _SPEAKING or not value else f"{label}={value}"


def _alone(labels: Labels) -> str:
    """For a series that nothing has to be told apart from, and that no host has."""
    rest = [_word(labels, label) for label in sorted(labels) if label != "__name__" and labels[label]]
    own = labels.get("__name__", "")
    return " ".join(rest) or (own if own != _UNNAMED else "") or "all"


def _unlike(texts: Sequence[str]) -> list[str]:
    """Printable and not too long, numbered where that made two alike."""
    shown = [text if text.isprintable() else printable(text) or "?" for text in texts]
    shown = [text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME - 1]}…" for text in shown]
    count = Counter(shown)
    seen: Counter[str] = Counter()
    found = []
    for text in shown:
        seen[text] += 1
        found.append(f"{text} #{seen[text]}" if count[text] > 1 else text)
    return found


def stamp(ms: int) -> str:
    """A moment as tools show it: UTC, seconds only where there are any.

    >>> stamp(0), stamp(1500)
    ('1970-01-01T00:00Z', '1970-01-01T00:00:01Z')
    """
    return rfc3339(ms // SECOND * SECOND) if ms // SECOND * SECOND % MINUTE else minute(ms)
