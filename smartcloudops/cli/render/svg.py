"""Charts as one SVG file that stands alone: words included, light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from smartcloudops.cli.render.axes import time_labels, time_ticks
from smartcloudops.cli.render.chart import Chart
from smartcloudops.cli.render.vector import DARK, LIGHT, Box, rule
from smartcloudops.core.quantities import alike
from smartcloudops.core.text import printable

WIDTH, _PLOT, _HEAD, _FOOT, _LINE = 960, 220, 34, 46, 18
_LETTER = 7.0


def document(charts: Sequence[Chart], title: str, note: str = "") -> bytes:
    """All charts below each other, UTF-8."""
    parts, top = [], 48.0 if note else 40.0
    for chart in charts:
        parts.append(f'<g transform="translate(0 {top:g})">{"".join(_panel(chart))}</g>')
        top += _height(chart) + 14
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:g}" width="{WIDTH}" height="{top:g}" '
        f'role="img" aria-label="{_text(title)}">'
        f'<style>{_style()}</style><rect class="page" width="{WIDTH}" height="{top:g}"/>'
        f'<text class="title" x="16" y="24">{_fit(title, 100)}</text>'
    )
    said = f'<text class="soft" x="16" y="42">{_fit(note, 130)}</text>' if note else ""
    return (head + said + "".join(parts) + "</svg>\n").encode()


def _height(chart: Chart) -> float:
    if not chart.ticks(6):
        return _HEAD + 2 * _LINE
    return _HEAD + _PLOT + _FOOT + _LINE * len(chart.legend())


def _panel(chart: Chart) -> Iterator[str]:
    """One chart from its title to its legend; its own origin is its left upper corner."""
    yield f'<text class="name" x="16" y="20">{_fit(chart.head, 80)}</text>'
    ticks = chart.ticks(6)
    if not ticks:
        yield f'<text class="soft" x="16" y="{_HEAD + 20}">no values, {chart.period()}</text>'
        return
    labels = alike(ticks, chart.unit)
    left = 24 + _LETTER * max(map(len, labels))
    box = Box(chart, left, _HEAD, WIDTH - left - 20, _PLOT, ticks[0], ticks[-1])
    yield rule(box, ticks)
    yield from box.shapes()
    for label, y in zip(labels, box.y(np.array(ticks)).tolist(), strict=True):
        yield f'<text class="soft end" x="{left - 8:.1f}" y="{y + 4:.1f}">{escape(label)}</text>'
    yield from _times(chart, box)
    for row, (kind, words) in enumerate(chart.legend()):
        y = _HEAD + _PLOT + _FOOT + _LINE * row
        yield f'<path class="key {kind}" d="M{left:g} {y - 4}h18"/>'
        yield f'<text x="{left + 26:g}" y="{y}">{_fit(words, 110)}</text>'


def _times(chart: Chart, box: Box) -> Iterator[str]:
    first, last = chart.ends
    ticks = time_ticks(first, last, 9)
    base = _HEAD + _PLOT
    xs = box.x(np.array(ticks, float)).tolist()
    yield f'<path class="axis" d="{"".join(f"M{x:.1f} {base}v5" for x in xs)}M{box.left:g} {base}h{box.width:g}"/>'
    for x, label in zip(xs, time_labels(ticks), strict=True):
        half = len(label) * _LETTER / 2
        yield f'<text class="soft mid" x="{min(x, WIDTH - half - 4):.1f}" y="{base + 18}">{label}</text>'
    yield f'<text class="soft end" x="{WIDTH - 20}" y="20">{chart.period()}</text>'


def _text(text: str) -> str:
    return escape(printable(text))


def _fit(text: str, most: int) -> str:
    shown = printable(text)
    return escape(shown if len(shown) <= most else shown[: most - 1] + "…")


def _style() -> str:
    """Colours for a light and a dark page; fonts by kind, never by file."""
    dark = "".join(f".s{n}{{stroke:#{c}}}" for n, c in enumerate(DARK))
    return (
        "text{font:12px system-ui,sans-serif;fill:#1c2430}.title{font-size:17px;font-weight:600}"
        ".name{font-weight:600}.soft{fill:#5b6676}.end{text-anchor:end}.mid{text-anchor:middle}"
        ".page{fill:#fff}path{fill:none}.grid{stroke:#dfe3e9}.axis{stroke:#5b6676}"
        ".dot{stroke-width:4;stroke-linecap:round}.line{stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}"
        + "".join(f".s{n}{{stroke:#{c}}}" for n, c in enumerate(LIGHT))
        + ".band{fill:#2457a6;fill-opacity:.15}.mark{stroke:#c8281e;stroke-width:6;stroke-linecap:round}"
        ".incident{fill:#de7814;fill-opacity:.22}.key{stroke-width:2}.key.band{stroke:#2457a6;stroke-opacity:.25;stroke-width:10}"
        ".key.mark{stroke-width:6}.key.incident{stroke:#de7814;stroke-opacity:.4;stroke-width:10}"
        "@media(prefers-color-scheme:dark){.page{fill:#12161c}text{fill:#e6eaf0}.soft{fill:#9aa6b5}"
        f".grid{{stroke:#313a46}}.axis{{stroke:#9aa6b5}}.band{{fill:#7fb0ff}}{dark}}}"
    )
