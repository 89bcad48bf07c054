"""`sco status`: where things stand, on one screen."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render.output import Output, choose, show
from smartcloudops.core.errors import Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.core.config import Config
    from smartcloudops.doctor.standing import Standing

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_EVERY_S = 5.0


@app.command()
def status(
    ctx: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again, until Ctrl-C.")] = False,
    seconds: Annotated[
        float | None,
        typer.Argument(metavar="[SECONDS]", min=0.5, max=3600, help="With --watch: time between looks; 5."),
    ] = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Show open incidents, the last runs of train and detect, the model in use, and what to run next.

    Reads the state and the model store only: no server is asked (`sco doctor` does that).

    \b
    Examples:
      sco status
      sco status --watch
      sco status --watch 30
      sco status -o json
    """
    config: Config = ctx.obj.load()
    form = choose(output, as_json, sys.stdout)
    if seconds is not None and not watch:
        raise UsageError(f"{seconds:g}: seconds go with --watch", hint=f"sco status --watch {seconds:g}")
    if not watch:
        _print(_look(config), form)
        return Status.DONE
    if form not in (Output.TABLE, Output.PLAIN, Output.JSONL):
        raise UsageError(f"--watch cannot write {form}", hint="sco status --watch -o jsonl")
    _watch(config, form, seconds or _EVERY_S)
    return Status.DONE


def _look(config: Config) -> Standing:
    from smartcloudops.core.times import now_ms
    from smartcloudops.doctor.standing import look

    return look(config, now=now_ms(), environ=os.environ, home=Path.home())


def _print(standing: Standing, form: Output) -> None:
    """As one table; as one document, also where a line is wanted."""
    from smartcloudops.cli.render.status import document, table

    shown = table(standing)
    if form is Output.JSONL:
        import dataclasses

        shown = dataclasses.replace(shown, records=[document(standing)])
    show(document(standing), shown, form)


def _watch(config: Config, form: Output, seconds: float) -> None:
    """Draw over the screen on a terminal; print one look after the other elsewhere. Ends with Ctrl-C."""
    import time

    if form is not Output.TABLE:
        while True:
            _print(_look(config), form)
            sys.stdout.flush()
            time.sleep(seconds)
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)
    with Live(_drawn(config, console, seconds), console=console, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(seconds)
            live.update(_drawn(config, console, seconds), refresh=True)


def _drawn(config: Config, console: Any, seconds: float) -> Any:
    """One look, as wide as the terminal is now; an error is shown until the next look goes well."""
    from rich.console import Group
    from rich.text import Text

    from smartcloudops.cli.render.clock import moment
    from smartcloudops.cli.render.output import drawn
    from smartcloudops.cli.render.status import table
    from smartcloudops.core.errors import ScoError
    from smartcloudops.core.times import now_ms

    head = Text(f"{moment(now_ms() // 1000 * 1000)}, every {seconds:g} s; Ctrl-C ends", style="dim")
    try:
        return Group(head, drawn(table(_look(config)), console.width))
    except ScoError as e:
        return Group(head, Text(e.message, style="red"))
