"""What `sco detect` found, for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TextIO

from smartcloudops.anomaly.detection import Detection
from smartcloudops.cli.render import incidents
from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.output import Table
from smartcloudops.cli.render.sparkline import sparkline
from smartcloudops.cli.render.training import count, say_skipped, window_document
from smartcloudops.core.quantities import quantity
from smartcloudops.core.records import Verdict
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable
from smartcloudops.core.times import format_duration, rfc3339
from smartcloudops.triage.ledger import Triage


def document(found: Detection, triage: Triage, refused: Sequence[str]) -> dict[str, Any]:
    """The window, its verdicts, the incidents it touched or left open, and what was skipped."""
    w = found.window
    return {
        "window": window_document(w.start, w.end, w.step),
        "model": found.model,
        "series": found.series,
        "verdicts": [verdict(v) for v in found.verdicts],
        "incidents": [
            incidents.document(i) | {"changes": sorted(triage.changes.get(i.id, ()))} for i in triage.incidents
        ],
        "skipped": [{"series": s.series, "reason": s.reason} for s in found.skipped],
        "refused": list(refused),
        "notes": list(found.notes),
    }


def verdict(v: Verdict) -> dict[str, Any]:
    """A verdict as JSON; values in the series' unit, times RFC 3339."""
    return {
        "series": v.series,
        "group": v.group,
        "time": rfc3339(v.time),
        "value": v.value,
        "score": round(v.score, 4),
        "p": float(f"{v.p:.4g}"),
        "n": v.n,
        "expected": v.expected,
        "lower": v.lower,
        "upper": v.upper,
        "alarm": None if v.alarm is None else round(v.alarm, 4),
        "detectors": list(v.detectors),
    }


def table(found: Detection, triage: Triage, *, now: int, unicode: bool) -> Table:
    """The incidents, worst first, with the recent course of each first suspect."""
    lines = {key: sparkline(trace, unicode=unicode) for key, trace in triage.traces.items()}
    drawn = incidents.table(triage.incidents, now, lines if any(lines.values()) else None)
    return replace(drawn, empty=_all_quiet(found))


def verdict_table(found: Detection) -> Table:
    """Every verdict, oldest first."""
    columns = ("time", "series", "value", "score", "p", "usual", "detectors")
    rows = [
        (
            rfc3339(v.time),
            v.series,
            quantity(v.value),
            f"{v.score:.2f}",
            f"{v.p:.2g}",
            f"{quantity(v.lower)} to {quantity(v.upper)}",
            ", ".join(v.detectors),
        )
        for v in found.verdicts
    ]
    records = [verdict(v) for v in found.verdicts]
    right = frozenset({"value", "score", "p"})
    return Table(columns, rows, records, right, empty=_all_quiet(found), fixed=frozenset({"time"}))


def _all_quiet(found: Detection) -> str:
    return f"nothing unusual: {count(found.series, 'series', 'series')} as expected"


def say_refused(refused: Sequence[str], stream: TextIO) -> None:
    """Which model files were not used, and why."""
    stream.writelines(printable(f"refused: {reason}") + "\n" for reason in refused)


def say_untold(untold: Sequence[str], stream: TextIO) -> None:
    """Who could not be told, and why."""
    stream.writelines(redact(printable(reason)) + "\n" for reason in untold)


def say(found: Detection, triage: Triage, refused: Sequence[str], stream: TextIO) -> None:
    """The account on stderr: what was scored, what changed, what was left out."""
    w = found.window
    changes = ", ".join(f"{triage.count(c)} {c}" for c in ("opened", "updated", "closed") if triage.count(c))
    still = sum(i.end is None for i in triage.incidents)
    what = f"scored {count(found.series, 'series', 'series')}, {moment(w.start)} to {moment(w.end)}"
    state = f"{count(still, 'incident', 'incidents')} open" + (f" ({changes})" if changes else "")
    stream.write(f"{what}, step {format_duration(w.step)}, model {found.model}: {state}\n")
    say_refused(refused, stream)
    for note in found.notes:
        stream.write(printable(f"note: {note}") + "\n")
    say_skipped(found.skipped, stream)
