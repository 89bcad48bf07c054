"""`sco infra down`: destroy the stack, after saying what data goes with it and asking for its name."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli.infra.options import EnvOption, TargetOption, VarOption
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render.output import Output, choose
from smartcloudops.core.errors import ScoError, Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.cli.infra.opening import Opened
    from smartcloudops.infra.applying import Applied
    from smartcloudops.infra.holdings import Contents
    from smartcloudops.infra.planning import Planned
    from smartcloudops.infra.preflight import Caller
    from smartcloudops.infra.records import Output as StackOutput

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says."""

    targets: tuple[str, ...]
    yes: bool
    name: str | None
    empty_buckets: bool
    form: Output
    quiet: bool

    def check(self, of: Opened) -> None:
        """UsageError where nobody could be asked for what is missing, before anything is looked at."""
        if self.name is not None and self.name != of.stack.name:
            raise UsageError(f"--name {self.name}: the stack is called {of.stack.name}", hint="check -e and --name")
        if self.name is None and (self.yes or not sys.stdin.isatty()):
            hint = f"sco infra plan --destroy shows what would go; then: sco infra down -y --name {of.stack.name}"
            raise UsageError("nobody to ask for the stack's name", hint=hint)
        if self.name is not None and not self.yes and not sys.stdin.isatty():
            raise UsageError("nobody to ask: standard input is no terminal", hint=f"-y --name {of.stack.name}")


@app.command()
def down(
    ctx: typer.Context,
    env: EnvOption = None,
    target: TargetOption = None,
    var: VarOption = None,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask: for CI; needs --name.")] = False,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The stack's name, in place of typing it.")
    ] = None,
    empty_buckets: Annotated[
        bool, typer.Option("--empty-buckets", help="Delete what is in the buckets, every version of it.")
    ] = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Destroy the stack: what goes is shown, what holds data first, and the stack's name is asked for.

    The state is kept in a backup; buckets that are not empty are counted, and deleting what is in them is asked for
    apart, since no backup brings it back. Exactly the plan that was shown is applied; then the state is looked at.

    \b
    Examples:
      sco infra plan --destroy                             only look
      sco infra down
      sco infra down -e prod
      sco infra down -y --name sco --empty-buckets         for CI
    """
    from smartcloudops.cli.infra.opening import opened

    asked = _Asked(
        tuple(target or ()), yes, name, empty_buckets, choose(output, as_json, sys.stdout), ctx.obj.verbosity < 0
    )
    of = opened(ctx.obj.load(), env, var or ())
    asked.check(of)
    return _run(of, asked)


def _run(of: Opened, asked: _Asked) -> int:
    """Who we are, what goes, whether it may, and what is left."""
    from smartcloudops.cli.infra.ending import state_before
    from smartcloudops.cli.infra.opening import planned
    from smartcloudops.cli.render import infra_up as render
    from smartcloudops.infra import preflight
    from smartcloudops.infra.outputs import found

    caller = preflight.look(of.stack.region, environ=os.environ)
    before = state_before(of, quiet=asked.quiet)
    with planned(of, targets=asked.targets, destroy=True, quiet=asked.quiet) as made:
        if made.is_empty and not made.plan.changes:
            render.show_down(of.stack, None, (), None, asked.form, sys.stdout)
            return Status.DONE
        contents = _shown(of, made, caller, asked)
        if not _agreed(of, contents, asked):
            sys.stderr.write("nothing was destroyed\n")
            return Status.FAILED
        outputs = found(of.runner)
        applied = _destroy(of, made, before, caller, contents, asked)
    if not applied.is_done:
        applied = _once_more(of, applied, {each.address for each in made.plan.changes}, caller, contents, asked)
    return _finish(of, applied, outputs, caller, asked)


def _s3(caller: Caller) -> Any:
    from smartcloudops.core import aws

    return aws.connect("s3", region=caller.region, environ=os.environ)


def _shown(of: Opened, made: Planned, caller: Caller, asked: _Asked) -> list[Contents]:
    """The plan on stderr, with what the buckets hold; what is in them."""
    from smartcloudops.cli.render import infra as table
    from smartcloudops.cli.render import infra_up as render
    from smartcloudops.cli.render.output import show
    from smartcloudops.infra.holdings import contents

    client = _s3(caller) if made.buckets else None
    found = [contents(client, bucket) for bucket in made.buckets]
    if not (asked.quiet and asked.yes):
        sys.stderr.write(f"stack {of.stack.name} in AWS account {caller.account}, {caller.region}\n")
        form = Output.TABLE if choose(None, False, sys.stderr) is Output.TABLE else Output.PLAIN
        show({}, table.plan_table(made.plan), form, sys.stderr)
        sys.stderr.write(f"{table.counters(made.plan)}\n")
        sys.stderr.writelines(f"{line}\n" for line in render.holdings(found))
    return found


def _agreed(of: Opened, contents: Sequence[Contents], asked: _Asked) -> bool:
    """Whether the stack's name was given, and what the buckets hold may go."""
    full = [each for each in contents if not each.is_empty]
    if full and not asked.empty_buckets:
        count = sum(each.objects + each.older for each in full)
        if asked.yes:
            hint = "copy what you need (aws s3 sync), then add --empty-buckets"
            names = ", ".join(each.bucket.name for each in full)
            raise UsageError(f"not empty: {names} (objects and older versions: {count:,})", hint=hint)
        if not typer.confirm(f"Delete {count:,} objects and versions for good?", err=True):
            return False
    if asked.yes:
        return True
    typed = typer.prompt(
        f"Type the stack's name ({of.stack.name}) to destroy it", default="", show_default=False, err=True
    )
    return bool(typed.strip() == of.stack.name)


def _destroy(
    of: Opened,
    made: Planned,
    expected: tuple[str, int] | None,
    caller: Caller,
    contents: Sequence[Contents],
    asked: _Asked,
) -> Applied:
    from smartcloudops.cli.infra.following import Following
    from smartcloudops.infra.applying import apply

    _empty(contents, caller, asked)
    following = Following(len(made.plan.changes), asked.quiet, what="destroying")
    try:
        return apply(of.runner, of.stack, made, watch=following.watch(), expected=expected)
    finally:
        following.end()


def _empty(contents: Sequence[Contents], caller: Caller, asked: _Asked) -> None:
    """Empty the buckets that Terraform does not empty itself."""
    from smartcloudops.infra.holdings import empty

    for each in contents:
        if not each.bucket.forced:
            count = empty(_s3(caller), each.bucket)
            if count and not asked.quiet:
                sys.stderr.write(f"bucket {each.bucket.name}: {count:,} objects and versions deleted\n")


def _once_more(
    of: Opened, before: Applied, shown: set[str], caller: Caller, contents: Sequence[Contents], asked: _Asked
) -> Applied:
    """Where a bucket got new objects from servers that were still there: empty it again, and destroy the rest.

    The rest is part of what was shown; anything else would be a ScoError.
    """
    from smartcloudops.cli.infra.opening import planned

    filled = any("BucketNotEmpty" in f"{each.summary} {each.detail}" for each in before.ran.complaints)
    if before.ran.interrupted or not filled or not contents:
        return before
    sys.stderr.write("a bucket got new objects meanwhile: emptied again\n")
    with planned(of, targets=asked.targets, destroy=True, quiet=asked.quiet) as made:
        if strange := {each.address for each in made.plan.changes} - shown:
            raise ScoError(f"more would be destroyed now than was shown: {', '.join(sorted(strange))}")
        after = _destroy(of, made, None, caller, contents, asked)
    return replace(after, steps=(*before.steps, *after.steps), backup=before.backup)


def _finish(of: Opened, applied: Applied, outputs: Sequence[StackOutput], caller: Caller, asked: _Asked) -> int:
    """Look whether the state is empty, and delete what the servers left behind."""
    from smartcloudops.cli.infra.ending import ended
    from smartcloudops.cli.render import infra_up as render
    from smartcloudops.core import aws
    from smartcloudops.infra.applying import forget_password, left_over

    if not applied.is_done:
        return ended(of, applied, "down")
    left = left_over(of.runner)
    forgotten = None
    if not asked.targets:
        forgotten = forget_password(aws.connect("ssm", region=caller.region, environ=os.environ), outputs)
    render.show_down(of.stack, applied, left, forgotten, asked.form, sys.stdout)
    return Status.PARTIAL if left and not asked.targets else Status.DONE
