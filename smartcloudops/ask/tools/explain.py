"""`explain` as models read it; looks/explain.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

TOOL = Tool(
    name="explain",
    about=(
        "Who is to blame: suspects with share, confidence, onset and evidence, and what was ruled out. First choice "
        "for 'why is web-2 slow' or 'what caused it'. Without arguments: the newest open incident, else whatever "
        'stands out in the newest hour. {"incident": "7f3a"}, {"series": "web-2"}, {"series": "checkout", "at": "2h"}.'
    ),
    parameters={
        "type": "object",
        "properties": {
            "incident": {"type": "string", "description": "an incident's id, or the beginning of it"},
            "series": {"type": "string", "description": "the series, the service or the host that shows the symptom"},
            "at": {"type": "string", "description": "when it began, if known: 2h, 2026-11-20T10:00Z"},
            "since": {"type": "string", "description": "look from then on, if it is not known when it began: 6h"},
        },
    },
    sends="metrics",
    does="smartcloudops.ask.looks.explain:run",
)
