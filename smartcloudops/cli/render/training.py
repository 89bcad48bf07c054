"""What `sco train` learnt, for people and programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, TextIO

from smartcloudops.anomaly.promotion import Decision
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
        "promoted": done.decision is not None and done.decision.promoted,
        "comparison": done.decision.as_dict() if done.decision else None,
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


def say(done: Training, source: Source, stream: TextIO, *, quiet: bool) -> None:
    """The account on stderr: how much was learnt, what was left out and why, what to do next.

    `quiet`: only that the new model is not in use, which somebody should know.
    """
    if quiet:
        if done.version is not None and done.decision is not None and not done.decision.promoted:
            say_decision(done.version, done.decision, stream)
        return
    w = done.window
    span = f"{moment(w.start)} to {moment(w.end)}, step {format_duration(w.step)}"
    what = f"learnt {count(done.series, 'series', 'series')} in {count(len(done.models), 'group', 'groups')}"
    stream.write(f"{what} from {source.where} ({span})\n")
    if done.empty:
        stream.write(f"no series there for: {', '.join(done.empty)}\n")
    say_skipped(done.skipped, stream)
    if done.version is None or done.decision is None:
        stream.write("dry run: nothing was written\n")
    else:
        say_decision(done.version, done.decision, stream)


def say_decision(version: str, decision: Decision, stream: TextIO) -> None:
    """Whether the model is in use, why, and how to change that."""
    if decision.comparison is not None:
        stream.write(f"{compared(decision.as_dict()['comparison'])}\n")
    if decision.promoted:
        stream.write(f"model {version} is in use: {printable(decision.reason)}; next: sco detect\n")
        return
    stays = f"; {decision.champion} stays in use" if decision.champion else ""
    stream.write(f"model {version} was stored, not put in use: {decision.reason}{stays}\n")
    stream.write(f"  to use it anyway: sco models promote {version}\n")


def compared(comparison: Mapping[str, Any]) -> str:
    """The figures of a comparison, as they stand in a manifest, in one sentence."""
    new, old = comparison["of_challenger"], comparison["of_champion"]
    seen = "both had learnt from these rows" if comparison["seen"] else "neither had seen these rows"
    return (
        f"compared with {comparison['champion']} on {comparison['start']} to {comparison['end']} ({seen}), "
        f"{count(comparison['groups'], 'group', 'groups')}: sees {new['recall']:.0%} of "
        f"{comparison['events']} injected anomalies (before {old['recall']:.0%}), "
        f"{count(new['false_alarms'], 'false alarm', 'false alarms')} (before {old['false_alarms']}), "
        f"{new['false_per_series_week']:.2f} per series-week (before {old['false_per_series_week']:.2f})"
    )


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
