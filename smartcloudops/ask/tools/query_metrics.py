"""`query_metrics` as models read it; looks/query_metrics.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

MOST_ROWS = 20

TOOL = Tool(
    name="query_metrics",
    about='Values of a metric over time: a watched name (cpu, or cpu{instance="web-2:9100"}) or any PromQL. Gives per '
    "series last, mean, min, max, p95, changes of level and a thinned course, largest first. "
    'Example: {"query": "cpu", "since": "3h"} or {"query": "sum by (job) (rate(http_requests_total[5m]))", "since": '
    '"2026-11-20T10:00Z", "until": "2026-11-20T12:00Z"}.',
    parameters={
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "a watched metric's name, or a PromQL expression"},
            "since": {"type": "string", "description": "start: a duration before now (2h) or a time; default 1h"},
            "until": {"type": "string", "description": "end: a duration before now or a time; default now"},
            "step": {"type": "string", "description": "time between points, such as 1m; default: at most 300 points"},
            "limit": {"type": "integer", "description": "series to show", "minimum": 1, "maximum": MOST_ROWS},
        },
        "required": ["query"],
    },
    sends="metrics",
    does="smartcloudops.ask.looks.query_metrics:run",
)
