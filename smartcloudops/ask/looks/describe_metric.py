"""`describe_metric`: what a metric is: type, help, unit, labels with how many values, series, recent range, age.

`data`: {"metric", "watched", "expr", "type", "help", "unit", "series", "labels": [{"label", "values": how many,
"examples": [most frequent first]}], "range": {"of", "min", "mean", "max"} over the last hour or None, "newest": ms or
None, "age": ms or None}. A counter's range is that of its rate a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from smartcloudops.ask.looks import instants, looking
from smartcloudops.ask.looks.looking import Labelled
from smartcloudops.ask.looks.narrowing import quoted
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.world import World
from smartcloudops.core.errors import ConfigError, DataError, UsageError
from smartcloudops.core.text import printable
from smartcloudops.core.times import HOUR, SECOND, format_duration, rfc3339
from smartcloudops.metrics.prometheus import Prometheus

_LABELS, _EXAMPLES, _LONGEST, _HELP = 20, 5, 60, 300
# More series than this are not read again and again for a range.
_RANGED = 5_000
_LIMIT_S = 20.0
_COUNTERS = ("_total", "_count", "_sum", "_bucket")
_SUFFIXES = {"_bytes": "bytes", "_seconds": "s", "_bytes_total": "bytes", "_seconds_total": "s", "_ratio": ""}


@dataclass(frozen=True, slots=True)
class _Label:
    """A label, how many values it has, and the most frequent of them."""

    name: str
    values: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Described:
    """What is known of a metric; times in ms."""

    name: str
    expr: str
    watched: bool
    type: str
    help: str
    unit: str
    series: int
    labels: tuple[_Label, ...]
    range: tuple[str, float, float, float] | None
    newest: int | None


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Raises UsageError with the nearest names for an unknown metric, and what the source raises."""
    name = arguments["metric"].strip()
    behind = looking.server(world)
    known = looking.watched(world)
    if behind is not None and name not in known:
        found = _of_server(behind, name, instants.on_grid(world.clock()))
    else:
        found = _of_rows(world, name)
    at = looking.moment(world)
    sheet = _sheet(found, at)
    evidence = looking.evidence(world, found.expr, at - HOUR, at, sheet.values(found.name))
    return Result(f"§1 {sheet.text()}", (evidence,), _data(found, at))


def _of_rows(world: World, name: str) -> _Described:
    """A watched metric, or one of a file or this machine: by its series of the last hour."""
    known = looking.watched(world)
    offered = {metric.name: metric for metric in world.source().offers()}
    metric = known.get(name) or offered.get(name)
    if metric is None:
        raise _unknown(name, {*known, *offered})
    end = looking.moment(world)
    extent = world.source().extent()
    since = end - HOUR if extent is None else max(extent.start, end - max(HOUR, 12 * extent.step))
    seen = looking.series(world, name, looking.window(world, since=rfc3339(since), until=None, step=None))
    values, labels = seen.matrix.values, seen.matrix.labels
    known_at = np.flatnonzero(np.isfinite(values).any(axis=0))
    finite = values[np.isfinite(values)]
    span = (metric.unit, float(finite.min()), float(finite.mean()), float(finite.max())) if len(finite) else None
    newest = int(seen.matrix.times[known_at[-1]]) if len(known_at) else None
    about = f"watched{f': {metric.kind}' if metric.kind else ''}" if name in known else "offered"
    return _Described(
        name, metric.expr, name in known, "gauge", about, seen.metric.unit, len(labels), _counted(labels), span, newest
    )


def _counted(series: Sequence[Mapping[str, str]]) -> tuple[_Label, ...]:
    every: dict[str, Counter[str]] = {}
    for labels in series:
        for label, value in labels.items():
            if label != "__name__":
                every.setdefault(label, Counter())[value] += 1
    found = [
        _Label(label, len(values), tuple(value for value, _ in values.most_common(_EXAMPLES)))
        for label, values in every.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.values, each.name))[:_LABELS])


def _of_server(behind: Prometheus, name: str, at: int) -> _Described:
    if name not in behind.metric_names():
        raise _unknown(name, behind.metric_names())
    selector = f"{{__name__={quoted(name)}}}"
    kind, text, unit = _metadata(behind, name)
    counted = looking.instant(behind, f"count({selector})", at, about=f"`{name}`")
    series = int(counted[0][1]) if counted else 0
    counter = kind in ("counter", "histogram", "summary") or (kind == "unknown" and name.endswith(_COUNTERS))
    newest = _newest(behind, selector, at, series)
    span = _range(behind, selector, at, counter=counter, unit=unit) if series <= _RANGED else None
    labels = _labels(behind, selector, at) if series else ()
    return _Described(name, name, False, kind, text, unit, series, labels, span, newest)


def _metadata(behind: Prometheus, name: str) -> tuple[str, str, str]:
    """Type, help, unit; servers that know none of it answer nothing, or not at all."""
    guessed = next(
        (u for suffix, u in sorted(_SUFFIXES.items(), key=lambda e: -len(e[0])) if name.endswith(suffix)), ""
    )
    try:
        data, _ = behind.ask("/api/v1/metadata", {"metric": name}, about=f"what `{name}` is")
    except (ConfigError, DataError):
        data = None
    listed = data.get(name) if isinstance(data, dict) else None
    if not isinstance(listed, list) or not listed or not isinstance(listed[0], dict):
        return "unknown", "", guessed
    first = {key: str(listed[0].get(key) or "") for key in ("type", "help", "unit")}
    return first["type"] or "unknown", first["help"][:_HELP], first["unit"] or guessed


def _newest(behind: Prometheus, selector: str, at: int, series: int) -> int | None:
    """When the newest sample was taken; of the last day where there is none now."""
    stamps = f"timestamp({selector})"
    expr = f"max({stamps})" if series else f"max(max_over_time({stamps}[1d:5m]))"
    found = looking.instant(behind, expr, at, about="the newest sample")
    return round(found[0][1] * SECOND) if found else None


def _range(
    behind: Prometheus, selector: str, at: int, *, counter: bool, unit: str
) -> tuple[str, float, float, float] | None:
    """Unit, smallest, mean and largest value of the last hour over all series."""
    inner = f"(rate({selector}[5m]))" if counter else selector
    over = f"{inner}[1h:1m]" if counter else f"{inner}[1h]"
    parts = {
        "min": f"min(min_over_time({over}))",
        "mean": f"avg(avg_over_time({over}))",
        "max": f"max(max_over_time({over}))",
    }
    tagged = " or ".join(f'label_replace({expr}, "part", "{part}", "", "")' for part, expr in parts.items())
    found = {labels.get("part"): value for labels, value in looking.instant(behind, tagged, at, about="the range")}
    if not found.keys() >= parts.keys() or not all(map(np.isfinite, found.values())):
        return None
    return (f"{unit}/s" if counter else unit), found["min"], found["mean"], found["max"]


def _labels(behind: Prometheus, selector: str, at: int) -> tuple[_Label, ...]:
    """Every label with its values, counted by the server."""
    params = {"match[]": selector, "start": f"{(at - HOUR) / 1000:.3f}", "end": f"{at / 1000:.3f}"}
    data, _ = behind.ask("/api/v1/labels", params, about="its labels")
    listed = [str(each) for each in data if each != "__name__"][:_LABELS] if isinstance(data, list) else []
    found = instants.at_once([partial(_label, behind, selector, label, at) for label in listed], _LIMIT_S)
    kept = [each for each in found if isinstance(each, _Label) and each.values]
    return tuple(sorted(kept, key=lambda each: (-each.values, each.name)))


def _label(behind: Prometheus, selector: str, label: str, at: int) -> _Label:
    each = f"count by ({label}) ({selector})"
    count: Labelled = looking.instant(behind, f"count({each})", at, about=f"label {label}")
    top = looking.instant(behind, f"topk({_EXAMPLES}, {each})", at, about=f"label {label}")
    top.sort(key=lambda one: (-one[1], one[0].get(label, "")))
    return _Label(label, int(count[0][1]) if count else 0, tuple(labels.get(label, "") for labels, _ in top))


def _unknown(name: str, known: set[str] | Sequence[str]) -> UsageError:
    near = looking.close(name, known)
    hint = f"the nearest: {', '.join(map(printable, near))}" if near else "list_metrics shows what there is"
    return UsageError(f"there is no metric `{printable(name)}`", hint=hint)


def _sheet(found: _Described, at: int) -> Sheet:
    """A row for the whole, and a row for each label."""
    cells = {"series": Cell(found.series)}
    if found.range is not None:
        unit, low, mean, high = found.range
        cells |= {"min": Cell(low, unit), "mean": Cell(mean, unit), "max": Cell(high, unit)}
    rows = [Row("all", cells)]
    rows += [
        Row(f"label {each.name}", {"values": Cell(each.values), "examples": Cell(_shown(each))})
        for each in found.labels
    ]
    about = ", ".join(each for each in (found.type, found.unit and f"unit {found.unit}", printable(found.help)) if each)
    expr = "" if found.expr == found.name else f"\n{printable(found.expr)}"
    columns = ("series", "min", "mean", "max", "values", "examples")
    return Sheet(f"{printable(found.name)}: {about}{expr}", columns, rows, [_age(found, at)])


def _shown(label: _Label) -> str:
    more = ", …" if label.values > len(label.examples) else ""
    return ", ".join(printable(each)[:_LONGEST] for each in label.examples) + more


def _age(found: _Described, at: int) -> str:
    if found.newest is None:
        return "no sample in the last day"
    return f"min, mean, max over the last hour; newest sample {format_duration(max(0, at - found.newest))} old"


def _data(found: _Described, at: int) -> dict[str, Any]:
    span = dict(zip(("of", "min", "mean", "max"), found.range, strict=True)) if found.range else None
    return {
        "metric": found.name,
        "watched": found.watched,
        "expr": found.expr,
        "type": found.type,
        "help": found.help,
        "unit": found.unit,
        "series": found.series,
        "labels": [{"label": e.name, "values": e.values, "examples": list(e.examples)} for e in found.labels],
        "range": span,
        "newest": found.newest,
        "age": None if found.newest is None else max(0, at - found.newest),
    }
