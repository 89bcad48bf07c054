"""Series as a file of node_exporter's textfile collector: the newest value of each, without times."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from smartcloudops.core.errors import UsageError
from smartcloudops.core.files import write_atomic
from smartcloudops.metrics.series import Series
from smartcloudops.publish.samples import HELP

SUFFIX = ".prom"


def check_name(path: Path) -> None:
    """UsageError where the collector would not read a file of this name."""
    if path.suffix != SUFFIX:
        hint = f"call it {path.with_suffix(SUFFIX).name}, in the directory of --collector.textfile.directory"
        raise UsageError(f"node_exporter reads files that end in {SUFFIX}, and {path} does not", hint=hint)


def write(path: Path, series: Iterable[Series]) -> None:
    """Replace the file at once, readable by all; ScoError where it cannot be written."""
    write_atomic(path, render(series), mode=0o644)


def render(series: Iterable[Series]) -> bytes:
    r"""The exposition format; a series whose last value is not finite is left out, of two of a name the first stays.

    >>> import numpy as np
    >>> one = Series({"__name__": "sco_run_status", "source": 'a"b'}, np.array([0]), np.array([4.0]))
    >>> print(render([one]).decode().splitlines()[-1])
    sco_run_status{source="a\"b"} 4.0
    """
    lines: dict[str, dict[str, str]] = {name: {} for name in HELP}
    for one in series:
        newest = float(one.values[-1])
        if math.isfinite(newest):
            lines[one.labels["__name__"]].setdefault(one.name, repr(newest))
    out: list[str] = []
    for name, rows in lines.items():
        if rows:
            out += [f"# HELP {name} {HELP[name]}", f"# TYPE {name} gauge"]
            out += [f"{series} {value}" for series, value in rows.items()]
    return "".join(f"{line}\n" for line in out).encode(errors="replace")
