"""`query_metrics`: the series of a PromQL expression or a watched metric over time, each in a few figures.

`data`: {"metric", "expr", "unit", "direction", "start", "end", "step" (ms), "series": how many there are, "rows":
[{"entity", "labels", "last", "last_at", "mean", "min", "min_at", "max", "max_at", "p95", "changes": [{"time",
"before", "after"}], "values": [[ms, value or None]]}], largest first; no rows where nothing was found}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.ask.looks import looking
from smartcloudops.ask.looks.figures import Change, Summary, changes, names, own, stamp, summary, thinned
from smartcloudops.ask.looks.looking import Seen
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.query_metrics import MOST_ROWS
from smartcloudops.ask.world import World
from smartcloudops.core.text import printable

_COURSES = 6
_STATISTICS = ("last", "mean", "min", "max", "p95")


@dataclass(frozen=True, slots=True)
class _One:
    """One series in figures."""

    entity: str
    labels: Mapping[str, str]
    found: Summary
    changes: tuple[Change, ...]
    values: tuple[tuple[int, float | None], ...]


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Raises UsageError for too many series or a refused expression, and what the source raises."""
    over = looking.window(world, since=arguments.get("since"), until=arguments.get("until"), step=arguments.get("step"))
    seen = looking.series(world, arguments["query"].strip(), over)
    total, ones = _figures(seen, arguments.get("limit", MOST_ROWS))
    if not ones:
        text = "\n".join(looking.nothing(world, seen))
        return Result(text, (looking.evidence(world, seen.expr, over.start, over.end, ()),), _data(seen, total, ones))
    main, course = _sheet(seen, total, ones), _course(seen, ones[:_COURSES])
    name = seen.metric.name or seen.title
    values = main.values(name) + course.values(name)
    found = looking.evidence(world, seen.expr, over.start, over.end, values)
    return Result(f"§1 {main.text()}\n{course.text()}", (found,), _data(seen, total, ones))


def _figures(seen: Seen, most: int) -> tuple[int, list[_One]]:
    """How many series there are, and at most so many of them, the largest in the bad direction first."""
    matrix = seen.matrix
    called = names(matrix.labels)
    found = [(row, one) for row, values in enumerate(matrix.values) if (one := summary(matrix.times, values))]
    down = seen.metric.direction == "down"
    found.sort(key=lambda each: (each[1].min if down else -each[1].max, called[each[0]]))
    return len(found), [
        _One(
            called[row],
            matrix.labels[row],
            one,
            changes(matrix.times, matrix.values[row], least=seen.metric.min_dev),
            tuple(thinned(matrix.times, matrix.values[row])),
        )
        for row, one in found[:most]
    ]


def _sheet(seen: Seen, total: int, ones: list[_One]) -> Sheet:
    """The statistics, then as many changes of level as any series has."""
    most = max(len(one.changes) for one in ones)
    columns = [*_STATISTICS, "max_at"]
    for number in range(1, most + 1):
        columns += [f"change{number}_at", f"before{number}", f"after{number}"]
    rows = [Row(one.entity, _cells(one, seen.metric.unit)) for one in ones]
    order = "lowest min first" if seen.metric.direction == "down" else "largest max first"
    what = f"{printable(seen.title)}, {seen.metric.unit or 'no unit'}, {seen.span}"
    head = f"{what}; {len(ones)} of {total:,} series, {order}"
    return Sheet(head, tuple(columns), rows, _left_out(seen, total, ones))


def _cells(one: _One, unit: str) -> dict[str, Cell]:
    found = one.found
    times = {"last": found.last_at, "min": found.min_at, "max": found.max_at}
    cells = {name: Cell(getattr(found, name), unit, times.get(name)) for name in _STATISTICS}
    cells["max_at"] = Cell(stamp(found.max_at))
    for number, change in enumerate(one.changes, 1):
        cells[f"change{number}_at"] = Cell(stamp(change.time))
        cells[f"before{number}"] = Cell(change.before, unit)
        cells[f"after{number}"] = Cell(change.after, unit, change.time)
    return cells


def _left_out(seen: Seen, total: int, ones: list[_One]) -> list[str]:
    lines = [f"the server warns: {printable(text)}" for text in seen.matrix.warnings]
    gaps = [one for one in ones if one.found.count < one.found.rows]
    if gaps:
        lines.append(f"missing points: {', '.join(f'{one.entity} {_missing(one)}' for one in gaps[:5])}")
    if total > len(ones):
        lines.append(f"{total - len(ones):,} more series are left out; ask for one with a label, or sum by (…)")
    skipped = len(seen.matrix.skipped)
    return [*lines, f"{skipped} series could not be read: {seen.matrix.skipped[0].reason}"] if skipped else lines


def _missing(one: _One) -> str:
    return f"{one.found.rows - one.found.count} of {one.found.rows}"


def _course(seen: Seen, ones: list[_One]) -> Sheet:
    """Thinned values, a column a moment, numbered as the rows above."""
    columns = tuple(f"t{number}" for number in range(1, len(ones[0].values) + 1))
    rows = [
        Row(
            one.entity,
            {c: Cell(value, seen.metric.unit, at) for c, (at, value) in zip(columns, one.values, strict=True)},
        )
        for one in ones
    ]
    times = [stamp(at) for at, _ in ones[0].values]
    return Sheet(f"course: t1 {times[0]} to {columns[-1]} {times[-1]}, evenly apart", columns, rows)


def _data(seen: Seen, total: int, ones: list[_One]) -> dict[str, Any]:
    return {
        "metric": seen.metric.name,
        "expr": seen.expr,
        "unit": seen.metric.unit,
        "direction": seen.metric.direction,
        "start": seen.window.start,
        "end": seen.window.end,
        "step": seen.window.step,
        "series": total,
        "rows": [_row(one) for one in ones],
    }


def _row(one: _One) -> dict[str, Any]:
    found = one.found
    figures = {name: getattr(found, name) for name in (*_STATISTICS, "last_at", "min_at", "max_at")}
    return {
        "entity": one.entity,
        "labels": own(one.labels),
        **figures,
        "changes": [{"time": c.time, "before": c.before, "after": c.after} for c in one.changes],
        "values": [list(each) for each in one.values],
    }
