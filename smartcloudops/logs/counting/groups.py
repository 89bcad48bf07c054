"""Lines of shapes that were seen before: proven so in one match over a block, then cut into columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from smartcloudops.logs.counting.columns import Columns, Read
from smartcloudops.logs.counting.moments import Stamp
from smartcloudops.logs.counting.shapes import NUMBER

# Alternatives in one pattern, and different values whose text is remembered.
_MOST_SHAPES, _REMEMBERED = 32, 50_000
_MEMORY = 64 << 20


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

    @property
    def full(self) -> bool:
        """Whether it takes no more shapes."""
        return len(self._patterns) >= _MOST_SHAPES

    def learn(self, pattern: bytes) -> None:
        """Lines of this pattern are of this group, too."""
        import re2

        if pattern in self._patterns:
            return
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

    def columns(self, lines: bytes, *, width: int | None) -> Columns | None:
        """The columns of lines that it holds; with times where `width` (ms) is given. None where a time is none."""
        fields: dict[str, list[Any]] = {name: cut(lines) for name, cut in self._cutters}
        # Every line has exactly one of each.
        rows = len(next(iter(fields.values()))) if fields else lines.count(b"\n")
        stamp = self.plan.stamp
        if width is None or stamp is None or self._stamps is None:
            return Columns(rows, fields, self._reads, self._numeric)
        stamps = self._stamps(lines)
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
