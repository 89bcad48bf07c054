"""`overview`: every watched metric now, an hour, a day and a week ago, on a few lines; what is down, stale or missing.

`data`: {"at": ms, "metrics": {name: {"unit", "kind", "direction", "expr", "series": how many there are now, "median":
over all, "top": [{"entity", "labels", "now", "hour", "day", "week", "unlike": far from what it was, "by": in usual
differences or None}] the least like before first, then the worst}}, "down": [entities whose `up` is 0], "targets":
how many are scraped or None, "gone": [hosts that were there an hour or a day ago], "stale": [names of metrics that
were there and are not], "absent": [names without any series], "late": [names that did not answer in time], "refused":
{name: why}, "hosts": [names of hosts, at most 5,000]}. Missing values are None.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from smartcloudops.ask.looks import instants, looking
from smartcloudops.ask.looks.figures import host, names, stamp
from smartcloudops.ask.looks.instants import AGO, Instants
from smartcloudops.ask.looks.present import present_instants
from smartcloudops.ask.looks.standing import MOST, Standing, candidates, standing
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.world import World
from smartcloudops.core.errors import ConfigError, ScoError, UnreachableError
from smartcloudops.core.records import Evidence
from smartcloudops.core.settings import Metric
from smartcloudops.core.text import printable
from smartcloudops.core.times import MINUTE, SECOND
from smartcloudops.metrics.prometheus import Prometheus

MOST_HOSTS, _NAMED, _ROWS = 5_000, 10, 32
# Fleets up to so many targets are asked for all moments at once. Of larger ones all series are read now and a day ago,
# and only those that stand out an hour and a week ago: on 1,000 hosts half the work, and first what matters most.
_SMALL, _CANDIDATES = 300, 8
# What is left of the time for context when the answers have to be put together.
_RESERVE = 0.2
# A series that deserves to be named, with its metric; names of series by metric.
Shown = tuple[Instants, Standing]
Called = Mapping[str, list[str]]
_UP = "up"
_COLUMNS = ("metric", "now", "hour", "day", "week", "median", "series", "unlike")


@dataclass(slots=True)
class _Found:
    """What was found, metric by metric, in the order of configuration."""

    at: int
    metrics: list[Instants] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    down: list[str] = field(default_factory=list)
    targets: int | None = None
    notes: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Raises UnreachableError where the server answers nothing, and what opening the source raises."""
    behind = looking.server(world)
    found = _from_rows(world) if behind is None else _from_server(world, behind)
    _count_hosts(found)
    rows = [(each, one) for each in found.metrics for one in standing(each)]
    called = {
        each.metric.name: names([{**own, "__name__": each.metric.name} for own in each.labels])
        for each in found.metrics
    }
    sheet, owners = _sheet(found, rows, called)
    values = tuple(_named(value, owners) for value in sheet.values(""))
    queries = looking.together(world, (each.metric for each in found.metrics if _count(each)))
    evidence = [looking.evidence(world, queries, found.at, found.at, values)]
    if found.targets is not None:
        evidence.append(_targets(world, found))
    return Result(f"§1 {sheet.text()}", tuple(evidence), _data(found, rows, called))


def _from_server(world: World, behind: Prometheus) -> _Found:
    deadline = time.monotonic() + world.config.ask.context_ms / SECOND * (1 - _RESERVE)
    metrics = world.metrics()
    found = _Found(instants.on_grid(world.clock()))
    _look_at_targets(behind, found)
    small = found.targets is not None and found.targets <= _SMALL
    moments = tuple(AGO) if small else ("now",)
    jobs = [partial(_asked, behind, metric, moments, found.at) for metric in metrics]
    _sort(found, metrics, instants.at_once(jobs, deadline - time.monotonic()))
    if not small:
        _add_day(behind, found, deadline - time.monotonic())
        _complete(behind, found, deadline - time.monotonic())
    return found


def _asked(behind: Prometheus, metric: Metric, moments: tuple[str, ...], at: int) -> Instants:
    return instants.ask(behind, metric, {moment: instants.earlier(metric.expr, moment) for moment in moments}, at)


def _add_day(behind: Prometheus, found: _Found, limit_s: float) -> None:
    """All series a day ago, in requests of their own: what is late then is only this."""
    jobs = [partial(_asked, behind, each.metric, ("now",), found.at - AGO["day"]) for each in found.metrics]
    answers = instants.at_once(jobs, limit_s)
    found.metrics = [
        instants.joined(old, "day", new) if isinstance(new, Instants) else old
        for old, new in zip(found.metrics, answers, strict=True)
    ]
    late = [each.metric.name for each, answer in zip(found.metrics, answers, strict=True) if answer is None]
    if late:
        found.notes.append(f"a day ago: no answer in time of {_some(late)}")


def _look_at_targets(behind: Prometheus, found: _Found) -> None:
    """Those that cannot be scraped, and how many there are; servers that are written to have none."""
    answer = looking.instant(behind, f"({_UP} == 0) or count({_UP})", found.at, about="the targets")
    found.targets = next((int(value) for labels, value in answer if not labels), None)
    down = [labels for labels, _ in answer if labels]
    found.down = sorted(names(down)) if down else []


def _sort(found: _Found, metrics: tuple[Metric, ...], answers: list[Instants | ScoError | None]) -> None:
    """What came, what did not, what was refused; UnreachableError where nothing came for that reason."""
    for metric, answer in zip(metrics, answers, strict=True):
        if isinstance(answer, Instants):
            found.metrics.append(answer)
        elif isinstance(answer, ConfigError):
            found.refused[metric.name] = answer.message
        else:
            found.late.append(metric.name)
    broken = next((each for each in answers if isinstance(each, UnreachableError)), None)
    if broken is not None and not found.metrics:
        raise broken


def _complete(behind: Prometheus, found: _Found, limit_s: float) -> None:
    """The further moments of those series that stand out; as far as the time goes."""
    jobs = [partial(_completed, behind, each, found.at) for each in found.metrics]
    answers = instants.at_once(jobs, limit_s)
    late = [each.metric.name for each, answer in zip(found.metrics, answers, strict=True) if answer is None]
    found.metrics = [new if isinstance(new, Instants) else old for old, new in zip(found.metrics, answers, strict=True)]
    if late:
        found.notes.append(f"an hour and a week ago: no answer in time of {_some(late)}")


def _completed(behind: Prometheus, whole: Instants, at: int) -> Instants:
    if not _count(whole):
        return whole
    if not np.isfinite(whole.at("day")).any():
        return _asked(behind, whole.metric, ("now", "hour"), at)
    rows = candidates(whole, _CANDIDATES)
    some = instants.of_some(behind, whole, rows, ("hour", "week"), at)
    if some is None:
        return whole
    values = dict(whole.values)
    for moment in ("hour", "week"):
        values[moment] = np.full(len(whole.labels), np.nan)
        values[moment][rows] = some.at(moment)
    return Instants(whole.metric, whole.labels, values)


def _from_rows(world: World) -> _Found:
    """From a file, or this machine's own history; without any, this machine as it is."""
    source = world.source()
    at = looking.moment(world)
    found = _Found(at)
    now = present_instants(world)
    if now is not None:
        found.metrics, found.notes = list(now.metrics), list(now.notes)
        found.at = now.at
        return found
    extent = source.extent()
    step = extent.step if extent else MINUTE
    found.metrics = [instants.from_rows(source, metric, at, step) for metric in world.metrics()]
    return found


def _count(each: Instants) -> int:
    return int(np.isfinite(each.at("now")).sum())


def _sheet(found: _Found, rows: list[Shown], called: Called) -> tuple[Sheet, dict[int, str]]:
    """A row for each series that is shown, and which metric each row is of: of every metric the first, then others."""
    shown = _shown(rows)
    table = [_row(each, one, called[each.metric.name]) for each, one in shown]
    owners = {number: each.metric.name for number, (each, _) in enumerate(shown, 1)}
    head = (
        f"watched metrics at {stamp(found.at)}; hour, day, week: as long before; median: over all series now; "
        "unlike: far from what it was"
    )
    left = len({id(each) for each, _ in rows}) - len({id(each) for each, _ in shown})
    more = [f"{left:,} more metrics are left out; query_metrics asks for one"] if left else []
    return Sheet(head, _COLUMNS, table, [*_more(found), *more]), owners


def _shown(rows: list[Shown]) -> list[Shown]:
    """Of each metric the first, and the others that are unlike before, as far as there is room."""
    first = {id(each): number for number, (each, _) in reversed(list(enumerate(rows)))}
    places = set(first.values())
    others = [number for number, (_, one) in enumerate(rows) if number not in places and one.unlike]
    urgent = sorted(places, key=lambda number: (not rows[number][1].unlike, number))
    return [rows[number] for number in sorted([*urgent, *others][:_ROWS])]


def _row(each: Instants, one: Standing, called: list[str]) -> Row:
    unit = each.metric.unit
    cells = {"metric": Cell(each.metric.name)}
    cells |= {moment: Cell(_value(each.at(moment)[one.row]), unit) for moment in AGO}
    cells["median"] = Cell(_median(each), unit)
    cells["series"] = Cell(_count(each))
    cells["unlike"] = Cell("yes" if one.unlike else "")
    return Row(called[one.row], cells)


def _value(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _median(each: Instants) -> float | None:
    now = each.at("now")
    now = now[np.isfinite(now)]
    return float(np.median(now)) if len(now) else None


def _named(value: dict[str, Any], owners: Mapping[int, str]) -> dict[str, Any]:
    """A figure under the name of its row's metric; what is over all series is nobody's."""
    row, _, column = value["ref"].partition(".")
    whole = column in ("median", "series")
    return {**value, "name": f"{owners[int(row)]} {column}", "entity": "all" if whole else value["entity"]}


def _more(found: _Found) -> list[str]:
    lines = list(found.notes)
    if found.targets is not None:
        listed = f": {_some(found.down)}" if found.down else ""
        lines.insert(0, f"§2 down: {len(found.down):,} of {found.targets:,} targets{listed}")
    parts = {
        "gone (were there before, no value now)": found.gone,
        "stale metrics": _stale(found),
        "no series": _absent(found),
    }
    lines += [f"{what}: {_some(who)}" for what, who in parts.items() if who]
    if found.late:
        lines.append(f"no answer in time: {_some(found.late)}; query_metrics asks for one")
    return [*lines, *(f"refused: {name}: {printable(why)[:160]}" for name, why in found.refused.items())]


def _some(who: list[str]) -> str:
    left = len(who) - _NAMED
    return ", ".join(who[:_NAMED]) + (f" and {left:,} more" if left > 0 else "")


def _stale(found: _Found) -> list[str]:
    return [each.metric.name for each in found.metrics if each.labels and not _count(each)]


def _absent(found: _Found) -> list[str]:
    return [each.metric.name for each in found.metrics if not each.labels]


def _count_hosts(found: _Found) -> None:
    """Hosts that have a value now, and those that have none and had one an hour or a day ago."""
    here = _hosts(found, ("now",))
    found.hosts = sorted(here)
    found.gone = sorted(_hosts(found, ("hour", "day")) - here) if here else []


def _hosts(found: _Found, moments: tuple[str, ...]) -> set[str]:
    there: set[str] = set()
    for each in found.metrics:
        known = np.any([np.isfinite(each.at(moment)) for moment in moments], axis=0)
        there |= {host(each.labels[row]) for row in np.flatnonzero(known).tolist()}
    return there - {""}


def _targets(world: World, found: _Found) -> Evidence:
    """What is scraped, and what of it is down."""
    rows = [Row("all", {"targets": Cell(found.targets), "down": Cell(len(found.down))})]
    rows += [Row(entity, {"value": Cell(0)}) for entity in found.down[:_NAMED]]
    return looking.evidence(world, f"{_UP} == 0", found.at, found.at, Sheet("", (), rows).values(_UP))


def _data(found: _Found, rows: list[Shown], called: Called) -> dict[str, Any]:
    return {
        "at": found.at,
        "metrics": {e.metric.name: _metric(e, rows, called[e.metric.name]) for e in found.metrics if _count(e)},
        "down": found.down,
        "targets": found.targets,
        "gone": found.gone,
        "stale": _stale(found),
        "absent": _absent(found),
        "late": found.late,
        "refused": found.refused,
        "notes": found.notes,
        "hosts": found.hosts[:MOST_HOSTS],
    }


def _metric(each: Instants, rows: list[Shown], called: list[str]) -> dict[str, Any]:
    metric = each.metric
    top = [
        {
            "entity": called[one.row],
            "labels": dict(each.labels[one.row]),
            **{moment: _value(each.at(moment)[one.row]) for moment in AGO},
            "unlike": one.unlike,
            "by": one.by,
        }
        for of, one in rows
        if of is each
    ]
    about = {"unit": metric.unit, "kind": metric.kind, "direction": metric.direction, "expr": metric.expr}
    return {**about, "series": _count(each), "median": _median(each), "top": top[:MOST]}
