"""Runs Terraform: streams of events for what takes long, captured bytes for what is read; nothing secret is kept.

Its environment is ours with what makes it quiet and predictable. Variables' values and captured output never reach a
log or an error: state, outputs and plans hold secrets in clear.
"""

from __future__ import annotations

import getpass
import os
import shlex
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import ScoError
from smartcloudops.core.process import run
from smartcloudops.core.streaming import Decision, stream
from smartcloudops.infra.arguments import built
from smartcloudops.infra.binary import Binary
from smartcloudops.infra.complaints import Scene, error_of
from smartcloudops.infra.environments import Stack
from smartcloudops.infra.records import Complaint, Summary
from smartcloudops.infra.streams import Event, event_in

_READ_S = 600.0
_UMASK = 0o077


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended. `interrupted`: Ctrl-C came, and it ended what it was at."""

    status: int
    complaints: tuple[Complaint, ...]
    summary: Summary | None
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """Who follows a run: `on_event` each event, `on_tick` some times a second, `on_interrupt` the first Ctrl-C (which
    was passed on), `decide` a further one."""

    on_event: Callable[[Event], None] = lambda event: None
    on_tick: Callable[[], None] = lambda: None
    on_interrupt: Callable[[int], None] = lambda count: None
    decide: Callable[[], Decision] = lambda: "wait"


@dataclass(frozen=True, slots=True)
class Runner:
    """Terraform in one directory. `environ` is that of this process; `more` is what an environment adds."""

    binary: Binary
    dir: Path
    environ: Mapping[str, str] = field(repr=False)
    more: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, binary: Binary, stack: Stack, environ: Mapping[str, str]) -> Runner:
        """Runs of that environment of the stack."""
        return cls(binary, stack.dir, environ, stack.environment())

    def stream(self, command: str, *arguments: str, watch: Watch | None = None, **options: Any) -> Ran:
        """Run a command that knows `-json` to its end, whatever its end is."""
        watch = watch or Watch()
        complaints: list[Complaint] = []
        summaries: list[Summary] = []

        def on_line(line: str) -> None:
            event = event_in(line)
            if isinstance(event, Complaint):
                complaints.append(event)
            elif isinstance(event, Summary):
                summaries.append(event)
            if event is not None:
                watch.on_event(event)

        argv = built(self.binary, command, *arguments, json=True, input="false", **options)
        with _private_files():
            done = stream(
                argv,
                on_line=on_line,
                on_tick=watch.on_tick,
                on_interrupt=watch.on_interrupt,
                decide=watch.decide,
                env=self.environment(),
                cwd=self.dir,
            )
        if done.status and not any(c.severity == "error" for c in complaints) and done.stderr.strip():
            complaints.append(Complaint("error", done.stderr.strip()))
        return Ran(done.status, tuple(complaints), summaries[-1] if summaries else None, done.interrupts > 0)

    def capture(
        self, command: str, *arguments: str, limit: int = 256_000_000, timeout_s: float = _READ_S, **options: Any
    ) -> str:
        """What a command prints; the error that Terraform's complaint means where it fails."""
        argv = built(self.binary, command, *arguments, no_color=True, **options)
        with _private_files():
            done = run(argv, timeout_s=timeout_s, env=self.environment(), cwd=self.dir, max_output=limit, check=False)
        if done.status != 0:
            raise error_of((), stderr=done.stderr or done.stdout, status=done.status, scene=self.scene())
        if done.truncated:
            raise ScoError(f"`{self.binary.name} {command}` printed more than {limit >> 20} MB")
        return done.stdout

    def failed(self, ran: Ran) -> ScoError:
        """The error that a run ended in."""
        return error_of(ran.complaints, status=ran.status, scene=self.scene())

    def scene(self) -> Scene:
        """What an error needs to know about this machine, to say the next command in full."""
        more = "".join(f"{name}={shlex.quote(value)} " for name, value in sorted(self.more.items()))
        command = f"cd {shlex.quote(str(self.dir))} && {more}{self.binary.path.name}"
        return Scene(command, f"{_user()}@{socket.gethostname()}", running(self.binary, self.dir))

    def environment(self) -> dict[str, str]:
        """Variables of the child. What would make it talk, log or ask differently is taken out."""
        quiet = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "NO_COLOR": "1"}
        unwanted = ("TF_LOG", "TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR")
        own = {name: value for name, value in self.environ.items() if not name.startswith(unwanted)}
        return {**_FASTER, **own, **quiet, **self.more}


# Go looks for garbage half as often: 3 % of a plan, for 15 % more memory. Whoever sets it otherwise is obeyed.
_FASTER = {"GOGC": "200"}


@contextmanager
def _private_files() -> Iterator[None]:
    """Files that a child makes are for this user alone: plans and state hold secrets."""
    before = os.umask(_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def running(binary: Binary, directory: Path, *, proc: Path = Path("/proc")) -> int | None:
    """The process of a Terraform that works in a directory now; None where there is none that we may see."""
    wanted = (os.fsencode(binary.path), os.fsencode(binary.path.resolve()))
    for process in proc.glob("[0-9]*"):
        with suppress(OSError):
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            if any(each in wanted for each in arguments[:3]) and (process / "cwd").readlink() == directory.resolve():
                return int(process.name)
    return None


def _user() -> str:
    """As Terraform signs a lock; a user without a name has none there either."""
    with suppress(KeyError, OSError):
        return getpass.getuser()
    return ""
