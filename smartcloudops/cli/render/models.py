"""Stored models as a table and in detail."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.anomaly.store import LocalStore, Stored
from smartcloudops.cli.render.output import Table
from smartcloudops.cli.render.training import compared
from smartcloudops.cli.render.training import count as counted
from smartcloudops.core.errors import ModelError, Status
from smartcloudops.core.quantities import quantity
from smartcloudops.core.times import format_duration


def listing(store: LocalStore) -> tuple[list[dict[str, Any]], Table, Status]:
    """Every version; a damaged one is listed with what is wrong, and makes the status 4."""
    current, damaged = None, False
    try:
        current = store.pointer()["version"]
    except ModelError as e:
        damaged = True
        sys.stderr.write(f"refused: {e.message}\n")
    documents = [_summary(store, version, current) for version in store.versions()]
    columns = ("version", "in use", "created", "series", "groups", "step", "size", "from", "state")
    rows = [_row(d) for d in documents]
    styles = ["bold" if d["in_use"] else "red" if d["error"] else "" for d in documents]
    empty = f"no models in {store.directory}; train one with: sco train"
    table = Table(
        columns,
        rows,
        documents,
        right=frozenset({"series", "groups", "size"}),
        styles=styles,
        empty=empty,
        fixed=frozenset({"version"}),
        spare=("created", "from", "groups"),
    )
    return documents, table, Status.PARTIAL if damaged or any(d["error"] for d in documents) else Status.DONE


def _summary(store: LocalStore, version: str, current: str | None) -> dict[str, Any]:
    about: dict[str, Any] = {"version": version, "in_use": version == current, "error": None}
    try:
        stored = store.open(version)
        groups = stored.groups()
    except ModelError as e:
        return about | {"error": e.message}
    manifest = stored.manifest
    return about | {
        "created": manifest["created"],
        "series": sum(len(g.names) for g in groups),
        "groups": len(groups),
        "step_ms": manifest.get("window", {}).get("step_ms"),
        "bytes": sum(row["size"] for row in manifest["shards"]),
        "source": manifest.get("source", {}).get("where", ""),
    }


def _row(d: Mapping[str, Any]) -> tuple[str, ...]:
    mark = "*" if d["in_use"] else ""
    if d["error"]:
        return (d["version"], mark, "", "", "", "", "", "", d["error"])
    step = format_duration(d["step_ms"]) if d["step_ms"] else ""
    size = quantity(d["bytes"], "bytes")
    return (d["version"], mark, d["created"], str(d["series"]), str(d["groups"]), step, size, d["source"], "ok")


def details(stored: Stored) -> Table:
    """One model: what it was learnt from, then its groups and what was chosen for each."""
    manifest = stored.manifest
    groups = stored.groups()
    window = manifest.get("window", {})
    rows = [
        ("version", stored.version),
        ("created", str(manifest["created"])),
        ("learnt from", str(manifest.get("source", {}).get("where", ""))),
        ("window", f"{window.get('start', '')} to {window.get('end', '')}, step {_step(window)}"),
        ("detectors", ", ".join(manifest.get("detectors", []))),
        ("groups", str(len(groups))),
        ("series", str(sum(len(g.names) for g in groups))),
        ("skipped", str(len(manifest.get("skipped", [])))),
        ("seed", str(manifest.get("seed", ""))),
        ("made by", ", ".join(f"{name} {v}" for name, v in manifest.get("versions", {}).items())),
    ]
    rows += _promotion(manifest.get("comparison"))
    chosen = Counter(str(g.chosen.get("explanation", "")) for g in groups)
    rows += [("chosen", f"{why} ({counted(times, 'group', 'groups')})") for why, times in chosen.most_common(5) if why]
    rows += [(f"group {g.key}", f"{', '.join(g.names)} ({g.rows} rows)") for g in groups[:20]]
    if len(groups) > 20:
        rows.append(("…", f"{len(groups) - 20} more groups; all of them: -o json"))
    return Table(("field", "value"), rows, [{"field": name, "value": value} for name, value in rows])


def _promotion(decision: Any) -> list[tuple[str, str]]:
    """Why the model went into use when it was trained, or why not; nothing for models of before the comparison."""
    if not isinstance(decision, dict):
        return []
    verdict = "put in use" if decision.get("promoted") else "stored only"
    rows = [("promotion", f"{verdict}: {decision.get('reason', '')}")]
    figures = decision.get("comparison")
    return [*rows, ("comparison", compared(figures))] if figures else rows


def feature_table(names: Sequence[str]) -> Table:
    """One feature a row."""
    return Table(("feature",), [(name,) for name in names], [{"feature": name} for name in names])


def _step(window: Mapping[str, Any]) -> str:
    return format_duration(window["step_ms"]) if window.get("step_ms") else ""
