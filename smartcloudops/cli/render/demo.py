"""What the demo found, beside what was really done."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np

from smartcloudops.cli.render import incidents, output, panels, terminal
from smartcloudops.cli.render.chart import Chart, short_names
from smartcloudops.cli.render.clock import moment, span
from smartcloudops.cli.render.output import Output, Table
from smartcloudops.cli.render.sparkline import sparkline
from smartcloudops.cli.render.training import count, window_document
from smartcloudops.core.console import width
from smartcloudops.core.records import Incident
from smartcloudops.core.times import MINUTE, SECOND, format_duration, rfc3339
from smartcloudops.metrics.series import parse_series_name
from smartcloudops.triage.recording import Fault
from smartcloudops.triage.replay import EVERY_MS, Outcome, Replayed

Following = Sequence[tuple[str, str]]
_AROUND_MS = 2 * MINUTE
_MISSED, _FALSE = "missed", "false alarm"
# What an incident's document says that still means something when the demo is over.
_KEPT = ("severity", "group", "start", "last", "end", "peak", "suspects")


def show(done: Replayed, following: Following, form: Output, stream: TextIO) -> None:
    """The whole story for a person: chart, incidents, faults, how good that is, what to try next."""
    _say(opening(done), stream)
    stream.write("\n" + "\n".join(terminal.draw(alarm_chart(done), terminal.pen_for(stream))) + "\n\n")
    output.show({}, found(done, unicode=output.is_unicode(stream)), form, stream)
    stream.write("\n")
    for sentence in verdict(done):
        _say(sentence, stream)
    stream.write("\nTry next:\n")
    longest = max((len(line) for line, _ in following), default=0)
    stream.writelines(f"  {line.ljust(longest)}  {why}\n" for line, why in following)


def document(done: Replayed, following: Following) -> dict[str, Any]:
    """The same as JSON."""
    learnt, w, quality = done.training.window, done.window, done.quality
    return {
        "learnt": window_document(learnt.start, learnt.end, learnt.step) | {"series": done.training.series},
        "detected": window_document(w.start, w.end, w.step) | {"runs": done.runs, "every_ms": EVERY_MS},
        "found": list(found(done).records),
        "quality": {
            "faults": quality.windows,
            "met": quality.counts.met,
            "false_alarms": quality.counts.false,
            "precision": round(quality.precision, 4),
            "recall": round(quality.recall, 4),
            "delay_ms": quality.delay_ms if quality.delay_ms == quality.delay_ms else None,
        },
        "next": [line for line, _ in following],
    }


def found(done: Replayed, *, unicode: bool = True) -> Table:
    """What was done and what was found, in order of time: a row for each fault, and for each incident beside them."""
    names = _short_names(done)
    rows = sorted([*_fault_rows(done), *_other_rows(done)], key=lambda row: row.at)
    columns = ("what was done", "to", "from", "lasted", "found", "severity", "score", "first suspect", "why", "trend")
    return Table(
        columns=columns,
        rows=[(*row.cells(names), _course(done, row.incident, unicode=unicode)) for row in rows],
        records=[row.record() for row in rows],
        right=frozenset({"lasted", "found", "score"}),
        styles=["yellow" if row.found in (_MISSED, _FALSE) else "" for row in rows],
        fixed=frozenset({"from", "found", "severity", "score"}),
        spare=("trend", "why", "lasted", "to", "severity", "score", "from"),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A fault, an incident, or both."""

    fault: Fault | None
    incident: Incident | None
    found: str
    told: int | None = None
    alarm: float | None = None

    @property
    def at(self) -> int:
        """When it began, ms."""
        known = self.fault or self.incident
        assert known is not None
        return known.start

    def cells(self, names: Mapping[str, str]) -> tuple[str, ...]:
        fault, met = self.fault, self.incident
        kind, target = (fault.kind, fault.target) if fault else ("nothing" if self.found == _FALSE else "", "")
        lasted = span(fault.start, fault.end) if fault else ""
        first = met.suspects[0] if met and met.suspects else None
        return (
            kind,
            target,
            moment(self.at)[11:],
            lasted,
            self.found,
            met.severity if met else "",
            f"{met.peak:.2f}" if met else "",
            names.get(first.series, first.series) if first else "",
            first.reason if first else "",
        )

    def record(self) -> dict[str, Any]:
        fault, met = self.fault, self.incident
        return {
            "kind": fault.kind if fault else None,
            "target": fault.target if fault else None,
            "how": fault.how if fault else None,
            "start": rfc3339(fault.start) if fault else None,
            "end": rfc3339(fault.end) if fault else None,
            "found": self.found,
            "highest_alarm": None if self.alarm is None else round(self.alarm, 3),
            "delay_ms": met.start - fault.start if met and fault else None,
            "told": None if self.told is None else rfc3339(self.told),
            "incident": {key: incidents.document(met)[key] for key in _KEPT} if met else None,
        }


def _fault_rows(done: Replayed) -> Iterator[_Row]:
    for one in done.outcomes:
        met = one.incident
        found = _MISSED if met is None else f"after {span(one.fault.start, met.start)}"
        yield _Row(one.fault, met, found, one.told, one.alarm)


def _other_rows(done: Replayed) -> Iterator[_Row]:
    """Incidents that are no fault's first one."""
    first = {one.incident.id for one in done.outcomes if one.incident}
    for incident in done.incidents:
        if incident.id not in first:
            yield _Row(None, incident, _FALSE if incident in done.false else "again")


def _short_names(done: Replayed) -> dict[str, str]:
    """Series names without the labels that all of them have."""
    names = sorted({v.series for v in done.verdicts})
    return dict(zip(names, short_names([parse_series_name(name) for name in names]), strict=True))


def alarm_chart(done: Replayed) -> Chart:
    """What alerts are judged by, over the time that was detected over; a row without a score is a gap."""
    times = done.window.times()
    alarms = dict.fromkeys(times.tolist(), float("nan"))
    for v in done.verdicts:
        if v.alarm is not None:
            alarms[v.time] = v.alarm
    spans = tuple((i.start, i.end) for i in done.incidents)
    title = "alarm: an incident opens at 1"
    values = np.array([[alarms[time] for time in times.tolist()]])
    return Chart(title, times, ("alarm",), values, incidents=spans)


def charts(done: Replayed) -> list[Chart]:
    """The alarm, and every first suspect with what was expected of it."""
    return [alarm_chart(done), *map(panels.chart, done.panels)]


def _course(done: Replayed, incident: Incident | None, *, unicode: bool) -> str:
    """The first suspect from a little before an incident to a little after it."""
    if incident is None or not incident.suspects:
        return ""
    first, last = incident.start - _AROUND_MS, incident.last + _AROUND_MS
    name = incident.suspects[0].series
    values = [v.value for v in done.verdicts if v.series == name and first <= v.time <= last]
    return sparkline([float("nan") if value is None else value for value in values], width=16, unicode=unicode)


def opening(done: Replayed) -> str:
    """What the demo does, in two sentences."""
    learnt, w = done.training.window, done.window
    return (
        f"A real server, a small web shop: {count(done.training.series, 'series', 'series')}, a value every "
        f"{format_duration(w.step)}. Learnt: {span(learnt.start, learnt.end)} as usual, until "
        f"{moment(learnt.end)}. Then {count(done.runs, 'run', 'runs')} of detect over {span(w.start, w.end)} in which "
        f"{count(len(done.outcomes), 'fault was', 'faults were')} put into it, one after the other."
    )


def verdict(done: Replayed) -> Iterator[str]:
    """How good it was, as it is: precision, recall, delay; what was missed, what was no fault."""
    quality = done.quality
    met, missed, false = quality.counts
    late = f", half of them within {span(0, _whole_s(quality.delay_ms))}" if met else ""
    yield (
        f"Found {met} of {met + missed} faults (recall {quality.recall:.2f}){late}; "
        f"{count(false, 'false alarm', 'false alarms')} (precision {quality.precision:.2f})."
    )
    if done.missed:
        yield f"Missed: {'; '.join(map(_missed, done.missed))}."
    if done.false:
        yield f"Falsely alarmed: {'; '.join(map(_false, done.false))}."


def _whole_s(ms: float) -> int:
    """In ms, rounded up to seconds."""
    return math.ceil(ms / SECOND) * SECOND


def _missed(outcome: Outcome) -> str:
    fault, before = outcome.fault, outcome.open_before
    if before is not None:
        why = f", while the incident of {moment(before.start)[11:]} was still open"
    elif outcome.alarm >= 1:
        why = f", with an alarm of {outcome.alarm:.2f} that was less than that of the incident shortly before"
    else:
        why = f", with an alarm of no more than {outcome.alarm:.2f}"
    return f"{fault.kind} ({fault.how}){why}"


def _false(incident: Incident) -> str:
    named = f" by {incident.suspects[0].series}" if incident.suspects else ""
    return f"{moment(incident.start)[11:]}{named}"


def _say(text: str, stream: TextIO) -> None:
    stream.write(textwrap.fill(text, min(width(stream), 100), break_on_hyphens=False) + "\n")
