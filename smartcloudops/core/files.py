"""Files that are either wholly there or not at all: temporary file, fsync, rename."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path

from smartcloudops.core.errors import ScoError


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace `path` with `data`; readers see the old file or the new one, never a part.

    Raises ScoError (disk full, no right to write); the temporary file is removed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as e:
        raise cannot_write(path, e) from e
    try:
        with os.fdopen(fd, "wb") as f:
            os.fchmod(f.fileno(), mode)
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        Path(temporary).replace(path)
        sync_directory(path.parent)
    except OSError as e:
        Path(temporary).unlink(missing_ok=True)
        raise cannot_write(path, e) from e
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sync_directory(path: Path) -> None:
    """Make renames inside `path` survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def cannot_write(path: Path, e: OSError) -> ScoError:
    """The error for a file that could not be written, with what to do about it."""
    hint = {
        errno.ENOSPC: "free some space on that disk, then run the command again",
        errno.EFBIG: "raise the limit on file sizes (ulimit -f), then run the command again",
        errno.EDQUOT: "raise the quota or free some space, then run the command again",
        errno.EACCES: f"check the owner and mode of {path.parent}",
        errno.EROFS: f"{path.parent} is on a read-only disk; set another directory",
    }.get(e.errno or 0)
    return ScoError(f"cannot write {path}: {e.strerror or e}", hint=hint)


def sha256(data: bytes | memoryview) -> str:
    """Hexadecimal SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()
