"""`sco infra init`: the packaged stack in a directory of the user's, and Terraform ready to run there."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartcloudops.cli.context import Context, working_directory
from smartcloudops.cli.infra.options import EnvOption, YesFlag
from smartcloudops.core.errors import Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.core.config import Config
    from smartcloudops.infra.environments import Stack
    from smartcloudops.infra.stack import Copied

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Place(StrEnum):
    """Where the state lies."""

    LOCAL = "local"
    S3 = "s3"


@app.command()
def init(
    ctx: typer.Context,
    dir_: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Where to; [infra] dir by default, else ./infra.")
    ] = None,
    backend: Annotated[
        Place | None, typer.Option(help="Where the state lies: beside the stack, or in an S3 bucket made for it.")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(metavar="NAME", help="With s3: that bucket; sco-state-ACCOUNT-REGION by default.")
    ] = None,
    migrate: Annotated[bool, typer.Option("--migrate", help="With s3: take a local state along.")] = False,
    admin_cidr: Annotated[
        str | None,
        typer.Option(metavar="CIDR", help="Who may open Grafana; `me` asks checkip.amazonaws.com for your address."),
    ] = None,
    env: EnvOption = None,
    diff: Annotated[bool, typer.Option("--diff", help="Only show how yours differs from sco's.")] = False,
    terraform: Annotated[
        bool, typer.Option("--terraform/--no-terraform", help="Run `terraform init` at the end.")
    ] = True,
    yes: YesFlag = False,
) -> int:
    """Copy the packaged stack to ./infra, choose where its state lies, and run `terraform init`.

    Files that you edited are never overwritten. After an upgrade of sco, run it again: it shows what changed, replaces
    the files that you had not edited after a yes, and keeps the others. Without --backend the state stays where it is:
    beside the stack at first. S3 makes a bucket that is encrypted, versioned, closed and locked. Nothing else is made
    in your account here.

    \b
    Examples:
      sco infra init --admin-cidr 203.0.113.7/32
      sco infra init --admin-cidr me             ask Amazon for your own public address
      sco infra init --backend s3                share the state with others, one run at a time
      sco infra init --backend s3 --migrate      take the local state along
      sco infra init --diff                      how yours differs from sco's
    """
    asked = _Asked(backend, bucket, migrate, admin_cidr, env, diff, yes)
    asked.check()
    config = ctx.obj.load(infra__dir=str(dir_.expanduser().absolute()) if dir_ else None)
    found = _copied((config.infra.dir or working_directory() / "infra").absolute(), asked)
    if asked.diff or found is None:
        return Status.DONE if asked.diff else Status.FAILED
    _keep_admin(config, asked, found.directory)
    if terraform:
        _initialise(ctx.obj, config, asked)
    _next(found, config, asked)
    return Status.DONE


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the flags say."""

    backend: Place | None
    bucket: str | None
    migrate: bool
    admin: str | None
    env: str | None
    diff: bool
    yes: bool

    def check(self) -> None:
        """UsageError for flags that do not go together."""
        if (self.bucket or self.migrate) and self.backend is not Place.S3:
            flag = "--bucket" if self.bucket else "--migrate"
            raise UsageError(f"{flag} goes with --backend s3", hint=f"sco infra init --backend s3 {flag}")

    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return not self.yes and sys.stdin.isatty() and sys.stderr.isatty()


def _copied(directory: Path, asked: _Asked) -> Copied | None:
    """What was copied, or would be with --diff; None where the user said no."""
    from smartcloudops.cli.render import infra_init as render
    from smartcloudops.infra import stack

    found = stack.look(directory)
    if asked.diff:
        if not render.differences(found, sys.stdout, everything=True):
            sys.stderr.write(f"{directory}: no differences\n")
        return found
    render.differences(found, sys.stdout)
    if found.changes_files and not _agreed(found, asked):
        return None
    found = stack.copy(directory)
    render.summary(found, sys.stderr)
    return found


def _agreed(found: Copied, asked: _Asked) -> bool:
    paths = found.paths("updated", "removed")
    if asked.yes:
        return True
    if not asked.asks():
        hint = "look at them above, then: sco infra init -y"
        raise UsageError(f"{len(paths)} files would change, and there is nobody to ask", hint=hint)
    return typer.confirm(f"Change {', '.join(paths)} in {found.directory}?", err=True)


def _keep_admin(config: Config, asked: _Asked, directory: Path) -> None:
    """Write who may open Grafana into the variables, where that is known and not there yet."""
    from smartcloudops.infra.admin import admin_range, keep, own_address

    stack = _stack(config, asked)
    before = stack.value("admin_cidr")
    text = asked.admin if asked.admin is not None else _admin_asked(before, asked)
    if not text:
        return
    cidr = own_address() if text == "me" else admin_range(text)
    path = directory / ("terraform.tfvars" if asked.env is None else f"envs/{asked.env}.tfvars")
    if before is None:
        keep(path, cidr)
        sys.stderr.write(f"{path}: admin_cidr = {cidr}\n")
    elif before != cidr:
        raise UsageError(
            f"admin_cidr is {before} already", hint=f"edit {path}, or: sco infra up --var admin_cidr={cidr}"
        )


def _admin_asked(before: str | None, asked: _Asked) -> str:
    if before is not None or not asked.asks():
        return ""
    question = "Who may open Grafana? (as 203.0.113.7/32; `me` asks checkip.amazonaws.com; empty: later)"
    return str(typer.prompt(question, default="", show_default=False, err=True)).strip()


def _stack(config: Config, asked: _Asked) -> Stack:
    from smartcloudops.infra.environments import stack_of

    return stack_of(config, asked.env, environ=os.environ, cwd=working_directory())


def _initialise(context: Context, config: Config, asked: _Asked) -> None:
    """`terraform init`, with the backend that was asked for."""
    from smartcloudops.cli.render.infra_init import waiting
    from smartcloudops.infra import backend, binary
    from smartcloudops.infra.runner import Runner

    stack, program, quiet = _stack(config, asked), binary.find(config), context.verbosity < 0
    if asked.backend is Place.LOCAL and stack.backend != "local":
        hint = "remove backend.tf and run `terraform init -migrate-state` there, by hand"
        raise UsageError(f"the state lies elsewhere ({stack.backend}): it is not brought back by itself", hint=hint)
    if asked.backend is Place.S3:
        from smartcloudops.infra import preflight

        caller = preflight.look(stack.region, environ=os.environ)
        with waiting("terraform init", quiet=quiet):
            made = backend.bootstrap(
                stack, program, caller, environ=os.environ, bucket=asked.bucket, migrate=asked.migrate
            )
        sys.stderr.write(f"state: s3://{made.bucket}/{stack.state_key}, locked by {made.lock}\n")
        sys.stderr.writelines(f"  made: {each}\n" for each in made.made)
        if made.found:
            told = f"{made.found} resource{'' if made.found == 1 else 's'} of this environment"
            sys.stderr.write(f"  a state is there already, with {told}: is it this stack's? sco infra plan shows\n")
        return
    with waiting("terraform init", quiet=quiet):
        backend.initialise(Runner.of(program, stack, os.environ), stack)
    sys.stderr.write(f"{program} is initialised in {stack.dir}\n")


def _next(found: Copied, config: Config, asked: _Asked) -> None:
    env = f" -e {asked.env}" if asked.env else ""
    if found.directory != working_directory() / "infra" and config.origins["infra.dir"].kind == "flag":
        sys.stderr.write(f'the other commands find it by [infra] dir = "{found.directory}"\n')
    missing = _stack(config, asked).value("admin_cidr") is None
    more = " --var admin_cidr=YOUR.IP.ADD.RESS/32" if missing else ""
    sys.stderr.write(f"next: sco infra plan{env}{more}\n")
