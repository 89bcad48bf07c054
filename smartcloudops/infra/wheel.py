"""The wheel of sco that the servers install: configured, or built from the checkout that sco runs from.

Its key is known before it is built, from the content that it is built of, so that a plan can name it; servers look for
a new key every ten minutes. Within one apply it is sent as soon as its bucket is there, minutes before a server asks
for it: one plan, shown once, makes both. A plan of the bucket alone first would have to be shown and agreed to apart.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import smartcloudops
from smartcloudops.core import aws
from smartcloudops.core.errors import ConfigError
from smartcloudops.core.process import run
from smartcloudops.core.text import printable
from smartcloudops.infra.environments import Stack

VARIABLE = "wheel_key"
BUCKET_ADDRESS, BUCKET_OUTPUT = "aws_s3_bucket.models", "models_bucket"
_NAME = re.compile(r"smartcloudops-[A-Za-z0-9.+_]+(?:-\d[A-Za-z0-9]*)?-[\w.]+-[\w.]+-[\w.]+\.whl")
_BUILD_S = 300.0
_ERROR = re.compile(r"(?:[\w.]*(?:Error|Exception)|ERROR|WARNING): ")
_NO_WHEEL = '[infra] wheel = "PATH/smartcloudops-….whl", or --var wheel_key= for servers without sco'
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "smartcloudops/**/*", "terraform/**/*")


@dataclass(frozen=True, slots=True)
class Wheel:
    """Where it lies in the models bucket, and what it is or is built of: a file, or a checkout."""

    key: str
    source: Path

    @property
    def name(self) -> str:
        """Its file name, which pip wants to be right."""
        return self.key.rpartition("/")[2]


def wheel_of(stack: Stack, configured: str | None, *, environ: Mapping[str, str]) -> Wheel | None:
    """The wheel for this stack's servers; None where the stack takes none, or the user says which key.

    ConfigError, naming the setting, where there is neither a configured wheel nor a checkout.
    """
    if VARIABLE not in stack.declared or stack.value(VARIABLE) is not None or f"TF_VAR_{VARIABLE}" in environ:
        return None
    if configured:
        return _configured(configured)
    checkout = Path(smartcloudops.__file__).resolve().parents[1]
    if not (checkout / "pyproject.toml").is_file():
        raise ConfigError("no wheel of sco for the servers is configured, and this sco is no checkout", hint=_NO_WHEEL)
    return from_checkout(checkout)


def from_checkout(checkout: Path) -> Wheel:
    """The wheel that a checkout makes, not built yet; its key changes with any of its files."""
    digest = hashlib.sha256()
    for path in sorted(_files(checkout)):
        digest.update(f"{path.relative_to(checkout)}\0".encode())
        digest.update(path.read_bytes())
    name = f"smartcloudops-{smartcloudops.__version__}-py3-none-any.whl"
    return Wheel(f"wheels/{digest.hexdigest()[:12]}/{name}", checkout)


def _files(checkout: Path) -> Iterator[Path]:
    for pattern in _SOURCES:
        for path in checkout.glob(pattern):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _configured(text: str) -> Wheel:
    path = Path(text).expanduser()
    if not _NAME.fullmatch(path.name):
        raise ConfigError(f"[infra] wheel = {text!r} is no wheel of sco", hint=_NO_WHEEL)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as e:
        raise ConfigError(f"[infra] wheel: cannot read {path}: {e.strerror}", hint=_NO_WHEEL) from e
    return Wheel(f"wheels/{digest[:12]}/{path.name}", path)


def build(wheel: Wheel, folder: Path) -> Path:
    """The wheel as a file; from a checkout by pip, below `folder`.

    ConfigError where pip cannot build it.
    """
    if wheel.source.is_file():
        return wheel.source
    isolated = [] if importlib.util.find_spec("hatchling") is None else ["--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check", *isolated]
    done = run([*command, "--wheel-dir", str(folder), str(wheel.source)], timeout_s=_BUILD_S, check=False)
    if done.status != 0:
        hint = f"build one elsewhere (pip wheel --no-deps .) and set {_NO_WHEEL}"
        raise ConfigError(f"pip cannot build the wheel of sco from {wheel.source}: {_why(done.stderr)}", hint=hint)
    path = folder / wheel.name
    if not path.is_file():
        made = ", ".join(each.name for each in folder.iterdir()) or "nothing"
        raise ConfigError(f"pip built {made} of {wheel.source}, not {wheel.name}", hint=_NO_WHEEL)
    return path


def _why(stderr: str) -> str:
    """The line of pip's that says most: its last error, without the frames around it."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if _ERROR.match(line)]
    return printable((telling or lines or ["it says nothing"])[-1])


def upload(client: Any, bucket: str, wheel: Wheel, path: Path) -> bool:
    """Put it into the bucket unless it is there already; whether it was put."""
    with aws.errors(f"s3://{bucket}", "look for the wheel of sco", reading=True):
        found = client.list_objects_v2(Bucket=bucket, Prefix=wheel.key, MaxKeys=1).get("Contents") or []
    if any(each["Key"] == wheel.key for each in found):
        return False
    with aws.errors(f"s3://{bucket}", "put the wheel of sco"):
        client.put_object(Bucket=bucket, Key=wheel.key, Body=path.read_bytes())
    return True
