"""Which model is in use, read without numpy: `current.json` of a store."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import ModelError

VERSION = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")


def read_pointer(directory: Path) -> dict[str, Any]:
    """`version` in use (None before the first promotion) and `history`, newest first; ModelError if damaged."""
    path = directory / "current.json"
    if not path.exists():
        return {"version": None, "history": []}
    try:
        data = json.loads(path.read_bytes())
        version, history = data["version"], list(data["history"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as e:
        raise ModelError(f"{path} is damaged: {e}", hint="sco models promote VERSION") from e
    if not all(isinstance(v, str) and VERSION.fullmatch(v) for v in (version, *history)):
        raise ModelError(f"{path} names no version", hint="sco models promote VERSION")
    return {"version": version, "history": history}


def stored_versions(directory: Path) -> list[str]:
    """Every stored version, newest first."""
    found = directory / "versions"
    names = [p.name for p in found.iterdir()] if found.is_dir() else []
    return sorted((n for n in names if VERSION.fullmatch(n)), reverse=True)


def learnt_at(version: str) -> int:
    """When a version was made, in ms: its name begins with that. ModelError where it names no moment.

    >>> learnt_at("19700101T000001Z-abcdef")
    1000
    """
    from datetime import datetime

    from smartcloudops.core.times import to_ms

    try:
        return to_ms(datetime.strptime(version[:16], "%Y%m%dT%H%M%SZ"))
    except ValueError as e:
        raise ModelError(f"'{version}' names no moment", hint="sco models promote VERSION") from e
