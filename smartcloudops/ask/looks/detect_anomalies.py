"""What the model in use finds unusual in the newest window, or since a time; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from smartcloudops.anomaly.detection import Detection
from smartcloudops.anomaly.store import LocalStore
from smartcloudops.ask.looks.explain import metric_of, part_of
from smartcloudops.ask.looks.quoting import figures
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.detect_anomalies import LIMIT
from smartcloudops.ask.world import World
from smartcloudops.core.records import Evidence, Finding, Verdict
from smartcloudops.core.state import FILE, State, open_state
from smartcloudops.core.text import printable
from smartcloudops.core.times import MINUTE, SECOND, format_duration, minute
from smartcloudops.triage.filters import like
from smartcloudops.triage.run import Request, score_again

_SUSPECTS = 3


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Score again; without a model, say how to get one."""
    if not LocalStore(world.config.models_dir).candidates():
        text = "there is no model yet, so nothing can be judged by one; next step: sco train. `explain` needs no model"
        return Result(text, (), {"model": None, "anomalies": [], "findings": [], "next": "sco train"})
    source = world.source()
    source.check()
    request = Request(world.path, arguments.get("since"), None, dry_run=True)
    with _state(world) as state:
        found = score_again(world.config, source, state, request, now=world.clock())
    units = {metric.name: metric.unit for metric in world.metrics()}
    return _Told(found, units, dict(arguments), source.where, world.clock()).result()


@contextmanager
def _state(world: World) -> Iterator[State]:
    """The state with its incidents; an empty one elsewhere where there is none yet, so that none is made."""
    if (world.config.state_dir / FILE).exists():
        with open_state(world.config.state_dir) as state:
            yield state
        return
    with TemporaryDirectory(prefix="sco-") as empty, open_state(Path(empty)) as state:
        yield state


@dataclass(frozen=True, slots=True)
class _Series:
    """The anomalous rows of one series; `worst` has the largest score."""

    worst: Verdict
    first: int
    last: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Told:
    """One look as text, evidence and data."""

    found: Detection
    units: Mapping[str, str]
    arguments: Mapping[str, Any]
    where: str
    now: int

    def result(self) -> Result:
        chosen = self.chosen()
        shown = chosen[: self.arguments.get("limit", LIMIT)]
        findings = [f for f in self.found.findings if self.is_wanted(f.group)]
        sheet = Sheet(
            self.head(chosen, shown),
            ("metric", "score", "value", "expected", "lower", "upper", "at", "first", "last", "rows"),
            [self.row(one) for one in shown],
            [*self.finding_lines(findings), *self.gaps()],
        )
        return Result(sheet.text(), (self.evidence(sheet, findings),), self.data(shown, findings, len(chosen)))

    def chosen(self) -> list[_Series]:
        """The series, the strangest first."""
        by_series: dict[str, list[Verdict]] = {}
        for verdict in self.found.verdicts:
            metric = self.arguments.get("metric")
            if self.is_wanted(verdict.series) and (metric is None or like(metric, metric_of(verdict.series))):
                by_series.setdefault(verdict.series, []).append(verdict)
        found = [_Series(max(v, key=lambda one: one.score), v[0].time, v[-1].time, len(v)) for v in by_series.values()]
        return sorted(found, key=lambda one: (-one.worst.score, one.worst.series))

    def is_wanted(self, name: str) -> bool:
        return (
            "host" not in self.arguments
            or like(self.arguments["host"], name)
            or self.arguments["host"] == part_of(name)
        )

    def head(self, chosen: Sequence[_Series], shown: Sequence[_Series]) -> str:
        found, window = self.found, self.found.window
        narrowed = ", ".join(f"{name} {self.arguments[name]}" for name in ("host", "metric") if name in self.arguments)
        counted = f"{len(chosen)} unusual series" if chosen else "nothing unusual"
        cut = f"; the {len(shown)} strangest of {len(chosen)}" if len(shown) < len(chosen) else ""
        return (
            f"§1 anomalies {minute(window.start)} to {minute(window.end)}, step {format_duration(window.step)}"
            f"{f' ({narrowed})' if narrowed else ''}: {counted}, {found.series} of {found.total} series judged by "
            f"model {found.model}; a score of 1 is one event in 7 days{cut}"
        )

    def row(self, one: _Series) -> Row:
        worst, unit = one.worst, self.unit(one.worst.series)
        cells = {
            "metric": Cell(metric_of(worst.series)),
            "score": Cell(round(worst.score, 2)),
            "value": Cell(worst.value, unit, worst.time),
            "expected": Cell(worst.expected, unit, worst.time),
            "lower": Cell(worst.lower, unit, worst.time),
            "upper": Cell(worst.upper, unit, worst.time),
            "at": Cell(minute(worst.time)),
            "first": Cell(minute(one.first)),
            "last": Cell(minute(one.last)),
            "rows": Cell(one.rows),
        }
        return Row(part_of(worst.series), cells)

    def unit(self, series: str) -> str:
        return self.units.get(metric_of(series), "")

    def finding_lines(self, findings: Sequence[Finding]) -> list[str]:
        lines = []
        for f in findings:
            suspects = "; ".join(f"{printable(s.series)} ({printable(s.reason)})" for s in f.suspects[:_SUSPECTS])
            lasted = format_duration((f.last - f.start) // MINUTE * MINUTE)
            lines.append(
                f"{part_of(f.group)}: alarm from {minute(f.start)} to {minute(f.last)} ({lasted})"
                + (f", by {suspects}" if suspects else "")
            )
        return lines or ["no alarm: what is unusual here is not enough for an incident"] * bool(self.found.verdicts)

    def gaps(self) -> list[str]:
        """What could not be judged."""
        skipped = [f"{printable(s.series)} ({printable(s.reason)})" for s in self.found.skipped[:_SUSPECTS]]
        left = len(self.found.skipped) - len(skipped)
        more = f" and {left} more" if left > 0 else ""
        said = [f"not judged: {'; '.join(skipped)}{more}"] if skipped else []
        return [*said, *map(printable, self.found.notes)]

    def evidence(self, sheet: Sheet, findings: Sequence[Finding]) -> Evidence:
        window = self.found.window
        query = " ".join(["sco detect --dry-run", *(f"{k}={v}" for k, v in sorted(self.arguments.items()))])
        values = list[dict[str, Any]]()
        for value in sheet.values(""):
            row = sheet.rows[int(value["ref"].partition(".")[0]) - 1]
            values.append({**value, "name": f"{row.cells['metric'].value} {value['name']}"})
        for number, f in enumerate(findings, 1):
            lasted = _value(part_of(f.group), "alarm lasted", (f.last - f.start) / SECOND, "s", f"0.alarm{number}")
            values += [lasted | {"time": f.start}, lasted | {"time": f.last}]
            for n, s in enumerate(f.suspects[:_SUSPECTS], 1):
                values += figures(
                    s.reason, entity=part_of(s.series), name=metric_of(s.series), ref=f"0.why{number}_{n}_"
                )
        text = sheet.head.removeprefix("§1 ")
        return Evidence("", "metric", self.where, query, window.start, window.end, self.now, tuple(values), text)

    def data(self, shown: Sequence[_Series], findings: Sequence[Finding], total: int) -> dict[str, Any]:
        return {
            "model": self.found.model,
            "learnt_at": self.found.learnt_at,
            "window": {"start": self.found.window.start, "end": self.found.window.end, "step": self.found.window.step},
            "judged": self.found.series,
            "series": self.found.total,
            "total": total,
            "anomalies": [self.anomaly(one, number) for number, one in enumerate(shown, 1)],
            "findings": [
                {
                    "entity": part_of(f.group),
                    "group": f.group,
                    "start": f.start,
                    "last": f.last,
                    "peak": f.peak,
                    "suspects": [{"series": s.series, "share": s.share, "reason": s.reason} for s in f.suspects],
                }
                for f in findings
            ],
            "skipped": [{"series": s.series, "reason": s.reason} for s in self.found.skipped[:LIMIT]],
        }

    def anomaly(self, one: _Series, number: int) -> dict[str, Any]:
        worst = one.worst
        return {
            "entity": part_of(worst.series),
            "series": worst.series,
            "metric": metric_of(worst.series),
            "unit": self.unit(worst.series),
            "score": worst.score,
            "value": worst.value,
            "expected": worst.expected,
            "lower": worst.lower,
            "upper": worst.upper,
            "time": worst.time,
            "first": one.first,
            "last": one.last,
            "rows": one.rows,
            "detectors": list(worst.detectors),
            "row": number,
        }


def _value(entity: str, name: str, value: float, unit: str, ref: str) -> dict[str, Any]:
    return {"entity": entity, "name": name, "value": value, "unit": unit, "time": None, "ref": ref}
