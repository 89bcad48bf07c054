"""A backtest as one HTML page that needs nothing else: figures, then every file's course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from smartcloudops.anomaly.backtest import Outcome
from smartcloudops.anomaly.courses import Course
from smartcloudops.anomaly.evaluate import Quality, Track, evaluate
from smartcloudops.cli.render import page as shell
from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.plot import TOP_SCORE, drawing, extent
from smartcloudops.cli.render.training import count
from smartcloudops.core.quantities import quantity
from smartcloudops.core.times import format_duration

_NONE = "–"
_COUNTS = ("rows", "alerts", "incidents")
FIGURES = ("windows", "precision", "recall", "F1", "AUC-PR", "delay", "false / series-week")
_EXPLAINED = (
    "A labelled window is met by one alert inside it. Alerts outside every window that are an hour or less apart are "
    "one run; a run is one false alarm per started 4 hours. Precision is the share of met windows among met windows "
    "and false alarms, recall the share of windows met. AUC-PR ranks rows by score, rows of a window counting as "
    "positive. Delay is the median time from a window's start to its first alert. Rows before the first score are "
    "not judged. Labels were opened after everything had been scored."
)
_BARE = (
    "No labels were given, so this page shows counts only; with --labels FILE it also shows precision, recall, "
    "F1, AUC-PR, delay and false alarms per series-week."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One file: its outcome, its figures where it is labelled, its drawing where one is wanted."""

    outcome: Outcome
    track: Track | None
    quality: Quality | None
    figure: str


def measure(outcome: Outcome, course: Course | None, *, draw: bool) -> Measured:
    """Measure and draw one file; `course` is None where it could not be walked."""
    if course is None:
        return Measured(outcome, None, None, "")
    track = course.track()
    figure = _figure(outcome, course) if draw else ""
    return Measured(outcome, track, evaluate([track]) if track else None, figure)


def total(items: Sequence[Measured]) -> Quality | None:
    """The figures over all labelled files; None without one."""
    tracks = [i.track for i in items if i.track is not None]
    return evaluate(tracks) if tracks else None


def page(items: Sequence[Measured], *, title: str, labelled: bool) -> str:
    """The whole page; nothing in it comes from elsewhere."""
    overall = total(items)
    name = escape(title)
    parts = [
        "<h1>Backtest</h1>",
        f'<p class="soft">Every CSV file of <code>{name}</code>, each row scored from the rows before it.</p>',
        _tiles(items, overall),
        f"<details><summary>What the figures mean</summary><p>{_EXPLAINED}</p></details>" if labelled else "",
        "" if labelled else f"<p>{_BARE}</p>",
        "<h2>Files</h2>",
        _table(items, overall, labelled=labelled),
        "<h2>Courses</h2>",
        _legend(labelled=labelled),
        *(i.figure for i in items),
    ]
    return shell.page(f"Backtest of {title}", parts)


def _tiles(items: Sequence[Measured], overall: Quality | None) -> str:
    done = [i.outcome for i in items if not i.outcome.error]
    tiles = [
        ("files", f"{len(done):,}"),
        ("rows", f"{sum(o.rows for o in done):,}"),
        ("alerts", f"{sum(o.alerts for o in done):,}"),
        ("incidents", f"{sum(o.incidents for o in done):,}"),
    ]
    if overall is not None:
        tiles += list(zip(FIGURES, figures(overall), strict=True))
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in tiles)
    return f'<dl class="tiles">{cells}</dl>'


def figures(quality: Quality) -> tuple[str, ...]:
    """The labelled figures as text, in the order of the columns; a dash where there is nothing to measure."""
    alone = quality.windows == 0
    spoke = quality.counts.met + quality.counts.false > 0
    late = quality.delay_ms
    return (
        str(quality.windows),
        f"{quality.precision:.2f}" if spoke else _NONE,
        _NONE if alone else f"{quality.recall:.2f}",
        _NONE if alone else f"{quality.f1:.2f}",
        f"{quality.auc_pr:.3f}" if quality.auc_pr == quality.auc_pr else _NONE,
        format_duration(round(late)) if late == late else _NONE,
        f"{quality.false_per_week:.2f}",
    )


def _table(items: Sequence[Measured], overall: Quality | None, *, labelled: bool) -> str:
    columns = ("file", *_COUNTS, *(FIGURES if labelled else ()))
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in columns)
    rows = [_row(i, labelled=labelled) for i in items]
    if overall is not None:
        done = [i.outcome for i in items if not i.outcome.error]
        sums = [f"{sum(getattr(o, name) for o in done):,}" for name in _COUNTS]
        rows.append(f'<tr class="total"><td>all files</td>{_cells((*sums, *figures(overall)))}</tr>')
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _row(one: Measured, *, labelled: bool) -> str:
    outcome = one.outcome
    width = len(_COUNTS) + (len(FIGURES) if labelled else 0)
    if outcome.error:
        message = f'<td class="error" colspan="{width}">not walked: {escape(outcome.error)}</td>'
        return f"<tr><td>{_name(outcome.file)}</td>{message}</tr>"
    cells = [f"{getattr(outcome, name):,}" for name in _COUNTS]
    if labelled:
        cells += figures(one.quality) if one.quality else ("not labelled", *[_NONE] * (len(FIGURES) - 1))
    return f'<tr><td><a href="#{_anchor(outcome)}">{_name(outcome.file)}</a></td>{_cells(cells)}</tr>'


def _cells(values: Sequence[str]) -> str:
    """Each with its column's name, which a narrow page shows instead of the head."""
    named = zip((*_COUNTS, *FIGURES), values, strict=False)
    return "".join(f'<td data-name="{escape(name)}">{escape(value)}</td>' for name, value in named)


def _name(file: str) -> str:
    """A file's name that breaks where eyes would."""
    return escape(file).replace("/", "/<wbr>").replace("_", "_<wbr>")


def _anchor(outcome: Outcome) -> str:
    """An id that any file name gives and that needs no escaping."""
    return "f-" + outcome.file.encode().hex()


def _legend(*, labelled: bool) -> str:
    kinds = [
        ("line", "series"),
        ("score", "score"),
        ("limit", "threshold"),
        ("alert", "alert"),
        ("incident", "incident"),
    ]
    kinds += [("window", "labelled window")] if labelled else []
    return '<p class="legend">' + "".join(f'<span class="l-{kind}">{text}</span>' for kind, text in kinds) + "</p>"


def _figure(outcome: Outcome, course: Course) -> str:
    lines = len(course.names)
    many = f"{lines} series, each on a scale of its own" if lines > 1 else escape(course.names[0])
    numbers = [(outcome.rows, "row"), (outcome.alerts, "alert"), (outcome.incidents, "incident")]
    said = f"{many}; " + ", ".join(count(number, thing, f"{thing}s") for number, thing in numbers)
    if course.windows is not None:
        said += f", {count(len(course.windows), 'labelled window', 'labelled windows')}"
    low, high = extent(course.values[0])
    scales = (
        ""
        if lines > 1
        else f'<span class="scale top">{quantity(high)}</span>' + (f'<span class="scale low">{quantity(low)}</span>')
    )
    first, last = (moment(int(course.times[i])) for i in (0, -1)) if len(course.times) else (_NONE, _NONE)
    return (
        f'<figure id="{_anchor(outcome)}"><h3>{_name(outcome.file)}</h3><figcaption>{said}</figcaption>'
        f'<div class="plot">'
        f"{drawing(course, f'Course of {escape(outcome.file)}')}{scales}"
        f'<span class="scale up">{TOP_SCORE:g}</span><span class="scale one">1</span></div>'
        f'<div class="axis"><span>{first}</span><span>{last}</span></div></figure>'
    )
