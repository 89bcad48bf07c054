"""The marks inside one line of Markdown, letter by letter: emphasis, code, links, escapes.

A letter is held back only while it may be a mark. `_` is never one: names of metrics are full of it. `*` opens only
where a word begins, for what is swallowed as a mark and never closed cannot be shown any more.
"""

from __future__ import annotations

import re
import string
from typing import Protocol

_CODE = "36"
_BOLD, _ITALIC = "1", "3"
_MARKS = {1: (_ITALIC,), 2: (_BOLD,), 3: (_BOLD, _ITALIC)}
_LONGEST_LINK = 500
# How far a link has come; from 1 on, how many parentheses are open in its target.
_IN_TEXT, _AFTER_TEXT, _NO_LINK, _DONE = -1, -2, -3, -4
_TITLE = re.compile(r"""\s+(?:"[^"]*"|'[^']*')\s*$""")
_PLAIN_TARGET = re.compile(r"^(?:https?://|mailto:)|/$")


class Sink(Protocol):
    """Where the letters go."""

    # One letter of a word, with its SGR codes.
    def put(self, letter: str, style: str = "") -> None: ...

    # A gap between words; `keep` counts each one.
    def space(self, *, keep: bool = False) -> None: ...


class Inline:
    """`keep_marks`: show the ticks around code, for want of colour."""

    def __init__(self, sink: Sink, *, keep_marks: bool, base: str = "") -> None:
        self._sink = sink
        self._keep_marks = keep_marks
        self._base = base
        self._on: set[str] = set()
        self._ticks = 0
        self._held = ""
        self._link = ""
        self._stage = _IN_TEXT
        self._is_image = self._in_link = False
        self._last = ""

    def feed(self, letter: str) -> None:
        """One letter, no line break."""
        if self._link:
            self._linking(letter)
        elif self._held == "\\":
            self._escape(letter)
        elif self._held and self._held[0] in "*`" and letter == self._held[0]:
            self._held += letter
        else:
            self._settle(letter)
            self._begin(letter)

    def end(self) -> None:
        """The line is over: what is held is shown, all styles end."""
        link, self._link = self._link, ""
        self._in_link = True
        for letter in link:
            self.feed(letter)
        self._settle("")
        self._in_link = False
        self._on.clear()
        self._ticks, self._last = 0, ""

    def _begin(self, letter: str) -> None:
        special = "`" if self._ticks else "*`\\" if self._in_link else "*`\\!["
        if letter not in special:
            self._show(letter)
        elif letter == "[":
            self._link, self._stage = ("![" if self._is_image else "["), _IN_TEXT
            self._is_image = False
        else:
            self._held = letter

    def _settle(self, following: str) -> None:
        """Decide what is held, now that the next letter is known; "" is the end of the line."""
        held, self._held = self._held, ""
        if held.startswith("*"):
            self._emphasis(len(held), following)
        elif held.startswith("`"):
            self._code(held)
        elif held == "!" and following == "[":
            self._is_image = True
        elif held:
            self._show(held)

    def _escape(self, letter: str) -> None:
        self._held = ""
        if letter in string.punctuation:
            self._show(letter)
        else:
            self._show("\\")
            self._begin(letter)

    def _emphasis(self, count: int, following: str) -> None:
        marks = _MARKS.get(count, ())
        ends = self._last.strip() != "" and bool(marks)
        if ends and self._on.issuperset(marks):
            self._on.difference_update(marks)
        elif marks and self._on.isdisjoint(marks) and self._opens(count, following):
            self._on.update(marks)
        else:
            for _ in range(count):
                self._show("*")
        self._last = "*"

    def _opens(self, count: int, following: str) -> bool:
        if not following.strip() or self._last == "/" or (self._last.isascii() and self._last.isalnum()):
            return False
        return count > 1 or following.isalnum() or following in "\"'`(“‘["

    def _code(self, ticks: str) -> None:
        if self._ticks not in (0, len(ticks)):
            for tick in ticks:
                self._show(tick)
            return
        self._ticks = 0 if self._ticks else len(ticks)
        if self._keep_marks:
            self._sink.put("`", self._base)
        self._last = "`"

    def _show(self, letter: str) -> None:
        if letter == " ":
            self._sink.space(keep=bool(self._ticks))
        else:
            self._sink.put(letter, self._style())
        self._last = letter

    def _style(self) -> str:
        codes = [self._base, *sorted(self._on), _CODE if self._ticks else ""]
        return ";".join(dict.fromkeys(code for code in codes if code))

    def _linking(self, letter: str) -> None:
        """One more letter of what may be a link: shown as soon as it is one, or can be none any more."""
        before, self._link = self._link, self._link + letter
        stage = self._stage
        if stage == _IN_TEXT:
            self._stage = {"]": _AFTER_TEXT, "[": _NO_LINK}.get(letter, stage)
        elif stage == _AFTER_TEXT:
            self._stage = 1 if letter == "(" else _NO_LINK
        else:
            self._stage = stage + {"(": 1, ")": -1}.get(letter, 0) or _DONE
        if self._stage == _DONE:
            text, _, target = before.removeprefix("!")[1:].partition("](")
            self._link = ""
            self._show_link(text, _TITLE.sub("", target).strip(" <>"))
        elif self._stage == _NO_LINK or len(before) >= _LONGEST_LINK:
            self._unlink()

    def _unlink(self) -> None:
        """What was held shows as it came, any other link in it too; its last letter may begin one."""
        held, self._link = self._link, ""
        opening = held.index("[") + 1
        for letter in held[:opening]:
            self._show(letter)
        self._in_link = True
        for letter in held[opening:-1]:
            self.feed(letter)
        self._in_link = False
        self.feed(held[-1])

    def _show_link(self, text: str, target: str) -> None:
        """The text, and in parentheses where it leads unless the text says so; never anything to click on."""
        self._in_link = True
        for letter in text or target:
            self.feed(letter)
        self._settle("")
        self._in_link = False
        if text and _PLAIN_TARGET.sub("", text.strip("`*<> ")) != _PLAIN_TARGET.sub("", target):
            for letter in f" ({target})":
                self._show(letter)
