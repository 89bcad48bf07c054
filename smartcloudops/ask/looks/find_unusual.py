"""Which series of all hosts stray from their usual course now, since when, and who fell silent; needs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from smartcloudops.ask.entities import entity_of, rest_of
from smartcloudops.ask.looks import looking, straying, suspects
from smartcloudops.ask.looks.straying import Common, Silent, Stray
from smartcloudops.ask.looks.suspects import Suspect
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.find_unusual import LIMIT
from smartcloudops.ask.world import World
from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.quantities import quantity
from smartcloudops.core.records import Evidence
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import DAY, MINUTE, format_duration, minute, parse_time
from smartcloudops.explain.entities import Recording, rated_columns
from smartcloudops.explain.gather import gather
from smartcloudops.metrics import presets
from smartcloudops.metrics.series import Window

_KEPT = 40
_LOOK = DAY
_FEWEST = 24
_SILENT = 20
# Points that are read at once, of so many rows at least, at a step of a quarter of an hour at most.
_MOST_CELLS, _LEAST_ROWS, _COARSEST = 6_000_000, 300, 15 * MINUTE
_SUSPECTS = 3
# So many others that came and left make leaving usual.
_PASSING = 2


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Read some days of every watched metric and judge the newest day of them, or the time that was asked for."""
    source, metrics = world.source(), [_familiar(m) for m in world.metrics()]
    whole, since = _bounded(world, metrics, *_windows(world, arguments))
    gathered = gather(source, metrics, whole, whole.start)
    recording = gathered.recording
    if not recording.names:
        raise DataError(f"{source.where} has none of the watched metrics", hint="sco query, or list_metrics")
    values = _rated(recording)
    names = [entity_of(labels, labels.get("__name__", "")) for labels in recording.labels]
    passing = straying.passing(values, whole.times(), names)
    told = _Told(recording, names, metrics, whole, since, arguments, world.clock(), len(gathered.edges), passing)
    return told.result(values)


def _windows(world: World, arguments: Mapping[str, Any]) -> tuple[Window, int]:
    """All that is read, and from when on it is judged; a short history keeps three quarters to tell the usual from."""
    extent = world.source().extent()
    step = extent.step if extent else world.config.train.step_ms
    newest = extent.end if extent else world.now()
    until = parse_time(arguments["until"], now=newest) if "until" in arguments else newest
    until = until // step * step if extent is None else min(-(-until // step) * step, extent.end)
    since = parse_time(arguments["since"], now=newest) if "since" in arguments else until - _LOOK
    start = since - world.config.explain.history_ms
    if extent is not None:
        start = max(start, extent.start)
        since = max(since, start + (until - start) * 3 // 4) if "since" not in arguments else since
    if until - start < step * _FEWEST:
        span = format_duration(max(until - start, 0) // MINUTE * MINUTE)
        raise DataError(f"{span} of history are too few to tell what is usual", hint="query_metrics shows them")
    if since >= until:
        raise UsageError("`since` lies behind `until`", hint="give an earlier `since`")
    return Window(-(-start // step) * step, until, step), since


def _bounded(world: World, metrics: Sequence[Metric], whole: Window, since: int) -> tuple[Window, int]:
    """Of a large fleet fewer points: a coarser step first, then fewer days, so that it fits into memory and time."""
    behind = looking.server(world)
    series = behind and looking.counted(behind, metrics[0].expr, Window(since, whole.end, whole.step))
    rows = max(_LEAST_ROWS, _MOST_CELLS // max(1, (series or 1) * len(metrics)))
    step = min(whole.step * -(-len(whole.times()) // rows), max(whole.step, _COARSEST))
    step = -(-step // whole.step) * whole.step
    end = whole.end // step * step
    start = max(whole.start, min(since - (since - whole.start) // 4, end - rows * step))
    return Window(-(-start // step) * step, end, step), since


def _familiar(metric: Metric) -> Metric:
    """A file's metric that bears the name of a packaged one means the same: its unit, and which way is bad."""
    if metric.kind is not None or metric.unit or metric.expr != metric.name:
        return metric
    known = next((m for name in presets.names() for m in presets.load(name) if m.name == metric.name), None)
    if known is None:
        return metric
    return replace(metric, kind=known.kind, unit=known.unit, direction=known.direction, min_dev=known.min_dev)


def _rated(recording: Recording) -> straying.Floats:
    counters = [i for i, one in enumerate(recording.labels) if recording.meanings[one.get("__name__", "")].counter]
    values = np.concatenate([recording.past, recording.values], axis=1)
    if counters:
        past, rows = reversed(rated_columns(recording, counters))
        values[counters] = np.concatenate([past, rows], axis=1)
    return values


@dataclass(frozen=True)
class _Told:
    """One look as text, evidence and data."""

    recording: Recording
    names: Sequence[str]
    metrics: Sequence[Metric]
    whole: Window
    since: int
    arguments: Mapping[str, Any]
    now: int
    calls: int
    passing: Set[str]

    def result(self, values: straying.Floats) -> Result:
        times = self.whole.times()
        strays, common = straying.judged(
            values, times, self.of, since=self.since, worse=[m.worse for m in self.meant], least=self.least()
        )
        every = [s for s in strays if self.is_wanted(s.row)]
        gone = [s for s in straying.silent(values, times) if self.is_wanted(s.row)]
        shown = every[: self.arguments.get("limit", LIMIT)]
        kept = every[: max(_KEPT, len(shown))]
        sheet = Sheet(
            self.head(every, gone, shown),
            ("metric", "now", "usual", "worst", "deviations", "state", "since", "first"),
            [self.row(s) for s in shown],
            [*self.silence_lines(gone), *self.common_lines(common), *self.suspect_lines(kept, gone)],
        )
        return Result(
            sheet.text(), (self.evidence(sheet, kept, gone, common),), self.data(kept, gone, common, len(every))
        )

    def suspects(self, kept: Sequence[Stray], gone: Sequence[Silent]) -> list[Suspect]:
        """Hosts by what goes on now."""
        ongoing = [self.document(s, number) for number, s in enumerate(kept, 1) if s.ongoing]
        return suspects.ranked(ongoing, self.silences(gone), end=self.whole.end)

    def suspect_lines(self, kept: Sequence[Stray], gone: Sequence[Silent]) -> list[str]:
        named = [f"{s.entity} {quantity(_percent(s), '%')}" for s in self.suspects(kept, gone)[:_SUSPECTS]]
        return [f"suspects by share: {', '.join(named)}"] if named else ["nobody is suspected"]

    @cached_property
    def of(self) -> list[str]:
        """The metric of each series, one with the labels that tell series of a host apart."""
        return [self.called(i) for i in range(len(self.names))]

    @cached_property
    def meant(self) -> list[Any]:
        return [self.recording.meanings[labels.get("__name__", "")] for labels in self.recording.labels]

    def called(self, row: int) -> str:
        """`disk_used /var`: the metric, and what tells its series of one host apart."""
        labels = self.recording.labels[row]
        name = labels.get("__name__", "")
        rest = " ".join(labels[k] for k in sorted(labels) if k in ("mountpoint", "device"))
        return f"{name} {rest}".strip() if rest else f"{name} {self.other(labels)}".strip()

    def other(self, labels: Mapping[str, str]) -> str:
        return "" if entity_of(labels) == rest_of(labels) else rest_of(labels)

    def least(self) -> list[float]:
        known = {m.name: m.min_dev for m in self.metrics}
        return [known.get(labels.get("__name__", ""), 0.0) for labels in self.recording.labels]

    def is_wanted(self, row: int) -> bool:
        host, metric = self.arguments.get("host"), self.arguments.get("metric")
        name = self.recording.labels[row].get("__name__", "")
        return (host is None or host.lower() in self.names[row].lower()) and (metric is None or metric in name)

    def head(self, every: Sequence[Stray], gone: Sequence[Silent], shown: Sequence[Stray]) -> str:
        now = sum(s.ongoing for s in every)
        counted = f"{now} series stray from their usual course now, {len(every) - now} did before" if every else ""
        counted = counted or ("nothing strays from its usual course" if not gone else "no series strays")
        quiet = f", {len(gone)} fell silent" if gone else ""
        cut = f"; the first {len(shown)} of {len(every)}" if len(shown) < len(every) else ""
        narrowed = ", ".join(f"{k} {self.arguments[k]}" for k in ("host", "metric") if k in self.arguments)
        return (
            f"§1 {minute(self.since)} to {minute(self.whole.end)}, step {format_duration(self.whole.step)}"
            f"{f' ({narrowed})' if narrowed else ''}: {counted}{quiet}, of {len(self.names)} series of "
            f"{len(set(self.names))} hosts, by what is usual at this hour since {minute(self.whole.start)}{cut}"
        )

    def row(self, s: Stray) -> Row:
        unit = self.unit(s.row)
        state = "comes and goes" if s.returning else "goes on" if s.ongoing else f"over at {minute(s.last)}"
        return Row(
            self.names[s.row],
            {
                "metric": Cell(self.called(s.row)),
                "now": Cell(s.value, unit, s.last) if s.ongoing and not s.returning else Cell(""),
                "usual": Cell(s.usual, unit, s.last),
                "worst": Cell(s.worst, unit, s.worst_at),
                "deviations": Cell(round(s.size, 1), "deviations"),
                "state": Cell(state),
                "since": Cell(minute(s.onset)),
                "first": Cell(s.first, unit, s.onset),
            },
        )

    def unit(self, row: int) -> str:
        return str(self.meant[row].unit)

    def silence_lines(self, gone: Sequence[Silent]) -> list[str]:
        lines = []
        for host, rows in straying.by_entity(self.names, [s.row for s in gone]).items():
            last = max(s.last for s in gone if s.row in rows)
            metrics = sorted({self.called(row) for row in rows})
            what = "no value of any metric" if self.is_whole(host, rows) else f"no value of {', '.join(metrics[:6])}"
            lines.append(f"silent: {host} has sent {what} since {minute(last)}")
        return lines[:_SILENT]

    def is_whole(self, host: str, rows: Sequence[int]) -> bool:
        return len(rows) == sum(name == host for name in self.names)

    def common_lines(self, common: Sequence[Common]) -> list[str]:
        return [
            f"everywhere at once: {one.metric} of most of {len(one.rows)} series is at {one.factor:.2f} times its "
            f"usual since {minute(one.since)}"
            for one in common
        ]

    def evidence(
        self, sheet: Sheet, kept: Sequence[Stray], gone: Sequence[Silent], common: Sequence[Common]
    ) -> Evidence:
        """All that is kept, also what the text leaves out; shares and counts that an answer may name."""
        values: list[dict[str, Any]] = []
        for number, s in enumerate(kept, 1):
            for value in Sheet("", sheet.columns, [self.row(s)]).values(self.called(s.row)):
                column = value["ref"].partition(".")[2]
                values.append({**value, "name": f"{self.called(s.row)} {column}", "ref": f"{number}.{column}"})
        every = self.suspects(kept, gone)
        values += [
            {**_count(s.entity, name, value), "unit": unit, "ref": f"{n}.{name}"}
            for n, s in enumerate(every, 1)
            for name, value, unit in (("suspect", n, ""), ("share", _percent(s), "%"))
        ]
        counts = (
            ("suspects", len(every)),
            ("series", len(self.names)),
            ("hosts", len(set(self.names))),
            ("silent", len(gone)),
            ("straying", sum(s.ongoing for s in kept)),
        )
        values += [_count("all", name, count) for name, count in counts]
        values += [
            {**_count(self.names[s.row], f"{self.called(s.row)} silent", 1), "time": s.last, "ref": f"{n}.silent"}
            for n, s in enumerate(gone[:_SILENT], 1)
        ]
        values += [
            _count("all", f"{one.metric} factor", round(one.factor, 2))
            | {"time": one.since, "unit": "times", "ref": f"{n}.factor"}
            for n, one in enumerate(common, 1)
        ]
        query = " ".join(["find_unusual", *(f"{k}={v}" for k, v in sorted(self.arguments.items()))])
        text = sheet.head.removeprefix("§1 ")
        start, end = self.whole.start, self.whole.end
        return Evidence("", "metric", self.recording.source, query, start, end, self.now, tuple(values), text)

    def data(
        self, kept: Sequence[Stray], gone: Sequence[Silent], common: Sequence[Common], total: int
    ) -> dict[str, Any]:
        return {
            "since": self.since,
            "end": self.whole.end,
            "start": self.whole.start,
            "step": self.whole.step,
            "series": len(self.names),
            "hosts": sorted(set(self.names)),
            "total": total,
            "calls": self.calls,
            "strays": [self.document(s, number) for number, s in enumerate(kept, 1)],
            "there": {host: self.metrics_of(host) for host in dict.fromkeys(self.names[s.row] for s in kept)},
            "silent": self.silences(gone),
            "suspects": [
                {"entity": s.entity, "share": _percent(s), "rows": [one["row"] for one in s.strays], "row": n}
                for n, s in enumerate(self.suspects(kept, gone), 1)
            ],
            "common": [
                {"metric": one.metric, "factor": round(one.factor, 2), "since": one.since, "series": len(one.rows)}
                for one in common
            ],
        }

    def metrics_of(self, host: str) -> list[str]:
        """The watched metrics that a host has at all."""
        labels = self.recording.labels
        return sorted({labels[i].get("__name__", "") for i, name in enumerate(self.names) if name == host})

    def silences(self, gone: Sequence[Silent]) -> list[dict[str, Any]]:
        """By host: which metrics it sends no more, whether all, when the last of them came, and `passing` where it is
        one of several that came and left, as machines of a group that scales do."""
        by_host = straying.by_entity(self.names, [s.row for s in gone])
        return [
            {
                "entity": host,
                "metrics": sorted({self.called(row) for row in rows}),
                "whole": self.is_whole(host, rows),
                "last": max(s.last for s in gone if s.row in rows),
                "passing": len(self.passing) > _PASSING and host in self.passing,
            }
            for host, rows in by_host.items()
        ]

    def document(self, s: Stray, number: int) -> dict[str, Any]:
        what = self.meant[s.row]
        return {
            "entity": self.names[s.row],
            "metric": self.recording.labels[s.row].get("__name__", ""),
            "called": self.called(s.row),
            "kind": what.kind,
            "worse": what.worse,
            "unit": what.unit,
            "query": self.recording.queries.get(self.recording.labels[s.row].get("__name__", ""), ""),
            "series": self.recording.names[s.row],
            "value": s.value,
            "usual": s.usual,
            "worst": s.worst,
            "worst_at": s.worst_at,
            "size": round(s.size, 1),
            "onset": s.onset,
            "last": s.last,
            "ongoing": s.ongoing,
            "returning": s.returning,
            "row": number,
        }


def _percent(suspect: Suspect) -> float:
    return round(100 * suspect.share, 1)


def _count(entity: str, name: str, value: float) -> dict[str, Any]:
    return {"entity": entity, "name": name, "value": value, "unit": "", "time": None, "ref": f"0.{name}"}
