"""`forecast` as models read it; looks/forecast.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

TOOL = Tool(
    name="forecast",
    about="When a metric reaches a limit (a disk is full), from its recent trend or from equal hours of past days: "
    'time left with a range, or that it is flat or does not get there. Example: {"query": "disk_used"} or {"query": '
    '"node_filesystem_avail_bytes", "until_value": 0, "horizon": "3d"}.',
    parameters={
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "a watched metric's name, or a PromQL expression"},
            "until_value": {"type": "number", "description": "the value to reach; default 100 for percent"},
            "horizon": {"type": "string", "description": "how far to look ahead; default 7d"},
        },
        "required": ["query"],
    },
    sends="metrics",
    does="smartcloudops.ask.looks.forecast:run",
)
