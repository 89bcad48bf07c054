"""Exactly the shown plan file, applied: the state kept before, the wheel sent on the way, the state looked at after."""

from __future__ import annotations

import dataclasses
import shlex
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import ScoError, Status
from smartcloudops.infra import backups
from smartcloudops.infra.environments import Stack
from smartcloudops.infra.planning import Planned
from smartcloudops.infra.reaching import Reached, reach
from smartcloudops.infra.records import Complaint, Output, Plan, Step
from smartcloudops.infra.runner import Ran, Runner, Watch
from smartcloudops.infra.streams import Event
from smartcloudops.infra.wheel import BUCKET_ADDRESS, BUCKET_OUTPUT, Wheel, upload

# What Terraform leaves where it could not save the state at the end.
ERRORED = "errored.tfstate"
_ASK_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended. `backup`: the state before it; `steps`: what was done, in order; `unfinished`: what was being
    done at its end; `unsaved`: a state that could not be put where it belongs."""

    ran: Ran
    backup: Path | None
    steps: tuple[Step, ...]
    unfinished: tuple[str, ...] = ()
    unsaved: Path | None = None

    @property
    def is_done(self) -> bool:
        """Whether all of the plan was applied."""
        return self.ran.status == 0


def apply(
    runner: Runner, stack: Stack, planned: Planned, *, watch: Watch, expected: tuple[str, int] | None = None
) -> Applied:
    """Keep the state, then apply the plan file that was shown, whatever its end is.

    Raises what keeping the state raises, with nothing applied: ScoError where it is not `expected`, the one that was
    there before the plan was made.
    """
    backup = backups.back_up(runner, stack, expected=expected)
    steps: list[Step] = []
    going: set[str] = set()

    def on_event(event: Event) -> None:
        if isinstance(event, Step) and event.kind == "began":
            going.add(event.address)
        elif isinstance(event, Step) and event.kind in ("ended", "failed"):
            going.discard(event.address)
            steps.append(event)
        watch.on_event(event)

    before = _age(stack)
    ran = runner.stream("apply", str(planned.file), watch=dataclasses.replace(watch, on_event=on_event))
    left = stack.dir / ERRORED if _age(stack) != before else None
    return Applied(ran, backup, tuple(steps), tuple(sorted(going)), left)


def imports(applied: Applied, command: str) -> list[str]:
    """The commands that take into the state what a killed run had made: a remote state is not written at each step."""
    made = [step for step in applied.steps if step.kind == "ended" and step.action == "create" and step.id]
    return [f"{command} import {shlex.quote(step.address)} {shlex.quote(step.id)}" for step in made]


def _age(stack: Stack) -> int:
    path = stack.dir / ERRORED
    return path.stat().st_mtime_ns if path.exists() else 0


def errors_in(applied: Applied) -> list[Complaint]:
    """What went wrong, each once."""
    return list(dict.fromkeys(each for each in applied.ran.complaints if each.severity == "error"))


def status_of(applied: Applied, error: ScoError) -> Status:
    """That of the error; but a failure after something was done is "partly done"."""
    done = any(step.kind == "ended" for step in applied.steps)
    return Status.PARTIAL if done and error.status is Status.FAILED else error.status


@dataclass(slots=True)
class Sending:
    """Sends the wheel while a plan is applied: as soon as its bucket is there, minutes before a server wants it."""

    wheel: Wheel
    path: Path
    client: Callable[[], Any]
    _thread: threading.Thread | None = field(default=None, repr=False)

    def begin(self, plan: Plan) -> None:
        """Where the bucket is there already, send it before anything is changed: servers look for it at once."""
        names = (each.after.get("bucket") for each in plan.resources if each.address == BUCKET_ADDRESS)
        creating = any(each.address == BUCKET_ADDRESS and each.action != "update" for each in plan.changes)
        name = None if creating else next(names, None)
        if name:
            upload(self.client(), str(name), self.wheel, self.path)

    def on_event(self, event: Event) -> None:
        """Send it beside the apply; what fails here is tried once more at the end, and told then."""
        if isinstance(event, Step) and event.kind == "ended" and event.address == BUCKET_ADDRESS and event.id:
            self._thread = threading.Thread(target=self._try, args=(event.id,), daemon=True)
            self._thread.start()

    def _try(self, bucket: str) -> None:
        try:
            upload(self.client(), bucket, self.wheel, self.path)
        except ScoError:
            return

    def end(self, outputs: Sequence[Output]) -> bool:
        """Make sure that it is there; False where the stack has no such bucket."""
        if self._thread is not None:
            self._thread.join()
        name = next((each.value for each in outputs if each.name == BUCKET_OUTPUT and each.value), None)
        if name is None:
            return False
        upload(self.client(), str(name), self.wheel, self.path)
        return True


def wait_for_answers(
    outputs: Sequence[Output],
    *,
    limit_s: float,
    tell: Callable[[Sequence[Reached]], None],
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Reached]:
    """Ask the servers until each answers, or the time is over; `tell` hears how it stands after every round."""
    deadline = monotonic() + limit_s
    while True:
        found = reach(outputs)
        tell(found)
        left_s = deadline - monotonic()
        if all(each.answers is not False for each in found) or left_s <= 0:
            return found
        sleep(min(_ASK_EVERY_S, left_s))


def left_over(runner: Runner) -> list[str]:
    """Addresses that the state still knows after a destroy."""
    return backups.addresses(backups.pull(runner))


def forget_password(client: Any, outputs: Sequence[Output]) -> str | None:
    """Delete the parameter with Grafana's password, which the server made and no plan knows; its name, if it was."""
    name = next((each.value for each in outputs if each.name == "grafana_password_parameter"), None)
    if not name:
        return None
    from smartcloudops.core import aws

    with aws.errors(f"parameter {name}", "delete it"):
        gone = client.delete_parameters(Names=[str(name)]).get("DeletedParameters") or []
    return str(name) if gone else None
