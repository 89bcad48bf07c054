"""The different messages of logs that match, with counts: repeated ones once, within limits that are said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.ask.looks.logged import Logs, called, counted, nothing
from smartcloudops.ask.looks.quoting import figures
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.search_logs import LIMIT
from smartcloudops.ask.world import World
from smartcloudops.core.records import Evidence
from smartcloudops.core.times import rfc3339
from smartcloudops.logs.formats.naming import message_of
from smartcloudops.logs.repeats import Repeat, Repeats


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Look into the logs of a configured source; what was not looked at is part of the result."""
    if not world.config.logs:
        return nothing()
    logs, repeats = Logs(world, arguments), Repeats()
    for line in logs.lines():
        said = (message_of(line.hit.event) if line.hit.event else None) or line.hit.line.decode("utf-8", "replace")
        repeats.take(said, host=line.host, level=line.level, time=line.time)
    every = repeats.ranked()
    shown = every[: arguments.get("limit", LIMIT)]
    more = [f"{repeats.beyond:,} lines are of still other messages"] if repeats.beyond else []
    sheet = Sheet(
        _head(logs, repeats, every, shown),
        ("count", "level", "first", "last", "message"),
        [_row(one) for one in shown],
        [*more, *logs.covered()],
    )
    return Result(sheet.text(), (_evidence(sheet, logs, repeats, every, shown),), _data(logs, repeats, every, shown))


def _head(logs: Logs, repeats: Repeats, every: Sequence[Repeat], shown: Sequence[Repeat]) -> str:
    said = f"§1 logs of {logs.source.name}, {logs.window()}: {repeats.total:,} lines{logs.narrowed()}"
    if not every:
        return said
    said += f", {len(every):,} different messages"
    return said + (f"; the {len(shown)} most frequent" if len(shown) < len(every) else "")


def _row(one: Repeat) -> Row:
    cells = {
        "count": Cell(one.count),
        "level": Cell(one.level),
        "first": Cell("" if one.first is None else _second(one.first)),
        "last": Cell("" if one.last is None else _second(one.last)),
        "message": Cell(one.example),
    }
    return Row(one.host, cells)


def _second(ms: int) -> str:
    return rfc3339(ms // 1000 * 1000)


def _evidence(sheet: Sheet, logs: Logs, repeats: Repeats, every: Sequence[Repeat], shown: Sequence[Repeat]) -> Evidence:
    """The counts, and the figures in the messages that are shown."""
    name = logs.source.name
    values = [
        counted(name, logs.called, repeats.total, "0.lines"),
        counted(name, "different messages", len(every), "0.messages"),
    ]
    for number, one in enumerate(shown, 1):
        values.append(counted(one.host, called(one.level), one.count, f"{number}.count") | {"time": one.last})
        values.append(counted(one.host, "message times", one.count, f"{number}.times", unit="times"))
        values += figures(one.example, entity=one.host, name="message", ref=f"{number}.message")
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


def _data(logs: Logs, repeats: Repeats, every: Sequence[Repeat], shown: Sequence[Repeat]) -> dict[str, Any]:
    return {
        "source": logs.source.name,
        "since": logs.since,
        "until": logs.until,
        "total": repeats.total,
        "different": len(every),
        "messages": [
            {
                "host": one.host,
                "level": one.level,
                "count": one.count,
                "first": one.first,
                "last": one.last,
                "message": one.example,
                "row": number,
            }
            for number, one in enumerate(shown, 1)
        ],
        "missing": logs.look.missing(),
    }
