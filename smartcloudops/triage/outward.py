"""What leaves a run besides its report: notifications, the newest scores, and that it went well or failed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from smartcloudops.alerts import outbox
from smartcloudops.alerts.notices import Kind, document
from smartcloudops.alerts.sinks import KINDS, open_sink
from smartcloudops.anomaly.detection import Detection
from smartcloudops.core.address import parse_url
from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, ScoError, Status, status_of, worst
from smartcloudops.core.records import Incident
from smartcloudops.core.runs import cadence, newest
from smartcloudops.core.settings import Metric
from smartcloudops.core.state import FILE, State, open_state
from smartcloudops.core.times import DAY, HOUR, MINUTE, now_ms
from smartcloudops.metrics import Source, choose
from smartcloudops.metrics.series import Series, parse_series_name
from smartcloudops.publish import remote_write, samples, textfile
from smartcloudops.triage.ledger import Triage, open_incidents

_CURRENT_STEPS = 3


def check(config: Config) -> None:
    """UsageError where the configuration asks for what nobody would read."""
    if config.detect.textfile:
        textfile.check_name(config.detect.textfile)


def wants_scores(config: Config) -> bool:
    """Whether anything but the report needs the score of every series."""
    return bool(config.detect.textfile or config.remote_write.url)


def identity(source: Source) -> str:
    """What tells sources apart in the state: a server's address, a file's absolute path."""
    where = str(Path(source.where).resolve()) if source.name == "file" else source.where
    return f"{source.name} {where}"


@contextmanager
def telling_of_failure(config: Config, path: Path | None, now: int) -> Iterator[None]:
    """Where the block fails, say so in the place of the scores, and deliver what waits; the error itself goes on."""
    try:
        yield
    except BaseException as e:
        series = list(samples.run_series(_where(config, path), status_of(e), now, None))
        if isinstance(e, ScoError):
            with suppress(ScoError):
                series += _after_failure(config, path, now)
        with suppress(ScoError):
            _write(config, series)
        if isinstance(e, ScoError) and config.remote_write.url:
            with suppress(ScoError):
                remote_write.RemoteWrite(config).send(series)
        raise


def _after_failure(config: Config, path: Path | None, now: int) -> list[Series]:
    """Deliver what waits; the source's incidents that are still open, since a run that failed has ended none."""
    if not (config.state_dir / FILE).exists():
        return []
    with open_state(config.state_dir) as state:
        deliver(state, config, now)
        of_source = open_incidents(state, source=identity(choose.open_source(config, path)))
    return list(samples.incident_series((), of_source, now))


def enqueue(state: State, config: Config, triage: Triage, metrics: Sequence[Metric], source: Source, now: int) -> None:
    """Keep what must be said of the incidents of this run; the caller holds the transaction that wrote them."""
    exprs = {metric.name: metric.expr for metric in metrics}

    def write(incident: Incident, kind: Kind, key: str) -> dict[str, Any]:
        labels, link = samples.entity_labels(incident.group), _link(incident, exprs, source)
        return document(incident, kind, key=key, labels=labels, link=link, now=now)

    outbox.enqueue(
        state,
        {name: KINDS[section.type] for name, section in config.alerts.items()},
        [i for i in triage.incidents if i.end is None or triage.changes.get(i.id)],
        frozenset(key for key, changes in triage.changes.items() if "opened" in changes),
        write,
        repeat_ms=config.detect.repeat_ms,
        now=now,
    )


def deliver(state: State, config: Config, now: int) -> tuple[str, ...]:
    """Send what waits to every sink; who could not be told, and why.

    An alert is kept open for four times the usual time between runs, so that a run that is missed ends none.
    """
    usual = cadence(newest(state, "detect", limit=9)) or HOUR
    ends = now + 4 * min(max(usual, 5 * MINUTE), DAY)
    sinks = {name: partial(open_sink, config, name) for name in config.alerts}
    return outbox.deliver(state, sinks, now=now, ends=ends, clock=now_ms)


def _link(incident: Incident, exprs: Mapping[str, str], source: Source) -> str | None:
    """Where the first suspect's metric is drawn."""
    metric = parse_series_name(incident.suspects[0].series).get("__name__", "") if incident.suspects else ""
    if source.name != "prometheus" or metric not in exprs:
        return None
    return f"{source.where}/graph?{urlencode({'g0.expr': exprs[metric], 'g0.tab': '0'})}"


def publish(
    config: Config, path: Path | None, found: Detection, triage: Triage, status: Status, now: int
) -> tuple[str, ...]:
    """Push the scores that are new and write the newest of everything scored; what could not be done, and why."""
    incidents = list(samples.incident_series(found.scored, triage.incidents, now))
    problems = _pushed(config, path, found, incidents, status, now) if config.remote_write.url else []
    status = worst(status, Status.PARTIAL) if problems else status
    current = samples.score_series(c for c in found.courses if c.times[-1] >= _oldest(found))
    run = samples.run_series(_where(config, path), status, now, found.learnt_at)
    try:
        _write(config, [*current, *incidents, *run])
    except ScoError as e:
        problems.append(f"the scores were not published: {e.message}")
    return tuple(problems)


def write_run(config: Config, path: Path | None, now: int) -> None:
    """In the place of the scores, that a run went well which had no model to score by. ScoError where it cannot."""
    _write(config, list(samples.run_series(_where(config, path), Status.DONE, now, None)))


def _pushed(
    config: Config, path: Path | None, found: Detection, incidents: Sequence[Series], status: Status, now: int
) -> list[str]:
    """What of this run could not be pushed, and why. How far each group was sent stands in the state."""
    where = _where(config, path)
    problems: list[str] = []
    try:
        server = remote_write.RemoteWrite(config)
        with open_state(config.state_dir) as state:
            cursor = f"remote_write {where} {server.where}"
            sent = _sent(state, cursor, found.window.end)

            def keep(more: Mapping[str, int]) -> None:
                sent.update(more)
                _keep(state, cursor, sent, now)

            problems += remote_write.push(server.send, found.courses, dict(sent), keep, now=now)
        status = worst(status, Status.PARTIAL) if problems else status
        server.send([*incidents, *samples.run_series(where, status, now, found.learnt_at)])
    except ScoError as e:
        problems.append(e.message)
    return [f"remote_write: {problem}" for problem in problems]


def _sent(state: State, cursor: str, end: int) -> dict[str, int]:
    """How far each group was sent; those that have not been seen for a day begin anew."""
    row = state.row("SELECT body FROM cursors WHERE name = ?", (cursor,))
    known: dict[str, int] = json.loads(row["body"]) if row else {}
    return {group: at for group, at in known.items() if at >= end - DAY}


def _keep(state: State, cursor: str, sent: Mapping[str, int], now: int) -> None:
    state.execute(
        "INSERT INTO cursors (name, at, body) VALUES (?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET at = excluded.at, body = excluded.body",
        (cursor, now, json.dumps(sent)),
    )


def _oldest(found: Detection) -> int:
    """What was scored last before then is no news of now."""
    return found.window.end - _CURRENT_STEPS * found.window.step


def _write(config: Config, series: list[Series]) -> None:
    if config.detect.textfile:
        textfile.write(config.detect.textfile, series)


def _where(config: Config, path: Path | None) -> str:
    """The source of the metrics, as a label; known before it is opened, and without credentials."""
    if path is not None:
        return str(path.absolute())
    try:
        return parse_url(config.prometheus.url).shown if config.prometheus.url else "host"
    except ConfigError:
        return ""
