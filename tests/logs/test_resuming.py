"""The journal of a search: what a killed run leaves, what is resumed, and what is not."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import LockedError
from smartcloudops.core.times import DAY
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.resuming import FOLDER, Journal, fingerprint
from smartcloudops.logs.sieve import Question

NAME = fingerprint("s3://logs/app", Question("ERROR"))


def an_object(number: int, etag: str = "e") -> LogObject:
    return LogObject(f"app/{number}.gz", 10, 1_000, etag)


def the_file(state: Path) -> Path:
    (path,) = (state / FOLDER).iterdir()
    return path


def test_a_run_that_ended_early_is_resumed_with_its_window(tmp_path):
    first = Journal.open(tmp_path, NAME, window=(1_000, None), now=lambda: 5_000)
    assert first.found is None and not first.done(an_object(1))
    first.finish(an_object(1), hits=3)
    first.finish(an_object(2))
    first.close(complete=False)
    again = Journal.open(tmp_path, NAME, window=(9_000, None))
    assert again.window == (1_000, None)
    assert again.found is not None
    assert (again.found.objects, again.found.hits, again.found.since) == (2, 3, 5_000)
    assert again.done(an_object(1)) and again.done(an_object(2)) and not again.done(an_object(3))
    assert not again.done(an_object(1, etag="replaced"))
    again.close(complete=True)
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_the_content_of_a_file_without_an_etag_is_known_by_its_time(tmp_path):
    journal = Journal.open(tmp_path, NAME)
    journal.finish(LogObject("a", 10, 1_000))
    journal.close(complete=False)
    again = Journal.open(tmp_path, NAME)
    assert again.done(LogObject("a", 10, 1_000)) and not again.done(LogObject("a", 10, 2_000))
    again.close(complete=False)


@pytest.mark.parametrize(
    "other",
    [
        fingerprint("s3://logs/other", Question("ERROR")),
        fingerprint("s3://logs/app", Question("error")),
        fingerprint("s3://logs/app", Question("ERROR", ignore_case=True)),
        fingerprint("s3://logs/app", Question("ERROR", where="status >= 500")),
        fingerprint("s3://logs/app", Question("ERROR"), since="2h"),
    ],
)
def test_another_question_is_not_resumed(tmp_path, other):
    journal = Journal.open(tmp_path, NAME)
    journal.finish(an_object(1))
    journal.close(complete=False)
    fresh = Journal.open(tmp_path, other)
    assert fresh.found is None and not fresh.done(an_object(1))
    fresh.close(complete=False)


def test_a_moving_window_is_the_same_search(tmp_path):
    asked = [fingerprint("a", Question("x", since=since, until=None), since="2h") for since in (1, 2)]
    assert asked[0] == asked[1]


def test_nothing_of_the_question_or_the_objects_is_in_it(tmp_path):
    secret = "AKIAIOSFODNN7EXAMPLE"
    journal = Journal.open(tmp_path, fingerprint(f"s3://{secret}/x", Question(secret, where=f"a == '{secret}'")))
    journal.finish(LogObject(f"logs/{secret}.gz", 1, 1, secret))
    journal.close(complete=False)
    path = the_file(tmp_path)
    assert secret.encode() not in path.read_bytes() and secret not in path.name
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_a_killed_run_loses_nothing_it_finished(tmp_path):
    program = f"""
import os, signal
from pathlib import Path
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.resuming import Journal
journal = Journal.open(Path({str(tmp_path)!r}), {NAME!r})
for number in range(50):
    journal.finish(LogObject(f"app/{{number}}.gz", 10, 1_000, "e"), hits=1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, check=False)
    assert done.returncode == -signal.SIGKILL
    again = Journal.open(tmp_path, NAME)
    assert again.found is not None and (again.found.objects, again.found.hits) == (50, 50)
    again.close(complete=False)


@settings(max_examples=60)
@given(cut=st.integers(0, 600), finished=st.integers(0, 12))
def test_wherever_it_was_cut_off_the_whole_lines_count(tmp_path_factory, cut, finished):
    state = tmp_path_factory.mktemp("state")
    journal = Journal.open(state, NAME)
    for number in range(finished):
        journal.finish(an_object(number))
    journal.close(complete=False)
    path = the_file(state)
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    said: list[str] = []
    again = Journal.open(state, NAME, say=said.append)
    expected = max(0, whole[:cut].count(b"\n") - 1)
    assert not said
    assert [again.done(an_object(number)) for number in range(finished)] == [n < expected for n in range(finished)]
    again.finish(an_object(99))
    again.close(complete=False)
    last = Journal.open(state, NAME)
    assert last.done(an_object(99)) and last.found is not None and last.found.objects == expected + 1
    last.close(complete=False)


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01\n",
        b"[]\n",
        b'{"schema": 2, "since": null, "until": null, "started": 1}\n',
        b'{"schema": 1, "since": "x", "until": null, "started": 1}\n',
        b'{"schema": 1, "since": null, "until": null, "started": 1}\nabc 1\n',
        b'{"schema": 1, "since": null, "until": null, "started": 1}\n' + b"zz" * 16 + b" 1\n",
        b'{"schema": 1, "since": null, "until": null, "started": 1}\n' + b"00" * 16 + b"\n",
    ],
)
def test_a_damaged_one_is_said_and_starts_afresh(tmp_path, content):
    Journal.open(tmp_path, NAME).close(complete=False)
    the_file(tmp_path).write_bytes(content)
    said: list[str] = []
    journal = Journal.open(tmp_path, NAME, window=(7, 8), say=said.append)
    assert journal.found is None and journal.window == (7, 8)
    assert len(said) == 1 and "damaged" in said[0] and "afresh" in said[0]
    journal.finish(an_object(1))
    journal.close(complete=False)
    again = Journal.open(tmp_path, NAME, say=said.append)
    assert again.done(an_object(1)) and len(said) == 1
    again.close(complete=False)


def test_a_second_run_of_the_same_search_is_refused(tmp_path):
    first = Journal.open(tmp_path, NAME)
    with pytest.raises(LockedError, match="another run of this search"):
        Journal.open(tmp_path, NAME)
    first.close(complete=True)
    Journal.open(tmp_path, NAME).close(complete=True)


def test_old_ones_are_removed_and_those_in_use_stay(tmp_path):
    names = [fingerprint("a", Question(str(n))) for n in range(3)]
    in_use = Journal.open(tmp_path, names[0])
    for name in names[1:]:
        Journal.open(tmp_path, name).close(complete=False)
    folder = tmp_path / FOLDER
    for path in folder.iterdir():
        if not path.name.startswith(names[2][:40]):
            os.utime(path, (1, 1))
    Journal.open(tmp_path, NAME, now=lambda: 15 * DAY + 1_000).close(complete=True)
    assert {path.name[:40] for path in folder.iterdir()} == {names[0][:40], names[2][:40]}
    in_use.close(complete=False)


def test_a_full_disk_is_said_once_and_the_search_goes_on(tmp_path):
    said: list[str] = []
    journal = Journal.open(tmp_path, NAME, say=said.append)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (the_file(tmp_path).stat().st_size + 50, limits[1]))
    try:
        for number in range(5):
            journal.finish(an_object(number))
        journal.close(complete=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert len(said) == 1 and "cannot be resumed" in said[0] and "cannot write" in said[0]
    again = Journal.open(tmp_path, NAME)
    assert again.found is not None and again.found.objects == 1
    again.close(complete=True)


def test_where_no_journal_can_be_kept_the_search_goes_on(tmp_path):
    (tmp_path / FOLDER).write_text("in the way")
    said: list[str] = []
    journal = Journal.open(tmp_path, NAME, window=(1, 2), say=said.append)
    assert journal.window == (1, 2) and journal.found is None
    journal.finish(an_object(1))
    journal.close(complete=True)
    assert len(said) == 1 and "cannot be resumed later" in said[0]


def test_it_is_forced_to_disk_once_a_second_at_most(tmp_path):
    clock = iter(range(100))
    journal = Journal.open(tmp_path, NAME, monotonic=lambda: next(clock) / 4)
    for number in range(20):
        journal.finish(an_object(number))
    journal.close(complete=False)
    assert len(the_file(tmp_path).read_bytes().splitlines()) == 21
    assert json.loads(the_file(tmp_path).read_bytes().splitlines()[0])["schema"] == 1
