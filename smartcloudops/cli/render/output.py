"""One result, many forms: a table for people, plain text for pipes, JSON for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TextIO

SCHEMA_VERSION = 1


class Output(StrEnum):
    """What `-o` takes."""

    TABLE = "table"
    PLAIN = "plain"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MD = "md"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings; `styles[i]` colours row i on a terminal; `records` are the rows as JSON."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    records: Sequence[dict[str, Any]] = ()
    right: frozenset[str] = frozenset()
    styles: Sequence[str] = field(default=())
    empty: str = "nothing to show"


def choose(output: Output | None, as_json: bool, stream: TextIO) -> Output:
    """The form asked for; else a table on a terminal and plain text elsewhere."""
    if as_json:
        return Output.JSON
    return output or (Output.TABLE if stream.isatty() else Output.PLAIN)


def show(document: dict[str, Any], table: Table, output: Output, stream: TextIO | None = None) -> None:
    """Print a result: `document` for JSON, `table` for everything else."""
    out = stream or sys.stdout
    if output is Output.JSON:
        print_document(document, out)
    elif output is Output.JSONL:
        for record in table.records:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    else:
        _TEXT[output](table, out)


def print_document(document: dict[str, Any], stream: TextIO) -> None:
    """One JSON document with its schema version first."""
    body = {"schema_version": SCHEMA_VERSION, **document}
    stream.write(json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _plain(table: Table, out: TextIO) -> None:
    """Columns two spaces apart, no colour, no borders, headings first; stable for scripts and eyes."""
    if not table.rows:
        out.write(f"{table.empty}\n")
        return
    grid = [tuple(c.upper() for c in table.columns), *table.rows]
    widths = [max(len(_one_line(row[i])) for row in grid) for i in range(len(table.columns))]
    for row in grid:
        cells = [
            _pad(_one_line(c), w, name in table.right) for c, w, name in zip(row, widths, table.columns, strict=True)
        ]
        out.write("  ".join(cells).rstrip() + "\n")


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _csv(table: Table, out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)


def _markdown(table: Table, out: TextIO) -> None:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(_one_line(c).replace("|", "\\|") for c in cells) + " |\n"

    out.write(line(table.columns))
    out.write(line(["--:" if c in table.right else "---" for c in table.columns]))
    out.writelines(line(row) for row in table.rows)


def _rich(table: Table, out: TextIO) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    if not table.rows:
        out.write(f"{table.empty}\n")
        return
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in table.columns:
        drawn.add_column(column, justify="right" if column in table.right else "left", overflow="fold")
    for i, row in enumerate(table.rows):
        drawn.add_row(*map(Text, row), style=table.styles[i] if i < len(table.styles) else "")
    Console(file=out, highlight=False).print(drawn)


_TEXT = {Output.TABLE: _rich, Output.PLAIN: _plain, Output.CSV: _csv, Output.MD: _markdown}
