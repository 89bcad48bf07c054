"""What a model says, made fit for a terminal: no escapes, nothing invisible, no images, no address to click on."""

from __future__ import annotations

import re
from collections.abc import Sequence

from smartcloudops.ask.invisible import without_invisible

REMOVED = "(image removed)"


class Cleaner:
    """Cleans an answer while it comes; the result does not depend on how it was cut into pieces.

    `own`: addresses of the user's own servers, which stay as they are. Text passes at once; only what may be the begin
    of something else waits for what follows.
    """

    def __init__(self, own: Sequence[str] = ()) -> None:
        self._escapes = _Escapes()
        self._links = _Links(own)

    def feed(self, text: str) -> str:
        """What can be shown now."""
        return self._links.feed(self._escapes.feed(text))

    def flush(self) -> str:
        """The rest."""
        return self._links.flush()


def inert(text: str) -> str:
    """A text that a model wrote elsewhere, such as a query, with nothing to click on.

    >>> inert('label_replace(up, "x", "http://evil.example", "", "")')
    'label_replace(up, "x", "hxxp://evil.example", "", "")'
    """
    cleaner = Cleaner()
    return cleaner.feed(text) + cleaner.flush()


_ESC, _BEL = "\x1b", "\x07"
_CSI, _STRING, _AFTER, _IN_STRING_AFTER, _TEXT = "csi", "string", "esc", "string esc", ""
# Control characters but for tab and newline; C1 does the work of two characters in one.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_OPENS = {"[": _CSI, "]": _STRING, "P": _STRING, "X": _STRING, "^": _STRING, "_": _STRING}
_C1 = {"\x9b": _CSI, "\x9d": _STRING, "\x90": _STRING, "\x98": _STRING, "\x9e": _STRING, "\x9f": _STRING, _ESC: _AFTER}


class _Escapes:
    """Takes terminal sequences and invisible characters out. Where a terminal would wait for the end of a sequence for
    ever, the end of the line ends it."""

    def __init__(self) -> None:
        self._state = _TEXT

    def feed(self, text: str) -> str:
        out, at = [], 0
        while at < len(text):
            if self._state == _TEXT:
                found = _CONTROL.search(text, at)
                end = found.start() if found else len(text)
                out.append(text[at:end])
                self._state = _C1.get(found[0], _TEXT) if found else _TEXT
                at = end + 1
            else:
                kept = self._step(text[at])
                at += 0 if kept else 1
        return without_invisible("".join(out))

    def _step(self, char: str) -> bool:
        """Go on inside a sequence; whether the character is no part of it and is to be looked at again."""
        if char == "\n" or (self._state != _STRING and char in _C1):
            self._state = _TEXT
            return True
        self._state, again = _NEXT[self._state](char)
        return again


def _after_esc(char: str) -> tuple[str, bool]:
    if char in _OPENS:
        return _OPENS[char], False
    if " " <= char <= "/":
        return _AFTER, False
    return _TEXT, not "0" <= char <= "~"


def _in_csi(char: str) -> tuple[str, bool]:
    if " " <= char <= "?":
        return _CSI, False
    return _TEXT, not "@" <= char <= "~"


def _in_string(char: str) -> tuple[str, bool]:
    if char in (_BEL, "\x9c"):
        return _TEXT, False
    return (_IN_STRING_AFTER if char == _ESC else _STRING), False


def _in_string_after_esc(char: str) -> tuple[str, bool]:
    return (_TEXT, False) if char == "\\" else _after_esc(char)


_NEXT = {_AFTER: _after_esc, _CSI: _in_csi, _STRING: _in_string, _IN_STRING_AFTER: _in_string_after_esc}

_LITERALS = ("![", "](", "http://", "https://", "hxxp://", "hxxps://", "://", "www.", "mailto:")
_SPECIAL = re.compile(r"!\[|\]\(|<|h(?:tt|xx)ps?://|://|www\.|mailto:", re.IGNORECASE)
_BROKEN = {"](": "] (", "://": "[:]//", "www.": "www[.]", "mailto:": "mailto[:]"}
# What is longer is no image and no tag; this much may have to wait.
_LONGEST = 2_000
_BETWEEN = re.compile(r"\][(\[]")
# Tags that load or lead somewhere, once they have attributes; `<image>` alone is a place for a name to be put in.
_TAGS = (
    *("img", "image", "picture", "video", "audio", "iframe", "object", "embed", "svg", "a", "area", "base", "form"),
    *("input", "button", "link", "meta", "script", "source", "style"),
)
_TAG = re.compile(r"</?([A-Za-z]*)")
_INSIDE_TAG = re.compile("[^<>]*")
_ALT = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
# After one of the user's addresses: its path, or the end of what can belong to an address.
_OWN_ENDS = re.compile(r"[/?#]|[^\w\s/?#@%-]{0,8}(?:\s|\Z)")
_OWN_UNDECIDED = re.compile(r"[^\w\s/?#@%-]{0,8}\Z")


class _Links:
    """Takes images out and makes of every address a text."""

    def __init__(self, own: Sequence[str]) -> None:
        self._own = tuple(sorted((each.rstrip("/") for each in own if "://" in each), key=len, reverse=True))
        self._held = ""

    def feed(self, text: str) -> str:
        return self._scan(self._held + text, last=False)

    def flush(self) -> str:
        return self._scan(self._held, last=True)

    def _scan(self, text: str, *, last: bool) -> str:
        out, at = [], 0
        while True:
            found = _SPECIAL.search(text, at)
            if found is None:
                break
            out.append(text[at : found.start()])
            done = self._replaced(text, found, last=last)
            if done is None:
                self._held = text[found.start() :]
                return "".join(out)
            shown, at = done
            out.append(shown)
        end = len(text) if last else max(at, len(text) - _begun(text))
        self._held = text[end:]
        return "".join([*out, text[at:end]])

    def _replaced(self, text: str, found: re.Match[str], *, last: bool) -> tuple[str, int] | None:
        """What stands for the thing that was found, and where to go on; None where more must be seen."""
        literal = found[0].lower()
        if literal == "<":
            return self._tag(text, found.start(), last=last)
        if literal == "![":
            return self._image(text, found.start(), last=last)
        if literal.startswith("h"):
            return self._address(text, found, last=last)
        return _BROKEN[literal], found.end()

    def _image(self, text: str, start: int, *, last: bool) -> tuple[str, int] | None:
        line = text[start : start + _LONGEST].partition("\n")[0]
        between = _BETWEEN.search(line)
        end = line.find(")" if between[0] == "](" else "]", between.end()) if between else -1
        if between and end >= 0:
            return self._instead(line[2 : between.start()]), start + end + 1
        decided = last or len(line) == _LONGEST or len(line) < len(text) - start
        return ("![", start + 2) if decided else None

    def _instead(self, alt: str) -> str:
        """What stands for an image: brackets keep its text apart from what stands before."""
        cleaner = _Links(self._own)
        return f"[{cleaner.feed(alt)}{cleaner.flush()}] {REMOVED}"

    def _tag(self, text: str, start: int, *, last: bool) -> tuple[str, int] | None:
        found = _TAG.match(text, start)
        name, end = (found[1].lower(), found.end()) if found else ("", start + 1)
        if end == len(text) and not last and any(tag.startswith(name) for tag in _TAGS):
            return None
        after = text[end : end + 1]
        if name not in _TAGS or not (after.isspace() or after == "/" or name in ("img", "script", "style")):
            return "<", start + 1
        return self._image_tag(text, start, end, last=last) if name == "img" else ("‹", start + 1)

    def _image_tag(self, text: str, start: int, end: int, *, last: bool) -> tuple[str, int] | None:
        inside = _INSIDE_TAG.match(text, end, start + _LONGEST)
        stop = inside.end() if inside else end
        if text[stop : stop + 1] == ">" and stop < start + _LONGEST:
            alt = _ALT.search(text, end, stop)
            return (self._instead(alt[1] or alt[2] or "") if alt else REMOVED), stop + 1
        return None if stop == len(text) < start + _LONGEST and not last else ("‹", start + 1)

    def _address(self, text: str, found: re.Match[str], *, last: bool) -> tuple[str, int] | None:
        """One of the user's own, or with a scheme that nothing opens."""
        for own in self._own:
            rest = text[found.start() : found.start() + len(own) + 10]
            if not last and (
                own.startswith(rest) or (rest.startswith(own) and _OWN_UNDECIDED.fullmatch(rest, len(own)))
            ):
                return None
            if rest.startswith(own) and _OWN_ENDS.match(rest, len(own)):
                return own, found.start() + len(own)
        return found[0].replace("t", "x").replace("T", "X"), found.end()


def _begun(text: str) -> int:
    """How many characters at the end may be the begin of something to be replaced."""
    tail = text[-8:].lower()
    for length in range(len(tail), 0, -1):
        if any(each.startswith(tail[-length:]) for each in _LITERALS):
            return length
    return 0
