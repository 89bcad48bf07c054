"""Stored models that somebody has changed: a manifest that agrees with its files and its version's name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smartcloudops.core.files import sha256

# The least that a manifest says.
ABOUT: dict[str, Any] = {
    "source": {},
    "versions": {},
    "window": {"step_ms": 300_000},
    "metrics": [],
    "detectors": [],
    "plans": {},
    "skipped": [],
    "empty": [],
}


def forge(version: Path, change: Callable[[dict[str, Any]], Any], shard: bytes | None = None) -> str:
    """Change the manifest (and the first shard) of the version in that directory; its new name, which is in use."""
    manifest = json.loads((version / "manifest.json").read_bytes())
    if shard is not None:
        (version / "shard-0000.npz").write_bytes(shard)
        manifest["shards"][0] |= {"size": len(shard), "sha256": sha256(shard)}
    change(manifest)
    body = json.dumps(manifest).encode()
    (version / "manifest.json").write_bytes(body)
    name = version.name[:-6] + sha256(body)[:6]
    version.rename(version.with_name(name))
    pointer = version.parent.parent / "current.json"
    pointer.write_text(json.dumps({"version": name, "history": []}))
    return name
