"""Where the state lies: beside the stack, or in an S3 bucket that is made for it; and `terraform init` for it.

The bucket is encrypted, versioned, closed to the public and answers over TLS only. A lock keeps two runs apart: a file
in the bucket where Terraform knows that (1.10), else a DynamoDB table. Everything is looked at before it is made, so
that doing it twice changes nothing. A bucket of another account is refused: it would be handed every secret of the
state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import ConfigError
from smartcloudops.core.files import write_atomic
from smartcloudops.core.times import now_ms
from smartcloudops.infra import backups
from smartcloudops.infra.binary import Binary
from smartcloudops.infra.environments import DEFAULT, SETTINGS, Stack, settings_of
from smartcloudops.infra.preflight import Caller
from smartcloudops.infra.runner import Runner
from smartcloudops.infra.state_bucket import TABLE, make_bucket, make_table

_LOCKFILE_SINCE = (1, 10, 0)
_ENDPOINTS_SINCE = (1, 6, 0)
_BLOCK = """# Where the state lies; written by `sco infra init`. Bucket and region stand in {settings}:
#   terraform init -backend-config={settings} -backend-config=key={key}
terraform {{
  backend "s3" {{}}
}}
"""


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """What holds the state now. `made`: what was not there before; `moved`: environments whose state went along;
    `found`: how many resources a state that lay in the bucket already knows of this environment."""

    bucket: str
    region: str
    lock: str
    made: tuple[str, ...]
    moved: tuple[str, ...]
    found: int = 0


def bootstrap(
    stack: Stack,
    binary: Binary,
    caller: Caller,
    *,
    environ: Mapping[str, str],
    bucket: str | None = None,
    migrate: bool = False,
) -> Bootstrapped:
    """Make the bucket and the lock where they are missing, write `backend.tf` and its settings, initialise.

    `bucket`: its name, else that of the settings, else `sco-state-ACCOUNT-REGION`. With `migrate` the states that lie
    beside the stack go along, those of every environment; without, ConfigError where there is one. Doing it again
    changes nothing; where it fails, the states are where they were.
    """
    states = _local_states(stack, binary, environ, migrate=migrate)
    known = settings_of(stack.dir)
    name = bucket or known.get("bucket") or f"sco-state-{caller.account}-{caller.region}"
    locks = binary.version >= _LOCKFILE_SINCE
    made = [*make_bucket(caller, name, environ), *([] if locks else make_table(caller, environ))]
    lock = {"use_lockfile": True} if locks else {"dynamodb_table": TABLE}
    with (
        _local_states_aside(stack),
        _written(stack, {"bucket": name, "region": caller.region, "encrypt": True, **lock}),
    ):
        runner = _enter(replace(stack, backend="s3"), binary, environ)
        found = len(backups.addresses(backups.pull(runner)))
        for label, state in states.items():
            env = None if label == DEFAULT else label
            backups.push(_enter(replace(stack, backend="s3", env=env), binary, environ), state, first=True)
    return Bootstrapped(
        name, caller.region, "a file beside the state" if locks else TABLE, tuple(made), tuple(states), found
    )


def _enter(stack: Stack, binary: Binary, environ: Mapping[str, str]) -> Runner:
    runner = Runner.of(binary, stack, environ)
    initialise(runner, stack, reconfigure=True)
    return runner


def initialise(runner: Runner, stack: Stack, *, reconfigure: bool = False, upgrade: bool = False) -> None:
    """`terraform init` for this environment: fetches the provider, once; moves no state."""
    config = _backend_options(runner, stack)
    runner.capture("init", input="false", backend_config=config, reconfigure=reconfigure, upgrade=upgrade)


def ensure(runner: Runner, stack: Stack, say: Callable[[str], None] = lambda text: None) -> None:
    """Initialise where that was not done yet for this environment and its backend."""
    if not is_initialised(stack):
        say(f"initialising {stack.dir} for environment {stack.label}: fetches the AWS provider")
        initialise(runner, stack)


def is_initialised(stack: Stack) -> bool:
    """Whether Terraform's own files say so; it complains itself where something finer is amiss."""
    if not (stack.data_dir / "providers").is_dir():
        return False
    backend = _initialised_for(stack.data_dir)
    if stack.backend != "s3":
        return stack.backend == "own" or backend.get("type", "local") == "local"
    config: Any = backend.get("config") or {}
    wanted = (stack.state_key, settings_of(stack.dir).get("bucket"))
    return (config.get("key"), config.get("bucket")) == wanted


def _initialised_for(data_dir: Path) -> Mapping[str, Any]:
    try:
        document = json.loads((data_dir / "terraform.tfstate").read_text())
    except (OSError, ValueError):
        return {}
    found = document.get("backend") if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def _backend_options(runner: Runner, stack: Stack) -> list[str]:
    if stack.backend != "s3":
        return []
    if settings_of(stack.dir).get("use_lockfile") == "true" and runner.binary.version < _LOCKFILE_SINCE:
        hint = "use that, or write the DynamoDB lock: sco infra init --backend s3"
        raise ConfigError(f"{SETTINGS} locks by a file, which needs Terraform 1.10; this is {runner.binary}", hint=hint)
    return [SETTINGS, f"key={stack.state_key}", *_other_server(runner)]


def _other_server(runner: Runner) -> list[str]:
    """Another server that speaks S3, as AWS's own variables name it: what is of one machine is in no file."""
    environ, old = runner.environ, runner.binary.version < _ENDPOINTS_SINCE
    common = environ.get("AWS_ENDPOINT_URL", "")
    if not (common or environ.get("AWS_ENDPOINT_URL_S3")):
        return []
    if not old:
        return ["use_path_style=true"]
    places = {"endpoint": "S3", "dynamodb_endpoint": "DYNAMODB", "sts_endpoint": "STS", "iam_endpoint": "IAM"}
    found = {name: environ.get(f"AWS_ENDPOINT_URL_{of}", common) for name, of in places.items()}
    return ["force_path_style=true", *(f"{name}={url}" for name, url in found.items() if url)]


def _local_states(stack: Stack, binary: Binary, environ: Mapping[str, str], *, migrate: bool) -> dict[str, str]:
    """The states beside the stack by environment, those that hold something; they are backed up first."""
    if stack.backend != "local":
        return {}
    found = {}
    for each in _local_environments(stack):
        runner = Runner.of(binary, each, environ)
        ensure(runner, each)
        state = backups.pull(runner)
        if backups.is_empty(state):
            continue
        if not migrate:
            hint = "--migrate takes it along (a backup stays)"
            raise ConfigError(f"the state of environment {each.label} lies in {backups.local_state(each)}", hint=hint)
        backups.back_up(runner, each)
        found[each.label] = state
    return found


def _local_environments(stack: Stack) -> list[Stack]:
    folder = stack.dir / "terraform.tfstate.d"
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    each = [replace(stack, env=env) for env in (None, *names)]
    return [one for one in each if backups.local_state(one).exists()]


@contextmanager
def _local_states_aside(stack: Stack) -> Iterator[None]:
    """Terraform would ask what to do with them; afterwards nobody takes them for those in force."""
    moved = []
    for name in ("terraform.tfstate", "terraform.tfstate.d") if stack.backend == "local" else ():
        path = stack.dir / name
        if path.exists():
            aside = path.with_name(f"{name}.moved-to-s3-{now_ms()}")
            path.rename(aside)
            moved.append((path, aside))
    try:
        yield
    except BaseException:
        for path, aside in moved:
            aside.rename(path)
        raise


@contextmanager
def _written(stack: Stack, settings: Mapping[str, str | bool]) -> Iterator[None]:
    """The block and its settings; where something fails, what was there before."""
    paths = [stack.dir / "backend.tf", stack.dir / SETTINGS]
    before = [path.read_bytes() if path.exists() else None for path in paths]
    _write(stack, settings)
    try:
        yield
    except BaseException:
        for path, data in zip(paths, before, strict=True):
            if data is None:
                path.unlink(missing_ok=True)
            else:
                write_atomic(path, data)
        raise


def _write(stack: Stack, settings: Mapping[str, str | bool]) -> None:
    width = max(map(len, settings))
    lines = [f"{name:<{width}} = {json.dumps(value)}" for name, value in settings.items()]
    write_atomic(stack.dir / SETTINGS, ("\n".join(lines) + "\n").encode())
    block = _BLOCK.format(settings=SETTINGS, key=stack.state_key)
    write_atomic(stack.dir / "backend.tf", block.encode())
