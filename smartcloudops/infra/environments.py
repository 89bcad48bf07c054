"""Which stack is meant: its directory, its environment, the variables it is given, and where its state lies.

An environment is `envs/NAME.tfvars` and a state of its own. Where that lies is said by a `backend.tf` that
`sco infra init` writes: with S3, below a key of its own; locally, or with a backend that somebody else wrote, it is a
workspace of Terraform's. Each has a data directory of its own, so that switching needs no new initialisation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, UsageError
from smartcloudops.core.files import write_atomic
from smartcloudops.core.redact import register
from smartcloudops.core.registry import nearest
from smartcloudops.infra.private import private_directory

Backend = Literal["local", "s3", "own"]
DEFAULT = "default"
SETTINGS = "backend.hcl"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_BACKEND = re.compile(r'^[^#\n"]*\bbackend\s+"([a-z0-9]+)"\s*\{', re.MULTILINE)
_VARIABLE = re.compile(r'^variable\s+"([^"]+)"\s*\{(.*?)^\}', re.MULTILINE | re.DOTALL)
_DEFAULT_OF = re.compile(r'^\s*default\s*=\s*"([^"\n]*)"', re.MULTILINE)
_SENSITIVE = re.compile(r"^\s*sensitive\s*=\s*true\b", re.MULTILINE)
_AUTOMATIC = ("terraform.tfvars", "*.auto.tfvars")


@dataclass(frozen=True, slots=True)
class Stack:
    """One environment of a directory of Terraform files.

    `name` is what its resources are called after, and what `down` asks for; `given` are variables of the command line
    and those that sco sets itself, kept out of every representation.
    """

    dir: Path
    env: str | None
    name: str
    region: str | None
    backend: Backend = "local"
    declared: frozenset[str] = frozenset()
    given: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def label(self) -> str:
        """The environment's name, also where none was asked for."""
        return self.env or DEFAULT

    @property
    def state_key(self) -> str:
        """Where the state lies in the bucket of an S3 backend."""
        return f"sco/{self.label}/terraform.tfstate"

    @property
    def data_dir(self) -> Path:
        """Terraform's own directory for this environment: providers, and which backend it was initialised for."""
        return self.dir / ".terraform" if self.env is None else self.dir / ".terraform" / "sco" / self.env

    @property
    def private(self) -> Path:
        """What sco keeps of this environment: backups of its state."""
        return self.dir / ".sco"

    def environment(self) -> dict[str, str]:
        """Variables that make every run of Terraform mean this environment."""
        if self.env is None:
            return {}
        found = {"TF_DATA_DIR": str(self.data_dir)}
        return found if self.backend == "s3" else {**found, "TF_WORKSPACE": self.env}

    def with_variables(self, **more: str) -> Stack:
        """The same stack with further variables; what the user gave stays."""
        return replace(self, given={**more, **self.given})

    def value(self, name: str) -> str | None:
        """A variable's value where it is plain text: given, else from the variable files, else its default."""
        return self.given.get(name, _value(self.dir, self.env, name))

    @contextmanager
    def var_files(self) -> Iterator[list[str]]:
        """The files with this environment's variables, for `-var-file`; those of the command line in a private one."""
        files = [] if self.env is None else [str(_env_file(self.dir, self.env))]
        if not self.given:
            yield files
            return
        with private_directory() as folder:
            path = folder / "given.tfvars.json"
            document = {name: _typed(value) for name, value in self.given.items()}
            write_atomic(path, json.dumps(document).encode(), mode=0o600)
            yield [*files, str(path)]


def stack_of(
    config: Config, env: str | None = None, variables: Sequence[str] = (), *, environ: Mapping[str, str], cwd: Path
) -> Stack:
    """The stack that the configuration and the flags mean; `variables` as `NAME=VALUE`.

    ConfigError where its directory or the environment's file is missing, UsageError for what is no variable.
    """
    directory = (config.infra.dir or cwd / "infra").absolute()
    if not any(directory.glob("*.tf")):
        hint = "sco infra init puts the packaged stack there; [infra] dir names another directory"
        raise ConfigError(f"no Terraform files in {directory}", hint=hint)
    if env == DEFAULT:
        env = None
    if env is not None:
        _check_env(directory, env)
    text = "\n".join(path.read_text(errors="replace") for path in sorted(directory.glob("*.tf")))
    declared = dict(_VARIABLE.findall(text))
    given = dict(_pair(each, declared) for each in variables)
    _register_secrets(declared, given, environ)
    stack = Stack(directory, env, "", None, _backend(directory, text), frozenset(declared), given)
    region = stack.value("region") or environ.get("TF_VAR_region") or _default(declared, "region")
    name = stack.value("stack_name") or environ.get("TF_VAR_stack_name") or _default(declared, "stack_name")
    fallback = directory.name if env is None else f"{directory.name}-{env}"
    return replace(stack, name=name or fallback, region=region or environ.get("AWS_REGION"))


def settings_of(directory: Path) -> dict[str, str]:
    """The S3 backend's settings as they stand in the stack's directory; empty where there are none."""
    try:
        text = (directory / SETTINGS).read_text()
    except FileNotFoundError:
        return {}
    return dict(re.findall(r'^\s*(\w+)\s*=\s*"?([^"\n]*)"?\s*$', text, re.MULTILINE))


def _check_env(directory: Path, env: str) -> None:
    if not _NAME.fullmatch(env):
        hint = "small letters, digits, - and _, as in -e prod"
        raise UsageError(f"'{env}' is no name of an environment", hint=hint)
    if not _env_file(directory, env).is_file():
        known = [path.stem for path in sorted((directory / "envs").glob("*.tfvars"))]
        hint = nearest(env, known) if known else f"write {_env_file(directory, env)}; an example lies beside it"
        raise ConfigError(f"no environment '{env}': there is no {_env_file(directory, env)}", hint=hint)


def _env_file(directory: Path, env: str) -> Path:
    return directory / "envs" / f"{env}.tfvars"


def _backend(directory: Path, text: str) -> Backend:
    found = _BACKEND.search(text)
    if not found or found[1] == "local":
        return "local"
    return "s3" if found[1] == "s3" and (directory / SETTINGS).is_file() else "own"


def _pair(text: str, declared: Mapping[str, str]) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--var {name}: there is no value", hint="--var NAME=VALUE")
    if name not in declared:
        raise UsageError(f"the stack has no variable `{name}`", hint=nearest(name, declared))
    return name, value


def _register_secrets(declared: Mapping[str, str], given: Mapping[str, str], environ: Mapping[str, str]) -> None:
    """Mask the values of variables that the stack calls sensitive, wherever sco writes something."""
    for name, body in declared.items():
        if _SENSITIVE.search(body):
            for value in (given.get(name), environ.get(f"TF_VAR_{name}")):
                if value:
                    register(value)


def _value(directory: Path, env: str | None, name: str) -> str | None:
    """The last plain text that the variable files give it, in Terraform's order."""
    files = [path for pattern in _AUTOMATIC for path in sorted(directory.glob(pattern))]
    if env is not None:
        files.append(_env_file(directory, env))
    found = None
    for path in files:
        matches = re.findall(
            rf'^\s*{re.escape(name)}\s*=\s*"([^"\n]*)"', path.read_text(errors="replace"), re.MULTILINE
        )
        found = matches[-1] if matches else found
    return found


def _default(declared: Mapping[str, str], name: str) -> str | None:
    found = _DEFAULT_OF.search(declared.get(name, ""))
    return found[1] if found else None


def _typed(value: str) -> Any:
    """As Terraform reads `-var`: text, which it converts, or a list or map where it is written as one (in JSON).

    >>> _typed("10"), _typed('["a"]'), _typed("[x")
    ('10', ['a'], '[x')
    """
    if value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
