"""`host_snapshot`: every watched metric of one host now, an hour and a day ago, with what is usual for it.

`data`: {"host", "at": ms, "this_machine": bool, "rows": [{"metric", "kind", "unit", "direction", "expr", "entity",
"labels", "now", "hour", "day", "low", "high", "outside": now is beyond low or high in the bad direction}], "processes":
[{"pid", "name", "cpu_percent" of one core, "memory_bytes"}], "missing": [metrics that it does not have], "notes"}.
`low` and `high` hold nine tenths of the last week's values; missing values are None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from smartcloudops.ask.looks import instants, looking
from smartcloudops.ask.looks.figures import Values, host, names, stamp
from smartcloudops.ask.looks.instants import Instants
from smartcloudops.ask.looks.narrowing import any_of, narrowed
from smartcloudops.ask.looks.present import Here, present_instants
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.world import World
from smartcloudops.core.errors import ScoError, UsageError
from smartcloudops.core.hosts import host_of
from smartcloudops.core.settings import Metric
from smartcloudops.core.text import printable
from smartcloudops.core.times import WEEK
from smartcloudops.metrics.prometheus import Prometheus
from smartcloudops.metrics.series import Window

_MOMENTS = ("now", "hour", "day")
_COLUMNS = ("metric", *_MOMENTS, "low", "high", "outside")
_LOW, _HIGH = 0.05, 0.95
# The usual range rests on the last week, at a step that makes about 300 points, and on at least so many of them.
_USUAL_STEP, _FEWEST = "30m", 12
_LIMIT_S = 20.0
_MOST_ROWS, _LISTED = 60, 20


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """One host: series by metric, each at the usual moments, with `low` and `high`."""

    host: str
    at: int
    metrics: tuple[Instants, ...]
    here: Here | None = None
    notes: tuple[str, ...] = ()


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Raises UsageError (no such host, or none named where there are several), and what the source raises."""
    found = _look(world, arguments.get("host", "").strip())
    rows = _rows(found)
    sheet = _sheet(found, rows)
    owners = dict(enumerate((metric.name for metric, _, _ in rows), 1))
    values = tuple(_owned(value, owners) for value in sheet.values(""))
    queries = looking.together(world, (metric for metric, _, _ in rows))
    evidence = looking.evidence(world, queries, found.at - WEEK, found.at, values)
    return Result(f"§1 {sheet.text()}", (evidence,), _data(found, rows))


def _look(world: World, wanted: str) -> _Snapshot:
    here = present_instants(world, always=True)
    if here is not None:
        return _of_this_machine(world, here, wanted)
    behind = looking.server(world)
    return _of_file(world, wanted) if behind is None else _of_server(world, behind, wanted)


def _of_server(world: World, behind: Prometheus, wanted: str) -> _Snapshot:
    """Everything now, to know the hosts; then the one host's series alone, over a week."""
    at = instants.on_grid(world.clock())
    metrics = world.metrics()
    jobs = [partial(instants.ask, behind, metric, {"now": f"({metric.expr}\n)"}, at) for metric in metrics]
    found, notes = _came(metrics, instants.at_once(jobs, _LIMIT_S))
    name = chosen({host(labels) for each in found for labels in each.labels}, wanted)
    of_it = [_kept(each, name) for each in found]
    more = instants.at_once([partial(_completed, behind, each, at) for each in of_it], _LIMIT_S)
    both = [new if isinstance(new, Instants) else old for old, new in zip(of_it, more, strict=True)]
    return _Snapshot(name, at, tuple(both), None, tuple(notes))


def _came(metrics: Sequence[Metric], answers: Sequence[Instants | ScoError | None]) -> tuple[list[Instants], list[str]]:
    """What came; the first error where nothing did."""
    found, notes = [], []
    for metric, answer in zip(metrics, answers, strict=True):
        if isinstance(answer, Instants):
            found.append(answer)
        else:
            notes.append(f"{metric.name}: {'no answer in time' if answer is None else printable(answer.message)[:160]}")
    first = next((answer for answer in answers if isinstance(answer, ScoError)), None)
    if not found and first is not None:
        raise first
    return found, notes


def _completed(behind: Prometheus, each: Instants, at: int) -> Instants:
    """With the earlier moments and the usual range, read for this host alone where that gives the same values."""
    rows = range(len(each.labels))
    if not rows:
        return each
    some = instants.of_some(behind, each, rows, ("hour", "day"), at)
    if some is None:
        parts = {moment: instants.earlier(each.metric.expr, moment) for moment in _MOMENTS}
        return _matching(instants.ask(behind, each.metric, parts, at), each)
    label = next(by for by in each.metric.by if all(labels.get(by) for labels in each.labels))
    expr = narrowed(each.metric.expr, [any_of(label, sorted({labels[label] for labels in each.labels}))])
    week = f"({expr}\n)[1w:{_USUAL_STEP}]"
    enough = f"count_over_time({week}) >= {_FEWEST}"
    parts = {
        "low": f"(quantile_over_time({_LOW}, {week}) and {enough})",
        "high": f"(quantile_over_time({_HIGH}, {week}) and {enough})",
    }
    usual = _matching(instants.ask(behind, each.metric, parts, at), each)
    return Instants(each.metric, each.labels, {**some.values, **usual.values})


def _matching(found: Instants, wanted: Instants) -> Instants:
    """The rows of the series that are wanted, in their order."""
    place = {frozenset(labels.items()): row for row, labels in enumerate(found.labels)}
    order = [place.get(frozenset(labels.items())) for labels in wanted.labels]
    values = {
        part: np.array([np.nan if row is None else each[row] for row in order]) for part, each in found.values.items()
    }
    return Instants(wanted.metric, wanted.labels, values)


def _of_file(world: World, wanted: str) -> _Snapshot:
    source, at = world.source(), looking.moment(world)
    extent = source.extent()
    assert extent is not None, "a file has an extent"
    week = looking.coarse(Window(max(extent.start, at - WEEK), at, extent.step))
    found = [instants.from_rows(source, metric, at, extent.step, _MOMENTS) for metric in world.metrics()]
    name = chosen({host(labels) for each in found for labels in each.labels}, wanted)
    kept = [_kept(each, name) for each in found]
    return _Snapshot(name, at, tuple(_with_usual(world, each, week) for each in kept))


def _of_this_machine(world: World, here: Here, wanted: str) -> _Snapshot:
    if wanted:
        chosen({here.host}, wanted)
    extent = None if any("no history" in note for note in here.notes) else world.source().extent()
    metrics = here.metrics
    if extent is not None:
        week = looking.coarse(Window(max(extent.start, extent.end - WEEK), extent.end, extent.step))
        metrics = tuple(_with_usual(world, each, week) for each in metrics)
    return _Snapshot(here.host, here.at, metrics, here, here.notes)


def _with_usual(world: World, each: Instants, week: Window) -> Instants:
    """With the usual range from the rows of a file or of this machine's history."""
    if not each.labels:
        return each
    matrix = world.source().fetch(each.metric, week)
    low, high = (np.full(len(matrix.names), np.nan) for _ in range(2))
    for row, values in enumerate(matrix.values):
        known = values[np.isfinite(values)]
        if len(known) >= _FEWEST:
            low[row], high[row] = np.quantile(known, _LOW), np.quantile(known, _HIGH)
    bare = tuple({k: v for k, v in labels.items() if k != "__name__"} for labels in matrix.labels)
    usual = _matching(Instants(each.metric, bare, {"low": low, "high": high}), each)
    return Instants(each.metric, each.labels, {**each.values, **usual.values})


def chosen(hosts: set[str], wanted: str) -> str:
    """The host that is meant: with or without its port, or by what its name alone begins with.

    UsageError names the nearest. Without a wish: the only one.

    >>> chosen({"web-1", "db-1.example.com"}, "DB-1:9100")
    'db-1.example.com'
    """
    hosts = hosts - {""}
    if not hosts:
        raise UsageError("no watched metric has a host", hint="list_metrics shows what there is")
    if not wanted and len(hosts) == 1:
        return next(iter(hosts))
    listed = ", ".join(sorted(hosts)[:_LISTED]) + (
        f" and {len(hosts) - _LISTED:,} more" if len(hosts) > _LISTED else ""
    )
    if not wanted:
        raise UsageError("which host? there are several", hint=f"hosts: {listed}")
    bare = host_of({"instance": printable(wanted)}).lower()
    exact = [each for each in hosts if each.lower() == bare]
    begins = sorted(each for each in hosts if each.lower().startswith(bare)) if bare else []
    # `web-1` means `web-1.example.com` before `web-10`.
    domain = [each for each in begins if each.lower().startswith(f"{bare}.")]
    for found in (exact, domain, begins):
        if len(found) == 1:
            return found[0]
    if begins:
        raise UsageError(f"'{printable(wanted)}' may be {len(begins):,} hosts", hint=", ".join(begins[:_LISTED]))
    near = looking.close(bare, hosts)
    hint = f"the nearest: {', '.join(near)}" if near else f"hosts: {listed}"
    raise UsageError(f"no watched metric has a host '{printable(wanted)}'", hint=hint)


def _kept(each: Instants, wanted: str) -> Instants:
    rows = [row for row, labels in enumerate(each.labels) if host(labels) == wanted]
    values = {moment: values[rows] for moment, values in each.values.items()}
    return Instants(each.metric, tuple(each.labels[row] for row in rows), values)


def _rows(found: _Snapshot) -> list[tuple[Metric, str, dict[str, Any]]]:
    """Metric, entity and figures of each series, at most _MOST_ROWS."""
    rows = []
    for each in found.metrics:
        for row, (entity, labels) in enumerate(zip(names(each.labels), each.labels, strict=True)):
            figures = {part: _value(each.at(part), row) for part in (*_MOMENTS, "low", "high")}
            if figures["now"] is not None or figures["hour"] is not None or figures["day"] is not None:
                whole = {**figures, "labels": dict(labels), "outside": _outside(each.metric, figures)}
                rows.append((each.metric, entity, whole))
    return rows[:_MOST_ROWS]


def _value(values: Values, row: int) -> float | None:
    return float(values[row]) if np.isfinite(values[row]) else None


def _outside(metric: Metric, figures: Mapping[str, float | None]) -> bool:
    """Beyond the usual range in the bad direction, by more than matters."""
    now, low, high = figures["now"], figures["low"], figures["high"]
    if now is None or low is None or high is None:
        return False
    above, below = now - high > metric.min_dev, low - now > metric.min_dev
    return (above and metric.direction != "down") or (below and metric.direction != "up")


def _sheet(found: _Snapshot, rows: list[tuple[Metric, str, dict[str, Any]]]) -> Sheet:
    table = []
    for metric, entity, figures in rows:
        cells = {part: Cell(figures[part], metric.unit) for part in (*_MOMENTS, "low", "high")}
        outside = {"outside": Cell("yes")} if figures["outside"] else {}
        table.append(Row(entity, {"metric": Cell(metric.name), **cells, **outside}))
    for process in found.here.processes if found.here else ():
        cells = {"cpu": Cell(round(process.cpu, 1), "%"), "memory": Cell(process.memory, "bytes")}
        table.append(Row(f"process {process.name} ({process.pid})", {"metric": Cell("process"), **cells}))
    columns = (*_COLUMNS, "cpu", "memory") if found.here and found.here.processes else _COLUMNS
    head = f"{found.host} at {stamp(found.at)}; hour, day: as long before; low to high: nine tenths of the last week"
    return Sheet(head, columns, table, [*found.notes, *_missing_line(found)])


def _missing_line(found: _Snapshot) -> list[str]:
    missing = _missing(found)
    return [f"not there: {', '.join(missing)}"] if missing else []


def _missing(found: _Snapshot) -> list[str]:
    return [each.metric.name for each in found.metrics if not each.labels]


def _owned(value: dict[str, Any], owners: Mapping[int, str]) -> dict[str, Any]:
    """A figure under its metric's name; those of processes are their own."""
    row, _, column = value["ref"].partition(".")
    return {**value, "name": f"{owners.get(int(row), 'process')} {column}"}


def _data(found: _Snapshot, rows: list[tuple[Metric, str, dict[str, Any]]]) -> dict[str, Any]:
    processes = found.here.processes if found.here else ()
    return {
        "host": found.host,
        "at": found.at,
        "this_machine": found.here is not None,
        "rows": [
            {
                "metric": metric.name,
                "kind": metric.kind,
                "unit": metric.unit,
                "direction": metric.direction,
                "expr": metric.expr,
                "entity": entity,
                **figures,
            }
            for metric, entity, figures in rows
        ],
        "processes": [
            {"pid": p.pid, "name": p.name, "cpu_percent": round(p.cpu, 1), "memory_bytes": p.memory} for p in processes
        ],
        "missing": _missing(found),
        "notes": list(found.notes),
    }
