"""`sco infra status`: what is there, who holds the state, the way back, and whether it answers."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from smartcloudops.cli.infra.options import EnvOption
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render.output import choose
from smartcloudops.core.errors import Status

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def status(
    ctx: typer.Context,
    env: EnvOption = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Ask Prometheus, Grafana and the application.")
    ] = True,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Show what the stack holds, its outputs, who holds its state, the newest backups, and whether it answers.

    Reads the state, which for a local one needs neither credentials nor AWS; `sco infra drift` compares it with AWS.
    Prometheus, Grafana and the application are asked at once, for three seconds. Status 4 where something could not be
    looked at, or does not answer.

    \b
    Examples:
      sco infra status
      sco infra status --no-check -o json
      sco infra status -e prod
    """
    from smartcloudops.cli.infra.opening import opened, said
    from smartcloudops.cli.render import infra_status as render
    from smartcloudops.cli.render.output import show
    from smartcloudops.infra.standing import look

    form = choose(output, as_json, sys.stdout)
    of = opened(ctx.obj.load(), env)
    found = look(of.runner, of.stack, check=check, say=said(ctx.obj.verbosity < 0))
    show(render.document(found), render.table(found), form)
    for problem in found.problems:
        sys.stderr.write(render.problem(problem))
    missing = any(each.answers is False for each in found.reached)
    return Status.PARTIAL if found.problems or missing else Status.DONE
