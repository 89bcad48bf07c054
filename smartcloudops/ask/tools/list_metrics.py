"""`list_metrics` as models read it; looks/list_metrics.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

MOST = 200

TOOL = Tool(
    name="list_metrics",
    about="Names of metrics: the watched ones with unit and meaning, then what else the server holds. Use it before "
    'writing PromQL. Example: {"contains": "disk"}.',
    parameters={
        "type": "object",
        "properties": {
            "contains": {"type": "string", "description": "words that the name holds"},
            "limit": {"type": "integer", "description": "names to show; default 60", "minimum": 1, "maximum": MOST},
        },
    },
    sends="metrics",
    does="smartcloudops.ask.looks.list_metrics:run",
)
