"""What is said when an apply or a destroy did not come to its end: why, what is kept, and the way on."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from smartcloudops.core.errors import Status
from smartcloudops.core.text import printable

if TYPE_CHECKING:
    from smartcloudops.cli.infra.opening import Opened
    from smartcloudops.infra.applying import Applied

_MOST_ERRORS = 10
_MOST_IMPORTS = 50


def state_before(of: Opened, *, quiet: bool) -> tuple[str, int]:
    """Which state there is before a plan is made: the plan is applied to that one only."""
    from smartcloudops.cli.infra.opening import said
    from smartcloudops.infra import backups
    from smartcloudops.infra.backend import ensure

    ensure(of.runner, of.stack, said(quiet))
    return backups.mark(backups.pull(of.runner))


def ended(of: Opened, applied: Applied, command: str = "up") -> Status:
    """Say it, and give the status. Raises the error where nothing was done at all."""
    from smartcloudops.infra.applying import errors_in, status_of
    from smartcloudops.infra.complaints import sentence

    env = f" -e {of.stack.env}" if of.stack.env else ""
    if applied.ran.status < 0:
        _killed(of, applied)
    if applied.ran.interrupted:
        _say(_kept(of, applied))
        _say(f"  try: sco infra {command}{env} goes on from here; sco infra status{env} shows what is there")
        return Status.INTERRUPTED
    error = of.runner.failed(applied.ran)
    found = errors_in(applied)
    for each in found[:_MOST_ERRORS] if len(found) > 1 else ():
        _say(f"error: {sentence(each)}")
    if len(found) > _MOST_ERRORS:
        _say(f"and {len(found) - _MOST_ERRORS} more errors")
    _say(_kept(of, applied))
    status = status_of(applied, error)
    if status is error.status:
        raise error
    _say(f"sco: {error.message}")
    if error.hint:
        _say(f"  try: {error.hint}, then sco infra {command}{env} again")
    return status


def _killed(of: Opened, applied: Applied) -> None:
    """What a run that was killed may have left in AWS, unknown to the state, and how to take it in."""
    from smartcloudops.infra.applying import imports

    _say("Terraform was killed")
    if applied.unfinished:
        _say(f"it was at {', '.join(applied.unfinished)}: look in AWS whether that is there")
    commands = imports(applied, of.runner.scene().command)
    if commands:
        _say("what it had made; where the next plan wants to make it again, take it into the state:")
    for command in commands[:_MOST_IMPORTS]:
        _say(f"  {command}")


def _kept(of: Opened, applied: Applied) -> str:
    """Where the state is now, and the way back."""
    from smartcloudops.infra.backups import way_back

    if applied.unsaved is not None:
        return f"the newest state could not be saved; put it back with: {way_back(of.stack, applied.unsaved)}"
    if applied.ran.status < 0:
        return "what was done since may be missing in the state, and a remote state stays locked"
    done = sum(step.kind == "ended" for step in applied.steps)
    return f"{done} step{' is' if done == 1 else 's are'} done and in the state; its lock is released"


def _say(text: str) -> None:
    from smartcloudops.core.redact import redact

    sys.stderr.write(f"{redact(printable(text)) if not text.startswith('  ') else '  ' + redact(printable(text))}\n")
