"""What a search has behind it, kept on disk, so that one that was cut off goes on where it stopped (`--resume`).

One file for each search, named by its fingerprint; a header, then a line for each object whose hits were all printed.
Neither names nor content tell what was looked for or where: objects and questions are there as digests only.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from smartcloudops.core.errors import LockedError
from smartcloudops.core.files import cannot_write
from smartcloudops.core.times import DAY, now_ms
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.sieve import Question

FOLDER = "logs-resume"
KEPT_MS = 14 * DAY
_SCHEMA = 1
_SUFFIX = ".journal"
_SYNC_S = 1.0
_DIGEST = 16
Window = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Found:
    """What an earlier run left: objects that are done, their hits, and when it began (ms)."""

    objects: int
    hits: int
    since: int


def fingerprint(address: str, question: Question, **more: str | int | bool | None) -> str:
    """A name for a search: the same for the same question to the same place. The window is left out: a moving one
    (`--since 2h`) would make each run another search; pass it as it was typed, in `more`."""
    asked = {**asdict(question), "since": None, "until": None}
    text = json.dumps([_SCHEMA, address, asked, more], sort_keys=True)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


class Journal:
    """An open journal, which no other process has. What cannot be written is said once; the search goes on.

    `window` is the one to search: that of the run that is resumed. `found` is None where there is nothing to resume.
    """

    def __init__(self, path: Path, fd: int | None, say: Callable[[str], None], monotonic: Callable[[], float]) -> None:
        self._path, self._fd, self._say, self._monotonic = path, fd, say, monotonic
        self._synced_s = monotonic()
        self._done: set[bytes] = set()
        self.window: Window = (None, None)
        self.found: Found | None = None

    @classmethod
    def open(
        cls,
        state_dir: Path,
        fingerprint: str,
        *,
        window: Window = (None, None),
        say: Callable[[str], None] = lambda text: None,
        now: Callable[[], int] = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Open or begin the journal of a search; LockedError while another run of it goes on.

        Journals that nobody resumed for 14 days are removed.
        """
        path = state_dir / FOLDER / f"{fingerprint[:40]}{_SUFFIX}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _prune(path, now())
            fd = _locked(path)
        except OSError as e:
            say(f"this search cannot be resumed later: {cannot_write(path, e)}")
            journal = cls(path, None, say, monotonic)
            journal.window = window
            return journal
        journal = cls(path, fd, say, monotonic)
        journal._begin(window, now())
        return journal

    def done(self, one: LogObject) -> bool:
        """Whether all hits of exactly this content were printed before."""
        return bool(self._done) and _digest(one) in self._done

    def finish(self, one: LogObject, hits: int = 0) -> None:
        """All hits of it are printed (and flushed)."""
        self._append(f"{_digest(one).hex()} {hits}\n")

    def close(self, complete: bool) -> None:
        """The search ended; one that is complete needs no journal any more."""
        if self._fd is None:
            return
        with suppress(OSError):
            if complete:
                self._path.unlink(missing_ok=True)
            else:
                os.fsync(self._fd)
        os.close(self._fd)
        self._fd = None

    def _begin(self, window: Window, now: int) -> None:
        assert self._fd is not None
        data = _whole(self._fd)
        lines = data.split(b"\n")[:-1]
        try:
            self._take(lines)
            length = sum(len(line) + 1 for line in lines)
        except ValueError:
            self._say(f"the journal of this search was damaged ({self._path}); it starts afresh")
            lines, length, self._done, self.found = [], 0, set(), None
        self._cut(length)
        if not lines:
            self.window = window
            header = {"schema": _SCHEMA, "since": window[0], "until": window[1], "started": now}
            self._append(json.dumps(header) + "\n")

    def _take(self, lines: list[bytes]) -> None:
        """What an earlier run wrote; ValueError where that is damaged. The line it was writing when it ended is not
        among the lines."""
        if not lines:
            return
        header = _header(lines[0])
        hits = 0
        for line in lines[1:]:
            digest, count = line.split(b" ")
            if len(digest) != 2 * _DIGEST:
                raise ValueError(line)
            self._done.add(bytes.fromhex(digest.decode("ascii")))
            hits += int(count)
        self.window = (header["since"], header["until"])
        if self._done:
            self.found = Found(len(self._done), hits, header["started"])

    def _cut(self, length: int) -> None:
        """Leave whole lines only, and write behind them."""
        assert self._fd is not None
        try:
            os.ftruncate(self._fd, length)
            os.lseek(self._fd, length, os.SEEK_SET)
        except OSError as e:
            self._give_up(e)

    def _append(self, line: str) -> None:
        if self._fd is None:
            return
        try:
            data = line.encode()
            if os.write(self._fd, data) < len(data):
                # A full disk takes a part and refuses the rest next time; a part would damage what follows it.
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if self._monotonic() - self._synced_s >= _SYNC_S:
                os.fsync(self._fd)
                self._synced_s = self._monotonic()
        except OSError as e:
            self._give_up(e)

    def _give_up(self, e: OSError) -> None:
        assert self._fd is not None
        self._say(f"from here on this search cannot be resumed: {cannot_write(self._path, e)}")
        os.close(self._fd)
        self._fd = None


def _digest(one: LogObject) -> bytes:
    text = json.dumps([one.key, one.etag, one.size, None if one.etag else one.modified])
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=_DIGEST).digest()


def _header(line: bytes) -> dict[str, Any]:
    """The first line; ValueError where it is none of ours."""
    header = json.loads(line)
    if not isinstance(header, dict) or header.get("schema") != _SCHEMA:
        raise ValueError(line)
    times = [header.get(name, "") for name in ("since", "until", "started")]
    if not all(isinstance(each, int) or (each is None and i < 2) for i, each in enumerate(times)):
        raise ValueError(line)
    return header


def _locked(path: Path) -> int:
    """The file, open and ours alone, made if missing; LockedError where another process has it."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it may have ended just now, and removed it.
            if os.fstat(fd).st_nlink:
                return fd
        except BlockingIOError as e:
            os.close(fd)
            hint = "wait until it ends, or leave out --resume"
            raise LockedError("another run of this search goes on", hint=hint) from e
        except OSError:
            os.close(fd)
            raise
        os.close(fd)


def _whole(fd: int) -> bytes:
    with os.fdopen(os.dup(fd), "rb") as f:
        return f.read()


def _prune(kept: Path, now: int) -> None:
    for path in _old(kept.parent, now):
        if path == kept:
            continue
        with suppress(OSError, LockedError):
            fd = _locked(path)
            path.unlink(missing_ok=True)
            os.close(fd)


def _old(folder: Path, now: int) -> Iterator[Path]:
    for path in folder.glob(f"*{_SUFFIX}"):
        with suppress(OSError):
            if path.stat().st_mtime_ns // 1_000_000 < now - KEPT_MS:
                yield path
