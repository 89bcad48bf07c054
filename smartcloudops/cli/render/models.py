"""Stored models as a table and in detail."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from smartcloudops.anomaly.store import LocalStore, Stored
from smartcloudops.cli.render.output import Table
from smartcloudops.cli.render.sharing import with_places
from smartcloudops.cli.render.training import compared
from smartcloudops.cli.render.training import count as counted
from smartcloudops.core.errors import ModelError, Status
from smartcloudops.core.quantities import quantity
from smartcloudops.core.times import format_duration
from smartcloudops.triage.ledger import TrackRecord

if TYPE_CHECKING:
    from smartcloudops.anomaly.remote import Listed


def listing(store: LocalStore, records: Mapping[str, TrackRecord]) -> tuple[list[dict[str, Any]], Table, Status]:
    """Every version; a damaged one is listed with what is wrong, and makes the status 4."""
    current, damaged = None, False
    try:
        current = store.pointer()["version"]
    except ModelError as e:
        damaged = True
        sys.stderr.write(f"refused: {e.message}\n")
    fresh = TrackRecord()
    documents = [_summary(store, v, current) | records.get(v, fresh).as_dict() for v in store.versions()]
    table = _table(documents, f"no models in {store.directory}; train one with: sco train")
    return documents, table, Status.PARTIAL if damaged or any(d["error"] for d in documents) else Status.DONE


def with_s3(
    documents: Sequence[dict[str, Any]], listed: Mapping[str, Listed], in_use: str | None, empty: str
) -> tuple[list[dict[str, Any]], Table, Status]:
    """As `listing`, with the versions of S3; each says where it is, and `in_use` there is marked."""
    placed = with_places(documents, listed, in_use)
    return placed, _table(placed, empty), Status.PARTIAL if any(d["error"] for d in placed) else Status.DONE


def _table(documents: Sequence[dict[str, Any]], empty: str) -> Table:
    where = ("where",) if any("where" in d for d in documents) else ()
    about = ("created", "series", "groups", "step", "size", "from", "incidents", "false", "state")
    return Table(
        ("version", "in use", *where, *about),
        [_row(d) for d in documents],
        documents,
        right=frozenset({"series", "groups", "size", "incidents"}),
        styles=["bold" if d["in_use"] else "red" if d["error"] else "" for d in documents],
        empty=empty,
        fixed=frozenset({"version"}),
        spare=("created", "from", "groups"),
    )


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
    where = ("both" if len(d["where"]) > 1 else d["where"][0],) if "where" in d else ()
    first = (d["version"], _mark(d), *where)
    if "created" not in d:
        return (*first, "", "", "", "", "", "", *_opened(d), d["error"])
    step = format_duration(d["step_ms"]) if d["step_ms"] else ""
    size = quantity(d["bytes"], "bytes")
    counts = ("" if d[name] is None else str(d[name]) for name in ("series", "groups"))
    return (*first, d["created"], *counts, step, size, d["source"], *_opened(d), d["error"] or "ok")


def _mark(d: Mapping[str, Any]) -> str:
    """A star for what is in use here; with S3 in the list, where it is."""
    if "where" not in d:
        return "*" if d["in_use"] else ""
    return ", ".join(name for name, used in (("here", d["in_use"]), ("s3", d["in_use_s3"])) if used)


def _opened(d: Mapping[str, Any]) -> tuple[str, str]:
    """How many incidents a model opened, and the share of the labelled ones that was false."""
    labelled = d.get("real", 0) + d.get("false", 0)
    return str(d.get("incidents", "")), f"{d['false']} of {labelled}" if labelled else ""


def details(stored: Stored, record: TrackRecord) -> Table:
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
    rows += [("incidents", _fared(record)), *_promotion(manifest.get("comparison"))]
    chosen = Counter(str(g.chosen.get("explanation", "")) for g in groups)
    rows += [("chosen", f"{why} ({counted(times, 'group', 'groups')})") for why, times in chosen.most_common(5) if why]
    rows += [(f"group {g.key}", f"{', '.join(g.names)} ({g.rows} rows)") for g in groups[:20]]
    if len(groups) > 20:
        rows.append(("…", f"{len(groups) - 20} more groups; all of them: -o json"))
    return Table(("field", "value"), rows, [{"field": name, "value": value} for name, value in rows])


def _fared(record: TrackRecord) -> str:
    """How many incidents a model opened, and the share of false ones among those that people labelled."""
    labelled = record.real + record.false
    if not labelled:
        said = "none labelled yet: sco incidents label ID true|false" if record.incidents else ""
    else:
        said = f"{record.false} of {labelled} labelled ones false ({100 * record.false / labelled:.0f} %)"
    return f"{record.incidents} opened" + (f", {said}" if said else "")


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
