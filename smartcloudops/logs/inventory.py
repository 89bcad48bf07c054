"""What a listing holds, counted: objects, bytes, times and storage classes, by day, hour, folder or name."""

from __future__ import annotations

from dataclasses import dataclass, field

from smartcloudops.core.errors import UsageError
from smartcloudops.core.registry import nearest
from smartcloudops.core.times import rfc3339
from smartcloudops.logs.layouts import Layout
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.pricing import Held

# What objects can always be counted by; a layout's names come on top.
BY = ("day", "hour", "month", "folder", "storage")
NO_DATE, NO_NAME, TOP = "(no date)", "(none)", "(top)"
_CHARACTERS = {"month": 7, "day": 10, "hour": 13}


@dataclass(slots=True)
class Group:
    """What objects have in common, counted. `first` and `last` (ms) by the dates in their names, else None."""

    held: dict[str, Held] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    undated: int = 0

    @property
    def objects(self) -> int:
        """How many there are."""
        return sum(held.objects for held in self.held.values())

    @property
    def stored(self) -> int:
        """Their bytes."""
        return sum(held.stored for held in self.held.values())

    def add(self, one: LogObject, date: tuple[int, int] | None) -> None:
        """One more, with the date of its name."""
        self.held[one.storage] = self.held.get(one.storage, Held()).with_one(one.size)
        if date is None:
            self.undated += 1
            return
        self.first = date[0] if self.first is None else min(self.first, date[0])
        self.last = date[1] if self.last is None else max(self.last, date[1])


@dataclass(slots=True)
class Inventory:
    """Groups by their labels, and all of it."""

    groups: dict[str, Group] = field(default_factory=dict)
    total: Group = field(default_factory=Group)

    def add(self, label: str, one: LogObject, date: tuple[int, int] | None) -> None:
        """Count an object."""
        self.groups.setdefault(label, Group()).add(one, date)
        self.total.add(one, date)


def check_by(by: str, layout: Layout | None) -> None:
    """UsageError where nothing of that name is known; the layout's names only when it is known."""
    known = [*BY, *(layout.named if layout else ())]
    if by not in known:
        raise UsageError(f"--by {by}: keys name no such thing", hint=nearest(by, known))


def label_of(by: str, one: LogObject, layout: Layout | None) -> str:
    """What an object is counted under.

    >>> label_of("folder", LogObject("web/a.log", 1, 0), None)
    'web/'
    """
    if by in _CHARACTERS:
        date = layout.date(one.key) if layout else None
        return rfc3339(date[0])[: _CHARACTERS[by]].replace("T", " ") if date else NO_DATE
    if by == "folder":
        folder, slash, _ = one.key.partition("/")
        return f"{folder}/" if slash else TOP
    if by == "storage":
        return one.storage
    return (layout.names(one.key).get(by) if layout else None) or NO_NAME
