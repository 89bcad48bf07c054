"""`sco infra drift`: what others changed behind Terraform's back, and only that."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from smartcloudops.cli.infra.options import EnvOption, TargetOption, VarOption
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render.output import choose
from smartcloudops.core.errors import Status

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def drift(
    ctx: typer.Context,
    env: EnvOption = None,
    target: TargetOption = None,
    var: VarOption = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="PATTERN", help="Not this address, type or attribute; `*` is anything."),
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Status 3 where there is drift: for cron.")] = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Show what others changed or deleted since the last `sco infra up`, and the command that brings it back.

    Drift is what the next plan would undo. What the configuration itself changes is told apart as pending, and what
    AWS or the provider only writes differently is no drift. --ignore and [infra] drift_ignore leave out what may
    differ: an address, a type, or an attribute of either; what is left out is counted.

    \b
    Examples:
      sco infra drift
      sco infra drift --exit-code -o json                    for cron: 0 clean, 3 drift
      sco infra drift --ignore '*.tags.Owner' --ignore aws_instance.app.instance_type
      sco infra drift -e prod -o md
    """
    from smartcloudops.cli.infra.opening import opened, planned
    from smartcloudops.cli.render import infra_drift as render
    from smartcloudops.infra.drift import judged

    form = choose(output, as_json, sys.stdout)
    quiet = ctx.obj.verbosity < 0
    stack = opened(ctx.obj.load(), env, var or (), plans=True)
    ignored = (*stack.config.infra.drift_ignore, *(ignore or ()))
    with planned(stack, targets=target or (), quiet=quiet) as made:
        found = judged(made.plan, ignored)
    render.show_drift(found, stack.stack.env, form, sys.stdout)
    return Status.FOUND if exit_code and found.found else Status.DONE
