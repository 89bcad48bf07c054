"""`show_infrastructure` as models read it; looks/show_infrastructure.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

LIMIT = 40

TOOL = Tool(
    name="show_infrastructure",
    about=(
        "What the AWS stack of `sco infra` holds by its Terraform state: resources with ids and sizes, outputs "
        "(addresses, buckets), sensitive values masked. Use it for 'which servers do we have', 'where is Grafana', "
        '\'how many buckets\': {"contains": "bucket"}. With {"drift": true} it compares with AWS, which takes up to a '
        "minute, and says what others changed by hand."
    ),
    parameters={
        "type": "object",
        "properties": {
            "drift": {"type": "boolean", "description": "also compare with AWS: what was changed by hand; false"},
            "contains": {"type": "string", "description": "only resources with this text in address, type or id"},
            "env": {"type": "string", "description": "environment of the stack, such as prod; the default one if none"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 200, "description": f"at most so many; {LIMIT}"},
        },
    },
    sends="infra",
    does="smartcloudops.ask.looks.show_infrastructure:run",
)
