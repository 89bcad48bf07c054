"""The objects of a source that can hold records of a window: known, with bytes and spans, before the first is read.

Three things leave an object out, and nothing else does: its folders' date, before they are listed; the time that its
key promises; and in S3 the time when it was uploaded, because what was stored before the window began cannot hold
records of it. Files have no such time: whoever wrote one may have set it (tar, rsync, reproducible builds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from smartcloudops.core.times import now_ms
from smartcloudops.logs import layouts
from smartcloudops.logs.layouts import Layout
from smartcloudops.logs.layouts.walking import Stretch, walk
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.sources import Source

# What one request lists: a source with less is known after it.
_PAGE = 1000
# To guess a layout, so many folders are looked into, and so far down to find more than one.
_LOOKS, _DEEPEST, _OF_EACH = 6, 5, 200


@dataclass(slots=True)
class Listing:
    """Iterate it, once, for objects with `since` and `until` set where their keys promise a time.

    The counters grow with it: `objects` and `stored` bytes given out; `undated`: those of them whose key has no date;
    `outside`: listed, but left out; `requests` that a server answered. `layout` is known once iterating has begun.
    """

    source: Source
    since: int | None
    until: int | None
    layout: Layout | None
    objects: int = 0
    stored: int = 0
    undated: int = 0
    outside: int = 0
    requests: int = 0
    # Hears of each object without a date that was left out, because it was stored too early.
    left_out: Callable[[LogObject], None] = lambda one: None
    # How many keys the layout was found from, what was named before that, and whether one page listed all.
    _keys: int = 0
    _named: Layout | None = None
    _is_small: bool = True

    def again(self, since: int | None, until: int | None) -> Listing:
        """Another window of the same source, as it is; what this listing found out of its keys is not asked again."""
        fresh = Listing(self.source, since, until, self.layout)
        fresh._keys, fresh._named, fresh._is_small = self._keys, self._named, self._is_small
        return fresh

    def __iter__(self) -> Iterator[LogObject]:
        before = self.source.listings
        for one in self._found():
            self.requests = self.source.listings - before
            dated = self._dated(one)
            if dated is None:
                self.outside += 1
                continue
            self.objects += 1
            self.stored += dated.size
            self.undated += dated.since is None
            yield dated
        self.requests = self.source.listings - before

    def _found(self) -> Iterator[LogObject]:
        """What may be of the window: a first page shows whether there is more than that, and how keys look."""
        windowed = self.since is not None or self.until is not None
        if not self._is_small and self.layout is not None and windowed:
            yield from self._walked(self.layout)
            return
        everything = self.source.objects("")
        first = list(islice(everything, _PAGE))
        if not windowed:
            # Nobody waits for another page whose first one can be worked on.
            self._is_small = len(first) < _PAGE
            self._learn([one.key for one in first], look_around=False)
            yield from first
            yield from everything
            return
        more = next(everything, None) if len(first) == _PAGE else None
        self._is_small = more is None
        self._learn([one.key for one in first], look_around=more is not None)
        if more is None or self.layout is None:
            yield from first
            yield from [] if more is None else [more]
            yield from everything
        else:
            yield from self._walked(self.layout)

    def _learn(self, keys: list[str], *, look_around: bool) -> None:
        """Find the layout; again only when there are twice as many keys, because it takes its time."""
        if not self._keys:
            self._named = self.layout
        if not self._keys or len(keys) >= 2 * self._keys or (look_around and self._keys < _PAGE):
            self.layout = self._named
            self.layout, self._keys = self._fitting(keys, look_around=look_around), len(keys)

    def _fitting(self, keys: list[str], *, look_around: bool) -> Layout | None:
        """What was named, placed where the source begins, else a guess; `look_around`: there are more keys."""
        if self.layout is None:
            return layouts.guess([*keys, *_sampled(self.source)] if look_around else keys)
        placed = self.layout.placed(self.source.address(""))
        found = placed.matching(keys)
        if found is None and look_around:
            keys = list(_sampled(self.source))
        return placed.fitted(keys)

    def _walked(self, layout: Layout) -> Iterator[LogObject]:
        for found in walk(self.source, layout, self.since, self.until):
            if isinstance(found, LogObject):
                yield found
            else:
                yield from _stretched(self.source, found)

    def _dated(self, one: LogObject) -> LogObject | None:
        """The object with its span; None if it cannot hold records of the window."""
        layout = self.layout
        if layout is not None and layout.ignores(one.key):
            return None
        span = layout.span(one.key) if layout else None
        if span is None:
            if self._may_be_late_enough(one):
                return one
            self.left_out(one)
            return None
        if (self.until is not None and span[0] >= self.until) or (self.since is not None and span[1] <= self.since):
            return None
        return replace(one, since=span[0], until=span[1])

    def _may_be_late_enough(self, one: LogObject) -> bool:
        uploaded = self.source.address("").startswith("s3://")
        if not uploaded or self.since is None or one.modified >= self.since:
            return True
        # Who asks for times to come has records whose clock is not ours.
        return self.since > now_ms()


def listed(
    source: Source, *, since: int | None, until: int | None, slack: int, layout: Layout | None = None
) -> Listing:
    """The objects that can hold records from `since` up to `until` (ms), by folder in key order, as they are listed.

    `slack` (ms) widens the window on both sides, for clocks and deliveries that are off. Without a window nothing is
    left out but what holds no logs. UsageError for a configured layout that is none.
    """
    start = None if since is None else since - slack
    end = None if until is None else until + slack
    if layout is None and source.layout != "auto":
        layout = layouts.parse(source.layout)
    return Listing(source, start, end, layout)


def _stretched(source: Source, stretch: Stretch) -> Iterator[LogObject]:
    for one in source.objects(stretch.prefix, after=stretch.after):
        if stretch.ends_before(one.key):
            return
        yield one


def _sampled(source: Source) -> Iterator[str]:
    """Keys from all over a source that is too large to look at: some of each of a few folders."""
    prefix, folders = "", _folders(source, "")
    for _ in range(_DEEPEST):
        if len(folders) != 1:
            break
        prefix += folders[0]
        folders = _folders(source, prefix)
    for folder in _spread(folders):
        for one in islice(source.objects(prefix + folder), _OF_EACH):
            yield one.key


def _folders(source: Source, prefix: str) -> list[str]:
    return [entry for entry in islice(source.level(prefix), _PAGE) if isinstance(entry, str)]


def _spread(folders: list[str]) -> Iterable[str]:
    """The last and some before it: what is newest is written as it is written now."""
    if len(folders) <= _LOOKS:
        return folders
    step = (len(folders) - 1) / (_LOOKS - 1)
    return [folders[round(i * step)] for i in range(_LOOKS)]
