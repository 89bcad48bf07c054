"""`calculate` as models read it; looks/calculate.py does it."""

from __future__ import annotations

from smartcloudops.ask.tools import Tool

TOOL = Tool(
    name="calculate",
    about=(
        "Arithmetic on results of earlier calls, called by evidence, row and column. Every difference, ratio, sum or "
        "change in percent that an answer states must come from here: "
        '{"expression": "(E2.1.max - E2.1.mean) / E2.1.mean", "unit": "%", "about": "cpu peak over mean on web-2"}.'
    ),
    parameters={
        "type": "object",
        "properties": {
            "expression": {
                "type": "string",
                "description": "+ - * / ** ( ) and min max abs round sum mean, over names such as E2.1.max and numbers",
            },
            "unit": {
                "type": "string",
                "description": "unit of the result, such as %, ms, GiB; % turns a ratio into it",
            },
            "about": {"type": "string", "description": "what the result is, in a few words, with metric and host"},
        },
        "required": ["expression"],
    },
    sends="nothing",
    does="smartcloudops.ask.looks.calculate:run",
)
