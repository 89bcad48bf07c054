"""What a model, the offline answerer and later HTTP may look at: one file per tool, one row per tool in TOOLS.

The files here only say what a tool is; looks/ holds what it does. Tools read. They take PromQL,
names and literal patterns, never addresses, paths or buckets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from smartcloudops.ask.messages import ToolSpec
from smartcloudops.ask.world import World
from smartcloudops.core.records import Evidence
from smartcloudops.core.registry import Registry, load

# What of `send` a tool's answers are; `[ask.NAME] send` must name it, or the tool is not offered.
Sends = Literal["metrics", "alerts", "logs", "infra", "nothing"]


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool found. Every number of `text` that a person may rely on is in the evidence's values, too.

    `data` is the same for code (the offline answerer): plain Python.
    """

    text: str
    evidence: tuple[Evidence, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what models read of it, and the `module:function` that does it.

    It raises ScoError, whose message and hint go back to the model as text.
    """

    name: str
    about: str
    parameters: Mapping[str, Any]
    sends: Sends
    does: str

    @property
    def spec(self) -> ToolSpec:
        """As a provider declares it."""
        return ToolSpec(self.name, self.about, self.parameters)

    def run(self, world: World, arguments: Mapping[str, Any]) -> Result:
        """Do it, with checked arguments; what does it is imported now."""
        does = cast(Callable[[World, Mapping[str, Any]], Result], load(self.does))
        return does(world, arguments)


TOOLS: Registry[Tool] = Registry(
    "tool",
    {
        name: f"smartcloudops.ask.tools.{name}:TOOL"
        for name in (
            "list_metrics",
            "describe_metric",
            "query_metrics",
            "compare_periods",
            "detect_anomalies",
            "explain",
            "find_unusual",
            "list_incidents",
            "list_alerts",
            "overview",
            "host_snapshot",
            "forecast",
            "search_logs",
            "count_logs",
            "show_infrastructure",
            "search_runbooks",
            "calculate",
        )
    },
)
