"""Markdown on a terminal while it arrives: nothing is drawn twice but a word that turns out not to fit its line.

Every letter is taken by itself, so that the screen is the same however the text was cut. A line break stays one:
models write them on purpose. Emphasis and code end with their line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from smartcloudops.cli.render.flow import Flow, shown
from smartcloudops.cli.render.grid import Letters, draw, is_delimiter
from smartcloudops.cli.render.inline import Inline

_BOLD, _DIM = "1", "2"
_TAB = "    "
_CODE_INDENT = 2
_LONGEST_MARK = 200
# The beginning of a line that may still become more than one thing.
_OPEN = re.compile(r" *(?:#{1,6}|\+ *|\d{1,9}[.)]?|`{1,2}|~{1,2}|([-*_])(?: *\1)* *)?")
_RULE = re.compile(r" *([-*_])(?: *\1){2,} *")
_HEADING = re.compile(r" *(#{1,6}) ")
_BULLET = re.compile(r"( *)[-*+] +([^ ].*)")
_NUMBER = re.compile(r"( *)(\d{1,9}[.)]) ")
_QUOTE = re.compile(r" *>")
_FENCE = re.compile(r" *(?:`{3}|~{3})")
_FENCE_LINE = re.compile(r"( *)(`{3,}|~{3,})([^`]*)")
_ROW = re.compile(r"( *)\|")


@dataclass(frozen=True, slots=True)
class _Fence:
    """What opened a block of code, and how far it and the quotes around it are indented."""

    mark: str
    indent: int
    quotes: int

    def ends(self, line: str) -> bool:
        """Whether a whole line closes it."""
        return self.may_end(line) and len(line.strip()) >= len(self.mark)

    def may_end(self, line: str) -> bool:
        """Whether the beginning of a line may become one that closes it."""
        return set(line.strip()) <= {self.mark[0]}


class MarkdownStream:
    """`feed` draws what is certain and flushes; `end` draws the rest and ends the line."""

    def __init__(self, out: TextIO, columns: int, colour: bool, unicode: bool) -> None:
        self._out = out
        self._unicode = unicode
        self._colour = colour
        self._flow = Flow(out, columns, colour=colour)
        self._deepest = self._flow.room // 3
        self._inline = self._marks()
        self._take: Callable[[str], None] = self._start
        self._line = ""
        self._quotes = 0
        self._hang = 0
        self._rows: list[str] = []
        self._fence = _Fence("`", 0, 0)
        self._is_begun = self._is_blank = self._has_drawn = False

    def feed(self, text: str) -> None:
        """The next piece of the answer, cut anywhere."""
        for letter in text:
            for each in _TAB if letter == "\t" else shown(letter, self._unicode):
                self._is_begun = each != "\n"
                self._take(each)
        self._out.flush()

    def end(self) -> None:
        """Nothing follows."""
        if self._is_begun:
            self._take("\n")
        self._end_table()
        self._out.flush()

    def _start(self, letter: str) -> None:
        """The beginning of a line, held back while it may be several things."""
        line = self._line + letter
        self._line = ""
        if letter == "\n":
            self._undecided(line[:-1])
            self._quotes = 0
        elif len(line) < _LONGEST_MARK and _OPEN.fullmatch(line):
            self._line = line
        else:
            for pattern, begin in self._beginnings():
                if found := pattern.fullmatch(line):
                    begin(found)
                    return
            self._paragraph(line)

    def _beginnings(self) -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], None]], ...]:
        return (
            (_QUOTE, self._quote),
            (_HEADING, self._heading),
            (_BULLET, self._bullet),
            (_NUMBER, self._number),
            (_ROW, self._begin_row),
            (_FENCE, self._begin_fence),
        )

    def _undecided(self, line: str) -> None:
        """A whole line of nothing but marks or spaces."""
        if _RULE.fullmatch(line):
            self._hang = 0
            self._begin()
            self._draw([("─" if self._unicode else "-", _DIM)] * (self._flow.room - 2 * self._quotes))
        elif line.strip():
            self._paragraph(line)
            self._text("\n")
        elif self._quotes:
            self._begin()
            self._flow.newline()
        else:
            self._end_table()
            self._is_blank = True

    def _begin(self, marker: str = "", indent: int = 0) -> None:
        """A block: the empty line before it where there was one, then its marker once there is text."""
        self._end_table()
        if self._is_blank and self._has_drawn:
            self._flow.begin()
            self._flow.newline()
        self._is_blank, self._has_drawn = False, True
        bars = (("│ " if self._unicode else "> ") * self._quotes, _DIM)
        pad = " " * indent
        self._flow.begin((bars, (pad + marker, "")), (bars, (pad + " " * len(marker), "")))

    def _quote(self, found: re.Match[str]) -> None:
        self._quotes = min(self._quotes + 1, self._deepest // 2)

    def _heading(self, found: re.Match[str]) -> None:
        self._hang = 0
        self._begin("" if self._colour else f"{found[1]} ")
        self._inline = self._marks(_BOLD)
        self._take = self._text

    def _bullet(self, found: re.Match[str]) -> None:
        self._item(found[1], "• " if self._unicode else "- ")
        self._texts(found[2])

    def _number(self, found: re.Match[str]) -> None:
        self._item(found[1], f"{found[2]} ")
        self._take = self._text

    def _item(self, indent: str, marker: str) -> None:
        pad = self._pad(indent)
        self._begin(marker, pad)
        self._hang = pad + len(marker)

    def _pad(self, indent: str) -> int:
        return min(max(0, len(indent) - bool(self._quotes)), self._deepest)

    def _paragraph(self, line: str) -> None:
        """Text; below an item it hangs as far as the item's."""
        text = line.lstrip(" ")
        pad = self._pad(" " * (len(line) - len(text)))
        self._hang = self._hang if pad else 0
        self._begin(indent=min(pad, self._hang or pad))
        self._texts(text)

    def _texts(self, text: str) -> None:
        self._take = self._text
        for letter in text:
            self._text(letter)

    def _text(self, letter: str) -> None:
        if letter != "\n":
            self._inline.feed(letter)
            return
        self._inline.end()
        self._inline = self._marks()
        self._flow.newline()
        self._next_line(self._start)

    def _marks(self, base: str = "") -> Inline:
        return Inline(self._flow, keep_marks=not self._colour, base=base)

    def _next_line(self, take: Callable[[str], None]) -> None:
        self._take, self._line, self._quotes = take, "", 0

    def _begin_row(self, found: re.Match[str]) -> None:
        if not self._rows:
            self._begin(indent=self._pad(found[1]))
        self._line = "|"
        self._take = self._row

    def _row(self, letter: str) -> None:
        """A line of what may be a table: drawn when that has ended, or when its second line shows that it is none."""
        if letter != "\n":
            self._line += letter
            return
        self._rows.append(self._line)
        if len(self._rows) == 2 and not is_delimiter(self._line):
            self._end_table()
        self._next_line(self._start)

    def _end_table(self) -> None:
        rows, self._rows = self._rows, []
        if len(rows) > 1 and is_delimiter(rows[1]):
            for line in draw(rows, self._flow.left, colour=self._colour, unicode=self._unicode):
                self._draw(line)
            return
        for row in rows:
            for letter in row:
                self._inline.feed(letter)
            self._inline.end()
            self._flow.newline()

    def _draw(self, line: Letters) -> None:
        for letter, style in line:
            self._flow.verbatim(letter, style)
        self._flow.newline()

    def _begin_fence(self, found: re.Match[str]) -> None:
        self._line = found[0]
        self._take = self._fence_line

    def _fence_line(self, letter: str) -> None:
        """The line that opens a block of code; with a tick behind the first ones it is text."""
        if letter != "\n":
            self._line += letter
        elif found := _FENCE_LINE.fullmatch(self._line):
            self._fence = _Fence(found[2], self._pad(found[1]), self._quotes)
            self._begin(indent=self._fence.indent + _CODE_INDENT)
            self._next_line(self._code_start)
        else:
            self._paragraph(self._line)
            self._text("\n")

    def _code_start(self, letter: str) -> None:
        """The beginning of a line of code, held back while it may be the fence's end."""
        self._line += letter
        whole = self._line
        body = self._unquoted(whole.rstrip("\n"))
        if body is None:
            if letter == "\n" or whole.strip(" >"):
                self._next_line(self._start)
                for each in whole:
                    self._take(each)
            return
        if letter != "\n" and self._fence.may_end(body):
            return
        if letter == "\n" and self._fence.ends(body):
            self._next_line(self._start)
            return
        self._line = ""
        self._take = self._code
        for each in body + letter[letter != "\n" :]:
            self._code(each)

    def _code(self, letter: str) -> None:
        if letter == "\n":
            self._flow.newline()
            self._next_line(self._code_start)
        else:
            self._flow.verbatim(letter, _DIM)

    def _unquoted(self, line: str) -> str | None:
        """A line of code without the quotes and the indentation around its block; None where the quote is over."""
        for _ in range(self._fence.quotes):
            before, mark, line = line.partition(">")
            if not mark or before.strip():
                return None
        line = line.removeprefix(" ") if self._fence.quotes else line
        indent = len(line) - len(line.lstrip(" "))
        return line[min(indent, self._fence.indent) :]
