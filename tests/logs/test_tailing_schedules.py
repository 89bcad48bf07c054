"""Whatever happens in whatever order: every record that a poll could see is shown, and none twice."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from fakes.moving_logs import Bucket, Schedule, followed, lines
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.times import HOUR, MINUTE
from smartcloudops.logs.searching import Asked
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.tailing import Follow

KEYS = ["a.log", "b.log.gz", "c/d.log", "c/e.log.gz"]
# What happens, to which object, and how many records of it.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "grow",
                "grow",
                "part",
                "finish",
                "rewrite",
                "delete",
                "poll",
                "poll",
                "wait",
                "cut",
                "down",
                "busy",
                "clock",
            ]
        ),
        st.sampled_from(KEYS),
        st.integers(1, 4),
    ),
    max_size=30,
)


@dataclass
class Writers:
    """Objects of a bucket as their writers hold them, and what a poll could see of them."""

    bucket: Bucket
    schedule: Schedule | None = None
    texts: dict[str, bytes] = field(default_factory=dict)
    written: int = 0
    seen: set[str] = field(default_factory=set)
    blind: bool = False

    def play(self, steps: list[tuple[str, str, int]]) -> Iterator[Callable[[], None]]:
        """Functions for the schedule: each does what happens up to the next poll."""
        waiting: list[tuple[str, str, int]] = []
        for step in steps:
            if step[0] == "poll":
                yield self._batch(waiting)
                waiting = []
            else:
                waiting.append(step)
        yield self._batch(waiting)
        yield from [self._batch([("up", "", 0)])] * 4

    def _batch(self, steps: list[tuple[str, str, int]]) -> Callable[[], None]:
        def act() -> None:
            for what, key, count in steps:
                getattr(self, f"_{what}")(key, count)
            self._see()

        return act

    def _see(self) -> None:
        """The poll that comes now sees all whole lines, unless the server is down."""
        if not self.bucket.down and self.bucket.cut_after is None and not any(self.bucket.unread.values()):
            for text in self.texts.values():
                self.seen.update(line.decode() for line in text.split(b"\n")[:-1])

    def _put(self, key: str) -> None:
        self.bucket.now += 1000
        text = self.texts[key]
        self.bucket.put(key, gzip.compress(text, mtime=0) if key.endswith("gz") else text)

    def _line(self) -> bytes:
        self.written += 1
        return f"record {self.written} of all".encode()

    def _grow(self, key: str, count: int) -> None:
        text = self.texts.get(key, b"")
        text = text if not text or text.endswith(b"\n") else text + b"+\n"
        self.texts[key] = text + b"".join(self._line() + b"\n" for _ in range(count))
        self._put(key)

    def _part(self, key: str, count: int) -> None:
        self.texts[key] = self.texts.get(key, b"") + self._line()[: 3 + 4 * count]
        self._put(key)

    def _finish(self, key: str, count: int) -> None:
        if self.texts.get(key, b"\n")[-1:] not in (b"\n", b""):
            self.texts[key] += f" part {self.written}\n".encode()
            self.written += 1
            self._put(key)

    def _rewrite(self, key: str, count: int) -> None:
        self.texts[key] = b"".join(self._line() + b"\n" for _ in range(count))
        self._put(key)

    def _delete(self, key: str, count: int) -> None:
        self.texts.pop(key, None)
        self.bucket.content.pop(key, None)

    def _wait(self, key: str, count: int) -> None:
        assert self.schedule is not None
        self.schedule.clock += count * 20 * MINUTE
        self.bucket.now += count * 20 * MINUTE

    def _clock(self, key: str, count: int) -> None:
        assert self.schedule is not None
        self.schedule.clock -= count * 25 * MINUTE

    def _cut(self, key: str, count: int) -> None:
        self.bucket.cut_after = count - 1

    def _down(self, key: str, count: int) -> None:
        self.bucket.down = not self.bucket.down

    def _busy(self, key: str, count: int) -> None:
        from smartcloudops.logs.objects import Unread

        self.bucket.unread[key] = [Unread("busy", "503 SlowDown")]

    def _up(self, key: str, count: int) -> None:
        self.bucket.down = False
        self.bucket.cut_after = None


@settings(max_examples=30)
@given(steps=STEPS)
def test_every_record_of_a_bucket_is_shown_once(steps):
    bucket = Bucket()
    writers = Writers(bucket)
    schedule = Schedule(iter(writers.play(steps)))
    writers.schedule = schedule
    follow = Follow(
        Asked(bucket, Question("")), clock=lambda: schedule.clock, wait=schedule.wait, since=schedule.clock - HOUR
    )
    shown = Counter(lines(followed(follow)))
    whole = {line: count for line, count in shown.items() if line.endswith("of all")}
    assert {line: count for line, count in whole.items() if count != 1} == {}
    assert {line for line in writers.seen if line not in shown} == set()
