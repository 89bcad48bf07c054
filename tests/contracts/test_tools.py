"""Every tool: its row's name, a flat schema, a home for what it does, and nothing heavy until it is called."""

from __future__ import annotations

import subprocess
import sys

import pytest

from smartcloudops.alerts.read import STATES
from smartcloudops.ask.tools import TOOLS
from smartcloudops.ask.tools.list_alerts import STATES as OFFERED
from smartcloudops.core.registry import load

HEAVY = ("numpy", "requests", "pandas", "sklearn", "openai", "google.genai", "sqlite3", "smartcloudops.anomaly")


@pytest.mark.parametrize("name", list(TOOLS))
def test_every_tool_says_what_it_is(name: str) -> None:
    tool = TOOLS.load(name)
    assert tool.name == name
    assert len(tool.about) > 60
    assert tool.parameters["type"] == "object"
    for argument, schema in tool.parameters["properties"].items():
        assert argument.isidentifier()
        assert schema["type"] in ("string", "integer", "number", "boolean")
        assert schema["description"]
    assert set(tool.parameters.get("required", ())) <= set(tool.parameters["properties"])
    assert tool.does == f"smartcloudops.ask.looks.{name}:run"
    assert callable(load(tool.does))


def test_states_of_alerts_are_those_that_are_read() -> None:
    assert tuple(STATES) == OFFERED


def test_declaring_every_tool_loads_nothing_heavy() -> None:
    """Every provider is told of every tool before the first request."""
    script = (
        "import sys\nfrom smartcloudops.ask.tools import TOOLS\n[TOOLS.load(name).spec for name in TOOLS]\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
