"""The judge: when alerts open, hold, repeat and close; the same in pieces as in one."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.anomaly.judge import Policy, State, judge
from smartcloudops.core.errors import DataError
from smartcloudops.core.times import HOUR, MINUTE

STEP = 10 * MINUTE
POLICY = Policy()
NAN = float("nan")


def run(*scores: float, state: State | None = None) -> tuple[list[int], list[int], State]:
    times = np.arange(len(scores), dtype=np.int64) * STEP
    notify, inside, after = judge(times, np.array(scores), state or State(), POLICY)
    return np.flatnonzero(notify).tolist(), np.flatnonzero(inside).tolist(), after


def test_quiet_rows_change_nothing() -> None:
    assert run(0.0, 0.9, NAN, 0.99) == ([], [], State())


def test_opens_once_at_the_threshold_and_holds_an_hour() -> None:
    notify, inside, state = run(0, 1.0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert (notify, inside, state) == ([1], [1, 2, 3, 4, 5, 6, 7], State(strong=STEP, peak=1.0))


def test_a_middling_score_holds_it_open() -> None:
    notify, inside, _ = run(2.0, *[0.67] * 12, 0.66, 0.7)
    assert (notify, inside) == ([0], list(range(13)))


def test_repeats_every_four_hours_while_open() -> None:
    notify, _, state = run(*[1.5] * 60)
    assert notify == [0, 24, 48]
    assert (state.opened, state.notified, state.peak) == (0, 48 * STEP, 1.5)


def test_missing_rows_neither_open_nor_close_nor_notify() -> None:
    notify, inside, _ = run(NAN, 1.5, *[NAN] * 30, 1.2, NAN)
    assert (notify, inside) == ([1, 32], list(range(1, 34)))
    assert run(1.5, *[NAN] * 30, 0.0)[1] == list(range(31))


def test_only_a_record_opens_another_within_a_day() -> None:
    assert run(1.5, *[0] * 8, 1.5)[0] == [0]
    assert run(1.5, *[0] * 8, 1.6)[0] == [0, 9]
    assert run(1.5, *[0] * 143, 1.5)[0] == [0]
    assert run(1.5, *[0] * 144, 1.5)[0] == [0, 145]


def test_peak_is_the_highest_since_it_opened() -> None:
    assert run(9.0, *[0] * 150, 1.0, 3.0, 2.0)[2].peak == 3.0


def test_what_lasts_a_day_is_the_new_normal() -> None:
    notify, inside, state = run(*[1.5] * 400)
    assert notify == [0, 24, 48, 72, 96, 120]
    assert inside == list(range(144)) and state.opened is None
    assert run(*[1.5] * 200, 1.6)[0][-1] == 200


def test_a_reminder_needs_a_row_at_the_threshold() -> None:
    assert run(1.5, *[0.7] * 30, 1.2)[0] == [0, 31]


@given(
    scores=st.lists(st.one_of(st.floats(0, 3), st.just(NAN)), max_size=80),
    cuts=st.lists(st.integers(0, 80), max_size=6),
    hold=st.sampled_from([0, HOUR, 3 * HOUR]),
)
def test_in_pieces_as_in_one(scores: list[float], cuts: list[int], hold: int) -> None:
    policy = Policy(hold_ms=hold)
    values, times = np.array(scores, np.float64), np.arange(len(scores), dtype=np.int64) * STEP
    whole = judge(times, values, State(), policy)
    state, notify, inside = State(), [], []
    bounds = [0, *sorted(min(c, len(scores)) for c in cuts), len(scores)]
    for start, end in itertools.pairwise(bounds):
        part = judge(times[start:end], values[start:end], state, policy)
        state = State.from_dict(json.loads(json.dumps(part.state.as_dict())))
        notify += part.is_anomaly.tolist()
        inside += part.in_incident.tolist()
    assert (notify, inside, state) == (whole.is_anomaly.tolist(), whole.in_incident.tolist(), whole.state)


@given(scores=st.lists(st.one_of(st.floats(0, 3), st.just(NAN)), max_size=60), at=st.integers(0, 60))
def test_what_comes_later_changes_nothing(scores: list[float], at: int) -> None:
    values, times = np.array(scores, np.float64), np.arange(len(scores), dtype=np.int64) * STEP
    whole, first = judge(times, values, State(), POLICY), judge(times[:at], values[:at], State(), POLICY)
    assert whole.in_incident[:at].tolist() == first.in_incident.tolist()
    assert whole.is_anomaly[:at].tolist() == first.is_anomaly.tolist()


@pytest.mark.parametrize("raw", [{"opened": "now"}, {"peak": None}, {"strong": 1.5}])
def test_a_foreign_state_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(DataError):
        State.from_dict(raw)
