"""`compare_periods` as models read it; looks/compare_periods.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

TOOL = Tool(
    name="compare_periods",
    about="Compares a metric over a period with the same period earlier: mean, max, difference and ratio per series, "
    'biggest changes first. Example: {"query": "cpu", "period": "1h", "offset": "1d"} (this hour with the same hour '
    "yesterday).",
    parameters={
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "a watched metric's name, or a PromQL expression"},
            "period": {"type": "string", "description": "length of the period, such as 1h (default)"},
            "offset": {"type": "string", "description": "how much earlier the other one is: 1d (default), 1w, 1h"},
            "until": {
                "type": "string",
                "description": "end of the period: a time or a duration before now; default now",
            },
        },
        "required": ["query"],
    },
    sends="metrics",
    does="smartcloudops.ask.looks.compare_periods:run",
)
