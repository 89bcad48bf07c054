"""Names that the shell completes, kept beside the state: a completion may ask no server and load no library.

A cache, no more: it is written after training, and nothing depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from smartcloudops.core.errors import ScoError
from smartcloudops.core.files import write_atomic

FILE = "names.json"
_MOST = 20_000
_LARGEST = 4_000_000


def remember(directory: Path, metrics: Iterable[str]) -> None:
    """Keep names of metrics, at most 20,000; where they cannot be written nothing is lost."""
    body = json.dumps({"version": 1, "metrics": sorted(set(metrics))[:_MOST]})
    with suppress(ScoError):
        write_atomic(directory / FILE, body.encode() + b"\n", mode=0o600)


def recall(directory: Path) -> list[str]:
    """The names kept last; none where there are none, or what is there is something else."""
    try:
        with (directory / FILE).open("rb") as f:
            names = json.loads(f.read(_LARGEST))["metrics"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
