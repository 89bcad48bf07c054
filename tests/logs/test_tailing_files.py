"""Following files of a directory that grow, are emptied, renamed, copied and compressed under it."""

from __future__ import annotations

import gzip
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes.moving_logs import Schedule, followed, lines, notes, troubles
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.settings import Logs
from smartcloudops.core.times import DAY, HOUR, now_ms
from smartcloudops.logs.following.rotation import family
from smartcloudops.logs.searching import Asked
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.sources.directory import Directory
from smartcloudops.logs.tailing import Follow, Item


def source(root: Path) -> Directory:
    return Directory("logs", Logs(uri=str(root)))


def run(root: Path, *steps: Callable[[], object], since: int | None = None, pattern: str = "") -> list[Item]:
    """Follow a directory with one step before each further poll, a second apart."""
    schedule = Schedule(iter([lambda step=step: step() and None for step in steps]), clock=now_ms())
    asked = Asked(source(root), Question(pattern))
    return followed(Follow(asked, clock=lambda: schedule.clock, wait=schedule.wait, since=since, every=1))


def add(path: Path, *records: str, end: str = "\n") -> None:
    with path.open("a") as f:
        f.write("\n".join(records) + end)


def pack(path: Path) -> None:
    """As logrotate: the packed file keeps the time, the plain one goes."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(packed, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    path.unlink()


def nothing() -> None:
    pass


def test_what_is_appended_is_shown(tmp_path):
    log = tmp_path / "app.log"
    add(log, "one")
    items = run(tmp_path, lambda: add(log, "two", "three"), nothing, lambda: add(log, "four"))
    assert lines(items) == ["one", "two", "three", "four"] and notes(items) == ["following"]


def test_a_line_waits_for_its_end_for_some_seconds(tmp_path):
    log = tmp_path / "app.log"
    add(log, "one", "tw", end="")
    assert lines(run(tmp_path, lambda: add(log, "o"))) == ["one", "two"]
    add(log, "thr", end="")
    items = run(tmp_path, nothing, nothing, nothing, lambda: add(log, "ee"))
    assert lines(items) == ["one", "two", "thr", "three"]


def test_only_what_is_appended_to_a_large_file_is_read(tmp_path):
    log = tmp_path / "app.log"
    add(log, *(f"line {n}" for n in range(1000)))
    schedule = Schedule(iter([lambda: add(log, "new")]), clock=now_ms())
    follow = Follow(Asked(source(tmp_path), Question("")), clock=lambda: schedule.clock, wait=schedule.wait, since=None)
    size = log.stat().st_size
    followed(follow)
    assert follow.coverage.decoded == size + 4


@pytest.mark.parametrize("late", [(), ("late",)])
def test_renamed_and_created_anew(tmp_path, late):
    log = tmp_path / "app.log"
    add(log, "one")

    def rotate() -> None:
        if late:
            add(log, *late)
        log.rename(tmp_path / "app.log.1")
        add(log, "two")

    assert sorted(lines(run(tmp_path, rotate, lambda: add(log, "three")))) == sorted(["one", *late, "two", "three"])


def test_copied_and_emptied(tmp_path):
    log = tmp_path / "app.log"
    add(log, "one")

    def rotate() -> None:
        add(log, "late")
        shutil.copy(log, tmp_path / "app.log.1")
        log.write_text("")
        add(log, "two")

    items = run(tmp_path, rotate, lambda: add(log, "three"))
    assert sorted(lines(items)) == ["late", "one", "three", "two"]


def test_a_copy_that_is_seen_before_its_original_is_emptied(tmp_path):
    log = tmp_path / "app.log"
    add(log, "one")
    steps = [lambda: shutil.copy(log, tmp_path / "app.log.1"), lambda: log.write_text(""), lambda: add(log, "two")]
    assert lines(run(tmp_path, *steps, nothing)) == ["one", "two"]


@pytest.mark.parametrize("seen", [True, False])
def test_emptied_and_longer_than_before(tmp_path, seen):
    log = tmp_path / "app.log"
    add(log, "one", "two")
    more = [nothing] if seen else []

    def rewrite() -> None:
        log.write_text("")
        add(log, "three", "four", "five")

    items = run(tmp_path, *([lambda: log.write_text("")] if seen else []), *more, rewrite)
    assert lines(items) == ["one", "two", "three", "four", "five"]


def test_emptied_and_filled_with_the_same_beginning(tmp_path):
    log, banner = tmp_path / "app.log", [f"banner {n:04}" for n in range(200)]
    add(log, *banner, "one")

    def rewrite() -> None:
        log.write_text("")
        add(log, *banner, "two", "three")

    items = run(tmp_path, rewrite)
    assert Counter(lines(items)) == Counter([*banner * 2, "one", "two", "three"])


def test_a_stack_trace_is_one_record_once(tmp_path):
    log, time = tmp_path / "app.log", "2026-11-20T10:00:00Z"
    trace = [f"{time} ERROR it broke", "Traceback (most recent call last):", '  File "a.py", line 1, in <module>']
    add(log, f"{time} INFO begin", *trace, "ValueError: no")
    items = run(tmp_path, *[nothing] * 3, lambda: add(log, f"{time} INFO more", f"{time} INFO end"), *[nothing] * 3)
    assert [line.split("\n")[0].split()[2] for line in lines(items)] == ["begin", "it", "more", "end"]
    assert lines(items)[1].endswith("ValueError: no")


def test_a_chain_of_rotations_with_compression(tmp_path):
    log = tmp_path / "app.log"
    add(log, "one")

    def rotate(n: int) -> Callable[[], None]:
        def act() -> None:
            add(log, f"late {n}")
            for number in range(5, 1, -1):
                older = tmp_path / f"app.log.{number - 1}.gz"
                if older.exists():
                    older.rename(tmp_path / f"app.log.{number}.gz")
            if (tmp_path / "app.log.1").exists():
                pack(tmp_path / "app.log.1")
                (tmp_path / "app.log.1.gz").rename(tmp_path / "app.log.2.gz")
            log.rename(tmp_path / "app.log.1")
            add(log, f"new {n}")

        return act

    items = run(tmp_path, *(rotate(n) for n in range(4)))
    expected = ["one", *(f"{word} {n}" for n in range(4) for word in ("late", "new"))]
    assert sorted(lines(items)) == sorted(expected)


def test_old_files_that_are_renamed_and_compressed_stay_old(tmp_path):
    old = now_ms() - 2 * DAY
    for name, text in (("app.log", "a\n"), ("app.log.1", "b\n"), ("app.log.2.gz", ""), ("app.log.3.gz", "")):
        (tmp_path / name).write_bytes(gzip.compress(b"old %s\n" % name.encode()) if name[-1] == "z" else text.encode())
        os.utime(tmp_path / name, ns=(old * 10**6, old * 10**6))

    def rotate() -> None:
        (tmp_path / "app.log.3.gz").rename(tmp_path / "app.log.4.gz")
        (tmp_path / "app.log.2.gz").rename(tmp_path / "app.log.3.gz")
        pack(tmp_path / "app.log.1")
        (tmp_path / "app.log.1.gz").rename(tmp_path / "app.log.2.gz")
        (tmp_path / "app.log").rename(tmp_path / "app.log.1")
        add(tmp_path / "app.log", "new")

    assert lines(run(tmp_path, rotate, nothing, since=now_ms() - HOUR)) == ["new"]


def test_an_old_file_that_grows_gives_what_is_new(tmp_path):
    log = tmp_path / "app.log"
    add(log, *(f"old {n}" for n in range(500)))
    os.utime(log, (1, 1))
    assert lines(run(tmp_path, lambda: add(log, "new"), since=now_ms() - HOUR)) == ["new"]


def test_a_gz_that_grows_gives_what_is_new(tmp_path):
    log = tmp_path / "app.log.gz"
    log.write_bytes(gzip.compress(b"one\n"))

    def more() -> None:
        with log.open("ab") as f:
            f.write(gzip.compress(b"two\n"))

    assert lines(run(tmp_path, more, nothing)) == ["one", "two"]


@pytest.mark.parametrize("copies", [False, True])
def test_one_file_is_followed_through_its_rotation_and_nothing_beside_it(tmp_path, copies):
    log, other = tmp_path / "app.log", tmp_path / "app-2.log"
    add(log, "one")
    add(other, "beside")
    add(tmp_path / "app.log.1", "older")

    def rotate() -> None:
        add(log, "late")
        add(other, "beside, too")
        if copies:
            shutil.copy(log, tmp_path / "app.log.1")
            log.write_text("")
        else:
            log.rename(tmp_path / "app.log.1")
        add(log, "two")

    def write_on() -> None:
        add(log, "three")
        add(tmp_path / "app.log.1", "still written")

    items = run(log, rotate, write_on, lambda: add(tmp_path / "app-3.log", "new beside"), nothing)
    assert sorted(lines(items)) == sorted(["one", "late", "two", "three", "still written"])


def test_another_file_with_the_same_beginning_is_another_file(tmp_path):
    add(tmp_path / "web-1.log", "starting", "one")
    steps = [lambda: add(tmp_path / "web-2.log", "starting"), nothing, lambda: add(tmp_path / "web-2.log", "two")]
    assert Counter(lines(run(tmp_path, *steps))) == Counter(["starting", "one", "starting", "two"])


def test_a_copy_that_stays_is_a_file_of_its_own(tmp_path):
    log = tmp_path / "app.log"
    add(log, "one")
    items = run(tmp_path, lambda: shutil.copy(log, tmp_path / "app.log.old"), *[nothing] * 12)
    assert lines(items) == ["one", "one"]


def test_a_deleted_file_gives_the_line_that_was_not_whole(tmp_path):
    log = tmp_path / "app.log"
    add(log, "one", "two", end="")
    assert lines(run(tmp_path, log.unlink, *[nothing] * 4)) == ["one", "two"]


def test_a_file_that_cannot_be_read_is_named_once(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    add(tmp_path / "b.log", "one")
    items = run(tmp_path, lambda: add(tmp_path / "a.zip", "x"), nothing)
    assert lines(items) == ["one"] and troubles(items) == ["codec"]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("app.log", "app.log.1"),
        ("app.log", "app.log.12.gz"),
        ("app.log", "app.log-20261120.zst"),
        ("app.log", "app-2026-11-20.log"),
        ("app.log", "app.log.old"),
        ("x/syslog", "x/syslog.3.xz"),
    ],
)
def test_the_names_of_a_rotated_file(name, other):
    assert family(name) == family(other)


def test_other_names_are_other_files():
    assert len({family(name) for name in ("app.log", "app.err", "web.log", "x/app.log")}) == 4


NAMES = ["app.log", "web.log"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "part", "rename", "copy", "empty", "pack", "delete", "poll", "poll"]),
        st.sampled_from(NAMES),
        st.integers(1, 3),
    ),
    max_size=25,
)


@dataclass
class Machine:
    """Programs that write logs, logrotate, and what a poll could see of it."""

    root: Path
    written: int = 0
    seen: set[str] = field(default_factory=set)

    def play(self, steps: list[tuple[str, str, int]]) -> Iterator[Callable[[], None]]:
        waiting: list[tuple[str, str, int]] = []
        for step in [*steps, ("poll", "", 0), ("poll", "", 0)]:
            if step[0] == "poll":
                yield self._batch(waiting)
                waiting = []
            else:
                waiting.append(step)

    def _batch(self, steps: list[tuple[str, str, int]]) -> Callable[[], None]:
        def act() -> None:
            for what, name, count in steps:
                getattr(self, f"_{what}")(self.root / name, count)
            for path in self.root.iterdir():
                data = path.read_bytes()
                text = gzip.decompress(data) if path.suffix == ".gz" else data
                self.seen.update(line.decode() for line in text.split(b"\n")[:-1])

        return act

    def _add(self, path: Path, count: int) -> None:
        for _ in range(count):
            self.written += 1
            add(path, f"record {self.written} of {path.name}")

    def _part(self, path: Path, count: int) -> None:
        self.written += 1
        add(path, f"record {self.written} of {path.name}"[: 4 * count], end="")

    def _shift(self, path: Path) -> None:
        for number in range(9, 0, -1):
            for end in ("", ".gz"):
                older = path.with_name(f"{path.name}.{number}{end}")
                if older.exists():
                    older.rename(path.with_name(f"{path.name}.{number + 1}{end}"))

    def _rename(self, path: Path, count: int) -> None:
        if path.exists():
            self._shift(path)
            path.rename(path.with_name(f"{path.name}.1"))

    def _copy(self, path: Path, count: int) -> None:
        if path.exists():
            self._shift(path)
            shutil.copy(path, path.with_name(f"{path.name}.1"))
            path.write_text("")

    def _empty(self, path: Path, count: int) -> None:
        if path.exists():
            path.write_text("")

    def _pack(self, path: Path, count: int) -> None:
        older = path.with_name(f"{path.name}.{count}")
        if older.exists():
            pack(older)

    def _delete(self, path: Path, count: int) -> None:
        path.unlink(missing_ok=True)


@settings(max_examples=25)
@given(steps=STEPS)
def test_every_record_of_a_directory_is_shown_once(tmp_path_factory, steps):
    root = tmp_path_factory.mktemp("logs")
    machine = Machine(root)
    schedule = Schedule(machine.play(steps), clock=now_ms())
    follow = Follow(Asked(source(root), Question("")), clock=lambda: schedule.clock, wait=schedule.wait, every=1)
    shown = Counter(line for line in lines(followed(follow)))
    twice = {line for line, count in shown.items() if count != 1 and line.endswith(".log")}
    assert twice == set()
    assert machine.seen - shown.keys() == set()
    shutil.rmtree(root)
