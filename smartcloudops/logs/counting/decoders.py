"""Keys -> decoders that read nothing else, and that refuse every line in which something else is wrong.

A line that passes is one object of JSON, and what is read of it is what reading the whole of it would give. That holds
for text that is UTF-8; who calls sees to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from smartcloudops.logs.counting.places import Kind, Node, Route

Few = Mapping[Route, frozenset[str | int | None]]

# Larger numbers are rounded by some parsers.
_Whole = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
_Scalar = str | _Whole | float | bool
_BETWEEN = b',""]['
_REFUSED = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)


class _Absent:
    """The type of what must not be there."""


_TYPES: Mapping[Kind, Any] = {
    Kind.ANY: _Scalar | None,
    Kind.SCALAR: _Scalar | None,
    Kind.WORD: Annotated[str, msgspec.Meta(min_length=1)] | _Whole | None,
    Kind.TEXT: str | None,
    Kind.NO_SCALAR: _Absent,
    Kind.ABSENT: _Absent,
}


class Boxes:
    r"""Whole lines, each with its end, made into lists of an object and an empty string: `count` of them, one a line.

    A line end becomes `,""][`. In the midst of an object that is wrong wherever it stands, also in a string; so all of
    them stand between objects, and where there are as many lists as line ends, each line is one object.

    >>> boxes = Boxes(b'{"a":1}\n{"a":2}\n')
    >>> bytes(boxes.text), boxes.count
    (b'[{"a":1},""][{"a":2},""]', 2)
    """

    __slots__ = ("count", "text")

    def __init__(self, lines: bytes) -> None:
        text = b"[" + lines.replace(b"\n", _BETWEEN)
        self.count = (len(text) - 1 - len(lines)) // (len(_BETWEEN) - 1)
        # Without the list that the last line end opens.
        self.text = memoryview(text)[:-1]


@dataclass(frozen=True, slots=True)
class _Step:
    """From objects to what stands under one of their keys; `owner`: the class of those that have it, None for all."""

    get: Callable[[Any], Any]
    owner: type | None

    def of(self, values: Iterable[Any]) -> Iterable[Any]:
        get, owner = self.get, self.owner
        if owner is None:
            return map(get, values)
        return [get(value) if type(value) is owner else None for value in values]


class Rows:
    """Reads lines; `column` gives what stands at a route in each.

    `few`: the only values, text or whole numbers, that stand at some routes. A line with another one is refused, and
    the others cost less.
    """

    def __init__(self, node: Node, few: Few | None = None) -> None:
        self.few = few or {}
        self._steps: dict[Route, tuple[_Step, ...]] = {}
        fields = [("row", self._class(node, ())), ("end", str)]
        box = msgspec.defstruct("Box", fields, array_like=True, forbid_unknown_fields=True, gc=False)
        self._read = msgspec.json.Decoder(box, dec_hook=_refuse).decode_lines

    def read(self, boxes: Boxes) -> list[Any] | None:
        """The rows of lines; None where one is refused."""
        try:
            rows = self._read(boxes.text)
        except _REFUSED:
            return None
        return rows if len(rows) == boxes.count else None

    def column(self, rows: Sequence[Any], route: Route) -> list[Any]:
        """What stands there in each row; None where there is nothing."""
        values: Iterable[Any] = rows
        for step in self._steps[route]:
            values = step.of(values)
        return list(values)

    def _class(self, node: Node, route: Route) -> Any:
        """The class of the objects at a route."""
        fields, gets = [], dict[str, Callable[[Any], Any]]()
        for number, key in enumerate((*node.leaves, *node.inner)):
            name, default = f"f{number}", msgspec.field(name=key, default=None)
            if key in node.inner:
                kind = _object(self._class(node.inner[key], (*route, key)), strict=node.inner[key].strict)
            elif node.leaves[key] is Kind.RAW:
                kind, default = msgspec.Raw, msgspec.field(name=key)
            else:
                kind = self._leaf((*route, key), node.leaves[key])
            fields.append((name, kind, default))
            gets[key] = attrgetter(name if route else f"row.{name}")
        made = msgspec.defstruct("Row", fields, kw_only=True, gc=False)
        for key, get in gets.items():
            self._lead((*route, key), _Step(get, made if route else None))
        return made

    def _lead(self, route: Route, step: _Step) -> None:
        """One more step, the first of all that lead to what stands at a route or below."""
        below = [known for known in self._steps if known[: len(route)] == route]
        for known in below or [route]:
            self._steps[known] = (step, *self._steps.get(known, ()))

    def _leaf(self, route: Route, kind: Kind) -> Any:
        return Literal[(*self.few[route], None)] if route in self.few else _TYPES[kind]


def _object(inner: Any, *, strict: bool) -> Any:
    """The type of an object, or of what may stand in its place."""
    return inner | None if strict else inner | _Scalar | None


def _refuse(kind: type, value: object) -> Any:
    raise ValueError("it must not be there")
