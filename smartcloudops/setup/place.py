"""Files put where they belong: never over another one unasked, and all of them or none."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from smartcloudops.core.errors import ScoError
from smartcloudops.core.files import write_atomic

What = Literal["new", "same", "differs"]


@dataclass(frozen=True, slots=True)
class Compared:
    """A file that is wanted, and what is there: `lines` are the difference, as `diff -u` writes it."""

    path: Path
    text: str
    what: What
    lines: tuple[str, ...] = ()


def compare(files: Mapping[Path, str]) -> list[Compared]:
    """What there is of the files; ScoError where something that is no readable text file is in the way."""
    return [_compared(path, text) for path, text in files.items()]


def _compared(path: Path, text: str) -> Compared:
    try:
        there = path.read_text()
    except FileNotFoundError:
        return Compared(path, text, "new")
    except (OSError, UnicodeDecodeError) as e:
        raise ScoError(f"{path} is there and cannot be read: {e}", hint=f"look at it, or move it away: {path}") from e
    if there == text:
        return Compared(path, text, "same")
    lines = difflib.unified_diff(there.splitlines(), text.splitlines(), str(path), "as it would be", lineterm="")
    return Compared(path, text, "differs", tuple(lines))


def write(files: list[Compared], *, mode: int) -> None:
    """Write those that are new or differ, each whole or not at all; after an error the ones before are as they were.

    A file that is replaced stays beside the new one as `NAME.bak`, and keeps its mode.
    """
    changed = [each for each in files if each.what != "same"]
    before = {each.path: _content(each.path) for each in changed}
    done: list[Path] = []
    try:
        for each in changed:
            old = before[each.path]
            kept = stat.S_IMODE(each.path.stat().st_mode) if old is not None else mode
            if old is not None:
                write_atomic(each.path.with_name(f"{each.path.name}.bak"), old, mode=kept)
            write_atomic(each.path, each.text.encode(), mode=kept)
            done.append(each.path)
    except BaseException:
        for path in done:
            _restore(path, before[path], mode)
        raise


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _restore(path: Path, data: bytes | None, mode: int) -> None:
    if data is None:
        path.unlink(missing_ok=True)
    else:
        write_atomic(path, data, mode=mode)


def differences(files: list[Compared]) -> Iterator[str]:
    """The lines of every difference."""
    return (line for each in files for line in each.lines)
