"""A template, and how far what it says of an object's time may be from the times of the records in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from smartcloudops.logs.layouts.template import Template
from smartcloudops.logs.layouts.units import UNITS, span_of

Span = tuple[int, int]


@dataclass(frozen=True)
class Shape:
    """Keys of one template. All times in ms.

    `early`, `late`: how long before and after what the name says records may lie. `stamp`: the time in the file's
    name, where the folders' is coarser; without it a key is not of this shape. `drift`: how far that may be from the
    folders' date. `strict`: a service writes in its dated folders, and nothing else; `sealed`: beside them as well.
    `floating`: services put it below any prefix,
    and a source may begin anywhere in it. `proof`: how file names look, where the folders alone are no proof that a
    service wrote them. `ignored`: folders that hold no logs.
    """

    template: Template
    early: int = 0
    late: int = 0
    drift: int = 0
    stamp: re.Pattern[str] | None = None
    strict: bool = False
    sealed: bool = False
    floating: bool = False
    proof: re.Pattern[str] | None = None
    ignored: frozenset[str] = frozenset()

    def widened(self, span: Span | None) -> Span | None:
        """When records may be that lie in a folder of that date."""
        if span is None:
            return None
        return span[0] - self.early - self.drift, span[1] + self.late + self.drift

    def of_file(self, key: str) -> Span | None:
        """What the file's own name says, as it is."""
        found = self.stamp.search(key.rpartition("/")[2]) if self.stamp else None
        return span_of(_given(found.groupdict())) if found else None

    def narrowed(self, folders: Span, file: Span | None) -> Span:
        """When records may be, by both; a file that is far from its folders' date goes by those."""
        if file and folders[0] - self.drift <= file[0] and file[1] <= folders[1] + self.drift:
            return file[0] - self.early, file[1] + self.late
        return folders[0] - self.early - self.drift, folders[1] + self.late + self.drift


@dataclass(frozen=True, slots=True)
class Read:
    """What a key says: when records of it may be, the date as it stands there, and what it names."""

    span: Span
    said: Span
    names: dict[str, str]


@dataclass(frozen=True)
class Begin:
    """Where in a shape the keys of a source begin, and what the source's own address says of them."""

    shape: Shape
    at: int = 0
    values: Mapping[str, str] = field(default_factory=dict)

    def read(self, readings: tuple[re.Pattern[str], ...], key: str) -> Read | None:
        """What a key says; None unless it is of the shape, with a date."""
        shape, file = self.shape, self.shape.of_file(key)
        if shape.stamp is not None and file is None:
            return None
        spans, said, names = [], [], dict(self.values)
        for pattern in readings:
            found = pattern.match(key)
            if found is None:
                return None
            values = {**self.values, **_given(found.groupdict())}
            span = span_of(values)
            if span is None:
                return None
            spans.append(shape.narrowed(span, file))
            said.append(file or span)
            names = values
        return Read(_hull(spans), _hull(said), names)

    def partial(self, key: str) -> Span | None:
        """When records may be of what lies beside the shape in one of its dated folders."""
        values = dict(self.values)
        for pattern, part in zip(self.shape.template.patterns[self.at :], key.split("/")[:-1], strict=False):
            found = pattern.match(part)
            if found is None:
                break
            values.update(_given(found.groupdict()))
        return self.shape.widened(span_of(values))


def aligned(shape: Shape, root: tuple[str, ...]) -> Begin | None:
    """Where keys begin in a floating shape whose first folders end the address of the source; None if they do not.

    >>> from smartcloudops.logs.layouts import template
    >>> found = aligned(Shape(template.parse("logs/{host}/{yyyy}/")), ("bucket", "logs", "web-1"))
    >>> found and (found.at, found.values)
    (2, {'host': 'web-1'})
    """
    patterns = shape.template.patterns
    for count in range(min(len(patterns), len(root)), 0, -1):
        values: dict[str, str] = {}
        for pattern, part in zip(patterns, root[-count:], strict=False):
            found = pattern.match(part)
            if found is None:
                break
            values.update(_given(found.groupdict()))
        else:
            return Begin(shape, count, values)
    return None


def _hull(spans: list[Span]) -> Span:
    if len(spans) == 1:
        return spans[0]
    return min(span[0] for span in spans), max(span[1] for span in spans)


def _given(groups: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in groups.items() if value}


def names_only(values: Mapping[str, str]) -> dict[str, str]:
    """Without the parts of the date, and the folders in front."""
    return {name: value for name, value in values.items() if name not in UNITS and not name.startswith("lead")}
