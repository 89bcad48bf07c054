"""Of several clauses that each rule lines out, the one that costs least in the buffer at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from smartcloudops.logs.finding.clauses import Clause
from smartcloudops.logs.finding.scanners import Engine, Finding, NoScannerError, Scanner, scanner

# A smaller buffer is not worth a look at a part of it first.
_SMALL = 256 << 10
_SAMPLE = 64 << 10
# Seconds to decide on a line that was found, about.
_DECIDING = 4e-6
_MOST = 5


class Option:
    """One clause, and what finds it. Scanners are made when they are first needed."""

    def __init__(self, clause: Clause, engine: Engine) -> None:
        self.clause = clause
        self._engine: Engine = engine

    @cached_property
    def plain(self) -> Scanner | None:
        """What needs no preparation; None where the clause is not only literals."""
        try:
            return Finding(self.clause)
        except NoScannerError:
            return None

    @cached_property
    def fast(self) -> Scanner | None:
        """What is best for large buffers; None where nothing takes the clause."""
        try:
            return scanner(self.clause, self._engine)
        except NoScannerError:
            return None

    def scanners(self) -> Iterator[Scanner]:
        """Those that there are; the second one is only made where the first is not enough."""
        if self.plain is not None:
            yield self.plain
        if self.fast is not None:
            yield self.fast


class Choice:
    """Finds places that keep every clause, by way of one of them."""

    def __init__(self, clauses: Iterable[Clause], engine: Engine) -> None:
        by_weight = sorted(dict.fromkeys(clauses), key=Clause.weight, reverse=True)
        self._options = [Option(clause, engine) for clause in by_weight[:_MOST]]

    def places(self, data: bytes, *, lines: bool = True) -> Iterator[int]:
        """Ascending. Where records share lines, a pattern only tells lines apart: then it is every byte of a line, or
        of all of them where it looks for their ends.
        """
        options = [o for o in self._options if lines or not o.clause.has_edges]
        best = self._cheapest(options, data)
        if best is None:
            return iter(range(len(data)))
        option, found = best
        if lines or not option.clause.pattern:
            return found.places(data, lines=lines)
        return _whole_lines(data, found.places(data))

    def _cheapest(self, options: list[Option], data: bytes) -> tuple[Option, Scanner] | None:
        if len(data) < _SMALL:
            return next(((option, s) for option in options for s in option.scanners()), None)
        sample = _middle(data)
        best: tuple[float, Option, Scanner] | None = None
        for option in options:
            count = _count(option, sample)
            if count is None:
                continue
            for found in option.scanners():
                cost = len(sample) * found.per_byte + count * (found.per_place + _DECIDING)
                if best is None or cost < best[0]:
                    best = cost, option, found
            if count * _DECIDING < len(sample) * 0.1e-9:
                break
        return None if best is None else best[1:]


def _count(option: Option, sample: bytes) -> int | None:
    """Lines of the sample in which it is found."""
    found = next(option.scanners(), None)
    return None if found is None else sum(1 for _ in found.places(sample))


def _whole_lines(data: bytes, places: Iterator[int]) -> Iterator[int]:
    for at in places:
        end = data.find(b"\n", at)
        yield from range(data.rfind(b"\n", 0, at) + 1, len(data) if end < 0 else end)


def _middle(data: bytes) -> bytes:
    start = data.rfind(b"\n", 0, len(data) // 2) + 1
    return data[start : start + _SAMPLE]
