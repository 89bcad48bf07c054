"""`list_alerts` as models read it; looks/list_alerts.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

LIMIT = 20
STATES = ("firing", "pending", "silenced", "inhibited")

TOOL = Tool(
    name="list_alerts",
    about=(
        "Which alerts fire now (or are pending, silenced, inhibited), since when, and which silences hold, from "
        "Prometheus and Alertmanager. Use it for 'what is firing', 'is anything silenced', 'is there an alert on "
        'web-2\': {"contains": "web-2"}.'
    ),
    parameters={
        "type": "object",
        "properties": {
            "state": {"type": "string", "enum": list(STATES), "description": "only those in this state"},
            "contains": {"type": "string", "description": "text in the alert's name, a label's value or the summary"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100, "description": f"at most so many; {LIMIT}"},
        },
    },
    sends="alerts",
    does="smartcloudops.ask.looks.list_alerts:run",
)
