"""The packaged dashboard holds together, and it and the rules ask only for what is published."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from smartcloudops.publish.samples import HELP

ROOT = Path(__file__).parents[2]
# What Grafana's schema (schemaVersion 39) asks of a dashboard, a panel and a target, as far as this one uses it.
DASHBOARD = {"uid": str, "title": str, "schemaVersion": int, "panels": list, "templating": dict, "time": dict}
PANEL = {
    "id": int,
    "type": str,
    "title": str,
    "description": str,
    "datasource": dict,
    "gridPos": dict,
    "targets": list,
    "fieldConfig": dict,
    "options": dict,
}
TARGET = {"refId": str, "expr": str, "datasource": dict, "legendFormat": str, "instant": bool, "range": bool}
TYPES = {"stat", "timeseries", "state-timeline", "table"}
MATCHERS = {"byName", "byRegexp"}


@pytest.fixture
def dashboard(sco) -> dict[str, Any]:
    said = sco("alerts", "dashboard")
    assert said.status == 0 and said.err == ""
    return said.json


def check(found: dict[str, Any], schema: dict[str, type]) -> None:
    assert {key: type(found.get(key)) for key in schema} == schema


def targets(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in dashboard["panels"]:
        yield from panel["targets"]


def test_the_dashboard_has_the_shape_that_grafana_reads(dashboard):
    check(dashboard, DASHBOARD)
    assert dashboard["schemaVersion"] >= 36 and "id" not in dashboard
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in dashboard["panels"]:
        check(panel, PANEL)
        assert panel["type"] in TYPES
        check(panel["fieldConfig"], {"defaults": dict, "overrides": list})
        levels = [step["value"] for step in panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])]
        assert not levels or (levels[0] is None and levels[1:] == sorted(levels[1:]))
        assert all(o["matcher"]["id"] in MATCHERS and o["properties"] for o in panel["fieldConfig"]["overrides"])
        refs = [target["refId"] for target in panel["targets"]]
        assert refs and len(set(refs)) == len(refs)
        for target in panel["targets"]:
            check(target, TARGET)
            assert target["instant"] != target["range"]


def test_panels_fill_rows_of_24_columns_and_do_not_overlap(dashboard):
    boxes = [panel["gridPos"] for panel in dashboard["panels"]]
    cells = [{(x, y) for x in range(b["x"], b["x"] + b["w"]) for y in range(b["y"], b["y"] + b["h"])} for b in boxes]
    assert all(0 <= x < 24 for box in cells for x, _ in box)
    assert not any(a & b for a, b in combinations(cells, 2))
    assert sum(map(len, cells)) == 24 * (1 + max(y for box in cells for _, y in box))


def test_every_variable_that_is_used_is_declared_and_the_other_way_round(dashboard):
    declared = {v["name"]: v["type"] for v in dashboard["templating"]["list"]}
    body = json.dumps(dashboard)
    used = set(re.findall(r"\$\{?([a-zA-Z]\w*)", body.replace("$__all", "")))
    assert used <= set(declared)
    assert {name for name, kind in declared.items() if kind != "adhoc"} == used
    assert all(t["datasource"]["uid"] == "${datasource}" for t in targets(dashboard))


def test_every_published_metric_is_shown_and_no_other(dashboard):
    shown = {name for t in targets(dashboard) for name in re.findall(r"\bsco_\w+", t["expr"])}
    assert shown == set(HELP)


def test_the_rules_ask_for_published_metrics_only(sco):
    said = sco("alerts", "rules")
    assert said.status == 0
    asked = {name for line in said.out.splitlines() if "expr:" in line for name in re.findall(r"\bsco_\w+", line)}
    assert asked and asked <= set(HELP)


def test_both_are_in_the_package():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert packages["only-include"] == ["smartcloudops", "terraform"]
    for name in ("prometheus/rules.yml", "grafana/dashboard.json"):
        assert (ROOT / "smartcloudops/data" / name).is_file()
