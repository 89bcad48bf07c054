"""What to cut out of lines of a shape, so that it is what reading them record by record would give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from smartcloudops.logs.counting.columns import USUAL, Read, text_of
from smartcloudops.logs.counting.groups import Cut, Plan
from smartcloudops.logs.counting.moments import Stamp, stamp_of
from smartcloudops.logs.counting.shapes import NUMBER, PLAIN_STRING, STRING, Shape
from smartcloudops.logs.finding.fields import field_text, value_of
from smartcloudops.logs.formats import Reading
from smartcloudops.logs.formats.naming import TIMES
from smartcloudops.logs.objects import Event

_NULL = b"null"


class _Refused(Exception):
    """Cutting would not be proven right."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is cut out of lines of a shape, and the form that some of their values must have for it (RE2)."""

    plan: Plan
    special: Mapping[int, bytes]


class Planner:
    """Plans for the same wanted fields; `timed`: the time of each record is wanted, too; `zoneless`: times that name no
    zone are UTC, so that they can be cut."""

    def __init__(self, names: tuple[str, ...], *, timed: bool, zoneless: bool) -> None:
        self._names, self._timed, self._zoneless = names, timed, zoneless

    def plan(self, shape: Shape, line: bytes, reading: Reading) -> Planned | None:
        """The plan for lines of the shape of `line`; None where cutting would not be proven right."""
        event = reading.read(line)
        try:
            if event.fields != orjson.loads(line):
                return None
        except ValueError:
            return None
        special: dict[int, bytes] = {}
        try:
            cuts = [self._cut(shape, name, special) for name in self._names]
            stamp = self._stamp(shape, reading, event, special) if self._timed else None
        except _Refused:
            return None
        return Planned(Plan(tuple(cut for cut in cuts if cut is not None), stamp), special)

    def _cut(self, shape: Shape, name: str, special: dict[int, bytes]) -> Cut | None:
        """How to cut a field out; None where lines of this shape have none."""
        number = _leaf(shape, name)
        if number is not None and shape.leaves[number].value == _NULL:
            special[number] = _NULL
            number = None
        usual = USUAL.get(name)
        if number is None:
            number = _usual_leaf(shape, usual) if usual else None
        if number is None:
            return None
        leaf = shape.leaves[number]
        _only(shape, leaf.before)
        value, cut, read = _form(leaf.value)
        special[number] = value

        return Cut(name, leaf.path, leaf.before, value, cut, _read(leaf.path, name, read))

    def _stamp(self, shape: Shape, reading: Reading, event: Event, special: dict[int, bytes]) -> Stamp:
        rivals = tuple(leaf.path[0] for leaf in shape.leaves if len(leaf.path) == 1 and leaf.path[0] in TIMES)
        name = winner(reading, rivals)
        number = next((i for i, leaf in enumerate(shape.leaves) if leaf.path == (name,)), None)
        if number is None or {"time", "date"} <= set(rivals):
            raise _Refused
        leaf = shape.leaves[number]
        _only(shape, leaf.before)
        read = _reading_time(reading, leaf.path[0], quoted=leaf.value.startswith(b'"'))
        stamp = stamp_of(leaf.path, leaf.before, leaf.value, read, zoneless=self._zoneless)
        if stamp is None or event.time is None or read(leaf.value.strip(b'"')) != event.time:
            raise _Refused
        special[number] = stamp.value
        return replace(stamp, rivals=rivals)


def winner(reading: Reading, names: tuple[str, ...]) -> str | None:
    """Under which of these names the time stands that counts, where there is a time under each of them."""
    times = {name: f"2026-11-{day:02d}T00:00:00Z" for day, name in enumerate(names[:28], 1)}
    found = reading.read(orjson.dumps(times)).time if times else None
    return next((name for name, text in times.items() if reading.read(orjson.dumps({name: text})).time == found), None)


def _reading_time(reading: Reading, name: str, *, quoted: bool) -> Callable[[bytes], int | None]:
    key, quote = orjson.dumps(name), b'"' if quoted else b""

    def read(text: bytes) -> int | None:
        return reading.read(b"{%b:%b%b%b}" % (key, quote, text, quote)).time

    return read


class _Mark:
    """Stands for the value of a leaf."""

    def __init__(self, number: int) -> None:
        self.number = number


def _leaf(shape: Shape, name: str) -> int | None:
    """The leaf that a name means in every line of the shape; None where there is none."""
    if shape.has_lists and any(part.isdecimal() for part in name.split(".")):
        raise _Refused
    marks: list[Any] = [_Mark(number) for number in range(len(shape.leaves))]
    found = value_of(shape.fields(marks), name)
    if isinstance(found, _Mark):
        marks[found.number] = None
        if value_of(shape.fields(marks), name) is not None:
            raise _Refused
        return found.number
    if found is not None and name not in USUAL:
        raise _Refused
    return None


def _usual_leaf(shape: Shape, usual: Callable[[Event], str | None]) -> int | None:
    """The only leaf that can give what is usually called otherwise."""
    found = []
    for number in range(len(shape.leaves)):
        for value in ("INFO", 30):
            values: list[Any] = [None] * len(shape.leaves)
            values[number] = value
            if usual(Event(fields=shape.fields(values))) is not None:
                found.append(number)
                break
    if len(found) > 1:
        raise _Refused
    return found[0] if found else None


def _only(shape: Shape, before: bytes) -> None:
    if b"\0".join(shape.between).count(before) != 1:
        raise _Refused


def _form(value: bytes) -> tuple[bytes, bytes, Callable[[bytes], Any]]:
    """Of a value: the form of all that are cut like it (RE2), how they are cut, and how what is cut is read."""
    if value.startswith(b'"'):
        if b"\\" in value:
            return STRING, rb'"((?:[^"\\]|\\.)*)"', lambda raw: orjson.loads(b'"%b"' % raw)
        return PLAIN_STRING, rb'"([^"]*)"', bytes.decode
    if value in (b"true", b"false"):
        return rb"(?:true|false)", rb"(true|false)", orjson.loads
    if value[:1] in b"-0123456789":
        return NUMBER, rb"([-.0-9]+)", orjson.loads
    raise _Refused


def _read(path: tuple[str, ...], name: str, read: Callable[[bytes], Any]) -> Read:
    """What is cut out, as text."""
    if name in USUAL:
        # As a line that has this field alone.
        return lambda raw: text_of(Event(fields=_nested(path, read(raw))), name)
    return bytes.decode if read is bytes.decode else lambda raw: field_text(read(raw))


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    found: dict[str, Any] = value
    return found
