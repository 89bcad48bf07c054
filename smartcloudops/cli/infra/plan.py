"""`sco infra plan`: what would change, what is wrong with it, and what it costs; nothing is changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from smartcloudops.cli.infra.options import EnvOption, TargetOption, VarOption
from smartcloudops.cli.infra.scanning import ScannerOption, scanned
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render.output import choose
from smartcloudops.core.errors import Status

if TYPE_CHECKING:
    from smartcloudops.cli.infra.opening import Opened
    from smartcloudops.cli.render.infra_view import View
    from smartcloudops.infra.planning import Planned

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def plan(
    ctx: typer.Context,
    env: EnvOption = None,
    target: TargetOption = None,
    var: VarOption = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="What `sco infra down` would do.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Status 3 where something would change.")] = False,
    scanner: ScannerOption = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Show what would change: destroys and replacements first, what holds data marked; then policy and price.

    Nothing is changed and no plan file is left behind. Sensitive values are masked in every form. -o md is made for
    the comment of a pull request.

    \b
    Examples:
      sco infra plan
      sco infra plan -e prod --exit-code          status 3 where something would change
      sco infra plan --var instance_type=t3.small
      sco infra plan --target aws_instance.app
      sco infra plan --destroy                    what `sco infra down` would do
      sco infra plan -o md > comment.md
    """
    from smartcloudops.cli.infra.opening import opened, planned

    form = choose(output, as_json, sys.stdout)
    quiet = ctx.obj.verbosity < 0
    stack = opened(ctx.obj.load(), env, var or (), plans=not destroy)
    with planned(stack, targets=target or (), destroy=destroy, quiet=quiet) as made:
        view, is_empty = view_of(stack, made, scanner), made.is_empty
    from smartcloudops.cli.render import infra_view as render

    render.show_plan(view, form, sys.stdout)
    return Status.FOUND if exit_code and not is_empty else Status.DONE


def view_of(of: Opened, made: Planned, scanner: str | None = None) -> View:
    """The plan with what the rules and the prices say of it."""
    from datetime import UTC, datetime

    from smartcloudops.cli.render.infra_view import View
    from smartcloudops.infra.cost.saying import estimated
    from smartcloudops.infra.drift import judged
    from smartcloudops.infra.policy import breaches

    today, waivers = datetime.now(UTC).date(), tuple(of.config.waive.values())
    return View(
        of.stack.name,
        of.stack.env,
        made.plan,
        judged(made.plan),
        tuple(made.warnings),
        tuple(breaches(made.plan, waivers, today=today, found=scanned(of, made, scanner))),
        estimated(made.plan, today=today, region=of.stack.region) if made.plan.resources else None,
    )
