"""Counts over time as bars in a terminal: a row for each stretch of time, a colour for each series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from rich.cells import cell_len

from smartcloudops.cli.render.terminal import Pen
from smartcloudops.core.times import DAY, MINUTE, format_duration, rfc3339

_FILLS, _FILLS_ASCII = "█▓▒░", "#=+-"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_PALETTE = ("36", "33", "35", "34", "96", "95", "94")
_REST, _DIM = "90", "2"
# From the worst on: that is what is looked for, so it stands where bars begin.
_LEVELS = {
    **dict.fromkeys(("emergency", "emerg", "alert", "panic", "fatal", "critical", "crit"), (0, "1;31")),
    **dict.fromkeys(("error", "err", "severe"), (1, "31")),
    **dict.fromkeys(("warning", "warn"), (2, "33")),
    **dict.fromkeys(("notice",), (3, "36")),
    **dict.fromkeys(("info", "information", "informational"), (4, "32")),
    **dict.fromkeys(("debug", "fine"), (5, "34")),
    **dict.fromkeys(("trace", "verbose", "finest"), (6, "90")),
}
_NO_LEVEL = (9, "")


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts in `rows` (start in ms, a count for each of `names`), in order of time, each as long as `width` (ms).

    `names` in the order in which they are drawn; with `rest` the last one is what has no name of its own. A row that is
    missing has no record.
    """

    width: int
    names: tuple[str, ...]
    rows: Mapping[int, Sequence[int]]
    rest: bool = False


def in_order(totals: Mapping[str, int]) -> list[str]:
    """Names as they are drawn: levels from the worst on, anything else from the most frequent on.

    >>> in_order({"INFO": 9, "ERROR": 1}), in_order({"a": 1, "b": 2})
    (['ERROR', 'INFO'], ['b', 'a'])
    """
    return sorted(totals, key=lambda name: (_LEVELS.get(name.lower(), _NO_LEVEL)[0], -totals[name], name))


def most_series(pen: Pen) -> int:
    """How many series can be told apart, those without a name of their own among them."""
    return len(_PALETTE) if pen.colour else len(_FILLS)


def draw(histogram: Histogram, pen: Pen) -> list[str]:
    """The lines of the drawing, none wider than the pen allows. A series that is there has at least one cell."""
    counts = [sum(row) for row in histogram.rows.values()]
    labels = _labels(list(histogram.rows), histogram.width)
    margin, digits = max(map(len, labels), default=0), len(f"{max(counts, default=0):,}")
    room = max(1, pen.columns - margin - digits - 3)
    inks = _inks(histogram, pen)
    scale = room / max(1, *counts)
    out, last = _legend(histogram, inks, pen), None
    for (start, row), label, count in zip(histogram.rows.items(), labels, counts, strict=True):
        if last is not None and start - last > histogram.width:
            dots = pen.choose("⋮", ":")
            out.append(
                pen.paint(f"{dots:>{margin}} nothing for {format_duration(start - last - histogram.width)}", _DIM)
            )
        last = start
        bar, cells = _bar(row, inks, scale, room, pen)
        out.append(f"{label:>{margin}} {pen.choose('│', '|')}{bar}{'':{room - cells}} {count:>{digits},}")
    return out


def _labels(starts: Sequence[int], width: int) -> list[str]:
    """The time of each row; with the day where it is another than before."""
    out, before = list[str](), ""
    for start in starts:
        text = rfc3339(start)
        day, clock = text[:10], text[11:16] if width % MINUTE == 0 else text[11:19]
        out.append(day if width % DAY == 0 else f"{day} {clock}" if day != before else clock)
        before = day
    return out


def _inks(histogram: Histogram, pen: Pen) -> list[tuple[str, str]]:
    """The character and the colour of each series."""
    free, fills = cycle(_PALETTE), pen.choose(_FILLS, _FILLS_ASCII)
    codes = [_LEVELS.get(name.lower(), _NO_LEVEL)[1] or next(free) for name in histogram.names]
    if histogram.rest:
        codes[-1] = _REST
    return [(fills[0] if pen.colour else fills[i % len(fills)], code) for i, code in enumerate(codes)]


def _legend(histogram: Histogram, inks: Sequence[tuple[str, str]], pen: Pen) -> list[str]:
    """What the colours mean, and how many there are of each."""
    if len(histogram.names) < 2:
        return []
    lines, used = [""], 0
    for i, (name, (fill, code)) in enumerate(zip(histogram.names, inks, strict=True)):
        text = pen.fit(f"{name} {sum(row[i] for row in histogram.rows.values()):,}", max(1, pen.columns - 2))
        size = cell_len(text) + 2
        gap = "   " if used else ""
        if used and used + len(gap) + size > pen.columns:
            lines.append("")
            used, gap = 0, ""
        lines[-1] += f"{gap}{pen.paint(fill, code)} {text}"
        used += len(gap) + size
    return lines


def _bar(row: Sequence[int], inks: Sequence[tuple[str, str]], scale: float, room: int, pen: Pen) -> tuple[str, int]:
    """The bar of a row, and how many cells it has."""
    total = sum(row)
    if len(row) == 1 and pen.unicode:
        whole, part = divmod(max(1, round(total * scale * 8)) if total else 0, 8)
        text = "█" * whole + (_EIGHTHS[part] if part else "")
        return pen.paint(text, inks[0][1]), len(text)
    cells = _shared(row, max(1, round(total * scale)) if total else 0, room)
    parts = [pen.paint(fill * n, code) for n, (fill, code) in zip(cells, inks, strict=True)]
    return "".join(parts), sum(cells)


def _shared(row: Sequence[int], cells: int, room: int) -> list[int]:
    """Cells for each count by its share, by largest remainders, one at least for what is there and has room.

    >>> _shared([1, 0, 99], 10, 10)
    [1, 0, 9]
    """
    total = sum(row)
    found = [1 if n else 0 for n in row]
    while sum(found) > room:
        found[found.index(1)] = 0
    for _ in range(cells - sum(found)):
        lacking = max(range(len(row)), key=lambda i: row[i] * cells / total - found[i] if row[i] else -1e9)
        found[lacking] += 1
    return found
