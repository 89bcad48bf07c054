"""Logs in a directory, with all that is below it, or in one file.

Keys are paths below the directory, in the order of S3 (that of their bytes). Hidden files are left out, as by ripgrep,
unless they are named; so are sockets, pipes and devices, which are never opened. Links are followed, as logs of
Kubernetes are such; a link back to a directory around it is not. A file is read as far as it reached when it was
listed: what is written meanwhile is the next listing's.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import ConfigError
from smartcloudops.core.settings import Logs
from smartcloudops.core.text import printable
from smartcloudops.logs.objects import LogObject, Unread

_Seen = tuple[tuple[int, int], ...]


class Directory:
    """The source of a path. A directory below it that cannot be listed is given out as an object that is unreadable."""

    known: Any = None

    def __init__(self, name: str, settings: Logs, *, setting: str = "SOURCE") -> None:
        """Raises ConfigError where there is nothing to list or read at that path."""
        self.name, self.layout, self.format, self.zone = name, settings.layout, settings.format, settings.zone
        self.listings = 0
        path = Path(settings.uri)
        self._root, self._only = _opened(path, setting)

    def address(self, key: str = "") -> str:
        """The path, which a shell understands."""
        if not key and self._only:
            key = self._only
        return _shown(os.path.join(self._root, key) if key else self._root)  # noqa: PTH118 - keys keep their bytes

    def folders(self, prefix: str = "") -> Iterator[str]:
        """The directories in one, empty ones too."""
        return (name for name in self.level(prefix) if isinstance(name, str))

    def level(self, prefix: str = "") -> Iterator[str | LogObject]:
        """One directory."""
        if self._only:
            yield from self.objects(prefix) if not prefix else ()
            return
        for key, one in _entries(self._root, prefix):
            yield key[len(prefix) :] if one is None else one

    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]:
        """Depth first; only directories that can hold such keys are looked into."""
        if self._only:
            found = _listed(self._root, self._only)
            if found is not None and self._only.startswith(prefix) and _is_behind(self._only, after):
                yield found
            return
        yield from self._below("", prefix, after, ())

    def _below(self, folder: str, prefix: str, after: str, seen: _Seen) -> Iterator[LogObject]:
        here = _identity(self._root, folder)
        if here is None or here in seen:
            return
        for key, one in _entries(self._root, folder):
            if one is None:
                is_wanted = key.startswith(prefix) or prefix.startswith(key)
                if is_wanted and (_is_behind(key, after) or after.startswith(key)):
                    yield from self._below(key, prefix, after, (*seen, here))
            elif key.startswith(prefix) and _is_behind(key, after):
                yield one

    def warm(self) -> None:
        """Nothing to load."""

    def reader(self) -> FileReader:
        """Opens a file for each read."""
        return FileReader(self._root)


class FileReader:
    """Reads files below a directory."""

    def __init__(self, root: str) -> None:
        self._root = root

    def read(self, one: LogObject) -> bytes:
        """As many bytes as were listed; plain reads, because what follows wants bytes and no map of them."""
        return b"".join(self.stream(one, piece=max(one.size, 1)))

    def stream(self, one: LogObject, *, start: int = 0, piece: int = 8 << 20) -> Iterator[bytes]:
        """The same in pieces. "changed": another file stands there, or it became shorter than it was listed."""
        left = one.size - start
        try:
            with os.fdopen(_open(self._root, one), "rb", buffering=0) as file:
                file.seek(start)
                while left > 0:
                    wanted = min(piece, left)
                    data = _exactly(file.read, wanted)
                    left -= len(data)
                    if data:
                        yield data
                    if len(data) < wanted:
                        raise Unread("changed", f"it became {left} bytes shorter than when it was listed")
        except FileNotFoundError as e:
            raise Unread("gone", "deleted since it was listed") from e
        except OSError as e:
            raise Unread("unreadable", e.strerror or str(e)) from e

    def close(self) -> None:
        """Nothing stays open."""


def _opened(path: Path, setting: str) -> tuple[str, str]:
    """The directory, and the name of the one file in it that is meant, or ""."""
    shown = _shown(str(path))
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(path).close()
            return str(path), ""
    except OSError as e:
        advice = "check its owner and mode" if isinstance(e, PermissionError) else "check the path"
        raise ConfigError(f"{setting}: cannot read {shown}: {e.strerror}", hint=advice) from e
    if not stat.S_ISREG(mode):
        hint = f"sco logs search PATTERN - < {shown}"
        raise ConfigError(f"{setting}: {shown} is neither a directory nor a file", hint=hint)
    return str(path.parent), path.name


def _entries(root: str, folder: str) -> list[tuple[str, LogObject | None]]:
    """What is in one directory, in key order: None for a directory, whose key ends with a slash."""
    try:
        with os.scandir(f"{root}/{folder}") as entries:
            found = [_found(entry, folder) for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
    except OSError:
        # Its own address, without the slash of a folder: who reads it is told why it cannot be.
        return [(folder.rstrip("/"), _shut(folder.rstrip("/")))]
    return sorted((row for row in found if row is not None), key=lambda row: os.fsencode(row[0]))


def _found(entry: os.DirEntry[str], folder: str) -> tuple[str, LogObject | None] | None:
    """A row of `_entries`; None for what is never opened, and for a link to nothing."""
    key = folder + entry.name
    try:
        if entry.is_dir():
            return f"{key}/", None
        one = _file(key, entry.stat())
    except PermissionError:
        one = _shut(key)
    except OSError:
        return None
    return None if one is None else (key, one)


def _shut(key: str) -> LogObject:
    """What nothing can be told of: it is given out all the same, and reading it says why."""
    return LogObject(key, 1, 0)


def _listed(root: str, key: str) -> LogObject | None:
    try:
        return _file(key, Path(root, key).stat())
    except OSError:
        return None


def _file(key: str, about: os.stat_result) -> LogObject | None:
    if not stat.S_ISREG(about.st_mode):
        return None
    return LogObject(key, about.st_size, about.st_mtime_ns // 1_000_000, _etag(about))


def _etag(about: os.stat_result) -> str:
    return f"{about.st_ino:x}-{about.st_size:x}-{about.st_mtime_ns:x}"


def _open(root: str, one: LogObject) -> int:
    """A descriptor of the very file that was listed; O_NONBLOCK, because a pipe may stand there by now."""
    if not one.etag:
        os.scandir(f"{root}/{one.key}").close()
        raise Unread("unreadable", "it could not be listed a moment ago")
    fd = os.open(f"{root}/{one.key}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    about = os.fstat(fd)
    if stat.S_ISREG(about.st_mode) and one.etag.partition("-")[0] == f"{about.st_ino:x}":
        return fd
    os.close(fd)
    raise Unread("changed", "replaced since it was listed")


def _exactly(read: Callable[[int], bytes | None], count: int) -> bytes:
    """So many bytes, fewer only at the end: one call of the system gives 2 GB at most."""
    data = read(count) or b""
    while data and len(data) < count and (more := read(count - len(data))):
        data += more
    return data


def _identity(root: str, folder: str) -> tuple[int, int] | None:
    try:
        about = Path(root, folder).stat()
    except OSError:
        return None
    return about.st_dev, about.st_ino


def _is_behind(key: str, after: str) -> bool:
    return os.fsencode(key) > os.fsencode(after)


def _shown(path: str) -> str:
    """A path that any stream takes, whatever bytes are in it."""
    return printable(os.fsencode(path).decode(errors="backslashreplace"))
