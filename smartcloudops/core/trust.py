"""Which project files the user has approved, by content: `trust.json` beside the state.

A clone from a stranger must not run code or send credentials, so a project file may set safe keys only,
until `sco config trust` stores the SHA-256 of its content. Any change to the file ends the trust.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import ConfigError, UntrustedError
from smartcloudops.core.files import sha256, write_atomic
from smartcloudops.core.layers import Layer, Setting

_FILE = "trust.json"


def is_trusted(layer: Layer, store: Path) -> bool:
    """Whether exactly this content of this file was approved; `store` is the directory of `trust.json`."""
    if layer.path is None:
        return False
    return bool(layer.digest) and _read(store).get(str(layer.path.resolve())) == layer.digest


def trust(path: Path, store: Path, *, digest: str) -> None:
    """Approve the content of `path` with that SHA-256, the one the user was shown.

    ConfigError if the file holds something else by now.
    """
    if sha256(path.read_bytes()) != digest:
        raise ConfigError(f"{path} has just changed", hint="run `sco config trust` again and look again")
    _write(store, {**_read(store), str(path.resolve()): digest})


def revoke(path: Path, store: Path) -> bool:
    """Forget `path`; whether it was trusted in any version."""
    files = _read(store)
    known = files.pop(str(path.resolve()), None) is not None
    if known:
        _write(store, files)
    return known


def unsafe(settings: Iterable[Setting]) -> list[Setting]:
    """Those that a project file may not set without trust."""
    return [each for each in settings if not each.key.safe or _has_credentials(each)]


def untrusted_error(settings: Iterable[Setting], path: Path) -> UntrustedError:
    """The error that names every key and what to do."""
    names = ", ".join(each.name for each in settings)
    hint = f"read it, then run `sco config trust {path}`"
    return UntrustedError(f"{path} sets {names}, which a project file may not do until you trust it", hint=hint)


def _has_credentials(setting: Setting) -> bool:
    from urllib.parse import urlsplit

    if setting.key.last != "url":
        return False
    try:
        return "@" in urlsplit(setting.value).netloc
    except ValueError:
        return True


def _read(store: Path) -> dict[str, str]:
    import json

    path = store / _FILE
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as e:
        raise ConfigError(f"cannot read {path}: {e}", hint="repair or remove it, then trust again") from e
    files: Any = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, dict):
        raise ConfigError(f"{path} is no list of trusted files", hint="remove it, then trust again")
    return {str(name): str(digest) for name, digest in files.items()}


def _write(store: Path, files: dict[str, str]) -> None:
    import json

    text = json.dumps({"version": 1, "files": files}, indent=1, sort_keys=True)
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(store / _FILE, text.encode() + b"\n", mode=0o600)
