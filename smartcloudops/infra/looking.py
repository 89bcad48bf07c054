"""What answers may see of the stack: its state, and whether it drifted. Nothing is written, made, locked or fetched.

A local state is read as a file, by no program. Terraform runs what lies in the stack's directory, so it is started only
where the configuration names that directory itself, and only to `show` and to `plan`, without taking the lock: not for
whatever `./infra` the question is asked beside.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, DataError, ScoError
from smartcloudops.core.times import SECOND, format_duration
from smartcloudops.infra.binary import find
from smartcloudops.infra.drift import Drift, judged
from smartcloudops.infra.environments import Stack, stack_of
from smartcloudops.infra.plan import read_plan
from smartcloudops.infra.private import private_directory
from smartcloudops.infra.runner import Runner, Watch
from smartcloudops.infra.state import Holding, read_file, read_state

PATIENCE_S = 60.0
_LARGEST = 64_000_000
_UNNAMED = "[infra] dir does not name the stack's directory, and nothing is run in one that happens to be there"
_NAME_IT = 'write [infra] dir = "/path/to/infra" into your configuration, or run sco infra drift yourself'


@dataclass(frozen=True, slots=True)
class Seen:
    """A stack as it is known. `written`: when its local state was, ms; `drift`: None where it was not asked for."""

    stack: Stack
    holding: Holding
    written: int | None
    drift: Drift | None = None


def look(
    config: Config,
    env: str | None = None,
    *,
    drift: bool = False,
    environ: Mapping[str, str],
    cwd: Path,
    patience_s: float = PATIENCE_S,
) -> Seen:
    """The stack of the configuration. Raises ConfigError where there is none, or it would have to be run unnamed."""
    stack = stack_of(config, env, environ=environ, cwd=cwd)
    if stack.backend == "local":
        holding, written = _from_file(stack)
    else:
        text = _runner(config, stack, environ).capture("show", json=True, timeout_s=patience_s)
        holding, written = read_state(text), None
    found = _drift(_runner(config, stack, environ), stack, config, patience_s) if drift else None
    return Seen(stack, holding, written, found)


def _from_file(stack: Stack) -> tuple[Holding, int | None]:
    folder = stack.dir if stack.env is None else stack.dir / "terraform.tfstate.d" / stack.env
    path = folder / "terraform.tfstate"
    try:
        about = path.stat()
        if about.st_size > _LARGEST:
            raise DataError(f"{path} is larger than {_LARGEST:,} bytes")
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return Holding(), None
    except OSError as e:
        raise DataError(f"cannot read {path}: {e.strerror}") from e
    return read_file(text), round(about.st_mtime * SECOND)


def _runner(config: Config, stack: Stack, environ: Mapping[str, str]) -> Runner:
    """Terraform in a directory that the configuration names; it takes no lock."""
    if config.infra.dir is None:
        raise ConfigError(_UNNAMED, hint=_NAME_IT)
    more = {**stack.environment(), "TF_CLI_ARGS_plan": "-lock=false"}
    return Runner(find(config), stack.dir, environ, more)


def _drift(runner: Runner, stack: Stack, config: Config, patience_s: float) -> Drift:
    """What a plan would bring back; the plan file is gone at once."""
    deadline = time.monotonic() + patience_s

    def on_tick() -> None:
        if time.monotonic() > deadline:
            took = format_duration(round(patience_s * SECOND))
            raise ScoError(f"comparing the stack with AWS took longer than {took}", hint="run sco infra drift yourself")

    with private_directory() as folder, stack.var_files() as files:
        path = folder / "plan"
        ran = runner.stream("plan", watch=Watch(on_tick=on_tick), out=str(path), var_file=files)
        if ran.status != 0:
            raise runner.failed(ran)
        document = json.loads(runner.capture("show", str(path), json=True, timeout_s=patience_s))
    return judged(read_plan(document), config.infra.drift_ignore)
