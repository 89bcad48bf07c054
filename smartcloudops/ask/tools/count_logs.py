"""`count_logs` as models read it; looks/count_logs.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool
from smartcloudops.ask.tools.search_logs import SHARED

LIMIT = 20

TOOL = Tool(
    name="count_logs",
    about=(
        "How many log lines match: in all, by `level`, `host` or any field, or over time in buckets. Use it for 'how "
        "many errors per host', 'when did the 502 begin': "
        '{"level": "error", "by": "host"}, {"where": "status = 502", "every": "5m", "since": "3h"}.'
    ),
    parameters={
        "type": "object",
        "properties": {
            **SHARED,
            "by": {"type": "string", "description": "level, host, or the name of a field; level by default"},
            "every": {"type": "string", "description": "count over time in buckets of this length: 5m"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 60, "description": f"rows at most; {LIMIT}"},
        },
    },
    sends="logs",
    does="smartcloudops.ask.looks.count_logs:run",
)
