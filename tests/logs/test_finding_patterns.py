"""Patterns: what the fast way finds is what RE2 finds line by line, whatever scans and whatever lies in the lines."""

from __future__ import annotations

import pytest
import re2
from fakes.slow_search import fast, is_found, lines_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from smartcloudops.logs.finding.clauses import Clause
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.finding.required import clauses_of, in_bytes, may_be_empty, stripped
from smartcloudops.logs.finding.scanners import Engine, Finding, NoScannerError, Scanner, scanner
from smartcloudops.logs.finding.syntax import LineBreakError, tree_of
from smartcloudops.logs.objects import Event
from smartcloudops.logs.sieve import Question

ENGINES: tuple[Engine, ...] = ("hyperscan", "re2")
# Letters whose other case lies beyond ASCII, what is no UTF-8, and what ends lines.
CHARS = ["a", "b", "A", "k", "K", "s", "S", "0", " ", "-", "_", "é", "É", "\u212a", "\u017f", "\ufffd", "中"]
BYTES = [*(c.encode() for c in CHARS), b"\xff", b"\xc3", b"\xed\xa0\x80", b"\0", b"\r", b"abc", b"kass", b"ABC"]
LINES = st.lists(st.lists(st.sampled_from(BYTES), max_size=9).map(b"".join), max_size=8)
BUFFERS = st.builds(
    lambda lines, ends, last: b"".join(line + end for line, end in zip(lines, ends, strict=False)) + last,
    LINES,
    st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=8, max_size=8),
    st.sampled_from([b"", b"abc", b"kas\r"]),
)
LITERALS = st.lists(st.sampled_from(CHARS), min_size=1, max_size=5).map("".join)
CLASSES = [
    "[ab]",
    "[^a]",
    "[^ab-]",
    "[a-zé]",
    "[[:alpha:]]",
    "[[:^digit:]x]",
    r"[\d_]",
    r"[^\s]",
    "[k]",
    "[^k]",
    "[^\n]",
]
CLASSES += [
    "[]a]",
    "[^\n]",
    r"[\x{212a}s]",
    r"[^\x80-\x{10ffff}]",
    "[S-Z]",
    r"\pL",
    r"\PL",
    r"\p{Lu}",
    r"[\pN-]",
    "[—-中]",
]
ATOMS = [".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\C", r"\x61", r"\141", r"\x{e9}", r"\-", r"\Qa.b\E"]
EDGES = ["^", "$", r"\b", r"\B", r"\A", r"\z", "(?i)", "(?-i)", "(?m)", "(?sU)"]
COUNTS = ["", "*", "+", "?", "*?", "{2}", "{1,}", "{0,2}", "{2,3}?", "{,2}"]


def _extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = st.builds("{}{}){}".format, st.sampled_from(["(", "(?:", "(?i:", "(?P<n>", "(?-i:"]), inner, _counts())
    return st.one_of(
        grouped,
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
    )


def _counts() -> st.SearchStrategy[str]:
    return st.sampled_from(COUNTS)


_LEAVES = st.one_of(
    LITERALS.map(re2.escape),
    st.builds("{}{}".format, st.sampled_from(CHARS[:9] + CLASSES + ATOMS), _counts()),
    st.sampled_from(EDGES),
)
PATTERNS = st.one_of(st.recursive(_LEAVES, _extended, max_leaves=6), st.text("ab.*+?()[]{}|^$\\dk1,-", max_size=8))


def _is_pattern(text: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error:
        return False
    return True


def _expected(pattern: str, data: bytes, **how: bool) -> list[int]:
    return [start for start, end in lines_of(data) if is_found(pattern, data[start:end], **how)]


def _scanners(clause: Clause) -> list[Scanner]:
    found: list[Scanner] = [scanner(clause, engine) for engine in ENGINES]
    try:
        return [*found, Finding(clause)]
    except NoScannerError:
        return found


@settings(max_examples=60, deadline=None)
@given(pattern=PATTERNS, data=BUFFERS, ignore_case=st.booleans(), engine=st.sampled_from(ENGINES))
def test_a_regex_finds_what_re2_finds_line_by_line(
    pattern: str, data: bytes, ignore_case: bool, engine: Engine
) -> None:
    assume(pattern and _is_pattern(pattern))
    sieve = compiled(Question(pattern, ignore_case=ignore_case), engine=engine)
    assert fast(sieve, data) == _expected(pattern, data, ignore_case=ignore_case)


@settings(max_examples=60, deadline=None)
@given(pattern=PATTERNS, data=BUFFERS, ignore_case=st.booleans())
def test_every_clause_of_a_pattern_holds_in_every_line_that_it_matches(
    pattern: str, data: bytes, ignore_case: bool
) -> None:
    assume(_is_pattern(pattern))
    tree = stripped(tree_of(pattern, ignore_case=ignore_case))
    assume(not may_be_empty(tree))
    expected = set(_expected(pattern, data, ignore_case=ignore_case))
    spans = list(lines_of(data))
    for clause in (*clauses_of(tree), Clause(pattern=in_bytes(tree))):
        for one in _scanners(clause):
            places = list(one.places(data))
            found = {start for start, end in spans if any(start <= at < max(end, start + 1) for at in places)}
            assert expected <= found


@settings(max_examples=60, deadline=None)
@given(literal=LITERALS, data=BUFFERS, ignore_case=st.booleans(), invert=st.booleans(), engine=st.sampled_from(ENGINES))
def test_a_literal_finds_itself(literal: str, data: bytes, ignore_case: bool, invert: bool, engine: Engine) -> None:
    question = Question(literal + "*", fixed=True, ignore_case=ignore_case, invert=invert)
    data = data.replace(b"a", literal.encode() + b"*")
    found = _expected(literal + "*", data, fixed=True, ignore_case=ignore_case)
    expected = [start for start, _ in lines_of(data) if (start in found) != invert]
    assert fast(compiled(question, engine=engine), data) == expected


@settings(max_examples=40, deadline=None)
@given(pattern=PATTERNS, data=BUFFERS)
def test_records_of_several_lines_match_where_one_of_their_lines_does(pattern: str, data: bytes) -> None:
    assume(pattern and _is_pattern(pattern))
    sieve = compiled(Question(pattern))
    record = data.removesuffix(b"\n").removesuffix(b"\r")
    lines = [line.removesuffix(b"\r") for line in record.split(b"\n")]
    assert sieve.matches(record, _no_event) == any(is_found(pattern, line) for line in lines)


@settings(max_examples=40, deadline=None)
@given(pattern=PATTERNS, data=st.lists(st.sampled_from(BYTES), max_size=12).map(b"".join))
def test_marks_lie_where_the_pattern_matches(pattern: str, data: bytes) -> None:
    assume(pattern and _is_pattern(pattern) and not data.endswith(b"\r"))
    marks = compiled(Question(pattern)).marks(data)
    assert all(0 <= start < end <= len(data) for start, end in marks)
    assert marks == sorted(marks)
    assert not marks or is_found(pattern, data)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("pattern", "data", "expected"),
    [
        ("foo$", b"foo\r\nfoo x\r\nfoo", [0, 12]),
        ("ab(cde)?fgh", b"abfgh\nabcdefgh\nfgh\n", [0, 6]),
        (r"\d\d$", b"12\r\n1x\r\n345", [0, 8]),
        ("^.{2,3}b", "éé中b\nb\n".encode(), [0]),
        ("^.b", "\U0001f600b\nb\n".encode(), [0]),
        ("(?i)((?-i)a)bcd", b"aBCD\nABCD\n", [0]),
        (r"(?i)[\x{212a}]x", b"kx\nsx\n", [0]),
        (r"(?i)[^k]x", "kx\n\u212ax\nsx\n".encode(), [8]),
        (r"foo\z", b"foo\nfoo \n", [0]),
        ("^$", b"a\n\nb\r\n\r\n", [2, 6]),
        ("x*", b"a\n\nb", [0, 2, 3]),
        ("a.c", b"a\xffc\na\xc3\xa9c\nac\na\0c\n", [0, 4, 12]),
        ("é", b"\xff caf\xc3\xa9\ncaf\xe9\n", [0]),
        ("\ufffd", b"caf\xe9\ncafe\n", [0]),
        ("(?i)disk|kiosk", "DI\u017f\u212a\nKio\u017fk\ndis\n".encode(), [0, 8]),
        ("[^a]b", b"a\nb\n b\n", [4]),
        (r"a\sb", b"a\nb\na b\n", [4]),
        ("(?i)error.*timeout", b"ERROR: Timeout\nerror\ntimeout\n", [0]),
        (r"status=5\d\d\b", b"status=500\r\nstatus=5000\nstatus=404\n", [0]),
    ],
)
def test_what_is_easily_missed(engine: Engine, pattern: str, data: bytes, expected: list[int]) -> None:
    assert _expected(pattern, data) == expected
    assert fast(compiled(Question(pattern), engine=engine), data) == expected


def test_the_ends_of_lines_within_a_record_are_no_part_of_them() -> None:
    record = b"java.lang.Error: foo\r\n\tat a.B\r\nend\r"
    for pattern, matches in (("foo$", True), (r"^\tat", True), ("end$", True), ("foo.*at", False), (r"foo\s", False)):
        assert compiled(Question(pattern)).matches(record, _no_event) is matches


def test_a_line_break_in_a_pattern_is_not_read() -> None:
    with pytest.raises(LineBreakError):
        tree_of(r"a\x0ab")


def _no_event() -> Event:
    raise AssertionError("the bytes decide")
