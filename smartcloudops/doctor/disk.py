"""Room for what sco writes, and that others cannot read secrets or write settings."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from smartcloudops.core.config import value_of
from smartcloudops.core.quantities import quantity
from smartcloudops.core.state import FILE
from smartcloudops.doctor.scene import Finding, Scene

_FAIL_BYTES = 64 << 20
_WARN_BYTES = 512 << 20
_WARN_INODES = 1_000
_SECRET_FILES = frozenset({"password_file", "token_file", "key_file", "secret_file"})


def space(scene: Scene) -> Finding:
    """Free bytes and inodes where state and models are, or will be."""
    config = scene.config
    found = []
    for name, directory in (("state", config.state_dir), ("models", config.models_dir)):
        there = next(each for each in (directory, *directory.absolute().parents) if each.exists())
        free = shutil.disk_usage(there).free
        found.append((free, os.statvfs(there), f"{quantity(free, 'bytes')} free for {name} ({directory})"))
    seen = ", ".join(text for _, _, text in found)
    least = min(free for free, _, _ in found)
    mend = "free some space there; sco models prune --keep-last 3"
    if least < _FAIL_BYTES:
        return Finding("fail", seen, mend)
    if any(each.f_files and each.f_favail < _WARN_INODES for _, each, _ in found):
        return Finding("warn", f"{seen}, but hardly an inode", "remove many small files there (df -i)")
    return Finding("warn", seen, mend) if least < _WARN_BYTES else Finding("ok", seen)


def modes(scene: Scene) -> Finding:
    """Secrets 0600, state private, settings written by nobody else."""
    open_to_write = [p for p in _settings(scene) if _mode(p) & 0o022]
    secrets = [p for p in _secrets(scene) if _mode(p) & 0o077]
    state = [p for p in _state(scene) if _mode(p) & 0o077]
    if open_to_write:
        seen = f"others can write {_shown(open_to_write)}, and with it make sco run programs"
        return Finding("fail", seen, _chmod("go-w", open_to_write))
    if secrets:
        return Finding("fail", f"others can read the secret in {_shown(secrets)}", _chmod("600", secrets))
    if state:
        directories = [p for p in state if p.is_dir()]
        mend = _chmod("go-rwx", state)
        what = "list" if directories == state else "read"
        return Finding("warn", f"others can {what} {_shown(state)}: incidents name your hosts", mend)
    return Finding("ok", "nobody else can write the settings, or read secrets and state")


def _settings(scene: Scene) -> Iterator[Path]:
    files = (scene.config.project_file, scene.config.user_file)
    return (each for each in files if each is not None and each.exists())


def _secrets(scene: Scene) -> Iterator[Path]:
    """Every file that a setting names as holding a secret, and AWS's own."""
    named = (name for name in scene.config.origins if name.rpartition(".")[2] in _SECRET_FILES)
    files = [value_of(scene.config, name) for name in named]
    return (each for each in (*files, scene.home / ".aws/credentials") if each is not None and each.exists())


def _state(scene: Scene) -> Iterator[Path]:
    directory = scene.config.state_dir
    files = [directory, *(directory / name for name in (FILE, f"{FILE}-wal", "trust.json"))]
    return (each for each in files if each.exists())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _shown(paths: list[Path]) -> str:
    return ", ".join(f"{path} ({_mode(path):04o})" for path in paths)


def _chmod(mode: str, paths: list[Path]) -> str:
    import shlex

    return f"chmod {mode} {' '.join(shlex.quote(str(path)) for path in paths)}"
