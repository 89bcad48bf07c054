"""Lines of shapes that were seen before: proven so in one match over a block, then cut into columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from smartcloudops.logs.counting.columns import Columns, Read
from smartcloudops.logs.counting.moments import Stamp
from smartcloudops.logs.counting.quick import Quick, quick
from smartcloudops.logs.counting.shapes import NUMBER, Shape

# Alternatives in one pattern, and different values whose text is remembered.
_MOST_SHAPES, _REMEMBERED = 32, 50_000
_MEMORY = 64 << 20
# After so many pieces that could not be cut in one pass, that is tried only once in a while.
_MISSED, _ONCE_IN = 4, 16


@dataclass(frozen=True, slots=True)
class Cut:
    """How the values of one field are cut out of lines: `before` each, `value` as RE2 that lets only such values
    through, `cut` as a pattern that cuts one out, and what it means then."""

    name: str
    path: tuple[str, ...]
    before: bytes
    value: bytes
    cut: bytes
    read: Read = field(compare=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is cut out of all lines of a group: the wanted fields that they have, and their time."""

    cuts: tuple[Cut, ...]
    stamp: Stamp | None


class Group:
    """Lines that are cut alike, of one shape or several."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._patterns: list[bytes] = []
        self._fullmatch: Callable[[bytes], Any] = lambda data: None
        self._cutters = [(cut.name, _cutter(cut.before, cut.cut)) for cut in plan.cuts]
        self._reads: dict[str, Read] = {
            cut.name: cut.read if cut.read is bytes.decode else _remembering(cut.read) for cut in plan.cuts
        }
        self._numeric = frozenset(cut.name for cut in plan.cuts if cut.value == NUMBER)
        self._stamps = _cutter(plan.stamp.before, plan.stamp.cut) if plan.stamp else None
        self._times: dict[bytes, int | None] = {}
        self._quick: Quick | None = None
        self._missed = 0

    @property
    def full(self) -> bool:
        """Whether it takes no more shapes."""
        return len(self._patterns) >= _MOST_SHAPES

    def learn(self, shape: Shape, special: Mapping[int, bytes], *, lenient: bool) -> None:
        """Lines of this shape are of this group, too; `lenient`: those without escapes may be cut in one pass."""
        import re2

        pattern = shape.pattern(special)
        if pattern in self._patterns:
            return
        if not self._patterns and lenient:
            self._quick = quick(shape, {cut.before: cut.value for cut in self.plan.cuts}, self.plan.stamp)
        self._patterns.append(pattern)
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = True
        options.log_errors = False
        options.max_mem = _MEMORY
        self._fullmatch = re2.compile(b"(?:" + b"|".join(self._patterns) + b")+", options).fullmatch

    def holds(self, lines: bytes) -> bool:
        """Whether these whole lines are all of this group, and UTF-8."""
        return self._fullmatch(lines) is not None and _is_utf8(lines)

    def whole(self, lines: bytes, *, width: int | None) -> Columns | None:
        """The columns of whole lines, in one pass where that can be; None where it does not hold all of them."""
        if self._quick is not None and (self._missed < _MISSED or not self._missed % _ONCE_IN):
            found = self._quick.cut(lines)
            if found is not None and _is_utf8(lines):
                self._missed = 0
                fields = {cut.name: found[cut.before] for cut in self.plan.cuts}
                return self._assembled(fields, found[self.plan.stamp.before] if self.plan.stamp else None, width)
        self._missed += 1
        return self.columns(lines, width=width) if self.holds(lines) else None

    def columns(self, lines: bytes, *, width: int | None) -> Columns | None:
        """The columns of lines that it holds; with times where `width` (ms) is given. None where a time is none."""
        fields = {name: cut(lines) for name, cut in self._cutters}
        if not fields and self._stamps is None:
            return Columns(lines.count(b"\n"), {}, {})
        return self._assembled(fields, self._stamps(lines) if self._stamps else None, width)

    def _assembled(
        self, found: Mapping[str, list[bytes]], stamps: list[bytes] | None, width: int | None
    ) -> Columns | None:
        # A list that is extended later must not be one of two fields.
        fields: dict[str, list[Any]] = {name: list(column) for name, column in found.items()}
        stamp = self.plan.stamp
        # Every line has exactly one of each.
        rows = len(stamps if stamps is not None else next(iter(fields.values())))
        if width is None or stamp is None or stamps is None:
            return Columns(rows, fields, self._reads, self._numeric)
        low, high = stamp.read(min(stamps)), stamp.read(max(stamps))
        moments = list(map(itemgetter(slice(stamp.kept(width))), stamps))
        if low is None or high is None or None in map(self._moment, set(moments)):
            return None
        return Columns(rows, fields, self._reads, self._numeric, moments, self._moment, low, high)

    def _moment(self, start: bytes) -> int | None:
        if start not in self._times:
            if len(self._times) >= _REMEMBERED:
                self._times.clear()
            stamp = self.plan.stamp
            self._times[start] = stamp.read(stamp.whole(start)) if stamp else None
        return self._times[start]


def _cutter(before: bytes, value: bytes) -> Callable[[bytes], list[bytes]]:
    return re.compile(re.escape(before) + value).findall


def _remembering(read: Read) -> Read:
    known: dict[bytes, str | None] = {}

    def remembered(raw: bytes) -> str | None:
        try:
            return known[raw]
        except KeyError:
            if len(known) >= _REMEMBERED:
                known.clear()
            text = known[raw] = read(raw)
            return text

    return remembered


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
