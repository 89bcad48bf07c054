"""`sco infra restore`: put a backup of the state back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from smartcloudops.cli.infra.options import EnvOption, YesFlag
from smartcloudops.core.errors import Status, UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def restore(
    ctx: typer.Context,
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help="A file that `sco infra status` names.")],
    env: EnvOption = None,
    yes: YesFlag = False,
) -> int:
    """Put a backup of the state back, as its newest version. Nothing in AWS changes: only what Terraform knows of it.

    For a state that is lost, corrupt, or wrong. What is there now is kept first; a state that cannot be read is set
    aside. Each writing of a state has the next serial, and Terraform refuses an older one, so the backup gets the next;
    a backup of another stack (another lineage) is refused. Then look with sco infra plan: what was made since the
    backup is in AWS, but not in the state.

    \b
    Examples:
      sco infra status                                      names the backups
      sco infra restore infra/.sco/backups/default/20261120T101500Z-serial-12.tfstate
      sco infra restore infra/errored.tfstate               what Terraform could not save at the end
    """
    from smartcloudops.cli.infra.opening import opened, said
    from smartcloudops.infra import backups
    from smartcloudops.infra.backend import ensure

    of = opened(ctx.obj.load(), env)
    if not yes and not sys.stdin.isatty():
        raise UsageError("nobody to ask: standard input is no terminal", hint="look at the file, then pass -y")
    if not yes and not typer.confirm(f"Make {backup} the state of {of.stack.name} ({of.stack.label})?", err=True):
        sys.stderr.write("nothing was changed\n")
        return Status.FAILED
    ensure(of.runner, of.stack, said(ctx.obj.verbosity < 0))
    found = backups.restore(of.runner, of.stack, backup)
    if found.aside:
        sys.stderr.write(f"the state that could not be read lies in {found.aside}\n")
    count = f"{found.resources} resource{'' if found.resources == 1 else 's'}"
    sys.stdout.write(f"the state is that of {backup} again: {count}, serial {found.serial}\n")
    return Status.DONE
