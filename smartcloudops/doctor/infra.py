"""Whether `sco infra` could run: Terraform new enough, the stack there and ready; credentials with --write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smartcloudops.core.errors import ScoError
from smartcloudops.doctor.scene import Finding, Scene

if TYPE_CHECKING:
    from smartcloudops.infra.binary import Binary
    from smartcloudops.infra.environments import Stack


def look(scene: Scene) -> Finding:
    """Asks Terraform for its version, and nobody for credentials unless `write`. Nothing is made or changed.

    Without a stack nothing is judged. A program in the stack's directory is not run.
    """
    from smartcloudops.infra.binary import find
    from smartcloudops.infra.environments import stack_of

    try:
        stack = stack_of(scene.config, environ=scene.environ, cwd=Path.cwd())
    except OSError as e:
        return Finding("info", f"the working directory cannot be used: {e.strerror}")
    except ScoError as e:
        is_named = scene.config.infra.dir is not None
        return Finding("warn" if is_named else "info", e.message, e.hint if is_named else None)
    try:
        binary = find(scene.config)
    except ScoError as e:
        return Finding("warn", f"the stack in {stack.dir} cannot be used: {e.message}", e.hint)
    return _examined(scene, stack, binary)


def _examined(scene: Scene, stack: Stack, binary: Binary) -> Finding:
    from smartcloudops.infra.backend import is_initialised
    from smartcloudops.infra.backups import backups

    kept = len(backups(stack))
    seen = f"{binary} at {binary.path}; stack {stack.name} in {stack.dir}, {_kept(kept)}"
    if not is_initialised(stack):
        return Finding("warn", f"{seen}; its directory is not initialised", "sco infra init")
    if not scene.write:
        return Finding("ok", f"{seen}; credentials were not tried (--write)")
    from smartcloudops.infra import preflight

    caller = preflight.look(stack.region, environ=scene.environ)
    return Finding("ok", f"{seen}; AWS account {caller.account}, {caller.region}")


def _kept(count: int) -> str:
    return "no backup of its state yet" if not count else f"{count} backup{'' if count == 1 else 's'} of its state"
