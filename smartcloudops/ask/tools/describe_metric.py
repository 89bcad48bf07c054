"""`describe_metric` as models read it; looks/describe_metric.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

TOOL = Tool(
    name="describe_metric",
    about="What a metric is: type, help, unit, its labels with how many values and examples, number of series, range "
    'over the last hour, age of the newest sample. Use it before writing PromQL. Example: {"metric": "node_load5"}.',
    parameters={
        "type": "object",
        "properties": {"metric": {"type": "string", "description": "its name, without labels"}},
        "required": ["metric"],
    },
    sends="metrics",
    does="smartcloudops.ask.looks.describe_metric:run",
)
