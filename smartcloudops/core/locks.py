"""One run at a time: advisory file locks that the kernel releases when their process ends, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from smartcloudops.core.errors import LockedError
from smartcloudops.core.files import cannot_write
from smartcloudops.core.times import format_duration, now_ms

_POLL_S = 0.05
_BUSY = (errno.EAGAIN, errno.EACCES)


@contextmanager
def hold(
    directory: Path,
    name: str,
    *,
    timeout_ms: int = 0,
    now: Callable[[], int] = now_ms,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold `<directory>/<name>.lock`, waiting up to `timeout_ms` for it.

    Raises LockedError, which names the holder's pid and age, and ScoError if the file cannot be written.
    The file stays behind; only the lock on it counts.
    """
    path = directory / f"{name}.lock"
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as e:
        raise cannot_write(path, e) from e
    try:
        deadline = monotonic() + timeout_ms / 1000
        while not _acquired(fd, path):
            left_s = deadline - monotonic()
            if left_s <= 0:
                raise _locked(path, name, now())
            sleep(min(_POLL_S, left_s))
        _sign(fd, path, now())
        yield
    finally:
        os.close(fd)


def _acquired(fd: int, path: Path) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        if e.errno in _BUSY:
            return False
        raise cannot_write(path, e) from e
    return True


def _sign(fd: int, path: Path, now: int) -> None:
    """Write pid and start, in ms, for the message that others print."""
    try:
        os.truncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()} {now}\n".encode(), 0)
    except OSError as e:
        raise cannot_write(path, e) from e


def _locked(path: Path, name: str, now: int) -> LockedError:
    try:
        pid, started = path.read_text().split()
        age_ms = max(0, now - int(started))
        holder = f" (pid {int(pid)}, for {format_duration(max(1000, age_ms - age_ms % 1000))})"
    except (OSError, ValueError):
        holder = ""
    hint = "wait longer with --lock-timeout, or pass --skip-if-locked"
    return LockedError(f"another run holds the {name} lock{holder}: {path}", hint=hint)


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that is held. `pid` took it; `heirs` are processes that have it open now, children of a dead one too."""

    name: str
    path: Path
    pid: int
    heirs: tuple[int, ...]


def held(directory: Path, *, proc: Path = Path("/proc")) -> list[Held]:
    """The locks in a directory that are held, by what the kernel says; taking none, not even for a moment.

    Empty where the system has no `/proc/locks`.
    """
    try:
        lines = [line.split() for line in (proc / "locks").read_text().splitlines()]
        files = {_place(path): path for path in sorted(directory.glob("*.lock"))}
    except OSError:
        return []
    taken = {row[5]: int(row[4]) for row in lines if len(row) >= 8 and row[1] == "FLOCK"}
    return [
        Held(path.stem, path, taken[place], tuple(_openers(path, proc)))
        for place, path in files.items()
        if place in taken
    ]


def is_alive(pid: int) -> bool:
    """Whether a process of that number is there, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _place(path: Path) -> str:
    """Device and inode as `/proc/locks` writes them."""
    found = path.stat()
    return f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"


def _openers(path: Path, proc: Path) -> Iterator[int]:
    wanted = str(path.resolve())
    for process in proc.glob("[0-9]*"):
        try:
            if any(str(each.readlink()) == wanted for each in (process / "fd").iterdir()):
                yield int(process.name)
        except OSError:
            continue
