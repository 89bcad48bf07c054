"""What copying the stack did, and a line while Terraform initialises."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from smartcloudops.core.console import Progress
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable
from smartcloudops.infra.stack import Copied, Fate

_SAID: dict[Fate, str] = {
    "updated": "updated: sco has a newer one, and you had not edited it",
    "removed": "removed: no longer part of the stack",
    "edited": "kept: you edited it",
    "left": "kept: you edited it, though it is no longer part of the stack; look whether it still fits",
    "deleted": "left out: you deleted it",
}


def differences(found: Copied, out: TextIO, *, everything: bool = False) -> bool:
    """Write the differences as `diff -u` does, safe for a terminal; whether there were any."""
    lines = [f"{_safe(line)}\n" for line in found.diffs(everything=everything)]
    out.writelines(lines)
    return bool(lines)


def _safe(line: str) -> str:
    """Indentation stays; what a terminal would obey, and secrets, do not."""
    return redact("".join(c if c.isprintable() or c == "\t" else printable(c) for c in line))


def summary(found: Copied, err: TextIO) -> None:
    """A line for the new files together, and one for each that is not as sco has it."""
    if found.new:
        count = len(found.new)
        err.write(f"{found.directory}: {count} file{'' if count == 1 else 's'} written\n")
    for file in found.files:
        if file.fate in _SAID:
            changed = "; sco's changed since, see above" if file.fate == "edited" and file.upstream else ""
            err.write(f"{found.directory / file.path}: {_SAID[file.fate]}{changed}\n")
    if not found.new and not found.changes_files:
        err.write(f"{found.directory}: up to date\n")


@contextmanager
def waiting(what: str, *, quiet: bool) -> Iterator[None]:
    """Count the seconds on stderr while something takes long that says nothing."""
    ended = threading.Event()
    with Progress(f"{what}, seconds", quiet=quiet) as progress:

        def count() -> None:
            while not ended.wait(1.0):
                progress.advance()

        counter = threading.Thread(target=count, name="seconds", daemon=True)
        counter.start()
        try:
            yield
        finally:
            ended.set()
            counter.join()
