"""What the reading commands of `sco infra` begin with: the stack that is meant, its Terraform, who asks AWS."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from smartcloudops.cli.context import working_directory
from smartcloudops.core.errors import ConfigError, ScoError, UnreachableError
from smartcloudops.core.redact import warm

if TYPE_CHECKING:
    from smartcloudops.core.config import Config
    from smartcloudops.core.console import Progress
    from smartcloudops.infra.environments import Stack
    from smartcloudops.infra.planning import Planned
    from smartcloudops.infra.runner import Runner, Watch
    from smartcloudops.infra.streams import Event

# Between an interrupt, which lets Terraform give up its lock, and its end.
_GRACE_S = 1.0
# What a plan is looked at with.
_LATER = (
    "smartcloudops.cli.render.infra_view",
    "smartcloudops.infra.cost.saying",
    "smartcloudops.infra.drift",
    "smartcloudops.infra.policy",
)


@dataclass(frozen=True, slots=True)
class Opened:
    """One environment of the stack, and what runs Terraform in it."""

    config: Config
    stack: Stack
    runner: Runner


def opened(config: Config, env: str | None, variables: Sequence[str] = (), *, plans: bool = False) -> Opened:
    """The stack that the flags mean; ConfigError where there is none, or no Terraform.

    `plans`: what `up` would do is planned, so that the stack has the key of the wheel that `up` would send; without it
    every plan would show a change.
    """
    from concurrent.futures import ThreadPoolExecutor

    from smartcloudops.infra.binary import find

    # Asking Terraform for its version takes as long as loading what comes after it.
    with ThreadPoolExecutor(1) as pool:
        finding = pool.submit(find, config)
        from smartcloudops.infra import backend, planning  # noqa: F401
        from smartcloudops.infra.environments import stack_of
        from smartcloudops.infra.runner import Runner

        stack = stack_of(config, env, variables, environ=os.environ, cwd=working_directory())
        stack = _with_wheel(stack, config) if plans else stack
        return Opened(config, stack, Runner.of(finding.result(), stack, os.environ))


@contextmanager
def planned(
    of: Opened,
    *,
    targets: Sequence[str] = (),
    destroy: bool = False,
    quiet: bool = False,
) -> Iterator[Planned]:
    """A plan, made while STS is asked who we are: where nothing answers, Terraform alone would be silent for long."""
    from smartcloudops.core.console import Progress
    from smartcloudops.infra.backend import ensure
    from smartcloudops.infra.planning import make_plan

    asking = _Asking.of(of)
    with Progress("read", quiet=quiet) as progress, ExitStack() as stack:
        try:
            ensure(of.runner, of.stack, said(quiet))
            making = make_plan(of.runner, of.stack, targets=targets, destroy=destroy, watch=_watch(progress, asking))
            made = stack.enter_context(making)
        except (ScoError, KeyboardInterrupt) as e:
            if asking.error is not None and asking.explains(e):
                raise asking.error from None
            raise
        progress.hide()
        yield made


def _with_wheel(stack: Stack, config: Config) -> Stack:
    from smartcloudops.infra.wheel import VARIABLE, wheel_of

    try:
        wheel = wheel_of(stack, config.infra.wheel, environ=os.environ)
    except ConfigError:
        # `up` says so.
        return stack
    return stack if wheel is None else stack.with_variables(**{VARIABLE: wheel.key})


def said(quiet: bool) -> Callable[[str], None]:
    """Says what takes its time, on stderr."""

    def say(text: str) -> None:
        if not quiet:
            sys.stderr.write(f"{text}\n")

    return say


def _watch(progress: Progress, asking: _Asking) -> Watch:
    from smartcloudops.infra.records import Step
    from smartcloudops.infra.runner import Watch

    last = [""]

    def on_event(event: Event) -> None:
        if isinstance(event, Step) and event.kind == "refreshed":
            last[0] = event.address
            progress.advance(note=event.address)

    def on_tick() -> None:
        asking.check()
        progress.show(last[0])

    return Watch(on_event=on_event, on_tick=on_tick)


def _prepare() -> None:
    """Load what a plan is looked at with, while Terraform makes it."""
    for name in _LATER:
        import_module(name)
    warm()


@dataclass(slots=True)
class _Asking:
    """Asks AWS who we are, beside Terraform."""

    error: ScoError | None = None
    _failed_at: float | None = None
    _thread: threading.Thread | None = field(default=None, repr=False)

    @classmethod
    def of(cls, opened: Opened) -> _Asking:
        from smartcloudops.infra import preflight

        asking = cls()

        def run() -> None:
            try:
                preflight.look(opened.stack.region, environ=os.environ)
            except ScoError as e:
                asking.error = e
            _prepare()

        asking._thread = threading.Thread(target=run, daemon=True)
        asking._thread.start()
        return asking

    def explains(self, e: BaseException) -> bool:
        """Whether what STS said is why Terraform failed: not where that names a setting itself, nor after Ctrl-C."""
        return self._failed_at is not None or not isinstance(e, ConfigError | KeyboardInterrupt)

    def check(self) -> None:
        """Where nothing answers, let Terraform end, and end it where it does not. Anything else it tells by itself."""
        if not isinstance(self.error, UnreachableError):
            return
        if self._failed_at is None:
            self._failed_at = time.monotonic()
            signal.raise_signal(signal.SIGINT)
        elif time.monotonic() - self._failed_at > _GRACE_S:
            raise self.error
