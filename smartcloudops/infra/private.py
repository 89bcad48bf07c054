"""Directories for plan files and variables: for this user alone, removed after use, also those of killed runs."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smartcloudops.core.files import cannot_write
from smartcloudops.core.locks import is_alive

_PREFIX = "sco-infra-"
_OURS = re.compile(rf"{_PREFIX}(\d+)-")


@contextmanager
def private_directory() -> Iterator[Path]:
    """A new directory, mode 0700, that is gone afterwards whatever happens; a killed run's goes with the next one."""
    root = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    root = root if os.access(root, os.W_OK) else Path(tempfile.gettempdir())
    _sweep(root)
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=root))
    except OSError as e:
        raise cannot_write(root, e) from e
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Remove what runs left behind that were killed: plan files hold secrets."""
    for path in root.glob(f"{_PREFIX}*"):
        found = _OURS.match(path.name)
        if found and not is_alive(int(found[1])) and path.lstat().st_uid == os.getuid() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
