"""A recording that anything can be tried on: three series of two hosts, the last half hour of one of them broken."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from smartcloudops.core.times import MINUTE, rfc3339

START = 1_700_000_000_000 // (5 * MINUTE) * 5 * MINUTE
STEP = 5 * MINUTE


def history(rows: int = 900, seed: int = 0) -> dict[str, np.ndarray]:
    """Three series of two hosts; web-1's cpu and latency are far up in the last six rows."""
    rng = np.random.default_rng(seed)
    day = np.sin(2 * np.pi * np.arange(rows) / 288)
    out = {}
    for host in ("web-1", "web-2"):
        for name, level in (("cpu", 40.0), ("memory", 60.0), ("latency", 0.2)):
            out[f'{name}{{instance="{host}"}}'] = level * (1 + 0.2 * day + rng.normal(0, 0.03, rows))
    out['cpu{instance="web-1"}'][-6:] += 50
    out['latency{instance="web-1"}'][-6:] += 1
    return out


def write_csv(path: Path, columns: dict[str, np.ndarray], start: int = START) -> Path:
    """Wide CSV, a row every five minutes."""
    head = ",".join(["timestamp", *(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in columns)])
    rows = zip(*columns.values(), strict=True)
    lines = [f"{rfc3339(start + i * STEP)},{','.join(f'{v:.6g}' for v in row)}" for i, row in enumerate(rows)]
    path.write_text("\n".join([head, *lines]) + "\n")
    return path
