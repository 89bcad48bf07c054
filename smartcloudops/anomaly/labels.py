"""Labelled windows that a user hands over to measure with: `{file: [[first, last], …]}`; nothing learns from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.metrics.cells import parse_time

Spans = tuple[tuple[int, int], ...]
_HINT = 'write {"cpu.csv": [["2026-11-20 10:00", "2026-11-20 12:00"]]}; times as in the file'


def require(path: Path) -> None:
    """UsageError where there is no such file; it is not opened."""
    if not path.is_file():
        raise UsageError(f"no file {path}", hint="--labels takes a JSON file of labelled windows")


def read(path: Path) -> dict[str, Spans]:
    """By file name, the first and last moment of each window in ms; DataError names what cannot be read."""
    try:
        raw = json.loads(path.read_bytes())
    except (OSError, ValueError) as e:
        raise DataError(f"cannot read {path}: {e}", hint=_HINT) from e
    if not isinstance(raw, dict):
        raise DataError(f"{path} is no object of files", hint=_HINT)
    return {file: _spans(path, file, windows) for file, windows in raw.items()}


def _spans(path: Path, file: str, windows: Any) -> Spans:
    try:
        found = tuple((parse_time(str(first)), parse_time(str(last))) for first, last in windows)
    except (TypeError, ValueError, OverflowError) as e:
        raise DataError(f"{path}: the windows of {file} cannot be read: {e}", hint=_HINT) from e
    for first, last in found:
        if first > last:
            raise DataError(f"{path}: a window of {file} ends before it starts", hint=_HINT)
    return found


def find(labels: Mapping[str, Spans], file: str) -> Spans | None:
    """The windows of a file, by its path or by the end of one of the two paths; None: it is not labelled.

    >>> find({"set/cpu.csv": ((0, 1),)}, "cpu.csv"), find({"cpu.csv": ()}, "set/cpu.csv"), find({}, "cpu.csv")
    (((0, 1),), (), None)
    """
    if file in labels:
        return labels[file]
    ends = [key for key in labels if key.endswith(f"/{file}") or file.endswith(f"/{key}")]
    return labels[ends[0]] if len(ends) == 1 else None


def unused(labels: Mapping[str, Spans], files: Iterable[str]) -> list[str]:
    """The labelled files that are none of these; most often a name that was written otherwise.

    >>> unused({"set/cpu.csv": (), "disk.csv": ()}, ["cpu.csv"])
    ['disk.csv']
    """
    names = list(files)
    return [key for key in labels if not any(find({key: labels[key]}, name) is not None for name in names)]
