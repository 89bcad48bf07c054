"""Charts as a PNG, drawn by matplotlib (the extra `plot`; it brings its own font)."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from smartcloudops.cli.render.axes import time_labels, time_ticks
from smartcloudops.cli.render.chart import MOST_SERIES, Chart
from smartcloudops.cli.render.vector import LIGHT
from smartcloudops.core.errors import UsageError
from smartcloudops.core.quantities import alike
from smartcloudops.core.text import printable

_WIDTH_IN, _PANEL_IN, _HEAD_IN, _DPI = 10.0, 3.2, 0.6, 120


def document(charts: Sequence[Chart], title: str, note: str = "") -> bytes:
    """All charts below each other; UsageError where matplotlib is not installed."""
    figure_class = _figure_class()
    height = _PANEL_IN * len(charts) + _HEAD_IN
    figure = figure_class(figsize=(_WIDTH_IN, height), dpi=_DPI, layout="constrained")
    figure.suptitle(
        _plain(f"{title}\n{note}" if note else title, 240), fontsize=11, x=0.01, ha="left", parse_math=False
    )
    for at, chart in enumerate(charts):
        _panel(figure.add_subplot(len(charts), 1, at + 1), chart)
    out = io.BytesIO()
    with warnings.catch_warnings():
        # A letter that the font does not have is drawn as a box; the picture is still worth having.
        warnings.simplefilter("ignore")
        figure.savefig(out, format="png", metadata={"Software": "sco"})
    return out.getvalue()


def _figure_class() -> Any:
    # Where no cache can be written matplotlib says so at length and works all the same.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        from matplotlib.figure import Figure
    except ImportError as e:
        raise missing() from e
    return Figure


def missing() -> UsageError:
    """What to do without matplotlib."""
    hint = "pip install 'smartcloudops[plot]', or name a .svg or .html file"
    return UsageError("a .png needs matplotlib, which is not installed", hint=hint)


def _panel(axes: Any, chart: Chart) -> None:
    rest = len(chart.values) - MOST_SERIES
    head = f"{chart.head}, {rest} more series are not drawn" if rest > 0 else chart.head
    axes.set_title(_plain(head, 110), fontsize=9, loc="left", parse_math=False)
    ticks = chart.ticks(6)
    if not ticks:
        axes.text(0.5, 0.5, f"no values, {chart.period()}", ha="center", transform=axes.transAxes)
        axes.set_axis_off()
        return
    first, last = chart.ends
    handles = list(_shapes(axes, chart))
    axes.set_yticks(ticks, alike(ticks, chart.unit), fontsize=8)
    axes.set_ylim(ticks[0], ticks[-1])
    at = time_ticks(first, last, 9)
    axes.set_xticks(at, time_labels(at), fontsize=8)
    axes.set_xlim(first, last if last > first else first + 1)
    axes.set_xlabel(chart.period(), fontsize=8, loc="left")
    axes.grid(axis="y", color="#dfe3e9")
    axes.spines[["top", "right"]].set_visible(False)
    if handles:
        axes.legend(*zip(*handles, strict=True), fontsize=7, loc="upper left", framealpha=0.8)
        for text in axes.get_legend().get_texts():
            text.set_parse_math(False)


def _shapes(axes: Any, chart: Chart) -> Any:
    """Draw, and give (handle, words) of what has to be explained."""
    times = chart.times.astype(float)
    values = np.where(np.isfinite(chart.values), chart.values, np.nan)
    for start, end in chart.spans():
        span = axes.axvspan(start, end, color="#de7814", alpha=0.22, linewidth=0)
    if chart.spans():
        yield span, "incident"
    if chart.lower is not None and chart.upper is not None:
        yield axes.fill_between(times, chart.lower, chart.upper, color="#2457a6", alpha=0.15, linewidth=0), "expected"
    for number, row in enumerate(values[:MOST_SERIES]):
        # A value between two gaps has no neighbour to be joined to: it is a dot.
        alone = np.isfinite(row) & np.isnan(np.r_[np.nan, row[:-1]]) & np.isnan(np.r_[row[1:], np.nan])
        colour = f"#{LIGHT[number]}"
        (line,) = axes.plot(times, row, color=colour, linewidth=1.2)
        axes.plot(times[alone], row[alone], ".", color=colour, markersize=3)
        if len(values) > 1:
            yield line, _plain(f" {chart.names[number]}", 80)
    rows = chart.marks()
    if len(rows):
        (marks,) = axes.plot(times[rows], values[0, rows], "o", color="#c8281e", markersize=4)
        yield marks, "anomaly"


def _plain(text: str, most: int) -> str:
    """Text that the font can show, cut."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    return shown if len(shown) <= most else shown[: most - 1] + "…"
