"""`sco backtest`: measure detection on CSV files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartcloudops.cli.options import JsonFlag, OutputOption, PlotOption
from smartcloudops.core.errors import Status
from smartcloudops.core.text import printable

if TYPE_CHECKING:
    from smartcloudops.anomaly.backtest import Outcome
    from smartcloudops.cli.render.report import Measured

_MOST_DRAWN = 20
app = typer.Typer(rich_markup_mode=None, add_completion=False)
TrainOption = Annotated[
    Path | None, typer.Option("--train", metavar="DIR", help="Learn the file of the same name there first.")
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Also draw everything on one HTML page.")
]
LabelsOption = Annotated[
    Path | None,
    typer.Option("--labels", metavar="FILE", help="Labelled windows (JSON) to measure by, opened after the scoring."),
]


@app.command()
def backtest(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="CSV files, at any depth.")],
    results: Annotated[Path, typer.Option("--results", metavar="DIR", help="Where results are written.")],
    train: TrainOption = None,
    report: ReportOption = None,
    labels: LabelsOption = None,
    plot: PlotOption = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a processor by default.")] = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Walk forward through CSV files, causally, and write a score and an alert state for every row.

    Files are `timestamp,value` or wide, `timestamp,a,b,…`; each gets a file of the same relative path with
    `timestamp,value,anomaly_score,is_anomaly,in_incident`. is_anomaly marks the rows at which a notification
    would go out; in_incident those inside an incident. Your configuration and your state are not read, labels
    only where you name them: {"cpu.csv": [["2026-11-20 10:00", "2026-11-20 12:00"]]}.

    \b
    Examples:
      sco backtest --data nab --results results/nab
      sco backtest --data asd/test --train asd/train --results results/asd
      sco backtest --data nab --results results/nab --report nab.html --labels nab/windows.json
    """
    from smartcloudops.anomaly import labels as labelled
    from smartcloudops.anomaly.backtest import backtest as run
    from smartcloudops.cli.render import output as out
    from smartcloudops.cli.render import pictures
    from smartcloudops.cli.render.backtest import document, say, table
    from smartcloudops.core.console import Progress

    if labels is not None:
        labelled.require(labels)
    if plot is not None:
        pictures.check(plot)
    with Progress("files walked", quiet=ctx.obj.verbosity < 0) as progress:

        def advance(outcome: Outcome) -> None:
            progress.advance(1, outcome.file)

        done = run(data, results, train=train, workers=workers, advance=advance)
    measured = _measure(done, data, results, labels, report) if labels or report else None
    out.show(document(done, measured), table(done), out.choose(output, as_json, sys.stdout))
    if measured is not None and ctx.obj.verbosity >= 0:
        say(measured, report, sys.stderr)
    if plot is not None:
        _draw(done, data, results, plot)
    return _status(done)


def _measure(
    done: list[Outcome], data: Path, results: Path, labels: Path | None, report: Path | None
) -> list[Measured]:
    """Read back what was written, measure it by the labels and draw it."""
    from smartcloudops.anomaly.courses import read_back
    from smartcloudops.anomaly.labels import find, read, unused
    from smartcloudops.cli.render.report import measure, page
    from smartcloudops.core.files import write_atomic

    spans = read(labels) if labels is not None else {}
    if strange := unused(spans, [o.file for o in done]):
        sys.stderr.write(printable(f"labels of files that were not walked: {', '.join(strange[:5])}") + "\n")
    courses = (None if o.error else read_back(data, results, o.file, find(spans, o.file)) for o in done)
    found = [measure(o, course, draw=report is not None) for o, course in zip(done, courses, strict=True)]
    if report is not None:
        write_atomic(report, page(found, title=str(data), labelled=labels is not None).encode())
    return found


def _draw(done: list[Outcome], data: Path, results: Path, plot: Path) -> None:
    """The courses of the first files that could be walked."""
    from smartcloudops.anomaly.courses import read_back
    from smartcloudops.cli.render.panels import course_chart
    from smartcloudops.cli.render.pictures import write

    walked = [outcome for outcome in done if not outcome.error]
    charts = [course_chart(read_back(data, results, one.file, None)) for one in walked[:_MOST_DRAWN]]
    left_out = len(walked) > _MOST_DRAWN
    note = f"the first {_MOST_DRAWN} of {len(walked)} files; --report draws all" if left_out else ""
    write(plot, charts, f"Backtest of {data}", note)


def _status(done: list[Outcome]) -> Status:
    """Says which files failed."""
    failed = [o for o in done if o.error]
    for outcome in failed:
        sys.stderr.write(printable(f"skipped {outcome.file}: {outcome.error}") + "\n")
    if len(failed) == len(done):
        return Status.FAILED
    return Status.PARTIAL if failed else Status.DONE
