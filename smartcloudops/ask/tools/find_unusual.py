"""`find_unusual` as models read it; looks/find_unusual.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

LIMIT = 12

TOOL = Tool(
    name="find_unusual",
    about=(
        "Which series of all hosts stray from their usual course for this hour, since when and how far, who fell "
        "silent, what changed everywhere at once; needs no model. First choice for 'what is going on', 'what is up', "
        '\'what changed\', \'which host is it\': {}, {"host": "web-2"}, {"since": "12h", "until": "4h"}.'
    ),
    parameters={
        "type": "object",
        "properties": {
            "since": {
                "type": "string",
                "description": "judge from then on: 2h, 2026-11-20T10:00Z; else one day",
            },
            "until": {"type": "string", "description": "judge up to then; now by default"},
            "host": {"type": "string", "description": "only hosts with this text in their name"},
            "metric": {"type": "string", "description": "only metrics with this text in their name"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 40, "description": f"at most so many; {LIMIT}"},
        },
    },
    sends="metrics",
    does="smartcloudops.ask.looks.find_unusual:run",
)
