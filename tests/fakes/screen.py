"""What a terminal shows of what was written to it."""

from __future__ import annotations

import re
import unicodedata

_ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


class Screen:
    """An endless terminal of some columns, for programs that stay on the current line.

    Letters beyond the last column go to the next line, and a cursor that stands beyond it steps back to the last but
    one, as terminals do. `sgr[row][column]` is the style of each letter. Other escapes than styles and erasing to the
    end of the line are refused.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.cells: list[list[str]] = [[]]
        self.sgr: list[dict[int, str]] = [{}]
        self.at = 0
        self.pen = ""

    def write(self, text: str) -> None:
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = _ESCAPE.match(text, at)
                assert found, f"an escape that is not understood: {text[at : at + 10]!r}"
                self._escape(found[1], found[2])
                at = found.end()
            else:
                self._letter(text[at])
                at += 1

    def _escape(self, parameters: str, kind: str) -> None:
        assert kind in "mK", f"an escape that leaves the line: {parameters}{kind}"
        if kind == "m":
            self.pen = parameters.removeprefix("0").removeprefix(";")
        else:
            del self.cells[-1][self.at :]

    def _letter(self, letter: str) -> None:
        if letter == "\n":
            self.cells.append([])
            self.sgr.append({})
            self.at = 0
        elif letter == "\r":
            self.at = 0
        elif letter == "\b":
            self.at = max(0, min(self.at, self.columns - 1) - 1)
        else:
            assert letter.isprintable(), f"a control character: {letter!r}"
            self._put(letter)

    def _put(self, letter: str) -> None:
        size = 2 if unicodedata.east_asian_width(letter) in "WF" else int(not unicodedata.combining(letter))
        if not size:
            if self.at:
                self.cells[-1][self.at - 1] += letter
            return
        if self.at + size > self.columns:
            self._letter("\n")
        row = self.cells[-1]
        row += [" "] * (self.at + size - len(row))
        row[self.at : self.at + size] = [letter, *[""] * (size - 1)]
        self.sgr[-1][self.at] = self.pen
        self.at += size

    @property
    def lines(self) -> list[str]:
        """Every line without trailing blanks."""
        return ["".join(row).rstrip() for row in self.cells]

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)

    def styles(self, text: str) -> set[str]:
        """The styles of the letters of the first place where `text` stands on one line."""
        for row, styles in zip(self.cells, self.sgr, strict=True):
            at = "".join(row).find(text)
            if at >= 0:
                return {styles.get(i, "") for i in range(at, at + len(text)) if row[i].strip()}
        raise AssertionError(f"{text!r} is not shown")
