"""`state.db` and its like: what survives between runs, in SQLite with write-ahead logging and numbered migrations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from smartcloudops.core.errors import LockedError, ScoError
from smartcloudops.core.files import cannot_write
from smartcloudops.core.migrations import MIGRATIONS

if TYPE_CHECKING:
    import sqlite3
    from types import TracebackType

FILE = "state.db"
_BUSY_MS = 10_000


class State:
    """One open database. Use as a context manager; every SQLite error leaves it as a ScoError."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; a transaction that is still open is rolled back."""
        with translated(self.path):
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Self]:
        """All of the block or nothing. Takes the write lock at once, so that what is read inside stays true."""
        with translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self
            except BaseException:
                _roll_back(self._connection)
                raise
            try:
                self._connection.execute("COMMIT")
            except BaseException:
                _roll_back(self._connection)
                raise

    def execute(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> int:
        """Run one statement; the number of rows it changed."""
        with translated(self.path):
            return self._connection.execute(sql, values).rowcount

    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[dict[str, Any]]:
        """Every row of a query, by column name."""
        with translated(self.path):
            return [dict(row) for row in self._connection.execute(sql, values)]

    def row(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> dict[str, Any] | None:
        """The first row of a query, or None."""
        with translated(self.path):
            found = self._connection.execute(sql, values).fetchone()
        return None if found is None else dict(found)


def open_state(
    directory: Path,
    *,
    file: str = FILE,
    busy_ms: int = _BUSY_MS,
    migrations: Sequence[Sequence[str]] = MIGRATIONS,
) -> State:
    """Open `<directory>/<file>` (made if missing: directory 0700, file 0600) at the newest schema.

    Waits up to `busy_ms` for another writer. Raises ScoError: a newer schema, a corrupt file, a full or
    read-only disk; LockedError when the wait is over. Nothing is ever deleted.
    """
    import sqlite3

    path = directory / file
    _make(path)
    with translated(path):
        connection = sqlite3.connect(path, timeout=busy_ms / 1000, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            _refuse_newer(connection, path, len(migrations))
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            _migrate(connection, path, migrations)
        except BaseException:
            connection.close()
            raise
    return State(path, connection)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about `path` into ours; IntegrityError passes, it is the caller's to expect."""
    import sqlite3

    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as e:
        raise _explained(path, e) from e


def _explained(path: Path, e: sqlite3.DatabaseError) -> ScoError:
    import sqlite3

    code = getattr(e, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockedError(f"{path} is busy: another run is writing to it", hint="run the command again")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        hint = f"move it away (mv {path} {path}.broken) to start with an empty one, or restore a copy"
        return ScoError(f"{path} is corrupt: {e}", hint=hint)
    hints = {
        sqlite3.SQLITE_FULL: "free some space on that disk, then run the command again",
        sqlite3.SQLITE_IOERR: "look at the disk (full, or failing), then run the command again",
        sqlite3.SQLITE_READONLY: f"check the owner and mode of {path.parent}, or set [state] dir",
        sqlite3.SQLITE_CANTOPEN: f"check the owner and mode of {path.parent}, or set [state] dir",
    }
    if code not in hints:
        return ScoError(f"{path}: {e}")
    return ScoError(f"cannot use {path}: {e}", hint=hints[code])


def _make(path: Path) -> None:
    """SQLite gives its side files the mode of the main one, so that is created first, and private."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as e:
        raise cannot_write(path, e) from e


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(connection: sqlite3.Connection, path: Path, known: int) -> None:
    found = _version(connection)
    if found > known:
        hint = "upgrade sco, or set [state] dir to another directory"
        raise ScoError(f"{path} was written by a newer sco (schema {found}, this one knows {known})", hint=hint)


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]]) -> None:
    for number, statements in enumerate(migrations, start=1):
        if _version(connection) >= number:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) < number:
                for statement in statements:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            _roll_back(connection)
            raise
    _refuse_newer(connection, path, len(migrations))


def _roll_back(connection: sqlite3.Connection) -> None:
    """SQLite may have rolled back by itself (full disk); then there is nothing left to undo."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
