"""`forecast`: when each series of a query reaches a limit, if it goes on as it has of late.

`data`: {"metric", "expr", "unit", "limit", "horizon" (ms), "at": ms, "series": how many there are, "rows": [{"entity",
"labels", "now", "per_hour", "per_day", "reached", "earliest", "latest" (ms, None = not within the horizon), "basis": ms
that the trend rests on, "seasonal": equal hours were compared, "usual_max": largest of the last week, "verdict":
"reached" | "rising" | "falling" | "flat" | "short", "text"}], first reached first}. "short": too little history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from smartcloudops.ask.looks import instants, looking
from smartcloudops.ask.looks.figures import Labels, Times, Values, names, own, stamp, summary
from smartcloudops.ask.looks.looking import Seen
from smartcloudops.ask.looks.narrowing import any_of
from smartcloudops.ask.looks.trends import Reach, Trend, reach, trend
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.world import World
from smartcloudops.core.errors import UsageError
from smartcloudops.core.quantities import quantity
from smartcloudops.core.settings import Metric
from smartcloudops.core.text import printable
from smartcloudops.core.times import DAY, HOUR, MINUTE, WEEK, format_duration, parse_duration, rfc3339

MOST_ROWS, _PICKED = 20, 50
_HORIZON = "7d"
# The last week tells seasons and slow trends, the last hours what has just begun.
_LONG, _SHORT = WEEK, 12 * HOUR
_SHORT_STEP = "5m"
_COLUMNS = ("now", "per_hour", "per_day", "left", "left_least", "left_most", "usual_max", "basis", "forecast")

Verdict = Literal["reached", "rising", "falling", "flat", "short"]


@dataclass(frozen=True, slots=True)
class _One:
    """What is to be expected of one series. `trend` None: too little history; `due` None: there already, or that."""

    entity: str
    labels: Labels
    now: float
    usual_max: float
    verdict: Verdict
    trend: Trend | None
    due: Reach | None


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Raises UsageError (no limit known, too many series, too little history of all) and what the source raises."""
    horizon = parse_duration(arguments.get("horizon", _HORIZON))
    given = arguments.get("until_value")
    long, short, notes = _look(world, arguments["query"].strip(), given)
    limit = _limit(long, given)
    ones = sorted(_ones(long, short, limit, horizon), key=_urgency)
    if not ones:
        evidence = looking.evidence(world, long.expr, long.window.start, long.window.end, ())
        return Result("\n".join(looking.nothing(world, long)), (evidence,), _data(long, limit, horizon, ones))
    if all(one.verdict == "short" for one in ones):
        raise UsageError(
            f"`{long.title}` has too little history to tell where it goes",
            hint="a trend needs 8 points over at least 10 minutes; query_metrics shows what there is",
        )
    sheet = _sheet(long, limit, horizon, ones)
    sheet = replace(sheet, more=[*notes, *sheet.more])
    values = sheet.values(long.metric.name or long.title)
    evidence = looking.evidence(world, long.expr, long.window.start, long.window.end, values)
    return Result(f"§1 {sheet.text()}", (evidence,), _data(long, limit, horizon, ones))


def _look(world: World, query: str, given: float | None) -> tuple[Seen, Seen, list[str]]:
    """The last week, and the last hours more closely; with a note where not all series were looked at."""
    now = looking.moment(world)
    extent = world.source().extent()
    first = now - _LONG if extent is None else max(extent.start, now - _LONG)
    later = now - _SHORT if extent is None else max(extent.start, now - min(_SHORT, looking.POINTS * extent.step))
    over = looking.window(world, since=rfc3339(first), until=None, step=None)
    step = _SHORT_STEP if extent is None else None
    near = looking.window(world, since=rfc3339(later), until=None, step=step)
    try:
        return looking.series(world, query, over), looking.series(world, query, near), []
    except looking.TooManyError as e:
        metric, expr = _screened(world, query, given, e)
        said = e.message
    long, short = (looking.series(world, expr, each) for each in (over, near))
    note = f"{said}; looked at the hosts of the {_PICKED} nearest to it and of the {_PICKED} that come nearer fastest"
    named = replace(metric, expr=expr)
    return replace(long, title=query, metric=named), replace(short, title=query, metric=named), [note]


def _screened(world: World, query: str, given: float | None, e: looking.TooManyError) -> tuple[Metric, str]:
    """A fleet's metric for those hosts alone that are nearest to the limit or come nearer fastest, by the server."""
    behind = looking.server(world)
    at = instants.on_grid(looking.moment(world))
    metric, _ = looking.meant(world, query, at)
    if behind is None or not metric.name:
        raise e
    pick = "topk"
    if given is not None:
        middle = looking.instant(behind, f"quantile(0.5, {metric.expr})", at, about=f"`{query}`")
        pick = "topk" if middle and middle[0][1] <= given else "bottomk"
    grown = f"({metric.expr}) - last_over_time(({metric.expr})[1s:5s] offset 6h)"
    expr = f"{pick}({_PICKED}, {metric.expr}) or {pick}({_PICKED}, {grown})"
    found = looking.instant(behind, expr, at, about=f"`{query}`")
    label = next((by for by in metric.by if found and all(labels.get(by) for labels, _ in found)), None)
    if label is None:
        raise e
    return metric, looking.narrow(behind, metric, [any_of(label, sorted({each[label] for each, _ in found}))], at)


def _limit(seen: Seen, given: float | None) -> float:
    if given is not None:
        return float(given)
    if seen.metric.unit == "%":
        return 100.0
    unit = f" (its unit is {seen.metric.unit})" if seen.metric.unit else ""
    raise UsageError(f"`{seen.title}` has no limit of its own{unit}", hint="give until_value, the value it is to reach")


def _ones(long: Seen, short: Seen, limit: float, horizon: int) -> list[_One]:
    """Each series that is there now."""
    called = names(long.matrix.labels)
    close = {
        frozenset(labels.items()): values
        for labels, values in zip(short.matrix.labels, short.matrix.values, strict=True)
    }
    found = []
    for entity, labels, values in zip(called, long.matrix.labels, long.matrix.values, strict=True):
        near = close.get(frozenset(labels.items()), np.full(len(short.matrix.times), np.nan))
        times, whole = _joined(long.matrix.times, values, short.matrix.times, near)
        one = _one(entity, labels, times, whole, limit, horizon)
        found += [one] if one else []
    return found


def _joined(times: Times, values: Values, later: Times, close: Values) -> tuple[Times, Values]:
    """The long look up to where the close one begins."""
    known = np.isfinite(close)
    before = times < (later[known][0] if known.any() else np.iinfo(np.int64).max)
    return np.concatenate([times[before], later[known]]), np.concatenate([values[before], close[known]])


def _one(entity: str, labels: Labels, times: Times, values: Values, limit: float, horizon: int) -> _One | None:
    figures = summary(times, values)
    if figures is None:
        return None
    found = trend(times, values)
    # The limit lies where the series came from: above what it was, it is to be reached upwards.
    below = figures.mean <= limit
    there = figures.last >= limit if below else figures.last <= limit
    if there or found is None:
        verdict: Verdict = "reached" if there else "short"
        return _One(entity, labels, figures.last, figures.max, verdict, found, None)
    verdict = "flat" if found.flat else "rising" if found.slope > 0 else "falling"
    return _One(entity, labels, figures.last, figures.max, verdict, found, reach(found, limit, horizon))


def _urgency(one: _One) -> tuple[int, float, str]:
    """There already, then by when, then the others."""
    if one.verdict == "reached":
        return 0, 0.0, one.entity
    due = one.due.at if one.due else None
    if due is not None and one.verdict != "flat":
        return 1, due, one.entity
    return 2, -one.now, one.entity


def _sheet(seen: Seen, limit: float, horizon: int, ones: list[_One]) -> Sheet:
    shown = ones[:MOST_ROWS]
    unit = seen.metric.unit
    head = (
        f"{printable(seen.title)}, {unit or 'no unit'}: when {quantity(limit, unit)} is reached within "
        f"{format_duration(horizon)} of {stamp(seen.window.end)}, if it goes on as over `basis`; {len(shown)} of "
        f"{len(ones):,} series, the first to get there first; usual_max: of the last week"
    )
    more = [f"{len(ones) - len(shown):,} more series get there later or not"] if len(ones) > len(shown) else []
    rows = [Row(one.entity, {**_cells(one, seen, limit, horizon), "limit": Cell(limit, unit)}) for one in shown]
    return Sheet(head, _COLUMNS, rows, more)


def _cells(one: _One, seen: Seen, limit: float, horizon: int) -> dict[str, Cell]:
    unit = seen.metric.unit
    cells = {"now": Cell(one.now, unit, seen.window.end), "usual_max": Cell(one.usual_max, unit)}
    if one.trend is not None:
        cells["per_hour"] = Cell(one.trend.slope / 24, unit)
        cells["per_day"] = Cell(one.trend.slope, unit)
        cells["basis"] = Cell(_basis(one.trend))
        if one.due is not None and one.verdict != "flat":
            times = {"left": one.due.at, "left_least": one.due.earliest, "left_most": one.due.latest}
            cells |= {
                name: Cell(max(0, at - one.trend.at) / HOUR, "h", at) for name, at in times.items() if at is not None
            }
    return {**cells, "forecast": Cell(_said(one, limit, unit, horizon))}


def _basis(found: Trend) -> str:
    return format_duration((found.at - found.since) // MINUTE * MINUTE) + (
        " by the hour of day" if found.profile else ""
    )


def _said(one: _One, limit: float, unit: str, horizon: int) -> str:
    """The verdict in words; every number in it stands in the row, too."""
    if one.verdict == "reached":
        return f"is there already ({quantity(limit, unit)})"
    if one.trend is None or one.due is None:
        return "too little history"
    if one.verdict == "flat":
        return "flat: no trend"
    if one.due.at is None:
        may = f", at the earliest {stamp(one.due.earliest)}" if one.due.earliest is not None else ""
        return f"{one.verdict}: not within {format_duration(horizon)}{may}"
    latest = "not within it" if one.due.latest is None else stamp(one.due.latest)
    return f"{one.verdict}: {stamp(one.due.at)} ({stamp(one.due.earliest or one.due.at)} to {latest})"


def _data(seen: Seen, limit: float, horizon: int, ones: list[_One]) -> dict[str, Any]:
    return {
        "metric": seen.metric.name,
        "expr": seen.expr,
        "unit": seen.metric.unit,
        "limit": limit,
        "horizon": horizon,
        "at": seen.window.end,
        "series": len(ones),
        "rows": [_row(one, seen.metric.unit, limit, horizon) for one in ones[:MOST_ROWS]],
    }


def _row(one: _One, unit: str, limit: float, horizon: int) -> dict[str, Any]:
    found, due = one.trend, one.due if one.verdict != "flat" else None
    return {
        "entity": one.entity,
        "labels": own(one.labels),
        "now": one.now,
        "per_hour": None if found is None else found.slope * HOUR / DAY,
        "per_day": None if found is None else found.slope,
        "reached": due.at if due else None,
        "earliest": due.earliest if due else None,
        "latest": due.latest if due else None,
        "basis": None if found is None else found.at - found.since,
        "seasonal": bool(found and found.profile),
        "usual_max": one.usual_max,
        "verdict": one.verdict,
        "text": _said(one, limit, unit, horizon),
    }
