"""`sco infra up`: plan, ask, apply exactly that plan, and see whether the servers answer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli.infra.options import EnvOption, TargetOption, VarOption, YesFlag
from smartcloudops.cli.infra.scanning import ScannerOption
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render.output import Output, choose
from smartcloudops.core.errors import ScoError, Status, UsageError, worst

if TYPE_CHECKING:
    from smartcloudops.cli.infra.opening import Opened
    from smartcloudops.infra.applying import Applied, Sending
    from smartcloudops.infra.planning import Planned
    from smartcloudops.infra.preflight import Caller
    from smartcloudops.infra.reaching import Reached
    from smartcloudops.infra.records import Output as StackOutput

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says."""

    targets: tuple[str, ...]
    yes: bool
    wait_s: float | None
    despite: bool
    form: Output
    quiet: bool
    scanner: str | None = None


@dataclass(frozen=True, slots=True)
class _Result:
    """What is told at the end; `wheel`: its key, where one is in the bucket now."""

    status: Status
    applied: Applied | None
    outputs: Sequence[StackOutput]
    reached: Sequence[Reached]
    wheel: str | None


@app.command()
def up(
    ctx: typer.Context,
    env: EnvOption = None,
    target: TargetOption = None,
    var: VarOption = None,
    yes: YesFlag = False,
    wait: Annotated[
        str, typer.Option("--wait", metavar="DURATION", help="How long the servers may take to answer.")
    ] = "10m",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not try whether the servers answer.")] = False,
    despite_policy: Annotated[
        bool, typer.Option("--despite-policy", help="Apply although a rule of severity high is broken.")
    ] = False,
    scanner: ScannerOption = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Plan, show the plan with its breaches and its price, ask, and apply exactly that plan.

    The state is kept in a backup before it is written. The wheel of sco goes into the models bucket as soon as that is
    there: [infra] wheel, else built from the checkout that sco runs from. At the end the outputs are printed, and
    Prometheus, Grafana and the application are tried until they answer (status 4 if they do not in time).

    One Ctrl-C lets Terraform end what it is at and keeps state and lock right; a second asks. Nobody is asked without a
    terminal: pass -y there.

    \b
    Examples:
      sco infra up
      sco infra up -e prod --var instance_type=t3.small
      sco infra up --target aws_s3_bucket.models
      sco infra up -y --no-wait                   for CI: no question, no waiting for servers
    """
    from smartcloudops.cli.infra.opening import opened
    from smartcloudops.cli.render import infra_up as render
    from smartcloudops.core.times import parse_duration

    asked = _Asked(
        tuple(target or ()),
        yes,
        None if no_wait else parse_duration(wait) / 1000,
        despite_policy,
        choose(output, as_json, sys.stdout),
        ctx.obj.verbosity < 0,
        scanner,
    )
    of = opened(ctx.obj.load(), env, var or ())
    result = _run(of, asked)
    if result is None:
        return Status.FAILED
    render.show_up(of.stack, result.applied, result.outputs, result.reached, result.wheel, asked.form, sys.stdout)
    return result.status


def _run(of: Opened, asked: _Asked) -> _Result | None:
    """From the question who we are to the servers' answers; None where somebody said no."""
    from smartcloudops.cli.infra.ending import state_before
    from smartcloudops.cli.infra.opening import planned
    from smartcloudops.infra import preflight

    caller = preflight.look(of.stack.region, environ=os.environ)
    before = state_before(of, quiet=asked.quiet)
    with _wheel(of, caller) as (of, sending), planned(of, targets=asked.targets, quiet=asked.quiet) as made:
        _show(of, made, caller, asked)
        if made.is_empty:
            return _finish(of, asked, None, sending)
        if not _agreed(of, caller, asked):
            sys.stderr.write("nothing was changed\n")
            return None
        applied = _apply(of, made, before, sending, asked)
        return _finish(of, asked, applied, sending)


@contextmanager
def _wheel(of: Opened, caller: Caller) -> Iterator[tuple[Opened, Sending | None]]:
    """The stack with the wheel's key among its variables, and what sends the wheel; it is built before anything is
    planned, so that a checkout that makes none stops nothing half way."""
    from smartcloudops.core import aws
    from smartcloudops.infra.applying import Sending
    from smartcloudops.infra.private import private_directory
    from smartcloudops.infra.wheel import VARIABLE, build, wheel_of

    wheel = wheel_of(of.stack, of.config.infra.wheel, environ=os.environ)
    if wheel is None:
        yield of, None
        return
    with private_directory() as folder:
        path = build(wheel, folder)

        def client() -> Any:
            return aws.connect("s3", region=caller.region, environ=os.environ)

        yield replace(of, stack=of.stack.with_variables(**{VARIABLE: wheel.key})), Sending(wheel, path, client)


def _show(of: Opened, made: Planned, caller: Caller, asked: _Asked) -> None:
    """The plan on stderr; refused where it breaks a rule of severity high."""
    from smartcloudops.cli.infra.plan import view_of
    from smartcloudops.cli.render import infra_view as render
    from smartcloudops.infra.policy import stops

    view = replace(view_of(of, made, asked.scanner), title="sco infra up")
    if not (asked.quiet and asked.yes):
        sys.stderr.write(f"stack {of.stack.name} in AWS account {caller.account}, {caller.region}\n")
        form = Output.TABLE if choose(None, False, sys.stderr) is Output.TABLE else Output.PLAIN
        render.show_plan(view, form, sys.stderr)
    if stops(view.breaches) and not asked.despite and not made.is_empty:
        hint = "mend it, waive it with a reason in [waive.NAME], or pass --despite-policy"
        raise ScoError("the plan breaks a rule of severity high; nothing was changed", hint=hint)


def _agreed(of: Opened, caller: Caller, asked: _Asked) -> bool:
    """Whether somebody agrees; UsageError where there is nobody to ask."""
    if asked.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask: standard input is no terminal", hint="sco infra plan, then: sco infra up -y")
    return typer.confirm(f"Apply this to {of.stack.name} in account {caller.account}, {caller.region}?", err=True)


def _apply(of: Opened, made: Planned, before: tuple[str, int], sending: Sending | None, asked: _Asked) -> Applied:
    """Apply the shown plan; the summary is said also where a signal ends it."""
    from smartcloudops.cli.infra.following import Following
    from smartcloudops.infra.applying import apply

    total = sum(change.action != "read" for change in made.plan.changes)
    following = Following(total, asked.quiet, sending.on_event if sending else lambda event: None)
    if sending is not None:
        sending.begin(made.plan)
    try:
        return apply(of.runner, of.stack, made, watch=following.watch(), expected=before)
    finally:
        following.end()


def _finish(of: Opened, asked: _Asked, applied: Applied | None, sending: Sending | None) -> _Result:
    """Outputs, the wheel, the servers; where the apply failed, why, and the way on."""
    from smartcloudops.cli.infra.ending import ended
    from smartcloudops.infra.outputs import found

    if applied is not None and not applied.is_done:
        return _Result(ended(of, applied), applied, (), (), None)
    outputs = found(of.runner)
    sent = sending.wheel.key if sending and not asked.targets and sending.end(outputs) else None
    reached = _reached(outputs, asked) if asked.wait_s is not None and not asked.targets else []
    missing = any(each.answers is False for each in reached)
    return _Result(worst(Status.PARTIAL if missing else Status.DONE), applied, outputs, reached, sent)


def _reached(outputs: Sequence[StackOutput], asked: _Asked) -> list[Reached]:
    from smartcloudops.core.console import Progress
    from smartcloudops.infra.applying import wait_for_answers

    with Progress("servers that answer", quiet=asked.quiet) as progress:

        def tell(found: Sequence[Reached]) -> None:
            waited = [each for each in found if each.answers is False]
            names = ", ".join(f"{each.name.removesuffix('_url')}: {each.said}" for each in waited)
            progress.to(sum(each.answers is True for each in found), len(found), names)

        return wait_for_answers(outputs, limit_s=asked.wait_s or 0, tell=tell)
