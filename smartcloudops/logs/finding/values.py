"""From a value that a field must have to what the raw line must hold: the value may be written with escapes."""

from __future__ import annotations

import re

from smartcloudops.logs.finding.clauses import MOST, Clause
from smartcloudops.logs.finding.required import clauses_of
from smartcloudops.logs.finding.syntax import LineBreakError, UnreadableError, tree_of

# Whatever a field may be written with in place of a plain character: \u0041 in JSON, \x41 in Go and nginx.
ESCAPES = frozenset({rb"\u", rb"\x", rb"\U"})
# Characters that nobody needs to write otherwise than as they are, but for ESCAPES.
_PLAIN = re.compile(r"[^\W\ufffd]+(?:[.:@#-]+[^\W\ufffd]+)*")
_PLAIN_BYTES = re.compile(rb"[\w\x80-\xff]+")
_NUMBERLIKE = re.compile(rb"[0-9.e+\-infa]*", re.IGNORECASE)
_WORDS = ("true", "false", "null", "none", "nan", "infinity", "-infinity")
_SHORTEST = 2
# Part of a field's name that is written as it is, but for ESCAPES.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A float may be written with an exponent, or with so many nines that it rounds to a whole number.
_OTHERWISE = rb"[^0-9A-Za-z_.\x2d]-?[0-9.]+[eE][-+]?[0-9]|\.9999"
# Above, .9999 may not be enough nines to tell.
_LARGEST = 10**12


def clauses_of_text(text: str) -> tuple[Clause, ...]:
    """For a field whose text is this: its longest plain run.

    >>> sorted(clauses_of_text("GET /api/users?id=1")[0].literals)
    [b'\\\\U', b'\\\\u', b'\\\\x', b'users']
    """
    if text.lower() in _WORDS or text[:1] in ("[", "{") or _is_float(text):
        return ()
    run = max(_PLAIN.findall(text), key=lambda r: len(r.encode()), default="").encode()
    return (Clause(frozenset({run}) | ESCAPES),) if len(run) >= _SHORTEST else ()


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not text.removeprefix("-").isdecimal()


def clauses_of_number(number: int | float) -> tuple[Clause, ...]:
    """For a field that equals a number: the digits of a whole one."""
    digits = str(number).lstrip("-").encode()
    if isinstance(number, float) or abs(number) >= _LARGEST or len(digits) < _SHORTEST:
        return ()
    return (Clause(frozenset({digits}) | ESCAPES, pattern=_OTHERWISE),)


def clauses_of_range(name: str, number: int | float, *, above: bool) -> tuple[Clause, ...]:
    """For a field that is larger (`above`) or smaller than a number, or equal: where a line begins as JSON, its name
    stands before a number with enough digits, and not too small a first one; any other line may match.

    >>> import re
    >>> looked_for = clauses_of_range("http.status", 500, above=True)[0].pattern
    >>> [bool(re.search(looked_for, line)) for line in (b'{"status": 503}', b'{"status":200}', b"GET / 200")]
    [True, False, True]
    """
    last = name.rpartition(".")[2]
    if not _NAME.fullmatch(last) or not 1 <= number < _LARGEST:
        return ()
    whole = str(int(number))
    first, more = whole[0], len(whole) - 1
    if above:
        digits = rf"0*(?:[{first}-9][0-9]{{{more}}}|[1-9][0-9]{{{more + 1}}})"
    else:
        fewer = rf"[0-9]{{1,{more}}}|" if more else ""
        digits = rf"0*(?:{fewer}[0-{first}][0-9]{{{more}}})(?:[^0-9\n]|$)"
    # No number at all, one with an exponent, or with so many nines that it rounds up.
    value = rf"(?:[^0-9 \t\n]|[0-9][0-9.]*[eE]|[0-9]+\.9999|{digits})"
    return (Clause(pattern=rf'^[^{{\n]|\\[uUx]|{last}"?[ \t]*[:=][ \t]*{value}'.encode()),)


def clauses_of_regex(pattern: str) -> tuple[Clause, ...]:
    """For a field in whose text a pattern is found: the plain runs of what the pattern cannot do without."""
    try:
        found = clauses_of(tree_of(pattern))
    except (UnreadableError, LineBreakError):
        return ()
    return tuple(plain for clause in found for plain in _plain(clause))


def _plain(clause: Clause) -> tuple[Clause, ...]:
    runs = frozenset(max(_PLAIN_BYTES.findall(literal), key=len, default=b"") for literal in clause.literals)
    if len(runs) + len(ESCAPES) > MOST or any(map(_may_be_written_otherwise, runs)):
        return ()
    return (Clause(_lower(runs | ESCAPES) if clause.folded else runs | ESCAPES, clause.folded),)


def _lower(literals: frozenset[bytes]) -> frozenset[bytes]:
    return frozenset(literal.lower() for literal in literals)


def _may_be_written_otherwise(run: bytes) -> bool:
    """Part of a number, true or null: the text of such a value need not stand in the line."""
    if len(run) < _SHORTEST or _NUMBERLIKE.fullmatch(run):
        return True
    return any(run.lower() in word.encode() for word in _WORDS)
