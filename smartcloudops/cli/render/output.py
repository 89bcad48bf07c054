"""One result, many forms: a table for people, plain text for pipes, JSON for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal, TextIO, cast

from smartcloudops.core.console import is_terminal, width
from smartcloudops.core.text import printable

if TYPE_CHECKING:
    from rich.table import Table as RichTable

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
    """Rows of text under headings; `styles[i]` colours row i on a terminal; `records` are the rows as JSON.

    `fixed` columns are never folded; those of `spare` are left out, the first first, where a terminal is too narrow.
    """

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    records: Sequence[dict[str, Any]] = ()
    right: frozenset[str] = frozenset()
    styles: Sequence[str] = field(default=())
    empty: str = "nothing to show"
    fixed: frozenset[str] = frozenset()
    spare: tuple[str, ...] = ()


def choose(output: Output | None, as_json: bool, stream: TextIO) -> Output:
    """The form asked for; else a table on a terminal that can draw one, and plain text elsewhere."""
    if as_json:
        return Output.JSON
    return output or (Output.TABLE if is_terminal(stream) else Output.PLAIN)


def show(document: dict[str, Any], table: Table, output: Output, stream: TextIO | None = None) -> None:
    """Print a result: `document` for JSON, `table` for everything else."""
    out = stream or sys.stdout
    if output is Output.JSON:
        print_document(document, out)
    elif output is Output.JSONL:
        out = seen(out)
        for record in table.records:
            out.write(json.dumps(record, ensure_ascii=not is_unicode(out)) + "\n")
    else:
        _TEXT[output](table, out)


def print_document(document: dict[str, Any], stream: TextIO, *, indent: int | None = 2) -> None:
    """One JSON document with its schema version first; on one line without an indent."""
    body = {"schema_version": SCHEMA_VERSION, **document}
    ascii_only = not is_unicode(stream)
    seen(stream).write(json.dumps(body, indent=indent, ensure_ascii=ascii_only, allow_nan=False) + "\n")


def is_unicode(stream: TextIO) -> bool:
    """Whether a stream takes any character."""
    return "utf" in (stream.encoding or "").lower()


class Seen:
    r"""A stream whose terminal obeys nothing that was written elsewhere: JSON and CSV keep their escapes for programs.

    >>> import io
    >>> out = io.StringIO()
    >>> print(json.dumps("a\x9b31m", ensure_ascii=False), file=Seen(out))
    >>> out.getvalue()
    '"a\\u009b31m"\n'
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Control characters and what is not seen as JSON writes them, which JSON may hold in strings alone."""
        if not text.isprintable():
            text = "".join(c if c.isprintable() or c in "\n\t" else json.dumps(c)[1:-1] for c in text)
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Each of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def seen(stream: TextIO) -> TextIO:
    """The stream for what programs read, which shows no more than text where it is a terminal after all."""
    return cast("TextIO", Seen(stream)) if stream.isatty() else stream


def _plain(table: Table, out: TextIO) -> None:
    """Columns two spaces apart, no colour, no borders, headings first; stable for scripts and eyes."""
    if not table.rows:
        out.write(f"{table.empty}\n")
        return
    grid = [tuple(c.upper() for c in table.columns), *table.rows]
    widths = [max(len(printable(row[i])) for row in grid) for i in range(len(table.columns))]
    for row in grid:
        cells = [
            _pad(printable(c), w, name in table.right) for c, w, name in zip(row, widths, table.columns, strict=True)
        ]
        out.write("  ".join(cells).rstrip() + "\n")


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)


def _csv(table: Table, out: TextIO) -> None:
    writer = csv.writer(seen(out), lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)


def _markdown(table: Table, out: TextIO) -> None:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(printable(c).replace("|", "\\|") for c in cells) + " |\n"

    out.write(line(table.columns))
    out.write(line(["--:" if c in table.right else "---" for c in table.columns]))
    out.writelines(line(row) for row in table.rows)


def _rich(table: Table, out: TextIO) -> None:
    from rich.console import Console

    if not table.rows:
        out.write(f"{table.empty}\n")
        return
    columns = width(out)
    Console(file=out, highlight=False, width=columns).print(drawn(table, columns))


def drawn(table: Table, columns: int) -> RichTable:
    """A table as rich draws it on a terminal that wide."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = _fitting(table, columns)
    drawing = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for i in shown:
        name = table.columns[i]
        justify: Literal["left", "right"] = "right" if name in table.right else "left"
        drawing.add_column(name, justify=justify, overflow="fold", no_wrap=name in table.fixed)
    for row, style in zip_longest(table.rows, table.styles[: len(table.rows)], fillvalue=""):
        drawing.add_row(*(Text(printable(row[i])) for i in shown), style=style)
    return drawing


def _fitting(table: Table, columns: int) -> list[int]:
    """The columns that are shown: spare ones go while the widest cells do not fit, folding to twenty allowed."""
    shown = list(range(len(table.columns)))
    for name in (*table.spare, None):
        needed = sum(_least(table, i) + 3 for i in shown)
        if needed <= columns or name is None:
            break
        shown = [i for i in shown if table.columns[i] != name]
    return shown


def _least(table: Table, i: int) -> int:
    widest = max(len(row[i]) for row in (table.columns, *table.rows))
    return widest if table.columns[i] in table.fixed else min(widest, 20)


_TEXT = {Output.TABLE: _rich, Output.PLAIN: _plain, Output.CSV: _csv, Output.MD: _markdown}
