"""The answer to a query: a chart with each series' figures, or the data itself."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from smartcloudops.cli.render import output, pictures, terminal
from smartcloudops.cli.render.chart import MOST_SERIES, Chart, short_names
from smartcloudops.cli.render.output import Output, Table
from smartcloudops.cli.render.training import window_document
from smartcloudops.core.console import is_terminal
from smartcloudops.core.quantities import quantity
from smartcloudops.core.text import printable
from smartcloudops.core.times import rfc3339
from smartcloudops.metrics.querying import Found, most_changed
from smartcloudops.metrics.series import Values

MOST_ROWS = 20


def show(found: Found, form: str, stream: TextIO) -> None:
    """Print the answer; on a terminal with a chart and at most MOST_ROWS series."""
    if form in _DATA:
        _DATA[form](found, stream)
        return
    drawn = is_drawn(form, stream)
    rows = most_changed(found.matrix, MOST_ROWS if drawn else len(found.matrix.names))
    if drawn and rows and len(found.matrix.times) > 1:
        terminal.show(chart(found), stream)
        stream.write("\n")
    output.show({}, figures(found, rows, short=drawn), Output(form), stream)


def picture(found: Found, path: Path) -> None:
    """Draw the answer into a file."""
    series = len(found.matrix.names)
    left_out = series > MOST_SERIES
    note = f"{series:,} series; drawn are the {MOST_SERIES} that changed most" if left_out else ""
    pictures.write(path, [chart(found)], found.metric.expr, note)


def is_drawn(form: str, stream: TextIO) -> bool:
    """Whether a chart stands above the table."""
    return form == "table" and is_terminal(stream)


def chart(found: Found) -> Chart:
    """As much of the answer as can be told apart, what changed most before the rest."""
    m, rows = found.matrix, most_changed(found.matrix, MOST_SERIES)
    names = tuple(short_names([m.labels[row] for row in rows]))
    return Chart(found.title, m.times, names, m.values[rows], found.metric.unit)


def figures(found: Found, rows: Sequence[int], *, short: bool) -> Table:
    """A row for each of these series: lowest, mean, highest and last value."""
    m = found.matrix
    names = short_names([m.labels[row] for row in rows]) if short else [m.names[row] for row in rows]
    cells = [tuple(quantity(v, found.metric.unit) for v in summary(m.values[row]).values()) for row in rows]
    columns = ("series", "min", "mean", "max", "last")
    return Table(
        columns,
        [(name, *row) for name, row in zip(names, cells, strict=True)],
        right=frozenset(columns[1:]),
        empty=_nothing(found),
        fixed=frozenset(columns[1:]),
        spare=("mean", "min", "max"),
    )


def summary(values: Values) -> dict[str, float | None]:
    """min, mean, max and last of a series, missing values left out; None where there is none."""
    known = values[~np.isnan(values)]
    if not len(known):
        return {"min": None, "mean": None, "max": None, "last": None}
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(known.mean())
    return {"min": float(known.min()), "mean": mean, "max": float(known.max()), "last": float(known[-1])}


def say(found: Found, stream: TextIO, *, form: str, drawn: bool) -> None:
    """On stderr: what was asked, what the server remarked, what is not shown."""
    names = found.matrix.names
    if found.named:
        stream.write(printable(f"{found.metric.name} is `{found.metric.expr}`") + "\n")
    for text in found.matrix.warnings:
        stream.write(printable(f"note: {text}") + "\n")
    for skip in found.matrix.skipped:
        stream.write(printable(f"skipped {skip.series}: {skip.reason}") + "\n")
    if not names and form in _DATA:
        stream.write(printable(_nothing(found)) + "\n")
    if not names and found.named:
        stream.write(f"  try: sco query '{found.metric.name}{{}}' for series that are called so\n")
    if found.near:
        stream.write(f"  try: sco query {found.near}\n")
    if drawn:
        stream.write(_left_out(len(names)))


def _left_out(series: int) -> str:
    """How many series are neither drawn nor listed, and how to ask for fewer."""
    if series <= MOST_SERIES:
        return ""
    listed = f", listed the {MOST_ROWS}" if series > MOST_ROWS else ""
    said = f"{series:,} series: drawn are the {MOST_SERIES}{listed} that changed most\n"
    hint = 'a narrower selector, {label="value"}, or topk(5, …), or sum by (instance) (…); -o csv gives all'
    return said + (f"  try: {hint}\n" if listed else "")


def _nothing(found: Found) -> str:
    first, last = rfc3339(found.window.start), rfc3339(found.window.end)
    when = f"at {first}" if first == last else f"between {first} and {last}"
    return f"no series: {found.metric.name or f'`{found.metric.expr}`'} matches nothing {when}"


def _csv(found: Found, stream: TextIO) -> None:
    writer = csv.writer(output.seen(stream), lineterminator="\n")
    writer.writerow(("timestamp", *found.matrix.names))
    if not found.matrix.names:
        return
    for time, row in zip(found.matrix.times.tolist(), found.matrix.values.T.tolist(), strict=True):
        writer.writerow((rfc3339(time), *map(_cell, row)))


def _cell(value: float) -> str:
    """As Prometheus writes it, without digits lost; empty where it is missing."""
    if math.isnan(value):
        return ""
    return repr(value).removesuffix(".0") if math.isfinite(value) else _infinite(value)


def _infinite(value: float) -> str:
    return "+Inf" if value > 0 else "-Inf"


def _json(found: Found, stream: TextIO) -> None:
    m, w = found.matrix, found.window
    rows = zip(m.names, m.labels, m.values, strict=True)
    body = {
        "query": found.metric.expr,
        "metric": found.metric.name or None,
        "unit": found.metric.unit,
        "window": window_document(w.start, w.end, w.step),
        "times": [rfc3339(time) for time in m.times.tolist()],
        "series": [
            {"series": name, "labels": dict(labels)}
            | {key: _number(v) for key, v in summary(values).items()}
            | {"values": [_number(v) for v in values.tolist()]}
            for name, labels, values in rows
        ],
        "skipped": [{"series": s.series, "reason": s.reason} for s in m.skipped],
        "warnings": list(m.warnings),
    }
    output.print_document(body, stream, indent=None)


def _number(value: float | None) -> float | str | None:
    """JSON knows no infinity, so that it is text; None where it is missing."""
    if value is None or math.isnan(value):
        return None
    return value if math.isfinite(value) else _infinite(value)


def _jsonl(found: Found, stream: TextIO) -> None:
    """A line a value, series by series."""
    m = found.matrix
    times = [rfc3339(time) for time in m.times.tolist()]
    ascii_only, stream = not output.is_unicode(stream), output.seen(stream)
    for name, labels, values in zip(m.names, m.labels, m.values.tolist(), strict=True):
        for time, value in zip(times, values, strict=True):
            if not math.isnan(value):
                row = {"time": time, "series": name, "labels": dict(labels), "value": _number(value)}
                stream.write(json.dumps(row, ensure_ascii=ascii_only) + "\n")


def _parquet(found: Found, stream: TextIO) -> None:
    from smartcloudops.metrics.parquet import write_parquet

    stream.flush()
    write_parquet(found.matrix, stream.buffer)


_DATA: dict[str, Callable[[Found, TextIO], Any]] = {"csv": _csv, "json": _json, "jsonl": _jsonl, "parquet": _parquet}
