"""A log file for an error that nobody expected: enough to report it, no secrets, no local variables."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from smartcloudops import __version__
from smartcloudops.core.redact import redact
from smartcloudops.core.times import now_ms, rfc3339

_LIBRARIES = ("typer", "numpy", "pandas", "scikit-learn", "prophet", "requests", "boto3")


def write_bug(error: BaseException, argv: Sequence[str], *, directory: Path | None = None) -> Path:
    """Write versions, the command line and the traceback, redacted, to a private file; its path.

    `directory` is `bugs/` in the user's state directory unless given; where that cannot be written, the
    system's temporary directory.
    """
    text = redact("\n".join(_lines(error, argv))) + "\n"
    places = (directory or _default_directory(os.environ), Path(tempfile.gettempdir()))
    for place in places:
        try:
            return _write(place, text)
        except OSError:
            continue
    return Path(os.devnull)


def _default_directory(environ: Mapping[str, str]) -> Path:
    given = Path(environ.get("XDG_STATE_HOME", ""))
    base = given if given.is_absolute() else Path(environ.get("HOME") or "/nonexistent") / ".local/state"
    return base / "sco" / "bugs"


def _write(place: Path, text: str) -> Path:
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = rfc3339(now_ms() // 1000 * 1000).replace(":", "").replace("-", "")
    fd, path = tempfile.mkstemp(dir=place, prefix=f"sco-bug-{stamp}-", suffix=".log")
    with os.fdopen(fd, "w", encoding="utf-8", errors="backslashreplace") as f:
        f.write(text)
    return Path(path)


def _lines(error: BaseException, argv: Sequence[str]) -> Iterator[str]:
    yield f"time: {rfc3339(now_ms())}"
    yield f"command: {shlex.join(['sco', *argv])}"
    yield f"sco: {__version__}"
    yield f"python: {platform.python_version()} ({sys.implementation.name})"
    yield f"system: {platform.platform()}"
    for name in _LIBRARIES:
        yield f"{name}: {_version(name)}"
    yield ""
    yield "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
