"""Outputs of the stack: as a table, as JSON, bare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from smartcloudops.cli.render.infra import outputs_document
from smartcloudops.cli.render.output import Table
from smartcloudops.core.text import printable
from smartcloudops.infra.records import Output


def table(outputs: Sequence[Output]) -> Table:
    """One row an output."""
    return Table(
        ("output", "value"),
        [(each.name, bare(each.value)) for each in outputs],
        [{"name": each.name, "value": each.value, "sensitive": each.sensitive} for each in outputs],
        fixed=frozenset({"output"}),
    )


def document(outputs: Sequence[Output]) -> dict[str, Any]:
    """Values by name."""
    return {"outputs": outputs_document(outputs)}


def bare(value: Any) -> str:
    """A value for a shell: text as it is, anything else as JSON on one line."""
    return printable(value) if isinstance(value, str) else json.dumps(value)
