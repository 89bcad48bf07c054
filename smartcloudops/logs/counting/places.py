"""Where wanted fields stand in an object: the keys that lead to each, and the keys that must not be there for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from smartcloudops.logs.counting.columns import USUAL
from smartcloudops.logs.finding.fields import value_of
from smartcloudops.logs.formats.naming import HOSTS, LEVELS, is_word
from smartcloudops.logs.objects import Event

Route = tuple[str, ...]

_NAMES = {"level": LEVELS, "host": HOSTS}
# A name of more parts has too many routes.
_MOST_PARTS = 6


class Kind(IntEnum):
    """What stands at the end of a route; of two that meet, the later one holds.

    ANY: a scalar or nothing. SCALAR: a scalar. WORD: text that is not empty, or a whole number. TEXT: text. RAW:
    anything, as it is written. NO_SCALAR: nothing, or an object where keys lead on. ABSENT: nothing, not even null.
    """

    ANY = 1
    SCALAR = 2
    WORD = 3
    TEXT = 4
    RAW = 5
    NO_SCALAR = 6
    ABSENT = 7

    @property
    def wanted(self) -> bool:
        """Whether a value there is used."""
        return self < Kind.NO_SCALAR

    @property
    def needed(self) -> bool:
        """Whether a line without one is of no use."""
        return Kind.ANY < self < Kind.NO_SCALAR


@dataclass(frozen=True, slots=True)
class Place:
    """The one route at which a field can stand in lines that are read alike; `route` None: it is in none of them."""

    name: str
    route: Route | None
    kind: Kind
    absent: tuple[Route, ...] = ()


class Unfit(Exception):
    """Lines like that cannot be read alike."""


@dataclass(slots=True)
class Node:
    """Keys of an object, and what stands under each: a leaf, or keys again. `strict`: where this stands itself, nothing
    else may stand."""

    leaves: dict[str, Kind] = field(default_factory=dict)
    inner: dict[str, Node] = field(default_factory=dict)
    strict: bool = False

    @property
    def wanted(self) -> bool:
        """Whether it holds anything but what must not be there."""
        leaves = any(kind.wanted for kind in self.leaves.values())
        return leaves or any(node.wanted for node in self.inner.values())


def routes(name: str) -> Iterator[Route]:
    """All keys that a name with dots can mean, in the order in which they are tried.

    >>> list(routes("a.b.c"))
    [('a.b.c',), ('a', 'b.c'), ('a', 'b', 'c'), ('a.b', 'c')]
    """
    yield (name,)
    dot = name.find(".")
    while dot >= 0:
        for rest in routes(name[dot + 1 :]):
            yield (name[:dot], *rest)
        dot = name.find(".", dot + 1)


def place_of(name: str, sample: Mapping[str, Any]) -> Place:
    """Where a field stands in lines that are like `sample`; Unfit where that cannot be said."""
    if name.count(".") >= _MOST_PARTS or not _is_key(name):
        raise Unfit
    if name in USUAL:
        return _usual_place(name, sample)
    every = list(routes(name))
    found = next((route for route in every if _at(sample, route) is not None), None)
    # Where it is in none, it would stand where each dot leads on.
    chosen = found or max(every, key=len)
    return Place(name, chosen, Kind.ANY, tuple(route for route in every if route != chosen))


def _is_key(name: str) -> bool:
    """Whether a decoder can look for it: without what is escaped in JSON, and in what UTF-8 holds."""
    return not any(char in '"\\' or char < " " or "\ud800" <= char <= "\udfff" for char in name)


def _usual_place(name: str, sample: Mapping[str, Any]) -> Place:
    """What is usually called otherwise: under the first of its names that has it."""
    value = value_of(sample, name)
    if value is not None and not isinstance(value, Mapping):
        return Place(name, (name,), Kind.SCALAR)
    before: list[Route] = []
    for candidate in _NAMES[name]:
        for route in _usual_routes(candidate):
            if is_word(_at(sample, route)):
                return Place(name, route, Kind.WORD, tuple(before))
            before.append(route)
    return Place(name, None, Kind.WORD, tuple(before))


def _usual_routes(name: str) -> Iterator[Route]:
    yield (name,)
    first, dot, rest = name.partition(".")
    if dot:
        for route in _usual_routes(rest):
            yield (first, *route)


def _at(fields: Mapping[str, Any], route: Route) -> Any:
    value: Any = fields
    for key in route:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def tree(places: Sequence[Place], time: str | None, kind: Kind) -> Node:
    """The keys of all places, and of the time, which is of a kind; Unfit where one is needed in two ways."""
    top = Node()
    for place in places:
        if place.route is not None:
            _put(top, place.route, place.kind)
        for route in place.absent:
            _put(top, route, Kind.ABSENT if place.kind is Kind.ANY else Kind.NO_SCALAR)
    if time is not None:
        if time in top.leaves or time in top.inner:
            raise Unfit
        _put(top, (time,), kind)
    _settle(top)
    return top


def kind_at(node: Node, route: Route) -> Kind:
    """What stands at the end of a route; Unfit where keys lead on there."""
    for key in route[:-1]:
        if key not in node.inner:
            return Kind.ABSENT
        node = node.inner[key]
    if route[-1] not in node.leaves:
        raise Unfit
    return node.leaves[route[-1]]


def _put(node: Node, route: Route, kind: Kind) -> None:
    for key in route[:-1]:
        node = node.inner.setdefault(key, Node())
    before = node.leaves.get(route[-1])
    node.leaves[route[-1]] = kind if before is None else max(before, kind)


def _settle(node: Node) -> None:
    """Where a key has a leaf and keys below it: nothing but an object may be there, or nothing but a leaf."""
    for key in list(node.inner):
        below = node.inner[key]
        _settle(below)
        kind = node.leaves.get(key)
        if kind is Kind.NO_SCALAR and below.wanted:
            below.strict = True
            del node.leaves[key]
        elif kind is not None:
            if below.wanted:
                raise Unfit
            del node.inner[key]


def reader(place: Place) -> Callable[[Any], str | None]:
    """How a value that stands there reads as text, where that is not what it is."""
    usual, route = USUAL[place.name], place.route or ()

    def read(value: Any) -> str | None:
        for key in reversed(route):
            value = {key: value}
        return usual(Event(fields=value))

    return read
