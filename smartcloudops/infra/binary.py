"""Which Terraform runs: terraform or tofu, where it is, and whether it is new enough."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, ScoError
from smartcloudops.core.process import run

OLDEST = (1, 0, 0)
_NAMES = ("terraform", "tofu")
_TIMEOUT_S = 30.0
_HOW = "install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu (https://opentofu.org)"
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Binary:
    """A program that speaks Terraform's command line."""

    path: Path
    name: str
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{'OpenTofu' if self.name == 'tofu' else 'Terraform'} {'.'.join(map(str, self.version))}"


def find(config: Config) -> Binary:
    """The program of `[infra] binary`; where that is the default and missing, `tofu`.

    ConfigError where there is none, or an older one than 1.0, with how to get it.
    """
    asked = config.infra.binary
    names = _NAMES if asked == "terraform" else (asked,)
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        hint = _HOW if asked == "terraform" else f"check [infra] binary, or {_HOW}"
        raise ConfigError(f"no program `{'` or `'.join(names)}` was found", hint=hint)
    return _examined(Path(path))


def _examined(path: Path) -> Binary:
    try:
        said = run([str(path), "version", "-json"], timeout_s=_TIMEOUT_S).stdout
        version = _parsed(str(json.loads(said)["terraform_version"]))
    except (ValueError, KeyError, TypeError) as e:
        raise ConfigError(f"`{path} version` answers nothing that Terraform would", hint="check [infra] binary") from e
    except ScoError as e:
        raise ConfigError(f"`{path}` cannot be run: {e.message}", hint=_HOW) from e
    name = "tofu" if "tofu" in path.name else "terraform"
    if version < OLDEST:
        raise ConfigError(f"{path} is version {'.'.join(map(str, version))}; sco needs 1.0 or newer", hint=_HOW)
    return Binary(path, name, version)


def _parsed(text: str) -> tuple[int, int, int]:
    """Major, minor, patch.

    >>> _parsed("1.15.5-beta1")
    (1, 15, 5)
    """
    found = _VERSION.match(text)
    if not found:
        raise ValueError(text)
    return (int(found[1]), int(found[2]), int(found[3]))
