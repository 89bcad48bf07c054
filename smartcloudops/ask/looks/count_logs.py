"""How many log lines match: by level, host or a field, or over time; within limits that are said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smartcloudops.ask.looks.logged import Line, Logs, counted, nothing
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.count_logs import LIMIT
from smartcloudops.ask.world import World
from smartcloudops.core.errors import UsageError
from smartcloudops.core.records import Evidence
from smartcloudops.core.times import format_duration, minute, parse_duration
from smartcloudops.logs.finding.fields import field_text, value_of
from smartcloudops.logs.repeats import shown as safe

_BUCKETS = 200
# Different values that are counted apart; what is beyond goes to `others`.
_VALUES = 5000
_UNTIMED = "without a time"
_MISSING = "none"


@dataclass(slots=True)
class _Counts:
    """Lines by value and by bucket."""

    by: str
    width: int | None
    values: Counter[str] = field(default_factory=Counter)
    buckets: Counter[int] = field(default_factory=Counter)
    total: int = 0
    others: int = 0
    untimed: int = 0

    def take(self, line: Line) -> None:
        self.total += 1
        if self.width is not None:
            if line.time is None:
                self.untimed += 1
            else:
                self.buckets[line.time // self.width * self.width] += 1
        value = _value(line, self.by)
        if value in self.values or len(self.values) < _VALUES:
            self.values[value] += 1
        else:
            self.others += 1


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Count the lines of a configured source; what was not looked at is part of the result."""
    if not world.config.logs:
        return nothing()
    logs = Logs(world, arguments)
    counts = _Counts(str(arguments.get("by", "level")), _width(logs, arguments))
    for line in logs.lines():
        counts.take(line)
    limit = int(arguments.get("limit", LIMIT))
    rows = _over_time(logs, counts) if counts.width is not None else _by_value(logs, counts)
    columns = ("from", "count") if counts.width is not None else ("count", "share")
    shown = rows[:limit] if counts.width is None else rows
    sheet = Sheet(_head(logs, counts), columns, shown, [*_rest(counts, rows, shown), *logs.covered()])
    return Result(sheet.text(), (_evidence(sheet, logs, counts),), _data(logs, counts, shown))


def _width(logs: Logs, arguments: Mapping[str, Any]) -> int | None:
    if "every" not in arguments:
        return None
    width = parse_duration(str(arguments["every"]))
    if width <= 0 or (logs.until - logs.since) / width > _BUCKETS:
        enough = format_duration(max(60_000, -(-(logs.until - logs.since) // 60) // 60_000 * 60_000))
        raise UsageError(f"`every` makes more than {_BUCKETS} buckets, or none", hint=f'"every": "{enough}"')
    return width


def _value(line: Line, by: str) -> str:
    if by == "level":
        return line.level or _MISSING
    if by == "host":
        return line.host
    found = value_of(line.hit.event.fields, by) if line.hit.event else None
    return _MISSING if found is None else safe(field_text(found))


def _by_value(logs: Logs, counts: _Counts) -> list[Row]:
    ranked = sorted(counts.values.items(), key=lambda pair: (-pair[1], pair[0]))
    return [
        Row(
            value if counts.by == "host" else f"{counts.by}={value}",
            {"count": Cell(count), "share": Cell(round(100 * count / counts.total, 1), "%")},
        )
        for value, count in ranked
    ]


def _over_time(logs: Logs, counts: _Counts) -> list[Row]:
    """A row for each bucket of the window, empty ones included."""
    assert counts.width is not None
    starts = range(logs.since // counts.width * counts.width, logs.until, counts.width)
    return [
        Row(logs.source.name, {"from": Cell(minute(at)), "count": Cell(counts.buckets[at], time=at)}) for at in starts
    ]


def _head(logs: Logs, counts: _Counts) -> str:
    how = f"by {safe(counts.by)}" if counts.width is None else f"every {format_duration(counts.width)}"
    return f"§1 logs of {logs.source.name}, {logs.window()}: {counts.total:,} lines{logs.narrowed()}, {how}"


def _rest(counts: _Counts, rows: Sequence[Row], shown: Sequence[Row]) -> list[str]:
    said = [f"{len(rows) - len(shown):,} more values"] if len(shown) < len(rows) else []
    if counts.others:
        said.append(f"{counts.others:,} lines have still other values")
    if counts.untimed:
        said.append(f"{counts.untimed:,} lines are {_UNTIMED}")
    return said


def _evidence(sheet: Sheet, logs: Logs, counts: _Counts) -> Evidence:
    name = logs.source.name
    values = [counted(name, logs.called, counts.total, "0.lines"), *sheet.values(logs.called)]
    return Evidence(
        id="",
        kind="log",
        source=name,
        query=logs.query(),
        start=logs.since,
        end=logs.until,
        ran_at=logs.now,
        values=tuple(values),
        text=sheet.head.removeprefix("§1 "),
    )


def _data(logs: Logs, counts: _Counts, shown: Sequence[Row]) -> dict[str, Any]:
    return {
        "source": logs.source.name,
        "since": logs.since,
        "until": logs.until,
        "by": counts.by,
        "total": counts.total,
        "rows": [
            {"entity": row.entity, "row": number, **{name: cell.value for name, cell in row.cells.items()}}
            for number, row in enumerate(shown, 1)
        ],
        "missing": logs.look.missing(),
    }
