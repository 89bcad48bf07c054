"""`list_incidents` as models read it; looks/list_incidents.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

LIMIT = 10

TOOL = Tool(
    name="list_incidents",
    about=(
        "Incidents that sco detected: open ones first, with id, host, since when, score (1 is one event in 7 days), "
        "suspects and what people said. Use it for 'what happened last night', 'is anything open': "
        '{"since": "12h", "host": "web-2"}. Then `explain` with an id.'
    ),
    parameters={
        "type": "object",
        "properties": {
            "since": {"type": "string", "description": "leave out what ended before: 2h, 7d, 2026-11-20T10:00Z"},
            "open_only": {"type": "boolean", "description": "only those still open"},
            "host": {
                "type": "string",
                "description": "text in the entity's name, such as web-2; * and ? match all of it",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": 50, "description": f"at most so many; {LIMIT}"},
        },
    },
    sends="alerts",
    does="smartcloudops.ask.looks.list_incidents:run",
)
