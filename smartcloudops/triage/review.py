"""A stretch of time looked back on: its incidents with what their series did, the model, the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from smartcloudops.anomaly.store import LocalStore, Stored
from smartcloudops.core import runs
from smartcloudops.core.config import Config
from smartcloudops.core.errors import ModelError, ScoError, UsageError
from smartcloudops.core.records import Incident
from smartcloudops.core.redact import redact
from smartcloudops.core.runs import Kind, Run
from smartcloudops.core.state import FILE, State, open_state
from smartcloudops.core.times import DAY, parse_time, rfc3339
from smartcloudops.metrics import Source, choose
from smartcloudops.metrics.series import Window
from smartcloudops.triage import ledger
from smartcloudops.triage.filters import Wanted
from smartcloudops.triage.outward import identity
from smartcloudops.triage.panels import EACH, Panel, panels, shown
from smartcloudops.triage.run import Request, score_again

SHOWN = 30
KINDS: tuple[Kind, ...] = ("train", "detect")
_RUNS = 20_000


@dataclass(frozen=True, slots=True)
class Labels:
    """How the incidents of one model were labelled, in the whole state."""

    model: str
    incidents: int
    real: int
    false: int


@dataclass(frozen=True, slots=True)
class Review:
    """What is known of since..until (ms). `incidents`: open ones first, then the newest.

    `events` by incident id, (kind, time); `panels` by incident id, at most SHOWN incidents have some; `model` is
    the one in use; `labels` by model, the newest first; `runs` of the time itself, newest
    first; `notes` say what could not be looked at, and why.
    """

    source: str
    since: int
    until: int
    incidents: tuple[Incident, ...]
    events: Mapping[str, Sequence[tuple[str, int]]]
    panels: Mapping[str, Sequence[Panel]]
    model: Stored | None
    labels: Sequence[Labels]
    runs: Mapping[Kind, Sequence[Run]]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Looking:
    """One review under way; what fails is noted, and the rest is shown."""

    config: Config
    path: Path | None
    now: int
    notes: list[str] = field(default_factory=list)

    def source(self) -> Source | None:
        """The source of metrics, where it is there and has any."""
        try:
            source = choose.open_source(self.config, self.path)
            source.check()
            source.extent()
        except ScoError as e:
            self.note("no charts", e)
            return None
        return source

    def note(self, what: str, e: ScoError) -> None:
        """Keep what went wrong, for a page that may be sent to anybody."""
        self.notes.append(redact(f"{what}: {e.message}"))

    def model(self) -> Stored | None:
        """The model in use, its groups checked."""
        store = LocalStore(self.config.models_dir)
        try:
            version = store.pointer()["version"]
            stored = store.open(version) if version else None
            if stored is not None:
                stored.groups()
        except ModelError as e:
            self.note("no model quality", e)
            return None
        return stored


def review(config: Config, path: Path | None, *, since: str, until: str | None, now: int) -> Review:
    """Look back; only a time that is none, and a state that cannot be read, raise."""
    looking = _Looking(config, path, now)
    source = looking.source()
    base = choose.newest(source, now) if source is not None else now
    end = base if until is None else parse_time(until, now=base)
    start = parse_time(since, now=base)
    if start >= end:
        raise UsageError(f"{rfc3339(start)} is not before {rfc3339(end)}", hint="--since 24h")
    where = identity(source) if source is not None else ""
    model = looking.model()
    if not (config.state_dir / FILE).exists():
        return Review(where, start, end, (), {}, {}, model, (), {}, tuple(looking.notes))
    with open_state(config.state_dir) as state:
        every = ledger.list_incidents(state)
        chosen = tuple(i for i in every if Wanted(since=start, until=end).takes(i))
        events = {i.id: ledger.events_of(state, i) for i in chosen[:SHOWN]}
        drawn = _drawn(looking, source, state, chosen[:SHOWN], (start, end)) if source is not None else {}
        # A file may end before now; runs go by the clock on the wall.
        done = {kind: _runs(state, kind, start, now if until is None else end) for kind in KINDS}
    labels = _labels(every)
    return Review(where, start, end, chosen, events, drawn, model, labels, done, tuple(looking.notes))


def _drawn(
    looking: _Looking, source: Source, state: State, incidents: Sequence[Incident], times: tuple[int, int]
) -> dict[str, list[Panel]]:
    """The suspects of the source's incidents, each around its incident."""
    own = [i for i in incidents if i.source == identity(source)]
    if not own:
        return {}
    groups = frozenset(i.group for i in own)
    since, until = map(rfc3339, times)
    request = Request(looking.path, since, until, courses=True, only=groups)
    try:
        found = score_again(looking.config, source, state, request, now=looking.now)
        metrics = choose.wanted(looking.config, source)
        limit = looking.config.detect.threshold
        whole = panels(source, metrics, found, own, found.window, threshold=limit, most=EACH * len(own))
    except ScoError as e:
        looking.note("no charts", e)
        return {}
    by_series = {panel.series: panel for panel in whole}
    return {
        i.id: [
            by_series[s.series].between(*_around(i, found.window))
            for s in shown(i)
            if s.series in by_series and by_series[s.series].group == i.group
        ]
        for i in own
    }


def _around(incident: Incident, window: Window) -> tuple[int, int]:
    """An incident with as much before and after it again, at least three hours or 60 rows, inside the window."""
    end = window.end if incident.end is None else incident.end
    room = max(end - incident.start, 60 * window.step, DAY // 8)
    return max(window.start, incident.start - room), min(window.end, end + room)


def _labels(incidents: Sequence[Incident]) -> list[Labels]:
    models = sorted({i.model or "" for i in incidents}, reverse=True)
    by_model = {model: [i.label for i in incidents if (i.model or "") == model] for model in models}
    return [Labels(m, len(found), found.count(True), found.count(False)) for m, found in by_model.items()]


def _runs(state: State, kind: Kind, start: int, end: int) -> list[Run]:
    return [run for run in runs.newest(state, kind, limit=_RUNS) if start <= run.started <= end]
