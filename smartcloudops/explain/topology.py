"""Who calls whom: edges from any source, what can be reached, and the way to it."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from smartcloudops.core.errors import DataError

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Graph:
    """`callees` by caller, without doubles and without calls of a part to itself."""

    callees: Mapping[str, tuple[str, ...]]

    @property
    def nodes(self) -> frozenset[str]:
        """Everything that calls or is called."""
        return frozenset(self.callees) | {c for called in self.callees.values() for c in called}

    def callers(self) -> dict[str, list[str]]:
        """The callers by callee."""
        found: dict[str, list[str]] = {}
        for caller, called in self.callees.items():
            for callee in called:
                found.setdefault(callee, []).append(caller)
        return found

    def depths(self, start: str) -> dict[str, int]:
        """Calls from `start` to everything that it reaches, itself at 0; cycles are no trouble."""
        found, waiting = {start: 0}, deque([start])
        while waiting:
            node = waiting.popleft()
            for callee in self.callees.get(node, ()):
                if callee not in found:
                    found[callee] = found[node] + 1
                    waiting.append(callee)
        return found

    def path(self, start: str, end: str, weight: Mapping[str, float]) -> tuple[str, ...]:
        """A shortest way, of equals the one through the heaviest parts; empty where there is none."""
        before: dict[str, str] = {}
        waiting = deque([start])
        while waiting and end not in before and end != start:
            node = waiting.popleft()
            for callee in sorted(self.callees.get(node, ()), key=lambda n: (-weight.get(n, 0.0), n)):
                if callee not in before and callee != start:
                    before[callee] = node
                    waiting.append(callee)
        if end != start and end not in before:
            return ()
        way = [end]
        while way[-1] != start:
            way.append(before[way[-1]])
        return tuple(reversed(way))


def graph(edges: Iterable[Edge]) -> Graph:
    """The union of edges, in order of first sight.

    >>> graph([("a", "b"), ("a", "a"), ("a", "b")]).callees
    {'a': ('b',)}
    """
    callees: dict[str, dict[str, None]] = {}
    for caller, callee in edges:
        if caller != callee:
            callees.setdefault(caller, {})[callee] = None
    return Graph({caller: tuple(called) for caller, called in callees.items()})


def loops(tree: Graph) -> Mapping[str, int]:
    """A number by part: those that reach each other share one (Tarjan's components, without recursion)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    found: dict[str, int] = {}
    open_: list[str] = []
    for start in sorted(tree.nodes):
        if start not in order:
            _visit(tree, start, order, low, found, open_)
    return found


def _visit(
    tree: Graph, start: str, order: dict[str, int], low: dict[str, int], found: dict[str, int], open_: list[str]
) -> None:
    work = [(start, iter(tree.callees.get(start, ())))]
    order[start] = low[start] = len(order)
    open_.append(start)
    while work:
        node, rest = work[-1]
        callee = next(rest, None)
        if callee is None:
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == order[node]:
                _close(node, found, open_)
        elif callee not in order:
            order[callee] = low[callee] = len(order)
            open_.append(callee)
            work.append((callee, iter(tree.callees.get(callee, ()))))
        elif callee not in found:
            low[node] = min(low[node], order[callee])


def _close(node: str, found: dict[str, int], open_: list[str]) -> None:
    number = len(found)
    while True:
        last = open_.pop()
        found[last] = number
        if last == node:
            return


def read_edges(text: str, *, where: str) -> list[Edge]:
    """The rows of a `caller,callee` file; further columns are ignored. DataError naming the line.

    >>> read_edges("caller,callee\\nweb,db\\n", where="edges.csv")
    [('web', 'db')]
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        if not {"caller", "callee"} <= set(header):
            raise DataError(f"{where}: line 1 does not name `caller` and `callee`", hint="write `caller,callee` there")
        at = header.index("caller"), header.index("callee")
        return [_edge(row, at, f"{where}: line {rows.line_num}") for row in rows if any(map(str.strip, row))]
    except csv.Error as e:
        raise DataError(f"{where}: line {rows.line_num}: {e}") from e


def _edge(row: Sequence[str], at: tuple[int, int], where: str) -> Edge:
    cells = [row[i].strip() if i < len(row) else "" for i in at]
    if not all(cells):
        raise DataError(f"{where} names no caller or no callee", hint="two names a line: `caller,callee`")
    return cells[0], cells[1]
