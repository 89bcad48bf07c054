"""One run of `sco explain`: an incident of the ledger, or a symptom that was named, to its suspects."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from smartcloudops.core.config import Config
from smartcloudops.core.errors import UsageError
from smartcloudops.core.records import Evidence, Incident, Suspect
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import DAY, parse_duration, parse_time
from smartcloudops.explain.explaining import explain
from smartcloudops.explain.findings import Explanation
from smartcloudops.explain.gather import Gathered, file_edges, gather, of_group, of_host
from smartcloudops.explain.ranking import rank_series
from smartcloudops.explain.settle import Question, named, settle
from smartcloudops.explain.topology import Edge, graph
from smartcloudops.metrics import Source, choose
from smartcloudops.metrics.series import Window, parse_series_name
from smartcloudops.triage import ledger
from smartcloudops.triage.outward import identity

_AFTER_MS = DAY
Logged = tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line or a tool asks for; texts as given. `since`: look from then on, where no `at` is known."""

    incident: str | None = None
    series: str | None = None
    at: str | None = None
    until: str | None = None
    path: Path | None = None
    edges: Path | None = None
    step: str | None = None
    history: str | None = None
    since: str | None = None
    # Whether logs, where some are configured, may be looked into for the first suspect.
    logs: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """The incident, where one was meant, and what explains it."""

    incident: Incident | None
    explanation: Explanation


def why(config: Config, request: Request, *, now: int) -> Answer:
    """Name the suspects; reads only. Raises what the source raises, UsageError for a wrong incident or symptom."""
    incident = _incident(config, request)
    source = choose.open_source(config, _path(request, incident))
    source.check()
    if incident is not None and incident.source != identity(source):
        hint = "--from PATH, or --config FILE, for the source that it was found in"
        raise UsageError(f"incident {incident.id} is of {incident.source}, not of {identity(source)}", hint=hint)
    at = incident.start if incident else _moment(source, request.at, now)
    whole, since = _windows(config, source, request, at, incident, now)
    found = gather(source, choose.wanted(config, source), whole, since)
    listed = request.edges or config.explain.edges
    edges = [*found.edges, *(file_edges(listed) if listed else [])]
    question = Question(request.series, at, now)
    explanation = _of_incident(incident, found, edges, question) if incident else _of_symptom(found, edges, question)
    return Answer(incident, _with_logs(config, explanation, incident, now) if request.logs else explanation)


def _with_logs(config: Config, found: Explanation, incident: Incident | None, now: int) -> Explanation:
    """The first suspect with what its logs say: what was kept with the incident, else what a look gives now."""
    if not found.suspects:
        return found
    first, said = found.suspects[0], incident.evidence if incident else ()
    limits: tuple[str, ...] = ()
    if not said and config.logs:
        said, limits = _logged(config, found, incident, now)
    suspects = (replace(first, evidence=(*first.evidence, *said)), *found.suspects[1:])
    return replace(found, suspects=suspects, limits=(*found.limits, *limits))


def _logged(config: Config, found: Explanation, incident: Incident | None, now: int) -> tuple[Logged, tuple[str, ...]]:
    from smartcloudops.triage import log_evidence

    first = found.suspects[0]
    begun = incident.start if incident else found.symptom.at if found.symptom else None
    onset = first.onset if first.onset is not None else begun
    if onset is None:
        return (), ()
    group = incident.group if incident else ""
    host = log_evidence.host_of_suspects([Suspect(first.entity, 0.0, "")], group) or first.entity
    looked = log_evidence.look(config, host, onset, now=now)
    return looked.evidence, looked.missing


def _incident(config: Config, request: Request) -> Incident | None:
    """The one that was named; without any symptom the newest open one, if there is one."""
    if request.incident is None and (request.series or request.at or request.since or request.path):
        return None
    if not (config.state_dir / FILE).exists():
        if request.incident is None:
            return None
        raise UsageError(f"no incident '{request.incident}'", hint="sco detect")
    with open_state(config.state_dir) as db:
        if request.incident is not None:
            return ledger.find_incident(db, request.incident)
        open_ = ledger.open_incidents(db)
        return max(open_, key=lambda i: (i.start, i.id), default=None)


def _path(request: Request, incident: Incident | None) -> Path | None:
    """The file to read: that of `--from`, else the one that the incident was found in."""
    kind, _, where = (incident.source if incident else "").partition(" ")
    return request.path or (Path(where) if kind == "file" else None)


def _moment(source: Source, text: str | None, now: int) -> int | None:
    return parse_time(text, now=choose.newest(source, now)) if text is not None else None


def _windows(
    config: Config, source: Source, request: Request, at: int | None, incident: Incident | None, now: int
) -> tuple[Window, int]:
    """All that is read, and since when it is judged: the symptom's time, or the newest `[detect] window`."""
    extent = source.extent()
    step = parse_duration(request.step) if request.step else extent.step if extent else config.train.step_ms
    if step <= 0:
        raise UsageError("a step of 0 is none", hint="--step 1m")
    newest = choose.newest(source, now)
    until = incident.last if incident and incident.end is not None else newest
    if request.until is not None:
        until = parse_time(request.until, now=newest)
    if at is not None:
        until = min(until, at + _AFTER_MS)
    since = at if at is not None else _looked_from(config, request, newest, until)
    history = parse_duration(request.history) if request.history else config.explain.history_ms
    start = extent.start if extent and not request.history else since - history
    end = until // step * step if extent is None else -(-until // step) * step
    start = -(-start // step) * step
    if end < max(since, start):
        raise UsageError("nothing lies between --at and --until", hint="give an earlier --at or a later --until")
    return Window(start, end, step), since


def _looked_from(config: Config, request: Request, newest: int, until: int) -> int:
    if request.since is None:
        return until - config.detect.window_ms
    since = parse_time(request.since, now=newest)
    if since >= until:
        raise UsageError(f"{request.since} is not before the end", hint="give an earlier time, such as 6h")
    return since


def _of_symptom(found: Gathered, edges: list[Edge], question: Question) -> Explanation:
    """By the symptom's series or part; by all series of a host where only that was named."""
    members = of_host(found.recording, question.series or "")
    if not members.names or named(found.recording, question.series) is not None:
        return explain(found.recording, question, edges)
    with suppress(UsageError):
        if settle(found.recording, question, graph(edges)) is not None:
            return explain(found.recording, question, edges)
    return rank_series(members, replace(question, series=None))


def _of_incident(incident: Incident, found: Gathered, edges: list[Edge], question: Question) -> Explanation:
    """By parts where the incident's entity is one that calls or is called; else the series of its group."""
    group = parse_series_name(incident.group.partition("}")[0] + "}") if incident.group.startswith("{") else {}
    members = of_group(found.recording, group)
    nodes = graph(edges).nodes
    for suspect in incident.suspects:
        labels = parse_series_name(suspect.series)
        if suspect.series in members.names and nodes & set(labels.values()):
            by_parts = explain(found.recording, replace(question, series=suspect.series), edges)
            if by_parts.mode != "metrics" or by_parts.suspects:
                return by_parts
    part = next((value for value in group.values() if value in nodes), None)
    if part is not None:
        by_parts = explain(found.recording, replace(question, series=part), edges)
        if by_parts.suspects:
            return by_parts
    said = [] if nodes & set(group.values()) or not nodes else [f"{incident.group} is in no call of the graph"]
    ranked = rank_series(members, question, certain=True)
    return replace(ranked, limits=(*ranked.limits, *said))
