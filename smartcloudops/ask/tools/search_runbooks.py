"""`search_runbooks` as models read it; looks/search_runbooks.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

LIMIT = 3
MOST = 10

TOOL = Tool(
    name="search_runbooks",
    about=(
        "Searches the user's own runbooks and gives the passages that fit best, with file and line. Use it for 'what "
        'do we do when the disk is full\', and before you propose steps: {"query": "disk full on db"}.'
    ),
    parameters={
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "the words to look for: symptom, alert name, service"},
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": f"at most so many; {LIMIT}"},
        },
        "required": ["query"],
    },
    sends="alerts",
    does="smartcloudops.ask.looks.search_runbooks:run",
)
