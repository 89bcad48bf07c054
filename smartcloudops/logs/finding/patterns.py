"""The exact decision on bytes: whether a pattern is found in a record, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smartcloudops.logs.finding.misread import Misread

_META = re.compile(r"[\\.+*?()|\[\]{}^$]")
_MENDED = dict.fromkeys(range(0xDC80, 0xDD00), "\ufffd")
_AROUND = re.compile(r"\(\?(?:<?[=!]|P=)")
_HINTS = {
    "missing )": r"close every bracket; a bracket itself is \(, or search literally with -F",
    "unexpected )": r"a bracket itself is \), or search literally with -F",
    "missing ]": r"close every class; a bracket itself is \[, or search literally with -F",
    "no argument for repetition operator": r"a star itself is \*, or search literally with -F",
    "bad repetition operator": r"RE2 knows no possessive repetition; a sign itself is \+, or search literally with -F",
    "invalid repetition size": "repeat at most 1000 times, nested repetitions multiplied",
    "pattern too large": "repeat less, or search for a part of it and filter with --where",
    "trailing \\": r"a backslash itself is \\, or search literally with -F",
}
_SYNTAX = "RE2 syntax: https://github.com/google/re2/wiki/Syntax; or search literally with -F"


def is_literal(pattern: str) -> bool:
    """Whether a pattern means just itself."""
    return _META.search(pattern) is None


def mended(line: bytes) -> bytes:
    r"""A line in UTF-8: each byte that is none counts as U+FFFD.

    >>> mended(b"caf\xe9!").decode()
    'caf�!'
    """
    if line.isascii():
        return line
    try:
        line.decode()
    except UnicodeDecodeError:
        return line.decode("utf-8", "surrogateescape").translate(_MENDED).encode()
    return line


def lines_of(record: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of a record without their ends, and where they start."""
    at = 0
    for line in record.split(b"\n"):
        yield at, line.removesuffix(b"\r")
        at += len(line) + 1


class Pattern:
    """A compiled pattern. Misread where RE2 does not take it."""

    def __init__(self, text: str, *, fixed: bool = False, ignore_case: bool = False) -> None:
        fixed = fixed or is_literal(text)
        try:
            literal = text.encode()
        except UnicodeEncodeError as e:
            raise Misread("the pattern is no UTF-8", text=text, at=e.start) from e
        if fixed and "\n" in text:
            raise line_break(text, text.index("\n"))
        simple = fixed and not ignore_case and "\r" not in text and "\ufffd" not in text
        # Decides without a regular expression, where there is none.
        self.literal = literal if simple else None
        self._regex: Any = None if simple else compiled_regex(text, fixed=fixed, ignore_case=ignore_case)

    def found_in(self, record: bytes) -> bool:
        """Whether a line of the record matches."""
        if self.literal is not None:
            return self.literal in record
        if b"\n" in record:
            return any(self._regex.search(mended(line)) is not None for _, line in lines_of(record))
        return self._regex.search(mended(record)) is not None

    def spans(self, record: bytes) -> list[tuple[int, int]]:
        """Where it matches, in order; matches of nothing are left out."""
        if self.literal is not None:
            return [found.span() for found in re.finditer(re.escape(self.literal), record)] if self.literal else []
        return [(at + start, at + end) for at, line in lines_of(record) for start, end in self._spans_in(line)]

    def _spans_in(self, line: bytes) -> list[tuple[int, int]]:
        searched = mended(line)
        spans = [found.span() for found in self._regex.finditer(searched)]
        if searched is not line:
            spans = [(_unmended(line, searched, start), _unmended(line, searched, end)) for start, end in spans]
        return [(start, end) for start, end in spans if end > start]


def _unmended(line: bytes, searched: bytes, at: int) -> int:
    """The place in the line that `at` in its mended form is; within a character, where that begins."""
    characters = len(searched[:at].decode(errors="ignore"))
    return len(line.decode("utf-8", "surrogateescape")[:characters].encode("utf-8", "surrogateescape"))


def compiled_regex(text: str, *, fixed: bool = False, ignore_case: bool = False) -> Any:
    """What RE2 makes of a pattern; Misread."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.literal = fixed
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(text, options)
    except re2.error as e:
        said = e.args[0]
        raise _refused(text, said.decode(errors="replace") if isinstance(said, bytes) else str(said)) from e


def line_break(text: str, at: int) -> Misread:
    """A pattern holds a line break."""
    hint = "a pattern is looked for line by line: search for one of the lines, with -A or -B for those around it"
    return Misread("the pattern holds a line break", text=text, at=at, hint=hint)


def _refused(text: str, said: str) -> Misread:
    what, _, part = said.partition(": ")
    at = max(text.find(part), 0) if part else len(text)
    if what == "invalid perl operator" and (found := _AROUND.search(text)):
        if found[0] == "(?P=":
            return _no_backreference(text, found.start(), found[0])
        hint = "search without it, and say what must not be there with --where 'not message ~ …' or a second search"
        return Misread(f"`{found[0]}` looks around, which RE2 does not", text=text, at=found.start(), hint=hint)
    if what == "invalid escape sequence" and part[1:2].isdigit():
        return _no_backreference(text, at, part)
    if part == r"\Z":
        return Misread(r"`\Z` is Python's", text=text, at=at, hint=r"the end of a line is $ or \z")
    part_said = f": `{part}`" if part and part != text else ""
    return Misread(f"the pattern cannot be read: {what}{part_said}", text=text, at=at, hint=_hint(what))


def _hint(what: str) -> str:
    return next((hint for start, hint in _HINTS.items() if what.startswith(start)), _SYNTAX)


def _no_backreference(text: str, at: int, part: str) -> Misread:
    hint = "write out what it would repeat, or search for the first part and filter with --where"
    return Misread(f"`{part}` refers back to a group, which RE2 does not", text=text, at=at, hint=hint)
