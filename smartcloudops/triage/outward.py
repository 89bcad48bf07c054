"""What leaves a run besides its report: notifications, the newest scores, and that it went well or failed."""

from __future__ import annotations

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
from smartcloudops.core.errors import ConfigError, ScoError, Status, status_of
from smartcloudops.core.records import Incident
from smartcloudops.core.runs import cadence, newest
from smartcloudops.core.settings import Metric
from smartcloudops.core.state import FILE, State, open_state
from smartcloudops.core.times import DAY, HOUR, MINUTE, now_ms
from smartcloudops.metrics import Source
from smartcloudops.metrics.series import Series, parse_series_name
from smartcloudops.publish import samples, textfile
from smartcloudops.triage.ledger import Triage

_CURRENT_STEPS = 3


def check(config: Config) -> None:
    """UsageError where the configuration asks for what nobody would read."""
    if config.detect.textfile:
        textfile.check_name(config.detect.textfile)


@contextmanager
def telling_of_failure(config: Config, path: Path | None, now: int) -> Iterator[None]:
    """Where the block fails, replace the scores in the textfile by that, and deliver what waits; the error goes on."""
    try:
        yield
    except BaseException as e:
        if isinstance(e, ScoError) and config.alerts and (config.state_dir / FILE).exists():
            with suppress(ScoError), open_state(config.state_dir) as state:
                deliver(state, config, now)
        with suppress(ScoError):
            _write(config, list(samples.run_series(_where(config, path), status_of(e), now, None)))
        raise


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
    """Write the newest scores of everything that was scored; what could not be written, and why."""
    series = [
        *samples.score_series(c for c in found.courses if c.times[-1] >= _oldest(found)),
        *samples.incident_series(found.scored, triage.incidents, now),
        *samples.run_series(_where(config, path), status, now, found.learnt_at),
    ]
    try:
        _write(config, series)
    except ScoError as e:
        return (f"the scores were not published: {e.message}",)
    return ()


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
