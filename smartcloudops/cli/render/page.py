"""One HTML page that needs nothing else: no script, no outside resource, light and dark, desktop and phone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files

import numpy as np

from smartcloudops.cli.render.axes import time_labels, time_ticks
from smartcloudops.cli.render.chart import Chart
from smartcloudops.cli.render.vector import Box, rule
from smartcloudops.core.quantities import alike
from smartcloudops.core.text import printable

# The drawing stretches to any width, so it holds no text; what has to be read stands beside it.
_WIDTH, _HEIGHT = 1000, 180


def page(title: str, body: Sequence[str]) -> str:
    """A whole page; `body` is HTML, `title` is text."""
    style = files("smartcloudops").joinpath("data", "report.css").read_text("utf-8")
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>",
    )
    return "\n".join(part for part in (*head, *body, "</body>\n</html>\n") if part)


def document(charts: Sequence[Chart], title: str, note: str = "") -> bytes:
    """All charts below each other on one page, UTF-8."""
    said = f'<p class="soft">{text(note)}</p>' if note else ""
    return page(title, [f"<h1>{text(title)}</h1>", said, *map(figure, charts)]).encode()


def text(given: str) -> str:
    """Any text as HTML, on one line."""
    return escape(printable(given))


def figure(chart: Chart) -> str:
    """One chart with its words."""
    caption = f"<h3>{text(chart.head)}</h3><figcaption>{text(chart.period())}</figcaption>"
    ticks = chart.ticks(6)
    if not ticks:
        return f"<figure>{caption}<p>no values</p></figure>"
    box = Box(chart, 0, 0, _WIDTH, _HEIGHT, ticks[0], ticks[-1])
    drawing = (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{text(chart.head)}">'
        f"{rule(box, ticks)}{''.join(box.shapes())}</svg>"
    )
    words = _values(box, ticks) + _times(box)
    return f'<figure>{caption}<div class="chart">{drawing}{words}</div>{_legend(chart)}</figure>'


def _values(box: Box, ticks: list[float]) -> str:
    places = (box.y(np.array(ticks)) / _HEIGHT * 100).tolist()
    labels = zip(alike(ticks, box.chart.unit), places, strict=True)
    return "".join(f'<span class="y" style="top:{place:.2f}%">{text(label)}</span>' for label, place in labels)


def _times(box: Box) -> str:
    """Every other label can go where a page is narrow, not the dates; none leaves the page on the right."""
    ticks = time_ticks(*box.chart.ends, 9)
    places = (box.x(np.array(ticks, float)) / _WIDTH * 100).tolist()
    labels = time_labels(ticks)
    kept = next((number for number, label in enumerate(labels) if "-" in label), 0) % 2
    out = []
    for number, (label, place) in enumerate(zip(labels, places, strict=True)):
        kind = "x" + (" odd" if number % 2 != kept else "") + (" last" if place > 97 else "")
        out.append(f'<span class="{kind}" style="left:{place:.2f}%">{label}</span>')
    return "".join(out)


def _legend(chart: Chart) -> str:
    kinds = ((f"l-series {kind}" if kind[1:].isdigit() else f"l-{kind}", words) for kind, words in chart.legend())
    shown = "".join(f'<span class="{kind}">{text(words)}</span>' for kind, words in kinds)
    return f'<p class="legend">{shown}</p>' if shown else ""
