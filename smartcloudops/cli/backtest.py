"""`sco backtest`: measure detection on CSV files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.core.errors import Status

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def backtest(
    ctx: typer.Context,
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="CSV files, at any depth.")],
    results: Annotated[Path, typer.Option("--results", metavar="DIR", help="Where results are written.")],
    train: Annotated[
        Path | None, typer.Option("--train", metavar="DIR", help="Learn the file of the same name there first.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a processor by default.")] = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Walk forward through CSV files, causally, and write a score and an alert state for every row.

    Files are `timestamp,value` or wide, `timestamp,a,b,…`; each gets a file of the same relative path with
    `timestamp,value,anomaly_score,is_anomaly,in_incident`. is_anomaly marks the rows at which a notification
    would go out; in_incident those inside an incident. Labels, your configuration and your state are not read.

    \b
    Examples:
      sco backtest --data nab --results results/nab
      sco backtest --data asd/test --train asd/train --results results/asd
    """
    from smartcloudops.anomaly.backtest import Outcome
    from smartcloudops.anomaly.backtest import backtest as run
    from smartcloudops.cli.render import output as out
    from smartcloudops.cli.render.backtest import document, table
    from smartcloudops.core.console import Progress
    from smartcloudops.core.text import printable

    with Progress("files walked", quiet=ctx.obj.verbosity < 0) as progress:

        def advance(outcome: Outcome) -> None:
            progress.advance(1, outcome.file)

        done = run(data, results, train=train, workers=workers, advance=advance)
    out.show({"files": [document(o) for o in done]}, table(done), out.choose(output, as_json, sys.stdout))
    failed = [o for o in done if o.error]
    for outcome in failed:
        sys.stderr.write(printable(f"skipped {outcome.file}: {outcome.error}") + "\n")
    if len(failed) == len(done):
        return Status.FAILED
    return Status.PARTIAL if failed else Status.DONE
