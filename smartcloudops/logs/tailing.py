"""What `sco logs tail` follows: everything that matches and arrives, every record once, late objects included."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from smartcloudops.core.errors import UnreachableError
from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND, format_duration, now_ms, rfc3339
from smartcloudops.logs.finding.compile import compiled
from smartcloudops.logs.following.cursors import Cursor, Passage, Rewritten, rest_of, take
from smartcloudops.logs.following.gathering import Result, Task, gathered, grown
from smartcloudops.logs.following.merging import Merge
from smartcloudops.logs.following.pace import LOCAL_S, S3_S, Pace
from smartcloudops.logs.following.reach import Reach
from smartcloudops.logs.following.rotation import Rotation
from smartcloudops.logs.following.siblings import Siblings, with_siblings
from smartcloudops.logs.following.watching import Watch
from smartcloudops.logs.listing import Listing, listed
from smartcloudops.logs.objects import Damage, Hit, LogObject, Trouble
from smartcloudops.logs.scan import Block
from smartcloudops.logs.searching import Asked
from smartcloudops.logs.surroundings import Hits
from smartcloudops.logs.work import Done

# How far back it begins, and how late an object may come, by layout.
SINCE = 10 * MINUTE
LATE, _LATER = HOUR, {"cloudfront": DAY, "s3access": DAY}
# Writers' clocks and ours may be apart by so much.
_SKEW = 5 * MINUTE
# What is not known to be whole is shown when it has not changed for so long: a line without its end, and one that
# further lines may belong to, as those of a stack trace.
_QUIET_S, _QUIET_LINES_S = 3.0, 1.0
# Damage that may be gone at the next poll: asked again so often before it is said.
_PASSING: frozenset[Damage] = frozenset({"gone", "changed", "busy", "broken off"})
_ATTEMPTS = 3

Kind = Literal["following", "lost", "back", "rewritten", "clock"]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user should know, though nothing is missing."""

    kind: Kind
    text: str


Item = Hit | Trouble | Note


@dataclass(slots=True)
class Followed:
    """What was covered so far. `until`: when the last complete listing began (ms)."""

    polls: int = 0
    hits: int = 0
    objects: int = 0
    decoded: int = 0
    until: int | None = None
    troubles: int = 0


class Follow:
    """Iterate it for hits, troubles and notes; it ends at the question's `until`, at the limit, or never."""

    def __init__(
        self,
        asked: Asked,
        *,
        clock: Callable[[], int] = now_ms,
        wait: Callable[[float], None] = time.sleep,
        every: float | None = None,
        since: int | None = None,
        late: int | None = None,
        last: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        source = with_siblings(asked.source)
        self.asked = replace(asked, source=source, workers=0, events=True)
        self._clock, self._wait, self._monotonic = clock, wait, monotonic
        self._since = since
        self.layout = asked.layout
        self._first = compiled(replace(asked.question, since=since))
        self._later = compiled(replace(asked.question, since=None))
        is_s3 = source.address().startswith("s3://")
        self.pace = Pace(every, S3_S if is_s3 else LOCAL_S)
        self._late = late
        self._reach = Reach(late if late is not None else self._usual_late())
        self._reader = None if is_s3 else source.reader()
        self._watch = Watch(source, Rotation(asked.cap), self._reader)
        self._watch.named = source.named if isinstance(source, Siblings) else None
        self._merge = Merge(last)
        self._now_s = 0.0
        self._down_since_s: float | None = None
        self._has_begun = False
        self._listing_s = 0.0
        self._listing: Listing | None = None
        self.requests = self._newest = 0
        self.marks = self._later.marks
        self.coverage = Followed()

    def __iter__(self) -> Iterator[Item]:
        until = self.asked.question.until
        while True:
            now = self._clock()
            last = until is not None and now >= until
            try:
                yield from self._poll(now)
            except UnreachableError as e:
                yield from self._shown()
                yield from self._down(e, is_last=last)
                pause = self.pace.after_failure()
            else:
                pause = self.pace.after(requests=self.requests, took_s=self._listing_s)
                yield from self._up()
            if last or self._is_enough():
                yield from self.rest()
                return
            self._wait(pause)
            self._now_s += pause

    def rest(self) -> Iterator[Hit | Trouble]:
        """What waits to be shown, or to be known as whole: for the end, however that comes."""
        for cursor in self._every():
            yield from self._given_up(cursor)
        yield from self._shown()

    def _every(self) -> Iterator[Cursor]:
        yield from self._watch.cursors.values()
        yield from self._watch.rotation.all_lost()

    def _given_up(self, cursor: Cursor) -> Iterator[Trouble]:
        """No more will come of it, or nobody waits for more."""
        self._show_rest(cursor)
        if cursor.trouble is not None:
            yield from self._tell(cursor, cursor.trouble)

    @property
    def watched(self) -> int:
        """How many objects are remembered."""
        return len(self._watch.cursors)

    @property
    def requests_an_hour(self) -> int:
        """Of listing, as things stand."""
        return self.pace.requests_an_hour(self.requests)

    def _poll(self, now: int) -> Iterator[Item]:
        is_first = self.coverage.polls == 0
        reach, until = self._reach.window(now)
        since = None if is_first and self._since is None else min(reach, self._since or reach) if is_first else reach
        names, changed, failed = self._list(since, until)
        if failed is not None and is_first:
            raise failed
        if self._reach.began_again:
            changed = self._forgiven(changed)
            yield Note("clock", f"the clock was set back to {rfc3339(now)}; what arrived before is not shown again")
        if failed is None:
            for cursor in self._watch.missing(names, self._now_s):
                yield from self._given_up(cursor)
        tasks = self._begin(changed) if is_first else self._tasks(changed)
        yield from self._read(tasks)
        if failed is not None:
            raise failed
        yield from self._settled()
        if not any(cursor.failures for cursor in self._watch.cursors.values()):
            self._reach.listed(now)
        self.coverage.polls += 1
        self.coverage.until = now

    def _list(self, since: int | None, until: int) -> tuple[set[str], list[LogObject], UnreachableError | None]:
        """The keys that are there, what changed, and why it ended early if it did."""
        asked, names = self.asked, set[str]()
        if self._listing is None:
            listing = listed(asked.source, since=since, until=until, slack=_SKEW, layout=asked.layout)
        else:
            listing = self._listing.again(None if since is None else since - _SKEW, until + _SKEW)
        self._listing = listing
        changed: list[LogObject] = []
        began_s = self._monotonic()
        is_first = self.coverage.polls == 0

        def left_out(one: LogObject) -> None:
            names.add(one.key)
            if is_first:
                self._watch.old.add(hash(one.key))

        listing.left_out = left_out

        def noted() -> Iterator[LogObject]:
            for one in listing:
                names.add(one.key)
                yield one

        try:
            changed.extend(self._watch.changed(noted()))
        except UnreachableError as e:
            return names, changed, e
        finally:
            self.layout = listing.layout
            self._reach.late = self._late if self._late is not None else self._usual_late()
            self.requests = listing.requests
            self._listing_s = self._monotonic() - began_s
        return names, changed, None

    def _usual_late(self) -> int:
        return _LATER.get(self.layout.name if self.layout else self.asked.source.layout, LATE)

    def _forgiven(self, changed: list[LogObject]) -> list[LogObject]:
        """After the clock was set back: of what was forgotten and is listed again, only what came since."""
        newest, kept = self._newest, list[LogObject]()
        for one in changed:
            if one.key in self._watch.cursors or one.modified > newest:
                kept.append(one)
            else:
                self._watch.cursors[one.key] = Cursor(one, unread=True)
        return kept

    def _begin(self, found: list[LogObject]) -> Iterator[Task]:
        """What is there at the start and may hold what was asked for."""
        before = None if self._since is None else self._since - _SKEW
        for one in found:
            cursor = self._watch.begin(one, before=before)
            cursor.sieve = self._first
            if not cursor.unread and not cursor.covered:
                yield Task(one, cursor)

    def _tasks(self, changed: list[LogObject]) -> Iterator[Task]:
        for one, cursor, goes_on in self._watch.to_read(changed, self._now_s):
            cursor.sieve = self._first if cursor.unread else self._later
            yield Task(one, cursor, goes_on)

    def _read(self, tasks: Iterable[Task]) -> Iterator[Item]:
        """Read them all; those that were rewritten a second time, from their beginning."""
        tasks = list(tasks)
        while tasks:
            known = {task.one.key: task for task in tasks}
            again: list[Task] = []
            for one, result in self._results(tasks):
                task = known[one.key]
                if isinstance(result, Passage):
                    self._merge.add(one, take(task.cursor, result, self._now_s))
                    self.coverage.decoded += len(result.data)
                    if self._merge.full:
                        yield from self._shown()
                elif isinstance(result, Rewritten):
                    if self._reader is None:
                        self._show_rest(task.cursor)
                    self._watch.restart(task.cursor, self._now_s)
                    again += self._afresh(one)
                else:
                    yield from self._done(task, result)
            tasks = again
        yield from (Note("rewritten", text) for text in self._watch.notes)
        self._watch.notes.clear()

    def _afresh(self, one: LogObject) -> list[Task]:
        cursor = self._watch.cursors.get(one.key)
        if cursor is None:
            return []
        cursor.sieve = self._later
        return [Task(one, cursor)]

    def _results(self, tasks: list[Task]) -> Iterator[Result]:
        for task in tasks:
            if task.goes_on and self._reader is not None:
                yield from grown(self.asked, self._reader, task)
        yield from gathered(self.asked, [task for task in tasks if not task.goes_on or self._reader is None])

    def _done(self, task: Task, done: Done) -> Iterator[Item]:
        """One object was read, all of it or up to its trouble, which may be gone at the next look."""
        cursor, self.coverage.objects = task.cursor, self.coverage.objects + 1
        cursor.trouble, cursor.changed_s = None, self._now_s
        passing = [trouble for trouble in done.troubles if trouble.damage in _PASSING]
        if passing and cursor.failures + 1 < _ATTEMPTS:
            cursor.failures += 1
            cursor.trouble = passing[0]
            return
        cursor.one, cursor.failures = task.one, 0
        if cursor.rest is not None and self._is_old(cursor.rest, task.one):
            self._show_rest(cursor)
        for trouble in done.troubles:
            if trouble.damage == "truncated":
                # It may be written right now.
                cursor.trouble = trouble
            else:
                yield from self._tell(cursor, trouble)

    def _is_old(self, rest: Block, one: LogObject) -> bool:
        """Whether what is held of an object has been there for a while, as whole lines at the start have."""
        if not self.coverage.polls and rest.data.endswith(b"\n"):
            return True
        return self._clock() - one.modified >= _patience(rest) * SECOND

    def _tell(self, cursor: Cursor, trouble: Trouble) -> Iterator[Trouble]:
        """Say what could not be read, unless that was said of the same object before."""
        cursor.trouble = None
        if cursor.told != trouble.damage:
            cursor.told = trouble.damage
            yield from self._said(trouble)

    def _said(self, trouble: Trouble) -> Iterator[Trouble]:
        self.coverage.troubles += 1
        yield trouble

    def _settled(self) -> Iterator[Item]:
        """What has not changed for some seconds is taken as it is; then all that waits is shown, by time."""
        for cursor in self._every():
            quiet_s = self._now_s - cursor.changed_s
            if cursor.rest is not None and quiet_s >= _patience(cursor.rest):
                self._show_rest(cursor)
            if cursor.trouble is not None and not cursor.failures and quiet_s >= _QUIET_S:
                yield from self._tell(cursor, cursor.trouble)
        yield from self._shown()
        self._newest = self._watch.newest

    def _show_rest(self, cursor: Cursor) -> None:
        if cursor.rest is not None and cursor.sieve is not None:
            self._merge.add(cursor.one, rest_of(cursor, Hits(cursor.one.key, cursor.sieve, events=True)))

    def _shown(self) -> Iterator[Hit]:
        for hit in self._merge.out():
            if self._is_enough():
                return
            self.coverage.hits += 1
            yield hit

    def _is_enough(self) -> bool:
        return self.asked.limit is not None and self.coverage.hits >= self.asked.limit

    def _up(self) -> Iterator[Note]:
        if self._down_since_s is not None:
            gone_s = self._now_s - self._down_since_s
            self._down_since_s = None
            where = self.asked.source.address()
            yield Note("back", f"{where} answers again after {format_duration(int(gone_s) * 1000)}; nothing was missed")
        if not self._has_begun and self._is_steady():
            self._has_begun = True
            yield Note("following", f"following {self.asked.source.name}, every {self.pace.last_s:.3g} s")

    def _is_steady(self) -> bool:
        """Whether the last listing was one like those to come."""
        return self.coverage.polls > 1 or (self._since is not None and self._since >= self._clock() - self._reach.late)

    def _down(self, e: UnreachableError, *, is_last: bool) -> Iterator[Note]:
        if not self.coverage.polls or is_last:
            raise e
        if self._down_since_s is None:
            self._down_since_s = self._now_s
            yield Note("lost", f"{e.message}; asked again until it answers")


def _patience(rest: Block) -> float:
    return _QUIET_LINES_S if rest.data.endswith(b"\n") else _QUIET_S


def follow(asked: Asked, **how: Any) -> Follow:
    """A follow, not begun; UsageError for a question that cannot be compiled."""
    return Follow(asked, **how)
