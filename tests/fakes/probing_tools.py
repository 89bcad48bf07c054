"""Tools that do what a test of the toolbox needs: wait, fail, break, say much."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from smartcloudops.ask.tools import Result, Tool
from smartcloudops.ask.world import World
from smartcloudops.core.errors import UsageError
from smartcloudops.core.records import Evidence
from smartcloudops.core.registry import Registry

MEETING = threading.Barrier(2)
_TEXT = {"type": "string"}


def _evidence(entity: str, value: float) -> Evidence:
    row = {"entity": entity, "name": "cpu last", "value": value, "unit": "%", "time": None, "ref": "1.last"}
    return Evidence("", "metric", "test", f"cpu of {entity}", None, None, 0, (row,))


def _tool(name: str, sends: Any = "metrics", **properties: Any) -> Tool:
    schema = {"type": "object", "properties": properties}
    return Tool(name, f"the tool {name}", schema, sends, f"fakes.probing_tools:_{name}")


def _read(world: World, arguments: Mapping[str, Any]) -> Result:
    host = str(arguments.get("host", "web-1"))
    return Result(f"§1 cpu of {host}: 97%", (_evidence(host, 97.04),), {"host": host})


def _pair(world: World, arguments: Mapping[str, Any]) -> Result:
    return Result("§1 first of §2\n§2 second", (_evidence("a", 1.0), _evidence("b", 2.0)))


def _meet(world: World, arguments: Mapping[str, Any]) -> Result:
    """Ends only where another call runs at the same time."""
    MEETING.wait(5)
    return Result("met")


def _wait(world: World, arguments: Mapping[str, Any]) -> Result:
    time.sleep(float(arguments.get("seconds", 5)))
    return Result("late")


def _fail(world: World, arguments: Mapping[str, Any]) -> Result:
    raise UsageError("no metric `cpuu`", hint="did you mean `cpu`?")


def _break(world: World, arguments: Mapping[str, Any]) -> Result:
    raise ZeroDivisionError


def _much(world: World, arguments: Mapping[str, Any]) -> Result:
    return Result("\n".join(f"row {i} password=hunter{i}" for i in range(200_000)))


def _alerts(world: World, arguments: Mapping[str, Any]) -> Result:
    return Result("one alert fires on db-1")


READ = _tool("read", host=_TEXT)
PAIR = _tool("pair")
MEET = _tool("meet", n={"type": "integer"})
WAIT = _tool("wait", seconds={"type": "number"})
FAIL = _tool("fail")
BREAK = _tool("break")
MUCH = _tool("much")
ALERTS = _tool("alerts", "alerts")

TOOLS: Registry[Tool] = Registry(
    "tool",
    {
        name: f"fakes.probing_tools:{name.upper()}"
        for name in ("read", "pair", "meet", "wait", "fail", "break", "much", "alerts")
    },
)
