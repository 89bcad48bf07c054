"""How sco itself is: where things stand (standing.py, `sco status`), and what ails it (`sco doctor`).

scene.py what is looked at -> the checks of CHECKS, one file a subject -> run.py all at once, each bounded in time.
A package of its own above the capabilities, because it looks at all of them. A check changes nothing, but that an
older state is brought to the newest schema, as by every command, and that S3 is written to where that was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from smartcloudops.doctor.scene import Finding, Scene


class Look(Protocol):
    """Looks at one thing. May raise ScoError, which is a finding too: failed, with its hint as the mend."""

    def __call__(self, scene: Scene) -> Finding: ...


@dataclass(frozen=True, slots=True)
class Check:
    """One row: where its function is, and the check that must not have failed for this one to make sense."""

    name: str
    target: str
    needs: str | None = None
    timeout_s: float = 10.0

    def load(self) -> Look:
        """Import and return its function."""
        module, _, attribute = self.target.partition(":")
        look: Look = getattr(import_module(f"{__name__}.{module}"), attribute)
        return look


CHECKS = (
    Check("config", "configuration:look"),
    Check("prometheus", "prometheus:server", needs="config"),
    Check("history", "prometheus:history", needs="prometheus"),
    Check("metrics", "prometheus:metrics", needs="prometheus"),
    Check("clock", "prometheus:clock", needs="prometheus"),
    Check("model", "model:look", needs="config"),
    Check("s3", "s3:look", needs="config", timeout_s=20.0),
    Check("logs", "logs:look", needs="config", timeout_s=30.0),
    Check("infra", "infra:look", needs="config", timeout_s=20.0),
    Check("state", "state:database"),
    Check("locks", "state:locks"),
    Check("runs", "runs:look", needs="state"),
    Check("schedule", "schedule:look", needs="state"),
    Check("alerts", "alerts:look", needs="state"),
    Check("ask", "answers:look", needs="config"),
    Check("disk", "disk:space"),
    Check("modes", "disk:modes"),
    Check("extras", "extras:look"),
)
