"""A chart in characters: braille dots where the terminal has them, plain ASCII elsewhere, one line where it is narrow.

Our own, after trying plotext: its ticks are not round numbers, its frame needs Unicode, it writes escape codes with
colours off, it keeps one figure for the process, and its sixth version has another interface than its fifth.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len, set_cell_size

from smartcloudops.cli.render.axes import time_labels, time_ticks
from smartcloudops.cli.render.chart import MOST_SERIES, Chart, Rows, runs
from smartcloudops.cli.render.output import is_unicode
from smartcloudops.cli.render.sparkline import sparkline
from smartcloudops.core.console import has_colour, width
from smartcloudops.core.quantities import alike, quantity
from smartcloudops.core.text import printable
from smartcloudops.metrics.series import Values

_LEAST_PLOT, _LEAST_ROWS = 24, 5
_LABEL_EVERY, _TICK_ROWS = 9, 2
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)
_LETTERS = "abcdefgh"
_PALETTE = (36, 33, 32, 35, 34, 96, 93, 92)
_BOLD, _DIM, _ALERT, _INCIDENT = "1", "2", "1;31", "33"


@dataclass(frozen=True, slots=True)
class Pen:
    """How wide, how high, and with what characters to draw."""

    columns: int
    rows: int = 14
    unicode: bool = True
    colour: bool = False

    def choose(self, unicode: str, ascii: str) -> str:
        """The character that this terminal can show."""
        return unicode if self.unicode else ascii

    def fit(self, text: str, columns: int) -> str:
        """`text` in at most so many columns, cut with an ellipsis."""
        text = printable(text)
        if not self.unicode:
            text = text.encode("ascii", "backslashreplace").decode()
        if cell_len(text) <= columns:
            return text
        dots = self.choose("…", "...")
        return set_cell_size(text, max(0, columns - len(dots))).rstrip() + dots[:columns]

    def paint(self, text: str, code: str) -> str:
        """`text` in a colour, where there are colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text.strip() else text


def pen_for(stream: TextIO) -> Pen:
    """As wide as the terminal (at most 160), about half as high."""
    try:
        lines = os.get_terminal_size(stream.fileno()).lines
    except (OSError, ValueError):
        lines = 24
    rows = min(max(lines // 2 + 2, _LEAST_ROWS + 1), 24)
    return Pen(min(width(stream), 160), rows, unicode=is_unicode(stream), colour=has_colour(stream))


def show(chart: Chart, stream: TextIO) -> None:
    """Draw on a terminal; the caller has made sure that it is one."""
    stream.write("\n".join(draw(chart, pen_for(stream))) + "\n")


def draw(chart: Chart, pen: Pen) -> list[str]:
    """The lines of the drawing, none wider than the pen allows; `pen.rows` is the height of plot and time axis."""
    title = pen.paint(pen.fit(chart.head, pen.columns), _BOLD)
    if not np.isfinite(chart.values).any():
        return [title, pen.fit(f"no values, {chart.period()}", pen.columns)]
    ticks = chart.ticks(max(3, (pen.rows - 3) // _TICK_ROWS + 1))
    labels = alike(ticks, chart.unit)
    margin = max(map(len, labels)) + 1
    if pen.columns - margin - 1 < _LEAST_PLOT or pen.rows < _LEAST_ROWS or len(chart.times) < 2:
        return [title, *_brief(chart, pen)]
    plot = _Plot(chart, pen, pen.columns - margin - 1, ticks)
    left = _left_axis(labels, margin, plot.rows, plot.per_tick, pen)
    body = [edge + line for edge, line in zip(left, plot.lines(), strict=True)]
    return [title, *body, *_time_axis(chart, pen, plot, margin), *_legend(chart, pen)]


class _Plot:
    """The area inside the axes: one character, colour and owner for each cell."""

    def __init__(self, chart: Chart, pen: Pen, columns: int, ticks: Sequence[float]) -> None:
        self.chart, self.pen, self.columns = chart, pen, columns
        self.per_tick = max(1, (pen.rows - 3) // (len(ticks) - 1))
        self.rows = self.per_tick * (len(ticks) - 1) + 1
        self.low, self.high = ticks[0], ticks[-1]
        self.first, last = chart.ends
        self.span = max(1, last - self.first)
        self.braille = pen.unicode and (pen.colour or len(chart.values) == 1)

    def column(self, times: Values, per_cell: int = 1) -> Rows:
        """Where times stand along the axis, in parts of cells."""
        share = (np.asarray(times) - self.first) / self.span
        return np.rint(share * (self.columns * per_cell - 1)).astype(np.intp)

    def height(self, values: Values, per_cell: int = 1) -> Values:
        """Where values stand, from the top, in parts of cells; ticks stand in the middle of theirs."""
        share = (self.high / 2 - values / 2) / (self.high / 2 - self.low / 2)
        return np.asarray(share * (self.rows - 1) * per_cell + (per_cell - 1) / 2)

    def lines(self) -> Iterator[str]:
        """The drawn rows, then the strip of incidents where there are any."""
        text, code = self._empty()
        self._band(text, code)
        for number in reversed(range(min(len(self.chart.values), MOST_SERIES))):
            self._line(number, text, code)
        self._marks(text, code)
        for characters, codes in zip(text, code, strict=True):
            yield _painted(characters, codes, self.pen)

    def strip(self) -> str:
        """The incidents along the time axis; empty where there is none."""
        spans = self.chart.spans()
        if not spans:
            return ""
        cells = [" "] * self.columns
        for start, end in spans:
            a, b = self.column(np.array([start, end], float)).tolist()
            cells[a : b + 1] = self.pen.choose("▀", "=") * (b + 1 - a)
        return "".join(cells)

    def _empty(self) -> tuple[list[list[str]], list[list[str]]]:
        shape = range(self.rows)
        return [[" "] * self.columns for _ in shape], [[""] * self.columns for _ in shape]

    def _band(self, text: list[list[str]], code: list[list[str]]) -> None:
        lower, upper = self.chart.lower, self.chart.upper
        if lower is None or upper is None:
            return
        rows = np.flatnonzero(np.isfinite(lower) & np.isfinite(upper))
        if not len(rows):
            return
        times = self.chart.times.astype(float)
        centres = self.first + (np.arange(self.columns) + 0.5) * self.span / self.columns
        near = rows[np.minimum(np.searchsorted(times[rows], centres), len(rows) - 1)]
        step = max(float(np.median(np.diff(times))), self.span / self.columns)
        top, bottom = (np.clip(np.rint(self.height(bound[near])), 0, self.rows - 1) for bound in (upper, lower))
        for column in np.flatnonzero(np.abs(times[near] - centres) <= step).tolist():
            for row in range(int(top[column]), int(bottom[column]) + 1):
                text[row][column], code[row][column] = self.pen.choose("░", "."), _DIM

    def _line(self, number: int, text: list[list[str]], code: list[list[str]]) -> None:
        high, wide = (4, 2) if self.braille else (1, 1)
        dots = self._dots(number, wide, high)
        mark = _LETTERS[number] if len(self.chart.values) > 1 else "*"
        for row, column in zip(*np.nonzero(dots), strict=True):
            bits = int(dots[row, column])
            text[row][column] = chr(0x2800 | bits) if self.braille else mark
            code[row][column] = str(_PALETTE[number])

    def _dots(self, number: int, wide: int, high: int) -> npt.NDArray[np.uint8]:
        """The dots of one series in each cell, (rows, columns)."""
        values = self.chart.values[number]
        x = self.column(self.chart.times.astype(float), wide)
        y = np.clip(self.height(values, high), 0, self.rows * high - 1)
        out = np.zeros((self.rows, self.columns), np.uint8)
        for run in runs(values, x):
            at, level = _traced(x[run], y[run])
            bits = _DOTS[level % high, at % wide]
            np.bitwise_or.at(out, (level // high, at // wide), bits)
        return out

    def _marks(self, text: list[list[str]], code: list[list[str]]) -> None:
        rows = self.chart.marks()
        columns = self.column(self.chart.times[rows].astype(float)).tolist()
        for row, column in zip(rows.tolist(), columns, strict=True):
            value = self.chart.values[0, row]
            at = int(np.clip(np.rint(self.height(value)), 0, self.rows - 1)) if np.isfinite(value) else self.rows - 1
            text[at][column], code[at][column] = self.pen.choose("●", "X"), _ALERT


def _traced(x: Rows, y: Values) -> tuple[Rows, Rows]:
    """Every dot that a line through the points touches."""
    if len(x) == 1:
        return x, np.rint(y).astype(np.intp)
    dx, dy = np.diff(x), np.diff(y)
    steps = np.ceil(np.maximum(np.abs(dx), np.abs(dy))).astype(np.intp) + 1
    start = np.repeat(np.arange(len(steps)), steps)
    share = (np.arange(len(start)) - np.repeat(np.cumsum(steps) - steps, steps)) / np.maximum(steps - 1, 1)[start]
    return np.rint(x[start] + share * dx[start]).astype(np.intp), np.rint(y[start] + share * dy[start]).astype(np.intp)


def _painted(characters: Sequence[str], codes: Sequence[str], pen: Pen) -> str:
    """A row of cells, each stretch of one colour wrapped once."""
    out, since = [], 0
    for at in range(1, len(codes) + 1):
        if at == len(codes) or codes[at] != codes[since]:
            out.append(pen.paint("".join(characters[since:at]), codes[since]))
            since = at
    return "".join(out).rstrip()


def _left_axis(labels: Sequence[str], margin: int, rows: int, per_tick: int, pen: Pen) -> list[str]:
    """The labels with the axis, top row first."""
    out = []
    for row in range(rows):
        below = rows - 1 - row
        label = labels[below // per_tick] if below % per_tick == 0 else ""
        out.append(label.rjust(margin - 1) + " " + (pen.choose("┤", "+") if label else pen.choose("│", "|")))
    return out


def _time_axis(chart: Chart, pen: Pen, plot: _Plot, margin: int) -> Iterator[str]:
    """The axis with its ticks, their labels, and the dates."""
    first, last = chart.ends
    ticks = time_ticks(first, last, max(1, plot.columns // _LABEL_EVERY))
    columns = plot.column(np.array(ticks, float)).tolist()
    rule, cross = pen.choose("─", "-"), pen.choose("┬", "+")
    axis = "".join(cross if at in set(columns) else rule for at in range(plot.columns))
    if strip := plot.strip():
        yield " " * margin + pen.choose("│", "|") + pen.paint(strip.rstrip(), _INCIDENT)
    yield " " * margin + pen.choose("└", "+") + axis
    yield _labelled(list(zip(columns, time_labels(ticks), strict=True)), margin + 1, pen.columns)
    yield pen.fit(f"{'':{margin}} {chart.period()}", pen.columns)


def _labelled(places: Sequence[tuple[int, str]], margin: int, columns: int) -> str:
    """Labels centred under their ticks, where they do not touch the one before."""
    line = ""
    for column, label in places:
        at = min(margin + column - len(label) // 2, columns - len(label))
        if at >= len(line) + (2 if line else 0):
            line = line.ljust(at) + label
    return line


def _legend(chart: Chart, pen: Pen) -> Iterator[str]:
    if len(chart.values) > 1:
        for number, name in enumerate(chart.names[:MOST_SERIES]):
            mark = pen.choose("──", "--") if pen.unicode and pen.colour else _LETTERS[number]
            yield f"{pen.paint(mark, str(_PALETTE[number]))} {pen.fit(name, pen.columns - len(mark) - 1)}"
        if len(chart.values) > MOST_SERIES:
            yield pen.fit(f"and {len(chart.values) - MOST_SERIES:,} more that are not drawn", pen.columns)
    kinds = [
        (chart.lower is not None, pen.choose("░", "."), _DIM, "expected"),
        (len(chart.marks()) > 0, pen.choose("●", "X"), _ALERT, "anomaly"),
        (bool(chart.spans()), pen.choose("▀", "="), _INCIDENT, "incident"),
    ]
    shown = [(mark, code, text) for there, mark, code, text in kinds if there]
    if shown and sum(len(text) + 4 for _, _, text in shown) <= pen.columns:
        yield "  ".join(f"{pen.paint(mark, code)} {text}" for mark, code, text in shown)


def _brief(chart: Chart, pen: Pen) -> Iterator[str]:
    """Each series in lines of words and a sparkline."""
    for name, row in list(zip(chart.names, chart.values, strict=True))[:MOST_SERIES]:
        known = row[np.isfinite(row)]
        if len(chart.values) > 1:
            yield pen.fit(name, pen.columns)
        if not len(known):
            yield pen.fit("no values", pen.columns)
            continue
        yield sparkline(row.tolist(), width=pen.columns, unicode=pen.unicode).rstrip()
        low, high, last = (quantity(float(v), chart.unit) for v in (known.min(), known.max(), known[-1]))
        yield from _wrapped(f"{low} to {high}, last {last}", pen)
    if len(chart.values) > MOST_SERIES:
        yield pen.fit(f"and {len(chart.values) - MOST_SERIES:,} more", pen.columns)
    counts = [(len(chart.marks()), "anomalous", "anomalous"), (len(chart.spans()), "incident", "incidents")]
    for number, one, many in counts:
        if number:
            yield pen.fit(f"{number} {one if number == 1 else many}", pen.columns)
    yield from _wrapped(chart.period(), pen)


def _wrapped(text: str, pen: Pen) -> list[str]:
    return [pen.fit(line, pen.columns) for line in textwrap.wrap(text, max(pen.columns, 1))]
