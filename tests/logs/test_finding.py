"""Compiled questions: what they refuse and how they say it, which scanner they take, threads and forks."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from smartcloudops.core.errors import UsageError
from smartcloudops.logs.finding.choosing import Choice
from smartcloudops.logs.finding.clauses import MOST, Clause, any_of
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.finding.misread import Misread
from smartcloudops.logs.finding.scanners import (
    Engine,
    Finding,
    Hyperscanning,
    NoScannerError,
    Probing,
    scanner,
    segments,
)
from smartcloudops.logs.objects import Event
from smartcloudops.logs.sieve import Question, Sieve

ENGINES: tuple[Engine, ...] = ("hyperscan", "re2")
BUSY = b'{"level":"INFO","host":"web-1","msg":"all is well"}\n'
LARGE = BUSY * 20_000


@pytest.mark.parametrize(
    ("pattern", "column", "said", "hint"),
    [
        (r"a(?=b)", 2, "`(?=` looks around", "--where"),
        (r"a(?!b)", 2, "`(?!` looks around", "--where"),
        (r"x(?<=b)", 2, "`(?<=` looks around", "--where"),
        (r"(?<!b)x", 1, "`(?<!` looks around", "--where"),
        (r"(a)\1", 4, r"`\1` refers back", "write out"),
        (r"(?P<n>a)(?P=n)", 9, "`(?P=` refers back", "write out"),
        ("a(b", 1, "missing )", "-F"),
        ("a)b", 1, "unexpected )", "-F"),
        ("[a", 1, "missing ]", "-F"),
        ("*a", 1, "repetition", r"\*"),
        ("a++", 2, "bad repetition operator", "possessive"),
        ("a{1001}", 2, "invalid repetition size", "1000"),
        (r"end\Z", 4, "Python's", r"\z"),
        (r"\pX", 1, "character class", "RE2"),
        ("a\\", 3, "trailing", "backslash"),
        (r"(\pL{100}){10}", None, "too large", "repeat less"),
        ("a\nb", 2, "line break", "line by line"),
        (r"a\nb", 2, "line break", "line by line"),
        (r"a\Qx" + "\n", 5, "line break", "line by line"),
        ("\udcff", 1, "no UTF-8", None),
    ],
)
def test_a_pattern_that_cannot_be_read_is_pointed_at(
    pattern: str, column: int | None, said: str, hint: str | None
) -> None:
    with pytest.raises(UsageError) as raised:
        compiled(Question(pattern))
    assert isinstance(raised.value, Misread)
    assert said in raised.value.message
    assert (raised.value.hint is None) if hint is None else (hint in (raised.value.hint or ""))
    assert column is None or raised.value.column == column


def test_what_only_looks_like_a_line_break_is_fine() -> None:
    for pattern in (r"a[^\n]b", r"a\\n", r"[\n]", "a.b"):
        compiled(Question(pattern))
    assert compiled(Question(r"\n", fixed=True)).matches(rb"a\nb", Event)


def test_a_fixed_pattern_is_looked_for_as_it_is() -> None:
    sieve = compiled(Question("a.b[", fixed=True))
    assert sieve.matches(b"xa.b[", Event)
    assert not sieve.matches(b"xacb[", Event)
    with pytest.raises(Misread, match="line break"):
        compiled(Question("a\nb", fixed=True))


@pytest.mark.parametrize("pattern", [None, ""])
def test_no_pattern_is_every_record(pattern: str | None) -> None:
    sieve = compiled(Question(pattern))
    assert sieve.looks_at_all
    assert not sieve.needs_event
    assert sieve.matches(b"", Event)
    assert sieve.marks(b"abc") == []
    with pytest.raises(UsageError, match="needs a PATTERN"):
        compiled(Question(pattern, invert=True))


def test_inverted_every_record_is_looked_at_unless_a_field_rules_it_out() -> None:
    sieve = compiled(Question("a", invert=True))
    assert sieve.looks_at_all
    assert [sieve.matches(line, Event) for line in (b"b", b"a")] == [True, False]
    assert sieve.marks(b"a") == []
    assert not compiled(Question("a", invert=True, fields=("level=ERROR",))).looks_at_all


def test_a_catastrophic_regex_takes_linear_time() -> None:
    line = b"a" * 200_000
    assert not compiled(Question("(a|aa|a?)+(a*)*b$")).matches(line, Event)
    assert list(compiled(Question("(x+x+)+y")).candidates((b"x" * 1000 + b"\n") * 300)) == []


def test_marks() -> None:
    assert compiled(Question("o+")).marks(b"foo\r\nbo\n") == [(1, 3), (6, 7)]
    assert compiled(Question("o*")).marks(b"foo") == [(1, 3)]
    assert compiled(Question("oo", ignore_case=True)).marks(b"fOo foo") == [(1, 3), (5, 7)]
    assert compiled(Question("a.c")).marks(b"\xff a\xfec a\xc3\xa9c") == [(2, 5), (6, 10)]
    assert compiled(Question("a", fields=("b=1",))).marks(b"banana") == [(1, 2), (3, 4), (5, 6)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("question", [Question("WARN"), Question("w[ae]rn|no", ignore_case=True), Question("W.RN: ")])
def test_a_large_buffer_is_searched_like_a_small_one(engine: Engine, question: Question) -> None:
    hits = b"".join(BUSY * count + b"WARN: %d and WARN again\n" % count for count in (0, 3000, 9000, 1, 1, 20_000))
    sieve = compiled(question, engine=engine)
    places = list(sieve.candidates(hits))
    lines = [hits[hits.rfind(b"\n", 0, at) + 1 : hits.find(b"\n", at)] for at in places]
    assert [line[:4] for line in lines if sieve.matches(line, Event)] == [b"WARN"] * 6
    assert places == sorted(places)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_match_with_an_end_at_every_byte_is_one_place_a_line(engine: Engine) -> None:
    data = (b"a" * 3000 + b"\n") * 1000
    found = list(scanner(Clause(pattern=b"a+a"), engine).places(data))
    assert len(found) == 1000
    assert all(at // 3001 == i for i, at in enumerate(found))


@pytest.mark.parametrize("engine", ENGINES)
def test_records_that_share_a_line_are_each_found(engine: Engine) -> None:
    data = b'{"Records":[' + b",".join(b'{"n":%d,"error":"Denied"}' % n for n in range(50)) + b"]}"
    places = list(compiled(Question("denied", ignore_case=True), engine=engine).candidates(data, lines=False))
    assert all(any(start <= at < start + 24 for at in places) for start in range(12, len(data) - 24, 26))
    assert len(list(compiled(Question("denied", ignore_case=True), engine=engine).candidates(data))) == 1


@pytest.mark.parametrize(("pattern", "every"), [(r"^\{.n.:1\b", True), (r"n.:1\b", True), (r"n.:[xy]\d", False)])
@pytest.mark.parametrize("engine", ENGINES)
def test_where_records_share_a_line_a_pattern_only_rules_out_lines(engine: Engine, pattern: str, every: bool) -> None:
    data = b'{"Records":[{"n":0},{"n":1}]}'
    found = compiled(Question(pattern), engine=engine).candidates(data, lines=False)
    assert list(found) == (list(range(len(data))) if every else [])
    both = b"nothing\n" + data
    found = compiled(Question("n.:1"), engine=engine).candidates(both, lines=False)
    assert list(found) == list(range(8, len(both)))


def test_the_rarer_of_two_literals_is_looked_for() -> None:
    both = (Clause(frozenset({b"all is well"})), Clause(frozenset({b"rare"})))
    data = LARGE + b"all is well and rare\n"
    assert len(list(Choice(both, "auto").places(data))) == 1


def test_where_literals_are_dense_they_are_found_one_by_one() -> None:
    first = range(LARGE.find(b"INFO"), len(LARGE), len(BUSY))
    assert list(Finding(Clause(frozenset({b"web", b"INFO"}))).places(LARGE)) == list(first)
    with pytest.raises(NoScannerError):
        Finding(Clause(frozenset({b"web"}), folded=True))


def test_hyperscan_gives_way_where_it_does_not_take_a_pattern() -> None:
    with pytest.raises(NoScannerError):
        Hyperscanning(Clause(pattern=b"a(?=b)"))
    assert isinstance(scanner(Clause(pattern=b"(?:^a|b)*x^y"), "auto"), Probing | Hyperscanning)


def test_too_many_literals_are_none() -> None:
    many = [(Clause(frozenset({b"%05d" % n})),) for n in range(MOST + 1)]
    assert any_of(many) == ()
    assert len(any_of(many[:MOST])[0].literals) == MOST


def test_segments_are_all_of_it() -> None:
    data = b"\n".join(b"x" * n for n in range(100))
    spans = list(segments(data, 64))
    assert b"".join(data[start:end] for start, end in spans) == data
    assert all(data[end - 1 : end] == b"\n" for _, end in spans[:-1])
    assert list(segments(b"", 64)) == []


def _count(sieve: Sieve) -> int:
    return sum(1 for _ in sieve.candidates(LARGE + b"warm\n" + LARGE + b"WORN\n"))


@pytest.mark.parametrize("engine", ENGINES)
def test_one_sieve_serves_threads_at_once(engine: Engine) -> None:
    sieve = compiled(Question("w[ao]r[mn]", ignore_case=True), engine=engine)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_count, [sieve] * 12)) == [2] * 12


@pytest.mark.parametrize("engine", ENGINES)
def test_a_fork_inherits_a_sieve_that_was_used(engine: Engine) -> None:
    sieve = compiled(Question("w[ao]r[mn]", ignore_case=True), engine=engine)
    assert _count(sieve) == 2
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sending.send(_count(sieve)))
    child.start()
    assert receiving.poll(30)
    assert receiving.recv() == 2
    child.join(30)


def test_a_literal_in_a_small_buffer_loads_no_engine() -> None:
    code = """
import sys
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.sieve import Question
sieve = compiled(Question("abc", fields=("level=ERROR",), where="status = 5"))
assert list(sieve.candidates(b"x\\nabc\\n"))
assert not {"re2", "hyperscan", "numpy", "orjson"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
