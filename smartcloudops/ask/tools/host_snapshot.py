"""`host_snapshot` as models read it; looks/host_snapshot.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

TOOL = Tool(
    name="host_snapshot",
    about="Every watched metric of one host: now, an hour and a day ago, and its usual range; on this machine also the "
    'busiest processes. Host names may lack the port or their end. Example: {"host": "web-2"}.',
    parameters={
        "type": "object",
        "properties": {"host": {"type": "string", "description": "the host; may be left out where there is only one"}},
    },
    sends="metrics",
    does="smartcloudops.ask.looks.host_snapshot:run",
)
