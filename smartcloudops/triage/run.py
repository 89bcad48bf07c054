"""One run of `sco detect`: contact the source, try the models in order, score, write the incidents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from smartcloudops.anomaly.detection import Detection, detect, step_of
from smartcloudops.anomaly.store import LocalStore, Stored
from smartcloudops.core.config import Config
from smartcloudops.core.errors import ModelError, Status, UsageError, worst
from smartcloudops.core.log import Log
from smartcloudops.core.records import Incident
from smartcloudops.core.settings import Metric
from smartcloudops.core.state import FILE, State, open_state
from smartcloudops.core.times import DAY
from smartcloudops.explain.strange import shares
from smartcloudops.metrics import Source, choose
from smartcloudops.metrics.series import Window
from smartcloudops.triage import ledger, outward
from smartcloudops.triage.collecting import Collected, collect
from smartcloudops.triage.ledger import Triage
from smartcloudops.triage.outward import identity

LONGEST_MS = DAY
_LOG = Log("detect")


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    path: Path | None = None
    since: str | None = None
    until: str | None = None
    every: bool = False
    dry_run: bool = False
    # Keep every series' scores and what was expected of it, to be drawn; with `only`, where these groups are.
    courses: bool = False
    only: frozenset[str] | None = None

    @property
    def only_looks(self) -> bool:
        """Whether it looks at a time of its own choice, or keeps nothing: then nobody else is told."""
        return self.dry_run or self.since is not None or self.until is not None


@dataclass(frozen=True, slots=True)
class Done:
    """What a run showed and changed; `refused` says which model files were not used, `untold` who was not told."""

    found: Detection
    triage: Triage
    refused: tuple[str, ...]
    status: Status
    untold: tuple[str, ...] = ()


def run(config: Config, request: Request, *, now: int) -> Done | Collected:
    """Score, update incidents, tell of them, publish the scores. The caller holds the lock.

    Of this machine a sample is taken first; that is all as long as there is no model to judge it by. Raises what the
    source raises, UsageError where nothing was ever trained, ModelError where no stored model can be used.
    """
    if request.only_looks:
        return _score(config, request, now=now)
    outward.check(config)
    with outward.telling_of_failure(config, request.path, now):
        collected, notes = collect(config, request.path)
        if collected is not None:
            outward.write_run(config, request.path, now)
            return collected
        done = _score(config, request, now=now)
        done = replace(done, found=replace(done.found, notes=(*notes, *done.found.notes)))
    status = worst(done.status, Status.PARTIAL) if done.untold else done.status
    unpublished = outward.publish(config, request.path, done.found, done.triage, status, now)
    status = worst(status, Status.PARTIAL) if unpublished else status
    return replace(done, untold=done.untold + unpublished, status=status)


def score_again(config: Config, source: Source, state: State, request: Request, *, now: int) -> Detection:
    """Score a time as `run` would, write nothing, tell nobody; needs no lock. Raises what `run` raises."""
    metrics = choose.wanted(config, source)
    known = ledger.newest_by_group(state, source=identity(source))
    found, _ = _Scoring(config, source, metrics, request, state, known, now).first_usable(LocalStore(config.models_dir))
    return found


def _score(config: Config, request: Request, *, now: int) -> Done:
    source = choose.open_source(config, request.path)
    source.check()
    metrics = choose.wanted(config, source)
    with open_state(config.state_dir) as state:
        known = ledger.newest_by_group(state, source=identity(source))
        scoring = _Scoring(config, source, metrics, request, state, known, now)
        found, refused = scoring.first_usable(LocalStore(config.models_dir))
        found, unlogged = _with_logs(config, request, found, known, now)
        with _transaction(state, dry_run=request.dry_run):
            triage = ledger.apply(
                state,
                found.findings,
                found.scored,
                source=identity(source),
                hold_ms=config.detect.hold_ms,
                model=found.model,
                until=found.window.end,
                now=now,
            )
            if not request.only_looks:
                outward.enqueue(state, config, triage, metrics, source, now)
            if request.since is None:
                _remember(state, source, found.window)
        untold = () if request.only_looks else outward.deliver(state, config, now)
    _log(found, triage)
    status = worst(_status(config, found, refused), Status.PARTIAL if unlogged else Status.DONE)
    return Done(found, triage, tuple(refused), status, untold)


def _with_logs(
    config: Config, request: Request, found: Detection, known: Sequence[Incident], now: int
) -> tuple[Detection, bool]:
    """What the suspects' logs say, where logs are configured, fetched before anything is locked; whether some could
    not be looked at, which the notes name."""
    if not config.logs or request.only_looks or not found.findings:
        return found, False
    from smartcloudops.triage import log_evidence

    findings, missing = log_evidence.attach(config, found.findings, known, hold_ms=config.detect.hold_ms, now=now)
    return replace(found, findings=findings, notes=(*found.notes, *missing)), bool(missing)


def _log(found: Detection, triage: Triage) -> None:
    _LOG.info("scored", model=found.model, series=found.series, findings=len(found.findings), until=found.window.end)
    for skip in found.skipped:
        _LOG.info("skipped", series=skip.series, reason=skip.reason)
    for incident in triage.incidents:
        for change in sorted(triage.changes.get(incident.id, ())):
            _LOG.info(f"incident {change}", id=incident.id, group=incident.group, peak=round(incident.peak, 3))


def _status(config: Config, found: Detection, refused: Sequence[str]) -> Status:
    lost = found.total - found.series
    partly = refused or lost > config.train.max_skipped * found.total
    return Status.PARTIAL if partly else Status.DONE


@dataclass(frozen=True, slots=True)
class _Scoring:
    config: Config
    source: Source
    metrics: Sequence[Metric]
    request: Request
    state: State
    known: Sequence[Incident]
    now: int

    def first_usable(self, store: LocalStore) -> tuple[Detection, list[str]]:
        """Score with the model in use; with the one before it where that is refused, and so on."""
        refused = _damaged_pointer(store)
        versions = store.candidates()
        if not versions:
            raise UsageError(f"there is no model in {store.directory} yet", hint="sco train")
        for version in versions:
            try:
                stored = store.open(version)
                window = self._window(step_of(stored))
                return self._detect(window, stored), refused
            except ModelError as e:
                _LOG.warning("refused", version=version, reason=e.message)
                refused.append(e.message)
        raise ModelError(f"no usable model: {'; '.join(refused)}", hint="sco train")

    def _detect(self, window: Window, stored: Stored) -> Detection:
        settings, asked = self.config.detect, self.request
        wanted = asked.courses or (not asked.only_looks and outward.wants_scores(self.config))
        known, every = self.known, asked.every
        return detect(
            self.source,
            self.metrics,
            window,
            stored,
            settings,
            ongoing=known,
            every=every,
            courses=wanted,
            rank=shares,
            only=asked.only,
        )

    def _window(self, step: int) -> Window:
        """The newest `[detect] window`, or all since the last run up to a day; longer by the longest `for`."""
        asked = self.request
        longest = max((m.for_ms for m in self.metrics), default=0)
        length = self.config.detect.window_ms + longest
        window = choose.scoring_window(
            self.source, step=step, length=length, since=asked.since, until=asked.until, now=self.now
        )
        last = self.state.row("SELECT at FROM cursors WHERE name = ?", (_cursor(self.source),))
        if asked.since is not None or last is None or not last["at"] < window.start:
            return window
        start = max(last["at"] // step * step, window.end - LONGEST_MS)
        return Window(min(start, window.start), window.end, step)


def _damaged_pointer(store: LocalStore) -> list[str]:
    try:
        store.pointer()
    except ModelError as e:
        return [e.message]
    return []


def unusual(config: Config, source: Source) -> list[tuple[str, int, int]]:
    """`ledger.unusual_spans` of this source; none where there is no state yet."""
    if not (config.state_dir / FILE).exists():
        return []
    with open_state(config.state_dir) as state:
        return ledger.unusual_spans(state, source=identity(source))


def track_records(config: Config) -> dict[str, ledger.TrackRecord]:
    """`ledger.track_records`; none where there is no state yet."""
    if not (config.state_dir / FILE).exists():
        return {}
    with open_state(config.state_dir) as state:
        return ledger.track_records(state)


def _cursor(source: Source) -> str:
    return f"detect {identity(source)}"


def _remember(state: State, source: Source, window: Window) -> None:
    state.execute(
        "INSERT INTO cursors (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = max(at, excluded.at)",
        (_cursor(source), window.end),
    )


class _DryRunError(Exception):
    """Leaves the transaction so that it is rolled back."""


@contextmanager
def _transaction(state: State, *, dry_run: bool) -> Iterator[None]:
    try:
        with state.transaction():
            yield
            if dry_run:
                raise _DryRunError
    except _DryRunError:
        return
