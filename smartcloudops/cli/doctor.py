"""`sco doctor`: what is wrong with the set-up, and what mends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartcloudops.cli import completing
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render.output import choose, show
from smartcloudops.core.errors import Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.doctor import Check

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def doctor(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CHECK]...", help="Only these; all by default.", autocompletion=completing.checks),
    ] = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Also try to write to S3 (a probe, removed at once), and the credentials of the stack."
        ),
    ] = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Look at everything that sco depends on, and say what mends what is wrong.

    Checks: config, prometheus (does it answer), history (is [train] lookback kept), metrics (has each data), clock,
    model, s3, logs, infra (Terraform and the stack), state, locks, runs, schedule (timers, crontab), alerts (what
    waits), ask (who answers questions), disk, modes, extras. Works with a broken configuration and without a network;
    each check has ten seconds, those of AWS twenty or thirty. Status 1 where one has failed, 0 otherwise, warnings
    included.

    \b
    Examples:
      sco doctor
      sco doctor metrics clock
      sco doctor s3 --write
      sco doctor -o json | jq '.checks[] | select(.level == "fail")'
    """
    from smartcloudops.cli.render.doctor import document, summary, table
    from smartcloudops.core.times import now_ms
    from smartcloudops.doctor.run import examine
    from smartcloudops.doctor.scene import set_up

    checks = _chosen(names or [])
    try:
        cwd = Path.cwd()
    except OSError:
        cwd = Path("/")
    scene = set_up(file=ctx.obj.config_file, environ=os.environ, cwd=cwd, home=Path.home(), now=now_ms(), write=write)
    found = examine(scene, checks)
    form = choose(output, as_json, sys.stdout)
    show(document(found), table(found, form), form)
    if ctx.obj.verbosity >= 0:
        sys.stderr.write(f"{summary(found)}\n")
    return Status.FAILED if any(finding.level == "fail" for _, finding in found) else Status.DONE


def _chosen(names: Sequence[str]) -> list[Check]:
    """The checks of those names and those that they need, in the table's order; all without a name."""
    from smartcloudops.core.registry import nearest
    from smartcloudops.doctor import CHECKS

    known = [check.name for check in CHECKS]
    for name in names:
        if name not in known:
            raise UsageError(f"no check named '{name}'", hint=nearest(name, known))
    wanted = set(names or known)
    for check in reversed(CHECKS):
        if check.name in wanted and check.needs:
            wanted.add(check.needs)
    return [check for check in CHECKS if check.name in wanted]
