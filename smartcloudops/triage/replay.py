"""A recording played through `train` and `detect` as cron would run them, and measured by what was really done.

1. learn from the quiet part    2. detect again and again, up to a moment that moves on
3. put the incidents beside the faults    4. count, as `sco backtest --labels` does
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smartcloudops.anomaly import evaluate, training
from smartcloudops.anomaly.detection import Detection
from smartcloudops.anomaly.evaluate import Counts, Quality, Track
from smartcloudops.anomaly.store import LocalStore
from smartcloudops.anomaly.training import Training
from smartcloudops.core.config import Config, load
from smartcloudops.core.records import Incident, Verdict
from smartcloudops.core.state import open_state
from smartcloudops.core.times import SECOND, rfc3339
from smartcloudops.metrics import choose
from smartcloudops.metrics.series import Window
from smartcloudops.triage import ledger
from smartcloudops.triage.panels import Panel, panels
from smartcloudops.triage.recording import Fault, Recording
from smartcloudops.triage.run import Done, Request, run, score_again

EVERY_MS = 15 * SECOND
_PANELS = 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """A fault, and the incident that opened during it; `told`: when the run that opened it took place, ms.

    `open_before`: where none did, the incident that was open as the fault began, so that none could. `alarm`: the
    highest during the fault; where it is 1 or more and no incident opened, one had been stronger shortly before.
    """

    fault: Fault
    incident: Incident | None = None
    told: int | None = None
    open_before: Incident | None = None
    alarm: float = 0.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it. `incidents` in order of time; `false` are those that opened while nothing was being done.

    `verdicts`: of every series at every row that was detected over, in order of time; `panels`: the suspects drawn
    over that time. `quality`: a false alarm is an incident, each for itself.
    """

    training: Training
    window: Window
    runs: int
    incidents: tuple[Incident, ...]
    outcomes: tuple[Outcome, ...]
    false: tuple[Incident, ...]
    quality: Quality
    verdicts: tuple[Verdict, ...]
    panels: tuple[Panel, ...]

    @property
    def missed(self) -> tuple[Outcome, ...]:
        """The faults during which no incident opened."""
        return tuple(outcome for outcome in self.outcomes if outcome.incident is None)


def replay(recording: Recording, scratch: Path, *, advance: Callable[[int, int], None], now: int) -> Replayed:
    """Play it, with models and incidents in `scratch`; `advance` is told how many runs of how many are done."""
    own = {"state.dir": str(scratch / "state"), "models.dir": str(scratch / "models")}
    config = load(file=recording.settings, flags=own, environ={}, cwd=scratch, home=scratch)
    learnt = _learn(config, recording, now)
    times = _cron(config, recording)
    told: dict[str, int] = {}
    for done, time in enumerate(times, 1):
        ran = run(config, Request(recording.table, until=rfc3339(time)), now=time)
        assert isinstance(ran, Done)
        triage = ran.triage
        told |= {i.id: time for i in triage.incidents if "opened" in triage.changes.get(i.id, ())}
        advance(done, len(times))
    source = choose.open_source(config, recording.table)
    request = Request(recording.table, since=rfc3339(recording.quiet_until), every=True, courses=True)
    with open_state(config.state_dir) as db:
        found = score_again(config, source, db, request, now=times[-1])
        incidents = sorted(ledger.list_incidents(db), key=lambda incident: incident.start)
    outcomes = tuple(
        replace(one, alarm=_highest(found.verdicts, one.fault))
        for one in outcomes_of(recording.faults, incidents, told)
    )
    false = tuple(i for i in incidents if not any(f.start <= i.start <= f.end for f in recording.faults))
    return Replayed(
        training=learnt,
        window=found.window,
        runs=len(times),
        incidents=tuple(incidents),
        outcomes=outcomes,
        false=false,
        quality=measure(found.window, recording.faults, incidents, len(false)),
        verdicts=found.verdicts,
        panels=_panels(config, recording, found, incidents),
    )


def _learn(config: Config, recording: Recording, now: int) -> Training:
    source = choose.open_source(config, recording.table)
    until = rfc3339(recording.quiet_until)
    window = choose.training_window(config, source, since=None, until=until, now=now)
    metrics = choose.wanted(config, source)
    return training.train(source, metrics, window, config.train, store=LocalStore(config.models_dir), now=now)


def _cron(config: Config, recording: Recording) -> list[int]:
    """When `detect` runs: at equal distances, from the end of the quiet part to the last row."""
    extent = choose.open_source(config, recording.table).extent()
    assert extent is not None
    return [*range(recording.quiet_until + EVERY_MS, extent.end, EVERY_MS), extent.end]


def _panels(config: Config, recording: Recording, found: Detection, incidents: Sequence[Incident]) -> tuple[Panel, ...]:
    source = choose.open_source(config, recording.table)
    metrics, threshold = choose.wanted(config, source), config.detect.threshold
    return tuple(panels(source, metrics, found, incidents, found.window, threshold=threshold, most=_PANELS))


def outcomes_of(faults: Sequence[Fault], incidents: Sequence[Incident], told: dict[str, int]) -> tuple[Outcome, ...]:
    """Each fault with the first incident that opened during it; incidents in order of time."""
    return tuple(_outcome(fault, incidents, told) for fault in faults)


def _highest(verdicts: Sequence[Verdict], fault: Fault) -> float:
    return max((v.alarm for v in verdicts if v.alarm is not None and fault.start <= v.time <= fault.end), default=0.0)


def _outcome(fault: Fault, incidents: Sequence[Incident], told: dict[str, int]) -> Outcome:
    met = next((i for i in incidents if fault.start <= i.start <= fault.end), None)
    if met is not None:
        return Outcome(fault, met, told.get(met.id))
    before = [i for i in incidents if i.start < fault.start and (i.end is None or i.end >= fault.start)]
    return Outcome(fault, open_before=before[-1] if before else None)


def measure(window: Window, faults: Sequence[Fault], incidents: Sequence[Incident], false: int) -> Quality:
    """Precision, recall and delay by event: an alert is the row at which an incident opened.

    `evaluate` takes false alarms up to an hour apart for one; in so short a recording that would hide all but the
    first, so each of them counts here.
    """
    times = window.times()
    opened = np.isin(times, [incident.start for incident in incidents])
    windows = evaluate.windows_of(times, [(fault.start, fault.end) for fault in faults])
    quality = evaluate.evaluate([Track(times, np.full(len(times), np.nan), opened, windows)])
    return replace(quality, counts=Counts(quality.counts.met, quality.counts.missed, false))
