"""Alarms to alert states: open at the threshold, close with hysteresis, remind rarely, get used to what lasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from smartcloudops.anomaly.detectors import Floats
from smartcloudops.core.errors import DataError
from smartcloudops.core.times import DAY, HOUR

# The part of the threshold that holds an alert which is open: more than one detector alone can make.
KEEP = 2 / 3

Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Policy:
    """threshold opens; while open, a row at `keep` or above holds it, and so does `hold_ms` after the last
    row at the threshold; `repeat_ms`: how often an open one is notified again, where it still is at the threshold.

    `record_ms`: for so long after its last row at the threshold, only a row above an alert's peak opens another.
    `adopt_ms`: an alert that has been open for so long is the new normal, and closes.
    """

    threshold: float = 1.0
    keep: float = KEEP
    hold_ms: int = HOUR
    repeat_ms: int = 4 * HOUR
    record_ms: int = DAY
    adopt_ms: int = DAY

    def remembering(self, part: float) -> Policy:
        """The same with that part of `record_ms`."""
        return replace(self, record_ms=round(self.record_ms * part))


@dataclass(frozen=True, slots=True)
class State:
    """What is carried from call to call; times in ms, None = never or not open.

    Of an alert that is over, `strong` and `peak` stay for `record_ms`.
    """

    opened: int | None = None
    strong: int | None = None
    notified: int | None = None
    peak: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> State:
        """From JSON; DataError where it is none of ours."""
        times = [raw.get(name) for name in ("opened", "strong", "notified")]
        peak = raw.get("peak", 0.0)
        if not all(t is None or isinstance(t, int) for t in times) or not isinstance(peak, int | float):
            raise DataError(f"the alert state cannot be read: {dict(raw)}")
        return cls(times[0], times[1], times[2], float(peak))


class Decision(NamedTuple):
    """Per row (R,): is_anomaly, a notification goes out; in_incident, an alert is open. `state`: after them."""

    is_anomaly: Flags
    in_incident: Flags
    state: State


def judge(times: npt.NDArray[np.int64], scores: Floats, state: State, policy: Policy) -> Decision:
    """Walk one group's rows in order; times and scores (R,). Rows that are NaN neither open nor close.

    In pieces, with the state handed on, the result is the same as in one.
    """
    notify, inside = np.zeros(len(scores), np.bool_), np.zeros(len(scores), np.bool_)
    if state == State() and not (scores >= policy.threshold).any():
        return Decision(notify, inside, state)
    for i, (time, score) in enumerate(zip(times.tolist(), scores.tolist(), strict=True)):
        if score == score:
            state = _step(time, score, state, policy)
        inside[i] = state.opened is not None
        notify[i] = inside[i] and score == score and state.notified == time
    return Decision(notify, inside, state)


def _step(time: int, score: float, state: State, policy: Policy) -> State:
    if state.opened is None:
        return _waiting(time, score, state, policy)
    if time - state.opened >= policy.adopt_ms:
        return State(strong=time, peak=max(state.peak, score))
    strong = score >= policy.threshold
    if not strong and not _held(time, score, state, policy):
        return _waiting(time, score, replace(state, opened=None, notified=None), policy)
    if not strong:
        return state
    state = replace(state, strong=time, peak=max(state.peak, score))
    due = state.notified is None or time - state.notified >= policy.repeat_ms
    return replace(state, notified=time) if due else state


def _waiting(time: int, score: float, state: State, policy: Policy) -> State:
    """No alert is open; the last one may be fresh enough to compare with."""
    fresh = state.strong is not None and time - state.strong <= policy.record_ms
    if score < policy.threshold:
        return state if fresh else State()
    if fresh and score <= state.peak:
        return replace(state, strong=time)
    return State(time, time, time, score)


def _held(time: int, score: float, state: State, policy: Policy) -> bool:
    return score >= policy.keep or (state.strong is not None and time - state.strong <= policy.hold_ms)
