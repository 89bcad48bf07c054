"""A question, compiled: what `sco logs` asks of every buffer and of every record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from smartcloudops.core.errors import UsageError
from smartcloudops.logs.finding.choosing import Choice
from smartcloudops.logs.finding.clauses import Clause
from smartcloudops.logs.finding.conditions import condition
from smartcloudops.logs.finding.filters import AllOf, Filter
from smartcloudops.logs.finding.patterns import Pattern, is_literal, line_break
from smartcloudops.logs.finding.required import clauses_of, in_bytes, may_be_empty, stripped
from smartcloudops.logs.finding.scanners import Engine
from smartcloudops.logs.finding.syntax import LineBreakError, Node, UnreadableError, tree_of, tree_of_literal
from smartcloudops.logs.finding.where import parse
from smartcloudops.logs.objects import Event
from smartcloudops.logs.sieve import Question, Sieve


def compiled(question: Question, *, engine: Engine = "auto") -> Sieve:
    """The sieve for a question. UsageError, a `Misread` where a pattern or a filter is wrong, which knows the place.

    `engine` chooses what scans, never what is found: Hyperscan where it is installed, else RE2.

    >>> sieve = compiled(Question("time(out|d out)"))
    >>> list(sieve.candidates(b"a timeout\\nfine\\ntimed out\\n")), sieve.matches(b"no", Event)
    ([2, 15], False)
    """
    if question.invert and not question.pattern:
        raise UsageError("-v needs a PATTERN", hint="for fields write --field level!=INFO or --where 'not …'")
    pattern = _pattern(question)
    kept = _filter(question)
    clauses = () if kept is None else kept.literals
    if pattern is not None and not question.invert:
        clauses += _clauses_of_pattern(question, pattern)
    choice = Choice(clauses, engine) if clauses else None
    return _Sieve(pattern, question.invert, kept, question.since, question.until, choice)


def _pattern(question: Question) -> Pattern | None:
    if not question.pattern:
        return None
    return Pattern(question.pattern, fixed=question.fixed, ignore_case=question.ignore_case)


def _filter(question: Question) -> Filter | None:
    parts: list[Filter] = [condition(text) for text in question.fields]
    if question.where.strip():
        parts.append(parse(question.where))
    return AllOf(tuple(parts)) if parts else None


def _clauses_of_pattern(question: Question, pattern: Pattern) -> tuple[Clause, ...]:
    if pattern.literal is not None:
        return (Clause(frozenset({pattern.literal})),)
    text = question.pattern or ""
    tree = _tree(text, question)
    if tree is None or may_be_empty(tree):
        return ()
    return (*clauses_of(tree), Clause(pattern=in_bytes(tree)))


def _tree(text: str, question: Question) -> Node | None:
    """What the pattern looks for, shortened to what matters; None where that is not known."""
    try:
        if question.fixed or is_literal(text):
            return tree_of_literal(text, ignore_case=question.ignore_case)
        return stripped(tree_of(text, ignore_case=question.ignore_case))
    except LineBreakError as e:
        raise line_break(text, int(e.args[0])) from e
    except UnreadableError:
        return None


@dataclass(slots=True)
class _Sieve:
    pattern: Pattern | None
    invert: bool
    kept: Filter | None
    since: int | None
    until: int | None
    choice: Choice | None
    needs_event: bool = field(init=False)
    looks_at_all: bool = field(init=False)

    def __post_init__(self) -> None:
        self.needs_event = self.kept is not None or self.since is not None or self.until is not None
        self.looks_at_all = self.choice is None

    def candidates(self, data: bytes, *, lines: bool = True) -> Iterator[int]:
        return iter(range(len(data))) if self.choice is None else self.choice.places(data, lines=lines)

    def matches(self, record: bytes, event: Callable[[], Event]) -> bool:
        if self.pattern is not None and self.pattern.found_in(record) == self.invert:
            return False
        if not self.needs_event:
            return True
        found = event()
        return self._is_in_window(found.time) and (self.kept is None or self.kept.matches(found.fields))

    def _is_in_window(self, time: int | None) -> bool:
        if time is None:
            return True
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)

    def marks(self, record: bytes) -> list[tuple[int, int]]:
        return [] if self.pattern is None or self.invert else self.pattern.spans(record)
