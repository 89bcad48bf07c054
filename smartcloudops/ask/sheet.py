"""A tool's table: one description makes the text for models and the values for the check of numbers.

    E2 cpu, %, 2026-11-20T10:00Z to 11:00Z, step 15s; 2 of 12 series, largest max first
    #  entity  last   mean   max
    1  web-2   97.0%  41.2%  99.1%
    2  db-1    12.1%  11.9%  14.0%

A value is called by evidence, row and column: `E2.1.max`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smartcloudops.core.quantities import quantity
from smartcloudops.core.text import printable


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: `value` in `unit` at `time` (ms) where it is of one moment; None is missing, text is no figure."""

    value: float | str | None
    unit: str = ""
    time: int | None = None

    @property
    def shown(self) -> str:
        """As it is printed."""
        return printable(self.value) if isinstance(self.value, str) else quantity(self.value, self.unit)


@dataclass(frozen=True, slots=True)
class Row:
    """One entity (a host, a series, a mount) and its cells by column."""

    entity: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`head` says what it is, with window and unit; `more` stands below: how much was left out and how to narrow."""

    head: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    more: Sequence[str] = field(default=())

    def text(self) -> str:
        """The table, rows numbered from 1; the toolbox puts the evidence's id before the head."""
        table = [("#", "entity", *self.columns)]
        for number, row in enumerate(self.rows, 1):
            shown = (row.cells[c].shown if c in row.cells else "" for c in self.columns)
            table.append((str(number), printable(row.entity), *shown))
        widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table
        ]
        return "\n".join([self.head, *(lines if self.rows else []), *self.more])

    def values(self, name: str) -> tuple[dict[str, Any], ...]:
        """Every figure as evidence has it: {entity, name, value, unit, time, ref}, `name` being the metric's."""
        return tuple(
            {
                "entity": row.entity,
                "name": f"{name} {column}".strip(),
                "value": cell.value,
                "unit": cell.unit,
                "time": cell.time,
                "ref": f"{number}.{column}",
            }
            for number, row in enumerate(self.rows, 1)
            for column, cell in row.cells.items()
            if isinstance(cell.value, int | float)
        )
