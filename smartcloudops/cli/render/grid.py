"""A Markdown table in as many columns as there are: cells folded, or a record after the other where that is no use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from smartcloudops.cli.render.flow import cells
from smartcloudops.cli.render.inline import Inline

Letters = list[tuple[str, str]]
_GAP, _NARROWEST = 2, 6
_BOLD, _DIM = "1", "2"
_DELIMITER = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PIPE = re.compile(r"(?<!\\)\|")


@dataclass(slots=True)
class _Cell:
    """A cell's letters with their styles, as the marks in it say."""

    letters: Letters = field(default_factory=list)

    def put(self, letter: str, style: str = "") -> None:
        self.letters.append((letter, style))

    def space(self, *, keep: bool = False) -> None:
        self.letters.append((" ", ""))


def is_delimiter(line: str) -> bool:
    """Whether a line is the second one of a table.

    >>> is_delimiter("|---|:-:|"), is_delimiter("| a |")
    (True, False)
    """
    return _DELIMITER.fullmatch(line) is not None


def draw(lines: Sequence[str], room: int, *, colour: bool, unicode: bool) -> Iterator[Letters]:
    """The table of these lines, header and delimiter first, as lines of at most `room` columns."""
    table = [_split(line) for line in (lines[0], *lines[2:])]
    count = max(map(len, table))
    rights = [mark.endswith(":") and not mark.startswith(":") for mark in _split(lines[1])]
    grid = [
        [_letters(row[i] if i < len(row) else "", colour=colour, head=n == 0) for i in range(count)]
        for n, row in enumerate(table)
    ]
    widths = _fitted([max(_size(row[i]) for row in grid) for i in range(count)], room)
    if widths is None:
        yield from _records(grid, room)
        return
    rights = [*rights, *[False] * count][:count]
    yield from _rows(grid[:1], widths, rights)
    yield [(letter, _DIM) for letter in (" " * _GAP).join(("─" if unicode else "-") * width for width in widths)]
    yield from _rows(grid[1:], widths, rights)


def _split(line: str) -> list[str]:
    inside = line.strip().removeprefix("|")
    inside = inside.removesuffix("|") if not inside.endswith("\\|") else inside
    return [_BREAK.sub(" ", cell.replace("\\|", "|")).strip() for cell in _PIPE.split(inside)]


def _letters(text: str, *, colour: bool, head: bool) -> Letters:
    cell = _Cell()
    inline = Inline(cell, keep_marks=not colour, base=_BOLD if head else "")
    for letter in text:
        inline.feed(letter)
    inline.end()
    return cell.letters


def _size(letters: Letters) -> int:
    return sum(cells(letter) for letter, _ in letters)


def _fitted(widths: list[int], room: int) -> list[int] | None:
    """Widths that fit, taken from the widest columns; None where a column would be too narrow to read."""
    widths = [max(width, 1) for width in widths]
    spare = room - _GAP * (len(widths) - 1)
    while sum(widths) > spare:
        widest = max(widths)
        if widest <= _NARROWEST:
            return None
        widths[widths.index(widest)] = max(_NARROWEST, widest - max(1, (sum(widths) - spare) // len(widths)))
    return widths


def _rows(grid: Sequence[Sequence[Letters]], widths: Sequence[int], rights: Sequence[bool]) -> Iterator[Letters]:
    for row in grid:
        folded = [_fold(cell, width) for cell, width in zip(row, widths, strict=True)]
        for n in range(max(map(len, folded))):
            line: Letters = []
            for cell, width, right in zip(folded, widths, rights, strict=True):
                part = cell[n] if n < len(cell) else []
                pad: Letters = [(" ", "")] * (width - _size(part))
                line += (pad + part if right else part + pad) + [(" ", "")] * _GAP
            while line and line[-1][0] == " ":
                line.pop()
            yield line


def _fold(letters: Letters, width: int) -> list[Letters]:
    """Lines of at most that many columns, parted at spaces where there are any."""
    lines: list[Letters] = [[]]
    size = 0
    for letter, style in letters:
        if size + cells(letter) > width:
            line = lines[-1]
            at = next((i for i in range(len(line) - 1, 0, -1) if line[i][0] == " "), None)
            rest = [] if at is None or letter == " " else line[at + 1 :]
            lines[-1] = line if at is None or letter == " " else line[:at]
            lines.append(rest)
            size = _size(rest)
        if letter == " " and not lines[-1]:
            continue
        lines[-1].append((letter, style))
        size += cells(letter)
    return lines


def _records(grid: Sequence[Sequence[Letters]], room: int) -> Iterator[Letters]:
    """A line for each cell that is not empty, after its heading; an empty line between rows."""
    head, *rows = grid
    for n, row in enumerate(rows):
        if n:
            yield []
        for name, cell in zip(head, row, strict=True):
            first, *rest = _fold([*name, (":", ""), (" ", ""), *cell], room - _GAP)
            yield first
            yield from ([(" ", "")] * _GAP + line for line in rest)
