"""What the demo counts: a fault is met by an incident that opens during it, every other incident is a false alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from smartcloudops.core.records import Incident
from smartcloudops.metrics.series import Window
from smartcloudops.triage.recording import Fault
from smartcloudops.triage.replay import measure, outcomes_of

STEP = 5_000
WINDOW = Window(0, 400 * STEP, STEP)
FAULTS = (
    Fault("cpu", "both cores", "stress-ng", 10 * STEP + 1_200, 40 * STEP),
    Fault("disk", "/data", "fallocate", 100 * STEP, 140 * STEP),
)


def incident(row: int, **more: Any) -> Incident:
    at = row * STEP
    return Incident(f"i{row}", "f", "g", at, at, at, "warning", 1.5, **more)


def test_the_first_incident_that_opens_during_a_fault_meets_it():
    found = [incident(5), incident(20), incident(30)]
    met, missed = outcomes_of(FAULTS, found, {"i20": 21 * STEP})
    assert met.incident is found[1]
    assert met.told == 21 * STEP
    assert missed.incident is None


def test_a_fault_during_an_incident_that_was_open_before_is_missed_and_said_so():
    lasting = replace(incident(95), last=120 * STEP, end=120 * STEP)
    over = replace(incident(5), end=8 * STEP)
    nothing, swallowed = outcomes_of(FAULTS, [over, lasting], {})
    assert (nothing.incident, nothing.open_before) == (None, None)
    assert (swallowed.incident, swallowed.open_before) == (None, lasting)


@pytest.mark.parametrize(
    ("rows", "false", "precision", "recall"),
    [
        ((), 0, 0.0, 0.0),
        ((20, 100), 0, 1.0, 1.0),
        ((20, 30), 0, 1.0, 0.5),
        ((5, 20, 200, 210), 3, 0.25, 0.5),
        ((41,), 1, 0.0, 0.0),
    ],
)
def test_precision_and_recall_by_event(rows, false, precision, recall):
    quality = measure(WINDOW, FAULTS, [incident(row) for row in rows], false)
    assert (quality.precision, quality.recall) == (precision, recall)
    assert quality.counts.false == false


def test_the_delay_counts_from_the_first_row_of_a_fault():
    assert measure(WINDOW, FAULTS, [incident(20)], 0).delay_ms == 9 * STEP
