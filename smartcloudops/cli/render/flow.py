"""Letters onto a terminal as they come: wrapped between words, drawn on the current line only."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TextIO

from rich.cells import cell_len

# Text and its SGR codes ("" for none), in order.
Spans = tuple[tuple[str, str], ...]
_NARROWEST = 10
_OPENING, _CLOSING = "「『（【《〈“‘([{", "、。，．：；！？）」』】》〉”’…,.:;!?)]}%"
# How wide a terminal draws a selector, a joiner or a skin tone differs from one to the next; without them it does not.
_DROPPED = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\r") | {chr(c) for c in range(0x1F3FB, 0x1F400)}
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_FLAG_A, _FLAG_Z = 0x1F1E6, 0x1F1FF
_ASCII = {
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″", '"'),
    **dict.fromkeys("–‐‑−─", "-"),
    **dict.fromkeys("•·", "*"),
    "—": "--",
    "…": "...",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "×": "x",
}


@lru_cache(4096)
def cells(letter: str) -> int:
    """Columns that one letter takes: two for wide ones, none for those that stand on another."""
    return cell_len(letter)


@lru_cache(4096)
def shown(letter: str, unicode: bool = True) -> str:
    r"""What is drawn for a letter, of a width all terminals agree on; control characters as their escapes.

    >>> shown("\x1b"), shown("\u202f"), shown("\u200d"), shown("\n"), shown("…", False)
    ('\\x1b', ' ', '', '\n', '...')
    """
    code = ord(letter)
    if letter in _DROPPED or any(code in selectors for selectors in _SELECTORS):
        return ""
    if _FLAG_A <= code <= _FLAG_Z:
        return chr(ord("A") + code - _FLAG_A)
    if letter == "\n":
        return letter
    if unicodedata.category(letter) == "Zs" or letter == "\t":
        return " "
    if not letter.isprintable():
        return letter.encode("unicode_escape").decode()
    return letter if unicode or letter.isascii() else _ASCII.get(letter) or letter.encode("unicode_escape").decode()


class Flow:
    """A word that does not fit moves to the next line: what stands of it already is wiped out with backspaces.

    The last column stays free: from there, terminals step back to different places.
    """

    def __init__(self, out: TextIO, columns: int, *, colour: bool) -> None:
        self._out = out
        self._colour = colour
        self.room = max(columns - 1, _NARROWEST)
        self._first: Spans = ()
        self._rest: Spans = ()
        self._is_open = False
        self._at = self._edge = 0
        self._word: list[tuple[str, str]] = []
        self._gap = 0
        self._pen = ""

    @property
    def left(self) -> int:
        """Columns beside what stands before each line."""
        return self.room - sum(cell_len(text) for text, _ in self._rest)

    def begin(self, first: Spans = (), rest: Spans = ()) -> None:
        """What stands before the next line, and before the lines it is wrapped to: both of one width."""
        self._first, self._rest = first, rest

    def space(self, *, keep: bool = False) -> None:
        """A gap between words, written once another word follows on the line; `keep` counts each one."""
        if self._is_open and self._at > self._edge:
            self._gap = self._gap + 1 if keep else max(self._gap, 1)

    def put(self, letter: str, style: str = "") -> None:
        """One letter of a word."""
        size = cells(letter)
        if not size:
            self._join(letter, style)
            return
        if self._gap or self._may_part(letter, size):
            self._word = []
        self._open()
        if self._at + self._gap + size > self.room:
            self._move()
        self._out.write(" " * self._gap)
        self._at += self._gap
        self._gap = 0
        self._add(letter, style)

    def verbatim(self, letter: str, style: str = "") -> None:
        """One letter of a line that the terminal itself folds, so that it is copied as one line."""
        self._open()
        self._ink(letter, style)

    def newline(self) -> None:
        """End the line; an empty one shows what stands before it."""
        if not self._is_open:
            self._prefix(tuple((text.rstrip(), style) for text, style in self._first))
        self._ink("\n", "")
        self._is_open = False
        self._word, self._gap = [], 0

    def _open(self) -> None:
        if not self._is_open:
            self._is_open = True
            self._prefix(self._first)

    def _prefix(self, spans: Spans) -> None:
        for text, style in spans:
            self._ink(text, style)
        self._at = self._edge = sum(cell_len(text) for text, _ in spans)

    def _may_part(self, letter: str, size: int) -> bool:
        """Whether a line may end before this letter without a gap: beside wide letters, but for punctuation."""
        if not self._word:
            return False
        last = next((c for c, _ in reversed(self._word) if cells(c)), "")
        return (size == 2 or (last != "" and cells(last) == 2)) and letter not in _CLOSING and last not in _OPENING

    def _join(self, letter: str, style: str) -> None:
        """A letter without a width stands on the one before, or is left out."""
        if self._word and not self._gap:
            self._ink(letter, style)
            self._word.append((letter, style))

    def _add(self, letter: str, style: str) -> None:
        self._ink(letter, style)
        self._word.append((letter, style))
        self._at += cells(letter)

    def _move(self) -> None:
        """Go to the next line, with the word that is begun unless it has this line for itself."""
        word = self._word
        size = sum(cells(letter) for letter, _ in word)
        if self._at - size <= self._edge:
            word = []
        elif word:
            self._out.write("\b" * size + " " * size + "\b" * size)
        self._ink("\n", "")
        self._prefix(self._rest)
        self._word, self._gap = [], 0
        for letter, style in word:
            self._add(letter, style)

    def _ink(self, text: str, style: str) -> None:
        if not text:
            return
        if self._colour and style != self._pen:
            self._out.write(f"\x1b[0;{style}m" if style else "\x1b[0m")
            self._pen = style
        self._out.write(text)
