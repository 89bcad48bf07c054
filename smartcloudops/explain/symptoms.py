"""Is there an incident, when did it begin, and where is it felt?"""

from __future__ import annotations

import numpy as np

from smartcloudops.explain.excess import NOTABLE, Floats

STRONG = 5.0
AGREED, MUCH = 0.8, 2.0
_RARE = 0.995
_ENOUGH_ROWS = 100


def stands_out(sizes: Floats, least: float = STRONG) -> bool:
    """Whether a part's rows (R,), in deviations, are an incident by themselves: two rows at 3 or one at `least`."""
    return bool((sizes >= NOTABLE).sum() >= 2 or (sizes >= least).any())


def single(past_sizes: Floats) -> float:
    """What one row alone must reach: 5, or what history (H,) exceeds in one row of 200."""
    known = past_sizes[~np.isnan(past_sizes)]
    return max(STRONG, float(np.quantile(known, _RARE))) if len(known) >= _ENOUGH_ROWS else STRONG


def agrees(felt: Floats, costs: Floats, sizes: Floats, deviation: Floats) -> bool:
    """Whether some part changed together with the symptom: what both have in common is 0.8 of the symptom's
    deviations in two rows, or 2 in one row where the part itself is at 5 of its own in two.

    `felt` (R,) and `costs` (N, R): excess times requests of the symptom and of the parts, whose `sizes` (N, R) are in
    their own deviations; `deviation` (R,): one of the symptom's, times its requests.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = np.nan_to_num(np.minimum(costs, felt) / deviation, posinf=0.0)
    strong = (sizes >= STRONG).sum(axis=1) >= 2
    together = (shared >= AGREED).sum(axis=1) >= 2
    return bool((together | (strong & (shared >= MUCH).any(axis=1))).any())


def moves(own: Floats, others: Floats) -> bool:
    """The same without traffic: the symptom (R,) is at 2 deviations in a row where one of the others (N, R), which is
    at 5 in two rows, is at 5."""
    loud = others[(others >= STRONG).sum(axis=1) >= 2] >= STRONG
    return bool((loud & (own >= MUCH)).any())


def begins(sizes: Floats, least: float = STRONG) -> int | None:
    """The first of two rows in a row at 3 deviations, or of one at `least`; None where there is none."""
    for i, size in enumerate(sizes.tolist()):
        if size >= least or (size >= NOTABLE and i + 1 < len(sizes) and sizes[i + 1] >= NOTABLE):
            return i
    return None
