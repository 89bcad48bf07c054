"""The server of metrics: does it answer, how far back, with what, and by which clock."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from smartcloudops.core.keys import toml_text
from smartcloudops.core.times import HOUR, MINUTE, SECOND, format_duration
from smartcloudops.doctor.scene import Finding, Scene

if TYPE_CHECKING:
    from smartcloudops.metrics.prometheus import Prometheus

_TIMEOUT_MS = 4 * SECOND
_SKEW_WARN_MS = 15 * SECOND
_SKEW_FAIL_MS = 2 * MINUTE
_NONE = Finding("info", "no server is configured")
_NAMED = 6


def server(scene: Scene) -> Finding:
    """Whether it answers a query, and how fast."""
    from smartcloudops.metrics.probe import version

    source = _open(scene)
    if source is None:
        return _NONE
    started = time.perf_counter()
    source.check()
    took_ms = (time.perf_counter() - started) * 1000
    said = version(source)
    return Finding("ok", f"{source.where} answers in {took_ms:.0f} ms{f', version {said}' if said else ''}")


def history(scene: Scene) -> Finding:
    """Whether [train] lookback is kept, and whether it is there yet."""
    from smartcloudops.metrics.choose import wanted
    from smartcloudops.metrics.probe import count_series, oldest, retention_ms

    source = _open(scene)
    if source is None:
        return _of_this_machine(scene)
    lookback = scene.config.train.lookback_ms
    kept = retention_ms(source)
    if kept is not None and kept < lookback:
        return Finding(
            "warn",
            f"the server keeps {format_duration(kept)}, [train] lookback is {format_duration(lookback)}: "
            "models learn from less than they should",
            f"start Prometheus with --storage.tsdb.retention.time={format_duration(2 * lookback)}, "
            f'or set lookback = "{format_duration(kept)}" under [train]',
        )
    metric = next((m for m in wanted(scene.config, source) if count_series(source, [m]).series.get(m.name)), None)
    if metric is None:
        return Finding("info", "no configured metric has data, so there is no history to look at")
    first = oldest(source, metric, start=scene.now - lookback, end=scene.now)
    reaches = scene.now - first if first is not None else 0
    told = f"; the server keeps {format_duration(kept)}" if kept else "; the server does not tell how long it keeps it"
    if reaches < lookback * 0.9:
        return Finding(
            "warn",
            f"'{metric.name}' goes back {_rough(reaches)}, [train] lookback is {format_duration(lookback)}{told}",
            "nothing, if the server is young: history grows. Until then models know less: sco models show",
        )
    return Finding("ok", f"'{metric.name}' goes back all of [train] lookback, {format_duration(lookback)}{told}")


def _of_this_machine(scene: Scene) -> Finding:
    """How far the ring goes back that `sco detect` fills, and whether anything fills it."""
    from smartcloudops.metrics.host import Host

    host = Host(scene.config.state_dir, now=scene.now)
    found, needed = host.history(), scene.config.train.min_points
    if found.since is None or found.newest is None:
        return Finding("info", "no server is configured, and of this machine there is no sample yet", "sco detect")
    span = format_duration((scene.now - found.since) // SECOND * SECOND)
    seen = f"this machine: {found.points} points in {span}, learning needs {needed}"
    silent = scene.now - found.newest
    if silent > max(HOUR, 3 * found.step):
        return Finding("warn", f"{seen}; the last is {_rough(silent)} old", "sco init --cron: detect adds one each run")
    return Finding("ok" if found.points >= needed else "info", seen)


def metrics(scene: Scene) -> Finding:
    """Whether each configured expression is understood and has series."""
    from smartcloudops.metrics.choose import wanted
    from smartcloudops.metrics.probe import count_series

    source = _open(scene)
    if source is None:
        return _NONE
    found = count_series(source, wanted(scene.config, source))
    if found.refused:
        name, error = next(iter(found.refused.items()))
        return Finding("fail", error.message, f"correct `expr` of [[metric]] '{name}', then: sco doctor metrics")
    empty = found.without_data()
    total, series = len(found.series), sum(found.series.values())
    seen = f"{total - len(empty)} of {total} metrics have data, {series} series"
    if not empty:
        return Finding("ok", seen)
    seen += f"; none for {_listed(empty)}"
    if len(empty) == total:
        return Finding("fail", seen, "sco init --force: it finds out which presets have data")
    own = [m.name for m in scene.config.metric if m.name in empty]
    if own:
        return Finding("warn", seen, f"correct `expr` of {_listed(own)}, or remove its [[metric]]")
    return _by_preset(scene, empty, seen)


def _by_preset(scene: Scene, empty: Sequence[str], seen: str) -> Finding:
    """A preset without any data is one too many; single metrics without data are what this machine lacks."""
    from smartcloudops.metrics.presets import load

    presets, replaced = scene.config.metrics.presets, {metric.name for metric in scene.config.metric}
    useful = [name for name in presets if {metric.name for metric in load(name)} - replaced - set(empty)]
    if len(useful) == len(presets):
        return Finding("ok", seen)
    asked = scene.config.origin("metrics.presets").kind != "default"
    return Finding("warn" if asked else "info", seen, f"presets = {toml_text(useful)} under [metrics] asks for no more")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def clock(scene: Scene) -> Finding:
    """Whether the server's clock and ours agree: `detect` asks for the time up to now."""
    from smartcloudops.metrics.probe import clock_skew_ms

    source = _open(scene)
    if source is None:
        return _NONE
    skew = clock_skew_ms(source)
    if skew is None:
        return Finding("info", f"{source.where} does not tell its time")
    if abs(skew) < _SKEW_WARN_MS:
        return Finding("ok", f"the server's clock and ours differ by {abs(skew) / 1000:.1f} s")
    way = "ahead of" if skew > 0 else "behind"
    effect = "the newest rows are missed until the next run" if skew > 0 else "the newest rows are still empty"
    return Finding(
        "fail" if abs(skew) >= _SKEW_FAIL_MS else "warn",
        f"the server's clock is {format_duration(abs(skew) // SECOND * SECOND)} {way} ours: {effect}",
        "find out which one is wrong: timedatectl (here and there), then: timedatectl set-ntp true",
    )


def _open(scene: Scene) -> Prometheus | None:
    """The configured server with a short patience; None where there is none. Raises what its credentials raise."""
    from smartcloudops.metrics.choose import open_source
    from smartcloudops.metrics.prometheus import Prometheus

    section = scene.config.prometheus
    if section.url is None:
        return None
    patience = min(section.timeout_ms, _TIMEOUT_MS)
    config = dataclasses.replace(scene.config, prometheus=dataclasses.replace(section, timeout_ms=patience))
    source = open_source(config, None)
    assert isinstance(source, Prometheus)
    return source


def _rough(ms: int) -> str:
    return format_duration(ms // MINUTE * MINUTE)
