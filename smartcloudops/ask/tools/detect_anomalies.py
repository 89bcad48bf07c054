"""`detect_anomalies` as models read it; looks/detect_anomalies.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

LIMIT = 10

TOOL = Tool(
    name="detect_anomalies",
    about=(
        "What the learnt model finds unusual in the newest window: series with score (1 is one event in 7 days), "
        "value, expected value and usual band. Use it for 'is anything odd', 'is cpu of web-2 unusual': "
        '{"host": "web-2", "metric": "cpu", "since": "6h"}. Needs a model (sco train).'
    ),
    parameters={
        "type": "object",
        "properties": {
            "since": {
                "type": "string",
                "description": "look from then on: 2h, 2026-11-20T10:00Z; else the newest window",
            },
            "host": {
                "type": "string",
                "description": "text in the series' name, such as web-2; * and ? match all of it",
            },
            "metric": {"type": "string", "description": "a metric's name, or text in it"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 50, "description": f"at most so many; {LIMIT}"},
        },
    },
    sends="metrics",
    does="smartcloudops.ask.looks.detect_anomalies:run",
)
