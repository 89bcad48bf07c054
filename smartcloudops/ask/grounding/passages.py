"""An answer's Markdown as passages: sentences, list items and table cells, each with what stands over it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Passage:
    """`text[start:end]`. `before`: sentences of the same paragraph or item, the nearest first; `over`: column and row
    heads, items and lines that introduce it, headings, the nearest first. `item`: in a list or a table."""

    start: int
    end: int
    before: tuple[Span, ...] = ()
    over: tuple[Span, ...] = ()
    item: bool = False
    heading: bool = False
    cell: bool = False


@dataclass(slots=True)
class _Place:
    """Where the walk over the lines is."""

    headings: list[tuple[int, Span]] = field(default_factory=list)
    items: list[tuple[int, Span]] = field(default_factory=list)
    intro: Span | None = None
    last: Span | None = None


_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_HEADING = re.compile(r"[ \t]*(#{1,6})[ \t]+")
_BOLD = re.compile(r"[ \t]*(\*\*|__)(?:(?!\1).)+\1:?[ \t]*$")
_ITEM = re.compile(r"([ \t>]*)(?:[-*+•][ \t]+|\d{1,3}[.)][ \t]+)")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{1,}:?[ \t]*)*\|?[ \t]*$")
_END = re.compile(r"[.!?]+[*_`\"')\]]*(?:[ \t]+|\n)")
_SHORT = re.compile(r"(?i)(?:\b(?:e\.g|i\.e|vs|approx|ca|no|etc|incl|resp|avg|max|min|St|(?-i:[A-Z]))|\.\.)\.$")


def passages(text: str) -> tuple[Passage, ...]:
    """All of them in order; fenced blocks are in none.

    >>> [p.item for p in passages("web-2 is hot. CPU:\\n- 97 %")]
    [False, False, True]
    """
    return tuple(_passages(text))


def _passages(text: str) -> Iterator[Passage]:
    bare = _FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    lines = [(m.start(), m.end()) for m in re.finditer(r"[^\n]+", bare)]
    place, i = _Place(), 0
    while i < len(lines):
        start, end = lines[i]
        line = bare[start:end]
        if not line.strip():
            i += 1
        elif i + 1 < len(lines) and "|" in line and _RULE.fullmatch(bare[slice(*lines[i + 1])]):
            last = _table_end(bare, lines, i + 2)
            yield from _table(bare, lines[i], lines[i + 2 : last], place)
            i = last
        else:
            last = _block_end(bare, lines, i)
            yield from _block(bare, (start, lines[last - 1][1]), place)
            i = last


def _table_end(text: str, lines: list[Span], i: int) -> int:
    while i < len(lines) and "|" in text[slice(*lines[i])] and _joined(text, lines, i):
        i += 1
    return i


def _joined(text: str, lines: list[Span], i: int) -> bool:
    """Whether no empty line stands before this one."""
    return text[lines[i - 1][1] : lines[i][0]].count("\n") < 2


def _block_end(text: str, lines: list[Span], i: int) -> int:
    """The line behind a heading, an item with what continues it, or a paragraph."""
    if _is_heading(text[slice(*lines[i])]):
        return i + 1
    i += 1
    while i < len(lines) and _joined(text, lines, i):
        line = text[slice(*lines[i])]
        if not line.strip() or _ITEM.match(line) or _is_heading(line) or line.lstrip().startswith("|"):
            break
        i += 1
    return i


def _is_heading(line: str) -> bool:
    return bool(_HEADING.match(line) or _BOLD.match(line))


def _block(text: str, span: Span, place: _Place) -> Iterator[Passage]:
    line = text[slice(*span)]
    if _is_heading(line):
        marks = _HEADING.match(line)
        yield _heading(span, len(marks[1]) if marks else 7, place)
        return
    item = _ITEM.match(line)
    if item:
        indent = len(item[1].expandtabs(4))
        place.items = [(depth, over) for depth, over in place.items if depth < indent]
        over = [at for _, at in reversed(place.items)] + ([place.intro] if place.intro else [])
    else:
        place.items, over = [], []
    over += [at for _, at in reversed(place.headings)]
    yield from _sentences(text, span, tuple(over), item=item is not None)
    if item:
        place.items.append((indent, span))
    else:
        place.intro, place.last = _intro(text, span), list(_split(text, span))[-1]


def _heading(span: Span, level: int, place: _Place) -> Passage:
    place.headings = [(depth, at) for depth, at in place.headings if depth < level]
    over = tuple(at for _, at in reversed(place.headings))
    place.headings.append((level, span))
    place.items, place.intro, place.last = [], None, None
    return Passage(*span, over=over, heading=True)


def _intro(text: str, span: Span) -> Span | None:
    """The last sentence of a paragraph that introduces what follows."""
    if not text[slice(*span)].rstrip(" *_").endswith(":"):
        return None
    return list(_split(text, span))[-1]


def _sentences(text: str, span: Span, over: tuple[Span, ...], *, item: bool) -> Iterator[Passage]:
    before: tuple[Span, ...] = ()
    for at in _split(text, span):
        yield Passage(*at, before=before, over=over, item=item)
        before = (at, *before)


def _split(text: str, span: Span) -> Iterator[Span]:
    start, end = span
    for found in _END.finditer(text, start, end):
        if not _SHORT.search(text[start : found.start() + 1]) and not re.fullmatch(
            r"[\s>]*\d+", text[start : found.start()]
        ):
            yield start, found.end()
            start = found.end()
    if text[start:end].strip():
        yield start, end


def _table(text: str, head: Span, rows: list[Span], place: _Place) -> Iterator[Passage]:
    over = tuple([place.last] if place.last else []) + tuple(at for _, at in reversed(place.headings))
    heads = _cells(text, head)
    yield from (Passage(*cell, over=over, item=True, cell=True) for cell in heads)
    for row in rows:
        cells = _cells(text, row)
        for n, cell in enumerate(cells):
            column = (heads[n],) if n < len(heads) else ()
            first = (cells[0],) if n else ()
            yield Passage(*cell, over=(*column, *first, row, *over), item=True, cell=True)


def _cells(text: str, line: Span) -> list[Span]:
    start, end = line
    bars = [m.start() for m in re.finditer(r"(?<!\\)\|", text[start:end])]
    inside = text[start:end].strip()
    edges = [*([] if inside.startswith("|") else [-1]), *bars, *([] if inside.endswith("|") else [end - start])]
    return [(start + a + 1, start + b) for a, b in pairwise(edges)]
