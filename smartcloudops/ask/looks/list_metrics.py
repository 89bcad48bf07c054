"""`list_metrics`: names of metrics, the watched ones with their meaning first, then what the server holds.

`data`: {"contains", "watched": [{"name", "unit", "kind", "direction", "expr"}], "names": [further names], "found": how
many match in all, "total": how many there are}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.ask.looks import looking
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.world import World
from smartcloudops.core.settings import Metric
from smartcloudops.core.text import printable

_USUAL, _EXPR = 60, 100
_WORSE = {"up": "high is bad", "down": "low is bad", "both": "any change is unusual"}


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Raises what the source raises."""
    contains = arguments.get("contains", "").strip()
    most = arguments.get("limit", _USUAL)
    watched = list(looking.watched(world).values())
    behind = looking.server(world)
    others = [name for name in (behind.metric_names() if behind else ()) if name not in {m.name for m in watched}]
    kept = [metric for metric in watched if _matches(contains, metric.name, metric.kind or "", metric.expr)]
    names = sorted(name for name in others if _matches(contains, name))
    found, total = len(kept) + len(names), len(watched) + len(others)
    shown, rest = kept[:most], names[: max(0, most - len(kept))]
    counts = Row("all", {"watched": Cell(len(watched)), "names": Cell(total), "found": Cell(found)})
    values = Sheet("", (), [counts]).values("metrics")
    evidence = looking.evidence(world, contains or "names of metrics", None, None, values)
    text = _text(contains, shown, rest, found, total)
    if contains and not found:
        text = "\n".join([text, *looking.nearest(contains, [*(m.name for m in watched), *others])])
    return Result(f"§1 {text}", (evidence,), _data(contains, shown, rest, found, total))


def _matches(contains: str, *texts: str) -> bool:
    """Every word stands in one of the texts, whatever its case."""
    return all(any(word in text.lower() for text in texts) for word in contains.lower().split())


def _text(contains: str, watched: Sequence[Metric], names: Sequence[str], found: int, total: int) -> str:
    about = f" match '{printable(contains)}'" if contains else ""
    lines = [f"{found:,} of {total:,} metrics{about}"]
    if watched:
        lines += ["watched (ask query_metrics by name):", *map(_line, watched)]
    if names:
        lines += ["others (ask query_metrics in PromQL):", *map(printable, names)]
    left = found - len(watched) - len(names)
    return "\n".join([*lines, *([f"{left:,} more; narrow with `contains`"] if left else [])])


def _line(metric: Metric) -> str:
    unit = metric.unit or "no unit"
    expr = printable(metric.expr)
    short = expr if len(expr) <= _EXPR else f"{expr[:_EXPR]}…"
    return f"  {metric.name} ({unit}{f', {metric.kind}' if metric.kind else ''}, {_WORSE[metric.direction]}): {short}"


def _data(contains: str, watched: Sequence[Metric], names: Sequence[str], found: int, total: int) -> dict[str, Any]:
    listed = [
        {"name": m.name, "unit": m.unit, "kind": m.kind, "direction": m.direction, "expr": m.expr} for m in watched
    ]
    return {"contains": contains, "watched": listed, "names": list(names), "found": found, "total": total}
