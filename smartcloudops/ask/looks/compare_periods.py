"""`compare_periods`: each series of a query over a period and over the same one earlier; the biggest changes first.

`data`: {"metric", "expr", "unit", "direction", "start", "end", "before_start", "before_end" (ms), "series": how many
are there in both, "rows": [{"entity", "labels", "mean", "mean_before", "difference", "ratio", "max", "max_before"}],
"new": [entities that were not there before], "gone": [entities that are not there any more]}; None = not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.ask.looks import looking
from smartcloudops.ask.looks.figures import Labels, Summary, names, own, stamp, summary
from smartcloudops.ask.looks.looking import Seen
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.world import World
from smartcloudops.core.errors import UsageError
from smartcloudops.core.records import Evidence
from smartcloudops.core.text import printable
from smartcloudops.core.times import format_duration, parse_duration, parse_time, rfc3339
from smartcloudops.metrics.series import Window

MOST_ROWS, _LISTED = 20, 10
_COLUMNS = ("mean", "mean_before", "difference", "ratio", "max", "max_before")


@dataclass(frozen=True, slots=True)
class _Pair:
    """One series now and then; None where it is not there."""

    entity: str
    labels: Labels
    now: Summary | None
    then: Summary | None

    @property
    def difference(self) -> float | None:
        """Of the means."""
        return None if self.now is None or self.then is None else self.now.mean - self.then.mean

    @property
    def ratio(self) -> float | None:
        """Of the means; None where there was nothing."""
        return None if self.now is None or self.then is None or not self.then.mean else self.now.mean / self.then.mean


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Raises UsageError for durations that are none, for too many series, and what the source raises."""
    over, before = _windows(world, arguments)
    query = arguments["query"].strip()
    now, then = looking.series(world, query, over), looking.series(world, query, before)
    pairs = _pairs(now, then)
    both = sorted(
        (each for each in pairs if each.difference is not None),
        key=lambda each: (-abs(each.difference or 0), each.entity),
    )
    if not both:
        lines = looking.nothing(world, now if not _there(now) else then)
        return Result(
            "\n".join([*lines, *_others(pairs)]), (_evidence(world, now, then, ()),), _data(now, then, pairs, [])
        )
    sheet = _sheet(now, then, both, pairs)
    values = sheet.values(now.metric.name or now.title)
    return Result(f"§1 {sheet.text()}", (_evidence(world, now, then, values),), _data(now, then, pairs, both))


def _windows(world: World, arguments: Mapping[str, Any]) -> tuple[Window, Window]:
    """The period that ends at `until`, and the one before it by `offset`, on grids of one step."""
    period = parse_duration(arguments.get("period", "1h"))
    offset = parse_duration(arguments.get("offset", "1d"))
    if period <= 0 or offset <= 0:
        raise UsageError("period and offset must be longer than 0s", hint="such as 1h and 1d")
    end = parse_time(arguments.get("until", "now"), now=looking.moment(world))
    over = looking.window(world, since=rfc3339(end - period), until=rfc3339(end), step=None)
    return over, Window(over.start - offset, over.end - offset, over.step)


def _pairs(now: Seen, then: Seen) -> list[_Pair]:
    """Every series that has a value in either."""
    found: dict[frozenset[tuple[str, str]], list[Summary | None]] = {}
    for place, seen in enumerate((now, then)):
        for each, values in zip(seen.matrix.labels, seen.matrix.values, strict=True):
            found.setdefault(frozenset(each.items()), [None, None])[place] = summary(seen.matrix.times, values)
    labels = [dict(key) for key in found]
    pairs = zip(names(labels), labels, found.values(), strict=True)
    return [_Pair(entity, each, a, b) for entity, each, (a, b) in pairs if a or b]


def _there(seen: Seen) -> bool:
    return any(summary(seen.matrix.times, values) for values in seen.matrix.values)


def _sheet(now: Seen, then: Seen, both: list[_Pair], pairs: list[_Pair]) -> Sheet:
    shown = both[:MOST_ROWS]
    window, earlier = now.window, then.window
    what = f"{printable(now.title)}, {now.metric.unit or 'no unit'}"
    head = (
        f"{what}, {stamp(window.start)} to {stamp(window.end)}, before: "
        f"{format_duration(window.start - earlier.start)} earlier; {len(shown)} of {len(both):,} series, "
        "biggest change of the mean first"
    )
    more = [f"{len(both) - len(shown):,} more series changed less"] if len(both) > len(shown) else []
    return Sheet(head, _COLUMNS, [Row(e.entity, _cells(e, now.metric.unit)) for e in shown], [*more, *_others(pairs)])


def _cells(pair: _Pair, unit: str) -> dict[str, Cell]:
    figures = _figures(pair)
    return {column: Cell(figures[column], "" if column == "ratio" else unit) for column in _COLUMNS}


def _figures(pair: _Pair) -> dict[str, float | None]:
    return {
        "mean": pair.now.mean if pair.now else None,
        "mean_before": pair.then.mean if pair.then else None,
        "difference": pair.difference,
        "ratio": pair.ratio,
        "max": pair.now.max if pair.now else None,
        "max_before": pair.then.max if pair.then else None,
    }


def _others(pairs: list[_Pair]) -> list[str]:
    lists = {"only now": [p.entity for p in pairs if not p.then], "only before": [p.entity for p in pairs if not p.now]}
    return [f"{what}: {_some(who)}" for what, who in lists.items() if who]


def _some(who: list[str]) -> str:
    left = len(who) - _LISTED
    return ", ".join(sorted(who)[:_LISTED]) + (f" and {left:,} more" if left > 0 else "")


def _evidence(world: World, now: Seen, then: Seen, values: tuple[dict[str, Any], ...]) -> Evidence:
    return looking.evidence(world, now.expr, then.window.start, now.window.end, values)


def _data(now: Seen, then: Seen, pairs: list[_Pair], both: list[_Pair]) -> dict[str, Any]:
    return {
        "metric": now.metric.name,
        "expr": now.expr,
        "unit": now.metric.unit,
        "direction": now.metric.direction,
        "start": now.window.start,
        "end": now.window.end,
        "before_start": then.window.start,
        "before_end": then.window.end,
        "series": len(both),
        "rows": [{"entity": e.entity, "labels": own(e.labels), **_figures(e)} for e in both[:MOST_ROWS]],
        "new": sorted(p.entity for p in pairs if not p.then),
        "gone": sorted(p.entity for p in pairs if not p.now),
    }
