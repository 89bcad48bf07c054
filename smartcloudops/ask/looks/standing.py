"""Which of many series deserve to be named: the worst, and those that are least what they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smartcloudops.ask.looks.figures import Values
from smartcloudops.ask.looks.instants import Instants
from smartcloudops.core.settings import Metric

MOST = 3
# From so many usual differences on a value is unlike the earlier ones; differences below this part of it never are.
UNLIKE = 4.0
_PART = 0.1
# The smallest usual difference, as a part of the median of all series.
_FLOOR = 0.05
_MANY = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """One series that deserves to be named. `by`: its difference to what it was, in usual ones; None where nothing
    earlier is known. `unlike`: that is far, in the bad direction."""

    row: int
    by: float | None
    unlike: bool


def standing(found: Instants, most: int = MOST) -> list[Standing]:
    """At most so many series of those that are there now: the least like before first, then the worst."""
    now = found.at("now")
    there = np.flatnonzero(np.isfinite(now))
    by = differences(found)
    # Among thousands of series some are far from what they were by chance.
    far = UNLIKE + max(0.0, 1.5 * float(np.log10(max(1, len(there)) / _MANY)))
    unlike = sorted((row for row in there.tolist() if by[row] >= far), key=lambda row: -by[row])
    chosen = [*unlike[: most - 1], *worst(found.metric, now, there, most), *unlike[most - 1 :]]
    return [
        Standing(row, float(by[row]) if np.isfinite(by[row]) else None, bool(by[row] >= far))
        for row in list(dict.fromkeys(chosen))[:most]
    ]


def candidates(found: Instants, most: int) -> list[int]:
    """Series that could deserve to be named once more is known of them."""
    now = found.at("now")
    there = np.flatnonzero(np.isfinite(now))
    by = np.nan_to_num(differences(found), nan=-np.inf)
    least_alike = there[np.argsort(-by[there], kind="stable")][: most - MOST]
    return list(dict.fromkeys([*worst(found.metric, now, there, MOST), *least_alike.tolist()]))


def worst(metric: Metric, now: Values, there: npt.NDArray[np.intp], most: int) -> list[int]:
    """The largest of the rows that are there; the smallest where that is the bad direction."""
    order = np.argsort(now[there] if metric.direction == "down" else -now[there], kind="stable")
    return [int(row) for row in there[order][:most]]


def differences(found: Instants) -> Values:
    """How far each series (N,) is, in the bad direction, from the same hour of a day and a week ago, whichever is
    nearer, in usual differences; from an hour ago where there is neither."""
    now = found.at("now")
    same_hour = [_signed(found.metric, now - found.at(moment)) for moment in ("day", "week")]
    nearer = np.fmin(*same_hour)
    change = np.where(np.isfinite(nearer), nearer, _signed(found.metric, now - found.at("hour")))
    level = np.abs(now[np.isfinite(now)])
    floor = _FLOOR * float(np.median(level)) if len(level) else 0.0
    least = max(_spread(change) if len(change) > MOST else 0.0, found.metric.min_dev, floor, 1e-12)
    # What two earlier values differ by is usual, too.
    usual = np.fmax(least, np.abs(found.at("day") - found.at("week")))
    enough = np.abs(change) >= np.maximum(found.metric.min_dev, _PART * np.abs(now))
    return np.where(enough, change / usual, np.where(np.isfinite(change), 0.0, np.nan))


def _signed(metric: Metric, change: Values) -> Values:
    if metric.direction == "both":
        return np.abs(change)
    return -change if metric.direction == "down" else change


def _spread(change: Values) -> float:
    """The usual size of a change, over all series."""
    known = change[np.isfinite(change)]
    return 1.4826 * float(np.median(np.abs(known - np.median(known)))) if len(known) else 0.0
