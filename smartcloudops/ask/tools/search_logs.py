"""`search_logs` as models read it; looks/search_logs.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

LIMIT = 12
LEVELS = ("error", "warn", "info")
# What both tools take.
SHARED = {
    "source": {"type": "string", "description": "a configured name, as `web`; not needed where there is only one"},
    "pattern": {"type": "string", "description": "text or an RE2 pattern that a line must hold; upper and lower case"},
    "ignore_case": {"type": "boolean", "description": "upper and lower case are the same"},
    "since": {"type": "string", "description": "from then on: 2h, 2026-11-20T10:00Z; else the last hour"},
    "until": {"type": "string", "description": "up to then; now by default"},
    "level": {"type": "string", "enum": list(LEVELS), "description": "only of this level, or worse"},
    "host": {"type": "string", "description": "only of this host, as `web-2`"},
    "where": {"type": "string", "description": "a filter on fields: status >= 500 and path ~ '^/api'"},
}

TOOL = Tool(
    name="search_logs",
    about=(
        "What the logs say: the different messages that match, each with its count, host, first and last time, and one "
        "example; repeated ones once. Use it for 'any errors in the logs of web-2', 'what did it log before it fell': "
        '{"level": "error", "host": "web-2", "since": "30m"}, {"pattern": "timed? ?out", "since": "2h", "until": "1h"}.'
    ),
    parameters={
        "type": "object",
        "properties": {
            **SHARED,
            "limit": {"type": "integer", "minimum": 1, "maximum": 50, "description": f"messages at most; {LIMIT}"},
        },
    },
    sends="logs",
    does="smartcloudops.ask.looks.search_logs:run",
)
