"""`state.db`, real files and real processes."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from smartcloudops.core.errors import LockedError, ScoError
from smartcloudops.core.migrations import MIGRATIONS
from smartcloudops.core.state import State, open_state

INCIDENT = (
    'INSERT INTO incidents (id, fingerprint, source, grp, start, last, "end", severity, peak, updated_at) '
    "VALUES (?, ?, 's', 'g', ?, ?, ?, 'warning', 1.5, 0)"
)


def add(state: State, name: str, fingerprint: str = "f", start: int = 1, end: int | None = None) -> None:
    state.execute(INCIDENT, (name, fingerprint, start, start, end))


def test_a_new_state_is_private_and_at_the_newest_schema(tmp_path: Path) -> None:
    with open_state(tmp_path / "a" / "b") as state:
        assert state.row("PRAGMA user_version") == {"user_version": len(MIGRATIONS)}
        assert state.row("PRAGMA journal_mode") == {"journal_mode": "wal"}
        files = sorted(each.name for each in (tmp_path / "a" / "b").iterdir())
        assert files == ["state.db", "state.db-shm", "state.db-wal"]
        modes = {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "a" / "b").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_what_is_committed_is_there_next_time(tmp_path: Path) -> None:
    with open_state(tmp_path) as state, state.transaction():
        add(state, "a")
    with open_state(tmp_path) as state:
        found = state.row("SELECT id, suspects, label FROM incidents")
        assert found == {"id": "a", "suspects": "[]", "label": None}
        assert state.row("SELECT * FROM cursors") is None


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with open_state(tmp_path) as state:
        with pytest.raises(ZeroDivisionError), state.transaction():
            add(state, "a")
            raise ZeroDivisionError
        assert state.rows("SELECT * FROM incidents") == []
        with state.transaction():
            add(state, "b")


def test_one_open_incident_a_fingerprint_and_one_opening_an_incident(tmp_path: Path) -> None:
    with open_state(tmp_path) as state:
        add(state, "a", start=1, end=2)
        add(state, "b", start=3)
        with pytest.raises(sqlite3.IntegrityError):
            add(state, "c", start=4)
        with pytest.raises(sqlite3.IntegrityError):
            add(state, "d", start=1, end=9)
        event = "INSERT INTO incident_events (incident_id, kind, at) VALUES ('a', ?, 1)"
        for kind in ("opened", "updated", "updated", "closed", "labelled", "labelled"):
            state.execute(event, (kind,))
        for kind in ("opened", "closed", "invented"):
            with pytest.raises(sqlite3.IntegrityError):
                state.execute(event, (kind,))


def test_a_newer_schema_is_refused_and_untouched(tmp_path: Path) -> None:
    newer = [*MIGRATIONS, ("CREATE TABLE later (x)",)]
    open_state(tmp_path, migrations=newer).close()
    with pytest.raises(ScoError, match="written by a newer sco") as caught:
        open_state(tmp_path)
    assert "upgrade" in (caught.value.hint or "")
    with open_state(tmp_path, migrations=newer) as state:
        assert state.rows("SELECT * FROM later") == []


def test_a_migration_happens_whole_or_not_at_all(tmp_path: Path) -> None:
    open_state(tmp_path).close()
    broken = [*MIGRATIONS, ("CREATE TABLE half (x)", "CREATE TABLE half (x)")]
    with pytest.raises(ScoError, match="half"):
        open_state(tmp_path, migrations=broken)
    with open_state(tmp_path) as state:
        assert state.rows("SELECT name FROM sqlite_schema WHERE name = 'half'") == []


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_corrupt_file_is_named_with_a_way_forward_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(ScoError, match="is corrupt") as caught:
        open_state(tmp_path)
    assert f"mv {path}" in (caught.value.hint or "")
    assert path.read_bytes() == content


def test_damage_in_the_middle_is_named_when_it_is_met(tmp_path: Path) -> None:
    with open_state(tmp_path) as state, state.transaction():
        for number in range(2000):
            add(state, f"incident {number}", fingerprint=f"f{number}")
    path = tmp_path / "state.db"
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    path.write_bytes(data)
    with pytest.raises(ScoError, match="is corrupt"), open_state(tmp_path) as state:
        state.rows("SELECT * FROM incidents")


def test_a_busy_file_is_waited_for_and_then_named(tmp_path: Path) -> None:
    with open_state(tmp_path) as one, open_state(tmp_path, busy_ms=50) as two, one.transaction():
        assert two.rows("SELECT * FROM incidents") == []
        with pytest.raises(LockedError, match="is busy"), two.transaction():
            pass


def test_a_directory_that_cannot_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScoError, match="cannot write"):
        open_state(tmp_path / "file" / "state")


def test_a_full_disk_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    with open_state(tmp_path) as state, state.transaction():
        add(state, "kept")
    code = f"""
import resource, signal
from pathlib import Path
from smartcloudops.core.errors import ScoError
from smartcloudops.core.state import open_state
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    with open_state(Path({str(tmp_path)!r})) as state, state.transaction():
        for n in range(100):
            state.execute("INSERT INTO cursors VALUES (?, 1, ?)", (str(n), "x" * 100_000))
except ScoError as e:
    print(e.message, "|", e.hint)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert "cannot use" in done.stdout
    assert "disk" in done.stdout
    with open_state(tmp_path) as state:
        assert state.rows("SELECT id FROM incidents") == [{"id": "kept"}]
        assert state.rows("SELECT * FROM cursors") == []


def test_two_processes_that_start_at_once_both_get_a_whole_schema(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from smartcloudops.core.state import open_state
with open_state(Path({str(tmp_path)!r})) as state:
    print(len(state.rows("SELECT * FROM incidents")))
"""
    command = [sys.executable, "-c", code]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) for _ in range(4)
    ]
    results = [child.communicate() for child in children]
    assert [out for out, _ in results] == [b"0\n"] * 4, results


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
