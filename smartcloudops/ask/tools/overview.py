"""`overview` as models read it; looks/overview.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

TOOL = Tool(
    name="overview",
    about="Where things stand: every watched metric now, an hour, a day and a week ago (the most remarkable series and "
    "the median over all), targets that are down, what is stale. Start here. Example: {}.",
    parameters={"type": "object", "properties": {}},
    sends="metrics",
    does="smartcloudops.ask.looks.overview:run",
)
