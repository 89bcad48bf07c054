"""What answers cannot act: nothing on the way from a question to a tool leads to what changes the world."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from fakes.recordings import history, write_csv

from smartcloudops.ask.providers import PROVIDERS
from smartcloudops.ask.tools import TOOLS

ROOT = Path(__file__).parents[2]
ACTS = "smartcloudops.actions"
# What starts programs.
STARTS = ("subprocess", "smartcloudops.core.process", "smartcloudops.core.streaming", "pty")
# The one place that may: it reads a secret that the configuration declares (`key_cmd`).
SECRETS = ("smartcloudops.core.credentials", "smartcloudops.core.process")
# And Terraform, which `show_infrastructure` reads a stack with; it goes through one module, which only shows and plans.
LOOKING = "smartcloudops.infra.looking"
TERRAFORM = (
    ("smartcloudops.infra.binary", "smartcloudops.core.process"),
    ("smartcloudops.infra.runner", "smartcloudops.core.process"),
    ("smartcloudops.infra.runner", "smartcloudops.core.streaming"),
)
# What changes a stack, its state or what is in its buckets.
BUILDS = tuple(f"smartcloudops.infra.{name}" for name in ("backend", "backups", "holdings", "stack", "state_bucket"))
_TARGET = re.compile(r"(smartcloudops(?:\.\w+)+):\w+")


@pytest.fixture
def graph() -> grimp.ImportGraph:
    """Who imports whom, with every `module:attribute` string as the import that it becomes."""
    found = grimp.build_graph("smartcloudops", include_external_packages=True, exclude_type_checking_imports=True)
    for module, target in by_name():
        assert target in found.modules, f"{module} names {target}, which is not there"
        found.add_import(importer=module, imported=target)
    return found


def by_name() -> Iterator[tuple[str, str]]:
    """(module, module that it names in a string)."""
    for path in sorted((ROOT / "smartcloudops").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = _TARGET.fullmatch(node.value)
                if named and named[1] != module:
                    yield module, named[1]
    for family, holder in ((TOOLS, "smartcloudops.ask.tools"), (PROVIDERS, "smartcloudops.ask.providers")):
        yield from ((holder, target.partition(":")[0]) for target in family.targets())


def ways(graph: grimp.ImportGraph, *ends: str) -> list[str]:
    """The shortest way from each module of `ask` to each of these, or to what is in them."""
    starts = sorted(each for each in graph.modules if each.startswith("smartcloudops.ask"))
    wanted = [each for each in graph.modules if any(each == end or each.startswith(f"{end}.") for end in ends)]
    chains = (graph.find_shortest_chain(importer=start, imported=end) for start in starts for end in wanted)
    return [" > ".join(chain) for chain in chains if chain]


def test_the_walk_goes_where_names_lead(graph: grimp.ImportGraph) -> None:
    """Without this, what follows would hold for a walk that goes nowhere."""
    reached = graph.find_upstream_modules("smartcloudops.ask.toolbox")
    for name in TOOLS:
        assert f"smartcloudops.ask.tools.{name}" in reached
        assert TOOLS.load(name).does.partition(":")[0] in reached
    assert "smartcloudops.anomaly.detectors.matrix_profile" in reached
    assert "smartcloudops.metrics.prometheus" in reached


def test_nothing_that_answers_reaches_what_acts(graph: grimp.ImportGraph) -> None:
    assert ways(graph, ACTS) == []


@pytest.mark.parametrize("importer", ["smartcloudops.anomaly.detectors.matrix_profile", "smartcloudops.explain.blame"])
def test_a_way_to_what_acts_would_be_found(graph: grimp.ImportGraph, importer: str) -> None:
    graph.add_module(f"{ACTS}.restart_service")
    graph.add_import(importer=importer, imported=f"{ACTS}.restart_service")
    assert any(f"{importer} > {ACTS}.restart_service" in way for way in ways(graph, ACTS))


def test_a_program_is_started_for_a_declared_secret_alone(graph: grimp.ImportGraph) -> None:
    assert graph.direct_import_exists(importer=SECRETS[0], imported=SECRETS[1])
    graph.remove_import(importer=SECRETS[0], imported=SECRETS[1])
    for importer, imported in TERRAFORM:
        assert any("infra" in way for way in ways(graph, imported))
        graph.remove_import(importer=importer, imported=imported)
    assert ways(graph, *STARTS) == []


def test_terraform_is_reached_through_what_only_looks(graph: grimp.ImportGraph) -> None:
    """Nothing that answers reaches what builds; and without that one module, nothing of it reaches Terraform."""
    applying = [each for each in graph.modules if each.startswith("smartcloudops.infra.applying")]
    assert ways(graph, *BUILDS, *applying) == []
    graph.remove_module(LOOKING)
    assert ways(graph, "smartcloudops.infra.runner", "smartcloudops.infra.binary") == []


def test_what_only_looks_shows_and_plans_without_the_lock() -> None:
    """The commands stand in it as they are, so that none can be made up; a plan keeps nobody from theirs."""
    text = (ROOT / "smartcloudops/infra/looking.py").read_text("utf-8")
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    runs = [node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr in ("stream", "capture")]
    assert sorted(ast.literal_eval(node.args[0]) for node in runs) == ["plan", "show", "show"]
    assert '"TF_CLI_ARGS_plan": "-lock=false"' in text


def test_ask_itself_sends_nothing_but_to_providers(graph: grimp.ImportGraph) -> None:
    """Alerts are delivered, scores pushed and files replaced by others, who are asked by commands alone."""
    doing = {
        "smartcloudops.alerts.outbox",
        "smartcloudops.core.posting",
        "smartcloudops.core.files",
        "smartcloudops.publish",
    }
    doing |= {"requests", "socket", "http", "shutil", *STARTS}
    found = {
        (module, imported)
        for module in graph.modules
        if module.startswith("smartcloudops.ask") and not module.startswith("smartcloudops.ask.providers.")
        for imported in graph.find_modules_directly_imported_by(module) & doing
    }
    assert found == set()


EVERY_TOOL = """
import json, sys
from pathlib import Path
from smartcloudops.ask.messages import ToolCall
from smartcloudops.ask.outgoing import Veil
from smartcloudops.ask.toolbox import Toolbox
from smartcloudops.ask.tools import TOOLS
from smartcloudops.ask.world import World
from smartcloudops.core import config

started = []
sys.addaudithook(lambda event, args: started.append(f"{event} {args}") if event.startswith(
    ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")) else None)
path, given = Path(sys.argv[1]), json.loads(sys.argv[2])
box = Toolbox(World(config.load(environ={}, cwd=path.parent, home=path.parent), path), Veil())
# Also what each does is loaded where its arguments or its source give it nothing to do.
calls = [ToolCall(name, name, json.dumps(given.get(name, {}))) for name in TOOLS]
failed = [done.answer.text for call in calls for done in box.run([call]) if done.answer.is_error]
print(json.dumps({"failed": failed, "started": started, "loaded": sorted(sys.modules), "ran": list(TOOLS)}))
"""
GIVEN = {
    "describe_metric": {"metric": "cpu"},
    "query_metrics": {"query": "cpu"},
    "compare_periods": {"query": "cpu"},
    "forecast": {"query": "cpu"},
    "host_snapshot": {"host": "web-1"},
    "search_runbooks": {"query": "cpu"},
    "explain": {"series": "web-1"},
    "calculate": {"expression": "1 + 1"},
}


def test_nothing_that_acts_is_loaded_once_every_tool_has_run(tmp_path: Path) -> None:
    recording = write_csv(tmp_path / "metrics.csv", history())
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", EVERY_TOOL, str(recording), json.dumps(GIVEN)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path)
    found = json.loads(done.stdout)
    assert found["ran"] == list(TOOLS)
    assert not [name for name in found["loaded"] if name.startswith((ACTS, "smartcloudops.heal"))]
    assert {TOOLS.load(name).does.partition(":")[0] for name in TOOLS} <= set(found["loaded"])
    assert found["started"] == []
    assert [text for text in found["failed"] if "bug in sco" in text] == []
    assert len(found["failed"]) <= 4, found["failed"]
