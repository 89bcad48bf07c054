"""What `sco train` learnt, for people and programs."""

from __future__ import annotations

from collections import Counter
from typing import Any, TextIO

from smartcloudops.anomaly.training import Training
from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.output import Table
from smartcloudops.core.text import printable
from smartcloudops.core.times import format_duration, rfc3339
from smartcloudops.metrics import Source

_MANY = 10


def document(done: Training) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "version": done.version,
        "window": window_document(done.window.start, done.window.end, done.window.step),
        "series": done.series,
        "groups": [
            {"group": m.info.key, "series": list(m.info.names), "rows": m.info.rows, "chosen": dict(m.info.chosen)}
            for m in done.models
        ],
        "skipped": [{"series": s.series, "reason": s.reason} for s in done.skipped],
        "empty": list(done.empty),
    }


def window_document(start: int, end: int, step: int) -> dict[str, Any]:
    """A window as JSON."""
    return {"start": rfc3339(start), "end": rfc3339(end), "step_ms": step}


def table(done: Training) -> Table:
    """One row a group."""
    columns = ("entity", "series", "rows", "chosen")
    rows = [
        (m.info.key, str(len(m.info.names)), str(m.info.rows), str(m.info.chosen.get("explanation", "")))
        for m in done.models
    ]
    records = [{"group": m.info.key, "series": list(m.info.names), "rows": m.info.rows} for m in done.models]
    return Table(columns, rows, records, frozenset({"series", "rows"}))


def say(done: Training, source: Source, stream: TextIO) -> None:
    """The account on stderr: how much was learnt, what was left out and why, what to do next."""
    w = done.window
    span = f"{moment(w.start)} to {moment(w.end)}, step {format_duration(w.step)}"
    what = f"learnt {count(done.series, 'series', 'series')} in {count(len(done.models), 'group', 'groups')}"
    stream.write(f"{what} from {source.where} ({span})\n")
    if done.empty:
        stream.write(f"no series there for: {', '.join(done.empty)}\n")
    say_skipped(done.skipped, stream)
    if done.version is None:
        stream.write("dry run: nothing was written\n")
    else:
        stream.write(f"model {done.version} is in use; next: sco detect\n")


def say_skipped(skipped: Any, stream: TextIO) -> None:
    """Each reason once, with how many series it met and the first few of them."""
    reasons = Counter(s.reason for s in skipped)
    for reason, times in reasons.most_common(_MANY):
        names = [s.series for s in skipped if s.reason == reason]
        more = f" and {times - 3} more" if times > 3 else ""
        stream.write(printable(f"skipped {', '.join(names[:3])}{more}: {reason}") + "\n")
    if len(reasons) > _MANY:
        stream.write(f"skipped for {len(reasons) - _MANY} further reasons; all of them: -o json\n")


def count(number: int, one: str, many: str) -> str:
    """`1 group`, `3 groups`."""
    return f"{number:,} {one if number == 1 else many}"
