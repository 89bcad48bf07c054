"""`sco query`: an expression or a metric's name as a chart, a table or data."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from smartcloudops.cli import completing
from smartcloudops.cli.options import FromOption, JsonFlag, PlotOption, UntilOption
from smartcloudops.core.console import is_terminal
from smartcloudops.core.errors import ConfigError, Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.core.config import Config
    from smartcloudops.metrics import Source
    from smartcloudops.metrics.querying import Found
    from smartcloudops.metrics.series import Window

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_POSITION = re.compile(r"\b(\d+):(\d+): parse error")


class Form(StrEnum):
    """What `-o` takes: the usual forms, and Parquet."""

    TABLE = "table"
    PLAIN = "plain"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    MD = "md"
    PARQUET = "parquet"


@app.command()
def query(
    ctx: typer.Context,
    expr: Annotated[
        str,
        typer.Argument(
            metavar="EXPR", help="PromQL, or the name of a metric that sco watches.", autocompletion=completing.metrics
        ),
    ],
    from_: FromOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="From then on; the last hour, or the whole of a file, by default."
        ),
    ] = None,
    until: UntilOption = None,
    step: Annotated[
        str | None, typer.Option("--step", metavar="DURATION", help="Time between points; at most 300 by default.")
    ] = None,
    instant: Annotated[bool, typer.Option("--instant", help="Only the values at --until: now by default.")] = False,
    plot: PlotOption = None,
    output: Annotated[
        Form | None, typer.Option("-o", "--output", help="A chart and a table on a terminal, CSV on a pipe.")
    ] = None,
    as_json: JsonFlag = False,
) -> int:
    """Ask for series, and see them: a chart and their figures on a terminal, CSV on a pipe.

    CSV and Parquet have a column `timestamp` and one for each series, empty where a value is missing, so that
    `sco train --from` reads them. jsonl has a line for each value. plain and md have each series' figures.
    With --from, EXPR is a name or a selector such as cpu{instance=~"web.*"}; PromQL needs a server.

    \b
    Examples:
      sco query cpu                                    a metric of your configuration or its presets
      sco query 'rate(http_requests_total[5m])' --since 6h
      sco query 'sum by (job) (up)' --instant -o json
      sco query cpu --since 24h --plot cpu.png
      sco query memory --since 14d --step 5m > memory.csv
      sco query node_load1 --since 2026-11-20 --until 2026-11-21 -o parquet > load.parquet
    """
    from smartcloudops.cli.render import pictures
    from smartcloudops.cli.render import query as render
    from smartcloudops.core.times import now_ms, parse_duration
    from smartcloudops.metrics import choose

    if instant and since is not None:
        raise UsageError("--instant is one moment, --since a stretch of time", hint="--instant --until TIME")
    form = _choose(output, as_json, sys.stdout)
    if plot is not None:
        pictures.check(plot)
    config = ctx.obj.load()
    source = choose.open_source(config, from_)
    step_ms = None if step is None else parse_duration(step)
    if step_ms == 0:
        raise UsageError("--step 0s is no step", hint="--step 30s")
    window = choose.query_window(source, since=since, until=until, step=step_ms, instant=instant, now=now_ms())
    found = _ask(config, source, expr.strip(), window)
    render.show(found, form.value, sys.stdout)
    if plot is not None:
        render.picture(found, plot)
    if ctx.obj.verbosity >= 0:
        render.say(found, sys.stderr, form=form.value, drawn=render.is_drawn(form.value, sys.stdout))
    return Status.DONE


def _choose(output: Form | None, as_json: bool, stream: TextIO) -> Form:
    """The form asked for; else what suits the stream. Parquet is no text: UsageError where it would meet a terminal."""
    if as_json:
        return Form.JSON
    if output is Form.PARQUET and stream.isatty():
        raise UsageError("Parquet is not for terminals", hint="sco query … -o parquet > FILE.parquet")
    if output is not None:
        return output
    if is_terminal(stream):
        return Form.TABLE
    return Form.PLAIN if stream.isatty() else Form.CSV


def _ask(config: Config, source: Source, expr: str, window: Window) -> Found:
    """The answer; where a server says at which place it stumbled, that is pointed at."""
    from smartcloudops.metrics.querying import query as ask

    try:
        return ask(config, source, expr, window)
    except ConfigError as e:
        at = _POSITION.search(e.message)
        if at is not None and int(at[1]) <= len(expr.splitlines()):
            line, column = expr.splitlines()[int(at[1]) - 1], int(at[2])
            sys.stderr.write(f"  {line}\n  {' ' * (column - 1)}^\n" if line.isprintable() else "")
        raise
