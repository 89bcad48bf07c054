"""Which source, metrics and window the configuration and the flags ask for."""

from __future__ import annotations

from pathlib import Path

from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, UsageError
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND, format_duration, parse_time, rfc3339
from smartcloudops.metrics import SOURCES, Source
from smartcloudops.metrics.series import Window

POINTS = 300
_MAX_POINTS = 1_000_000
_ROUND = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
)


def open_source(config: Config, path: Path | None) -> Source:
    """`--from PATH`, else `[prometheus] url`, else this machine."""
    kind = source_kind(config, path)
    if kind == "file":
        return SOURCES.load(kind)(path)
    if kind == "prometheus":
        return SOURCES.load(kind)(_connection(config))
    return SOURCES.load(kind)(config.state_dir, config.metric)


def source_kind(config: Config, path: Path | None) -> str:
    """The name in SOURCES of what `open_source` opens."""
    if path is not None:
        return "file"
    return "prometheus" if config.prometheus.url else "host"


def wanted(config: Config, source: Source) -> tuple[Metric, ...]:
    """The metrics to fetch: those that a file or this machine offers, or presets with `[[metric]]` over them."""
    offered = source.offers()
    if offered:
        return tuple(offered) if source.name == "host" else config.metric or tuple(offered)
    from smartcloudops.metrics.presets import load

    chosen = {metric.name: metric for preset in config.metrics.presets for metric in load(preset)}
    chosen |= {metric.name: metric for metric in config.metric}
    if not chosen:
        hint = 'add a [[metric]] with name and expr, or [metrics] presets = ["node"]'
        raise ConfigError("no metrics are configured: presets is empty and there is no [[metric]]", hint=hint)
    return tuple(chosen.values())


def training_window(config: Config, source: Source, *, since: str | None, until: str | None, now: int) -> Window:
    """What to learn from: `since`..`until`, else the lookback before the end; a file's own step unless one is set."""
    extent = source.extent()
    base = newest(source, now)
    set_step = config.origin("train.step").kind != "default"
    step = config.train.step_ms if set_step or extent is None else extent.step
    end = _end(extent, until, step, now)
    if since is not None:
        start = parse_time(since, now=base)
    elif extent is not None and config.origin("train.lookback").kind == "default":
        start = extent.start
    else:
        start = end - config.train.lookback_ms
    return _window(_align(start, step), end, step)


def scoring_window(source: Source, *, step: int, length: int, since: str | None, until: str | None, now: int) -> Window:
    """What to score: `since`..`until`, else the newest `length` ms, at least a step; on the model's step."""
    extent = source.extent()
    end = _end(extent, until, step, now)
    start = end - max(length, step)
    if since is not None:
        start = parse_time(since, now=newest(source, now))
    return _window(_align(start, step), end, step)


def query_window(
    source: Source, *, since: str | None, until: str | None, step: int | None, instant: bool, now: int
) -> Window:
    """What to show: `since`..`until`, else the last hour of a server or the whole of a file; one moment if `instant`.

    Without a `step` a file has its own and a server one that makes at most POINTS points.
    """
    extent = source.extent()
    base = newest(source, now)
    end = base if until is None else parse_time(until, now=base)
    if instant:
        end = end // SECOND * SECOND
        return Window(end, end, step or (extent.step if extent else MINUTE))
    start = extent.start if extent else end - HOUR
    if since is not None:
        start = parse_time(since, now=base)
    step = step or (extent.step if extent else round_step(end - start))
    return _window(_align(start, step), _end(extent, until, step, now), step)


def round_step(length: int) -> int:
    """The shortest round step, in ms, that cuts a length of time into at most POINTS points.

    >>> [round_step(length) // SECOND for length in (HOUR, DAY)]
    [15, 300]
    """
    days = -(-length // (POINTS * DAY)) * DAY
    return next((step for step in _ROUND if length <= POINTS * step), days)


def _end(extent: Window | None, until: str | None, step: int, now: int) -> int:
    """The last full step: a step that still runs has no value yet. A file's end is its last row's step."""
    newest = now if extent is None else extent.end
    if until is None:
        return newest // step * step if extent is None else -(-newest // step) * step
    return parse_time(until, now=newest) // step * step


def _align(start: int, step: int) -> int:
    return -(-start // step) * step


def newest(source: Source, now: int) -> int:
    """What relative times count from: now, or the last row of a file."""
    extent = source.extent()
    return now if extent is None else extent.end


def _window(start: int, end: int, step: int) -> Window:
    if end <= start:
        hint = "give an earlier --since or a later --until; a file needs more than one step"
        raise UsageError(f"nothing lies between {rfc3339(start)} and {rfc3339(end)}", hint=hint)
    if (end - start) // step > _MAX_POINTS:
        span = format_duration(end - start)
        raise UsageError(f"{span} at a step of {format_duration(step)} is too many points", hint="a longer --step")
    return Window(start, end, step)


def _connection(config: Config) -> object:
    from smartcloudops.core.http import declared
    from smartcloudops.metrics.transport import Connection

    section = config.prometheus
    return Connection(
        **declared(config, "prometheus", section),
        concurrency=section.concurrency,
        compression=section.compression,
        max_bytes=section.max_response_bytes,
    )
