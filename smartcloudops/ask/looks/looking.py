"""How the metric tools look: what a query means, its window, its series, and what to say where it has none."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smartcloudops.ask.looks.figures import stamp
from smartcloudops.ask.looks.narrowing import Matcher, expanded, metric_names, narrowed
from smartcloudops.ask.world import World
from smartcloudops.core.errors import ConfigError, DataError, ScoError, UsageError
from smartcloudops.core.records import Evidence
from smartcloudops.core.settings import Metric
from smartcloudops.core.text import printable
from smartcloudops.core.times import HOUR, SECOND, format_duration, parse_duration, parse_time, rfc3339
from smartcloudops.metrics import choose, querying
from smartcloudops.metrics.prometheus import Prometheus
from smartcloudops.metrics.selectors import parse_selector
from smartcloudops.metrics.series import Matrix, Window

# Series that one call may read, and points of each.
MOST_SERIES, POINTS = 1_000, 300
# Moments at which series are counted before they are read: those that came or went are counted, too.
_COUNTED_AT = 4
_NEAR = 3
_FINEST = 15 * SECOND
_TOLD = 120

# Picking and averaging give values in the unit of what they are given; arithmetic may not.
_KEEPS_UNIT = re.compile(r"\s*(?:topk|bottomk|avg|max|min|quantile)\b[^-+*/%^<>=!]*")

Labelled = list[tuple[dict[str, str], float]]


class TooManyError(UsageError):
    """A query has more series than are read at once."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The series of a query. `title` is what was asked for, `expr` what a person can paste, `least` the smallest
    deviation that matters, in its unit."""

    title: str
    expr: str
    metric: Metric
    matrix: Matrix
    window: Window

    @property
    def span(self) -> str:
        """The window in words."""
        return f"{stamp(self.window.start)} to {stamp(self.window.end)}, step {format_duration(self.window.step)}"


def server(world: World) -> Prometheus | None:
    """The server behind the metrics; None for a file and for this machine."""
    source = world.source()
    return source if isinstance(source, Prometheus) else None


def moment(world: World) -> int:
    """What relative times count from (ms); the clock where this machine has no history yet."""
    try:
        return world.now()
    except DataError:
        return world.clock()


def watched(world: World) -> dict[str, Metric]:
    """The watched metrics by name; none where configuration names none."""
    try:
        return {metric.name: metric for metric in world.metrics()}
    except ConfigError:
        return {}


def window(world: World, *, since: str | None, until: str | None, step: str | None) -> Window:
    """The grid of a question, of at most POINTS points; by default the last hour of a server, the last points else."""
    source, now = world.source(), world.clock()
    extent = source.extent()
    if extent is not None and since is None:
        end = extent.end if until is None else parse_time(until, now=extent.end)
        since = rfc3339(min(max(extent.start, end - POINTS * extent.step), max(end - HOUR, extent.start)))
    wanted = parse_duration(step) if step else None
    if wanted == 0:
        raise UsageError("the step must be longer than 0s")
    found = choose.query_window(source, since=since, until=until, step=wanted, instant=False, now=now)
    if extent is None and wanted is None and found.step < _FINEST:
        # Scrapes are hardly ever closer.
        found = Window(-(-found.start // _FINEST) * _FINEST, found.end // _FINEST * _FINEST, _FINEST)
    return coarse(found)


def coarse(found: Window) -> Window:
    """A window of at most POINTS points: its step times a whole number."""
    times = -(-(found.end - found.start) // (found.step * POINTS))
    if times <= 1:
        return found
    step = max(found.step * times, choose.round_step(found.end - found.start))
    step = -(-step // found.step) * found.step
    return Window(-(-found.start // step) * step, found.end // step * step, step)


def series(world: World, query: str, over: Window) -> Seen:
    """The series of a watched name, of one with `{label="value"}` behind it, or of PromQL.

    Raises UsageError beyond MOST_SERIES and for a refused expression (in the server's words, with the nearest names),
    and what the source raises.
    """
    metric, asked = meant(world, query, over.end)
    behind = server(world)
    try:
        if behind is not None:
            _bounded(behind, query, metric.expr, over)
        found = querying.query(world.config, world.source(), asked, over)
    except ConfigError as e:
        raise refused(behind, metric.expr, e) from e
    if len(found.matrix.names) > MOST_SERIES:
        raise _too_many(query, len(found.matrix.names))
    shown = replace(metric, unit=metric.unit or found.metric.unit)
    return Seen(query, metric.expr, shown, found.matrix, over)


def meant(world: World, query: str, at: int) -> tuple[Metric, str]:
    """The metric that a query means, with the text that `querying.query` takes for it."""
    known = watched(world)
    if query in known:
        return known[query], query
    try:
        matchers = parse_selector(query).matchers
    except UsageError:
        return _expanded(world, query, known)
    name = next((value for label, test, value in matchers if (label, test) == ("__name__", "=")), "")
    if name not in known:
        return Metric(name="", expr=query), query
    behind = server(world)
    rest = [each for each in matchers if each[:2] != ("__name__", "=")]
    expr = query if behind is None else narrow(behind, known[name], rest, at)
    return replace(known[name], expr=expr), expr


def _expanded(world: World, query: str, known: Mapping[str, Metric]) -> tuple[Metric, str]:
    """PromQL with watched names in it, which the server does not know, as the server can answer it."""
    behind = server(world)
    used = [name for name in metric_names(query) if name in known]
    if behind is None or not used:
        return Metric(name="", expr=query), query
    there = set(behind.metric_names())
    expr = expanded(query, {name: known[name].expr for name in used if name not in there})
    unit = known[used[0]].unit if len(used) == 1 and _KEEPS_UNIT.fullmatch(query) else ""
    return Metric(name="", expr=expr, unit=unit), expr


def narrow(behind: Prometheus, metric: Metric, matchers: Sequence[Matcher], at: int) -> str:
    """The metric's expression for the series that pass; UsageError where each series depends on others, so that it
    would be another value."""
    expr = narrowed(metric.expr, matchers)
    wanted = _same(instant(behind, expr, at, about=f"metric '{metric.name}' (`{expr}`)"))
    whole = _same(instant(behind, metric.expr, at, about=f"metric '{metric.name}' (`{metric.expr}`)"))
    if any(key not in whole or not math.isclose(whole[key], value, rel_tol=1e-9) for key, value in wanted.items()):
        raise UsageError(
            f"`{metric.name}` of some series cannot be asked for alone: they depend on others",
            hint=f'query="{metric.name}" gives all',
        )
    return expr


def _same(found: Labelled) -> dict[tuple[tuple[str, str], ...], float]:
    return {tuple(sorted(labels.items())): value for labels, value in found if not math.isnan(value)}


def instant(behind: Prometheus, expr: str, at: int, *, about: str) -> Labelled:
    """Labels and value of each series of an expression at one moment (ms); one without labels for a scalar."""
    data, _ = behind.ask("/api/v1/query", {"query": expr, "time": f"{at / 1000:.3f}"}, about=about)
    result = data.get("result") if isinstance(data, dict) else None
    if isinstance(data, dict) and data.get("resultType") == "scalar" and isinstance(result, list):
        return [({}, float(result[1]))]
    return [_sample(one) for one in result or () if isinstance(one, dict) and one.get("value")]


def _sample(one: Mapping[str, Any]) -> tuple[dict[str, str], float]:
    return dict(one.get("metric") or {}), float(one["value"][1])


def counted(behind: Prometheus, expr: str, over: Window) -> int | None:
    """The most series that an expression has at a few moments of the window; None where it has no series to count.

    A refusal is the expression's own: reading it will say so better.
    """
    apart = max(SECOND, (over.end - over.start) // _COUNTED_AT)
    # An expression may end in a comment.
    params = {"query": f"count({expr}\n)", "start": f"{over.start / 1000:.3f}", "end": f"{over.end / 1000:.3f}"}
    try:
        data, _ = behind.ask("/api/v1/query_range", {**params, "step": f"{apart / 1000:.3f}"}, about=f"`{expr}`")
    except ConfigError:
        return None
    result = data.get("result") if isinstance(data, dict) else None
    return max((int(float(value)) for _, value in result[0]["values"]), default=0) if result else 0


def _bounded(behind: Prometheus, query: str, expr: str, over: Window) -> None:
    count = counted(behind, expr, over)
    if count is not None and count > MOST_SERIES:
        raise _too_many(query, count)


def _too_many(query: str, count: int) -> TooManyError:
    shown = printable(query) if len(query) <= _TOLD else "…"
    return TooManyError(
        f"`{printable(query)}` has {count:,} series, more than the {MOST_SERIES:,} that are read at once",
        hint=f'ask for less: topk(20, {shown}), avg({shown}), sum by (job) (…), or one host: {{instance="…"}}',
    )


def refused(behind: Prometheus | None, expr: str, e: ConfigError) -> ScoError:
    """The server's own words about an expression, with the names of metrics that it could have meant."""
    if behind is None or "refuses the expression" not in e.message:
        return e
    return UsageError(e.message, hint=". ".join(_near(behind, expr)) or "correct the expression")


def nothing(world: World, seen: Seen) -> list[str]:
    """What there is instead of the series that an expression does not have: names and labels, a line each."""
    behind = server(world)
    lines = [f"no series of `{printable(seen.title)}` from {seen.span}"]
    if behind is None:
        return lines + nearest(seen.title.partition("{")[0], (metric.name for metric in world.source().offers()))
    return lines + _near(behind, seen.expr, with_labels=True, at=seen.window.end)


def _near(behind: Prometheus, expr: str, *, with_labels: bool = False, at: int = 0) -> list[str]:
    """For each metric in an expression: the nearest names where it does not exist, else some of its labels."""
    try:
        known = set(behind.metric_names())
        lines: list[str] = []
        for name in metric_names(expr)[:_NEAR]:
            if name not in known:
                lines += nearest(name, known) or [f"there is no metric `{name}`, nor one with a name like it"]
            elif with_labels:
                lines.append(_existing(behind, name, at))
        return lines
    except ScoError:
        return []


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """A line with the names that are most like one that does not exist; none where none is."""
    shown = ", ".join(f"`{printable(each)}`" for each in close(name, known))
    return [f"there is no metric `{printable(name)}`; the nearest: {shown}"] if shown else []


def close(name: str, known: Iterable[str]) -> list[str]:
    """At most three names like one that does not exist, or that hold it.

    >>> close("web-22", ["web-2", "db-1"])
    ['web-2']
    """
    names = sorted(set(known) - {name})
    like = difflib.get_close_matches(name, names, n=_NEAR, cutoff=0.5)
    return like or [each for each in names if name in each][:_NEAR]


def _existing(behind: Prometheus, name: str, at: int) -> str:
    """How many series a metric has, and the labels of one."""
    found = instant(behind, f"count({name})", at, about=f"`{name}`")
    if not found:
        return f"`{name}` exists, with no sample at {stamp(at)}"
    labels = instant(behind, f"topk(1, {name})", at, about=f"`{name}`")[0][0]
    shown = ",".join(f'{k}="{printable(v)[:_TOLD]}"' for k, v in sorted(labels.items()) if k != "__name__")
    return f"`{name}` has {int(found[0][1]):,} series with other labels, such as {{{shown}}}"


def together(world: World, metrics: Iterable[Metric]) -> str:
    """One query for several metrics that a person can paste; their names where there is no server."""
    chosen = {metric.name: metric.expr for metric in metrics}
    if server(world) is None:
        return ", ".join(chosen)
    return " or ".join(f'label_replace({expr}, "metric", "{name}", "", "")' for name, expr in chosen.items())


def evidence(
    world: World, query: str, start: int | None, end: int | None, values: tuple[dict[str, Any], ...]
) -> Evidence:
    """What was looked at, numbered later by the toolbox."""
    return Evidence("", "metric", world.source().where, query, start, end, world.clock(), values)
