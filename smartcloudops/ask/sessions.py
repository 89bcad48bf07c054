"""`sessions.db`: conversations, redacted and with what was looked at, and how the providers are; opened when needed,
for a moment, so that several terminals and threads can."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartcloudops.ask import written
from smartcloudops.ask.events import Looked
from smartcloudops.ask.messages import Assistant, Message, System
from smartcloudops.core.errors import DataError, ScoError, UsageError
from smartcloudops.core.redact import redact
from smartcloudops.core.state import State, open_state
from smartcloudops.core.text import printable

FILE = "sessions.db"
KEPT = 200
_TITLE = 80

# One numbered step after another; a released step is never edited.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            started INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            title TEXT NOT NULL,
            provider TEXT NOT NULL DEFAULT '',
            model TEXT NOT NULL DEFAULT ''
        ) STRICT
        """,
        "CREATE INDEX sessions_updated ON sessions (updated)",
        """
        CREATE TABLE turns (
            session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            n INTEGER NOT NULL,
            role TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'results')),
            body TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (session, n)
        ) STRICT
        """,
        """
        CREATE TABLE looked (
            id INTEGER PRIMARY KEY,
            session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            evidence TEXT NOT NULL,
            tool TEXT NOT NULL,
            arguments TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX looked_of ON looked (session, number)",
        """
        CREATE TABLE masks (
            session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            mask TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (session, mask)
        ) STRICT
        """,
        """
        CREATE TABLE health (
            provider TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            model TEXT NOT NULL,
            until INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (provider, endpoint, model)
        ) STRICT
        """,
        """
        CREATE TABLE introduced (
            provider TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            sends TEXT NOT NULL,
            PRIMARY KEY (provider, endpoint, sends)
        ) STRICT
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session in a list; times in ms, `turns` is how many questions were asked."""

    id: str
    started: int
    updated: int
    title: str
    turns: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A session to go on with. `masks`: what the user's own masks stand for; `unread`: what could not be read."""

    id: str
    started: int
    updated: int
    title: str
    provider: str
    model: str
    messages: tuple[Message, ...]
    looked: tuple[Looked, ...]
    masks: Mapping[str, str]
    unread: tuple[str, ...] = ()


class Sessions:
    """The sessions below a directory. Nothing is made before something is to be kept.

    Every method but `resting` raises ScoError for a file that cannot be used: corrupt, of a newer sco, disk full or
    read-only.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def begin(self, title: str, now: int) -> str:
        """A new session's id; sessions beyond the newest are given up."""
        with self._open() as state, state.transaction():
            name = _unused(state)
            shown = _shortened(redact(printable(title.encode("utf-8", "replace").decode())))
            row = (name, now, now, shown)
            state.execute("INSERT INTO sessions (id, started, updated, title) VALUES (?, ?, ?, ?)", row)
            _prune(state, KEPT, now)
        return name

    def append(
        self,
        session: str,
        messages: Sequence[Message],
        looked: Sequence[Looked],
        now: int,
        *,
        model: str = "",
        masks: Mapping[str, str] | None = None,
    ) -> None:
        """Keep turns of a session behind those that are there, all or none; `masks` are added to those known."""
        kept = [message for message in messages if not isinstance(message, System)]
        said = [message.provider for message in kept if isinstance(message, Assistant) and message.provider]
        with self._open() as state, state.transaction():
            _touch(state, session, now, said[-1] if said else "", model)
            first = state.rows("SELECT coalesce(max(n), 0) + 1 AS n FROM turns WHERE session = ?", (session,))[0]["n"]
            for n, message in enumerate(kept, first):
                row = (session, n, written.role_of(message), written.write(message), now)
                state.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?)", row)
            for one in looked:
                _add_look(state, session, one)
            for mask, value in (masks or {}).items():
                state.execute("INSERT OR REPLACE INTO masks VALUES (?, ?, ?)", (session, mask, redact(value)))

    def load(self, session: str | None = None) -> Stored:
        """The session whose id begins so, the newest with None. UsageError where that is none, or more than one."""
        if not self._exists():
            raise _none(session)
        with self._open() as state, state.transaction():
            row = _found(state, session)
            mine = (row["id"],)
            turns = state.rows("SELECT n, role, body FROM turns WHERE session = ? ORDER BY n", mine)
            looks = state.rows("SELECT * FROM looked WHERE session = ? ORDER BY number, id", mine)
            masks = state.rows("SELECT mask, value FROM masks WHERE session = ?", mine)
        unread: list[str] = []
        return Stored(
            **row,
            messages=_messages(turns, unread),
            looked=_looks(looks, unread),
            masks={each["mask"]: each["value"] for each in masks},
            unread=tuple(unread),
        )

    def list(self, limit: int = KEPT) -> Sequence[SessionRow]:
        """The newest sessions, newest first."""
        if not self._exists():
            return ()
        query = """
            SELECT id, started, updated, title,
                (SELECT count(*) FROM turns WHERE session = sessions.id AND role = 'user') AS turns
            FROM sessions ORDER BY updated DESC, started DESC, rowid DESC LIMIT ?
        """
        with self._open() as state:
            return tuple(SessionRow(**row) for row in state.rows(query, (limit,)))

    def delete(self, session: str) -> str:
        """Forget the session whose id begins so; its id."""
        if not self._exists():
            raise _none(session)
        with self._open() as state, state.transaction():
            name = str(_found(state, session)["id"])
            state.execute("DELETE FROM sessions WHERE id = ?", (name,))
        return name

    def prune(self, keep: int, now: int) -> int:
        """Forget all but the newest, and rests that are over; how many sessions that were."""
        if not self._exists():
            return 0
        with self._open() as state, state.transaction():
            return _prune(state, keep, now)

    def rest(self, provider: str, endpoint: str, model: str, until: int, reason: str) -> None:
        """Remember that a provider is of no use before `until` (ms)."""
        row = (provider, redact(endpoint), model, until, redact(reason))
        with self._open() as state, state.transaction():
            state.execute("INSERT OR REPLACE INTO health VALUES (?, ?, ?, ?, ?)", row)

    def rested(self, provider: str, endpoint: str, model: str) -> None:
        """It answers again."""
        if not self._exists():
            return
        which = (provider, redact(endpoint), model)
        with self._open() as state:
            query = "SELECT 1 FROM health WHERE provider = ? AND endpoint = ? AND model = ?"
            if state.row(query, which):
                state.execute("DELETE FROM health WHERE provider = ? AND endpoint = ? AND model = ?", which)

    def resting(self, now: int) -> dict[tuple[str, str, str], tuple[int, str]]:
        """(provider, endpoint, model) -> (until, reason) of those that are of no use yet; none where the file cannot be
        used: that is told when the answer is to be kept, and must not stand in the answer's way."""
        if not self._exists():
            return {}
        try:
            with self._open() as state:
                rows = state.rows("SELECT * FROM health WHERE until > ?", (now,))
        except ScoError:
            return {}
        return {(row["provider"], row["endpoint"], row["model"]): (row["until"], row["reason"]) for row in rows}

    def introduce(self, provider: str, endpoint: str, sends: str) -> bool:
        """Whether nobody was told yet that this is sent there; from now on somebody was."""
        with self._open() as state:
            return (
                state.execute("INSERT OR IGNORE INTO introduced VALUES (?, ?, ?)", (provider, redact(endpoint), sends))
                > 0
            )

    def _exists(self) -> bool:
        return (self._directory / FILE).exists()

    def _open(self) -> State:
        return open_state(self._directory, file=FILE, migrations=MIGRATIONS)


def _unused(state: State) -> str:
    while True:
        name = secrets.token_hex(4)
        if state.row("SELECT 1 FROM sessions WHERE id = ?", (name,)) is None:
            return name


def _shortened(title: str) -> str:
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1].rstrip()}…"


def _touch(state: State, session: str, now: int, provider: str, model: str) -> None:
    query = """
        UPDATE sessions SET updated = max(updated, ?), provider = coalesce(nullif(?, ''), provider),
            model = coalesce(nullif(?, ''), model) WHERE id = ?
    """
    if not state.execute(query, (now, provider, model, session)):
        raise ScoError(f"session {session} is no longer there: another terminal has deleted it", hint="/save keeps it")


def _add_look(state: State, session: str, one: Looked) -> None:
    digits = "".join(char for char in one.evidence.id if char.isdigit())
    row = (session, int(digits or 0), written.dump(written.plain(one.evidence)), one.tool, written.dump(one.arguments))
    state.execute("INSERT INTO looked (session, number, evidence, tool, arguments) VALUES (?, ?, ?, ?, ?)", row)


def _prune(state: State, keep: int, now: int) -> int:
    state.execute("DELETE FROM health WHERE until <= ?", (now,))
    newest = "SELECT id FROM sessions ORDER BY updated DESC, started DESC, rowid DESC LIMIT ?"
    return state.execute(f"DELETE FROM sessions WHERE id NOT IN ({newest})", (keep,))


def _found(state: State, session: str | None) -> dict[str, Any]:
    if session is None:
        rows = state.rows("SELECT * FROM sessions ORDER BY updated DESC, started DESC, rowid DESC LIMIT 1")
    else:
        rows = state.rows("SELECT * FROM sessions WHERE substr(id, 1, ?) = ? LIMIT 9", (len(session), session))
    if not rows or session == "":
        raise _none(session)
    if len(rows) > 1:
        raise UsageError(f"more than one session begins with {session}: {', '.join(row['id'] for row in rows)}")
    return rows[0]


def _none(session: str | None) -> UsageError:
    what = "there is no session yet" if session is None else f"there is no session {printable(session)[:40]}"
    return UsageError(what, hint="sco ask --list")


def _messages(rows: Sequence[Mapping[str, str]], unread: list[str]) -> tuple[Message, ...]:
    found = []
    for row in rows:
        try:
            found.append(written.read(row["role"], row["body"]))
        except DataError as e:
            unread.append(f"turn {row['n']}: {e.message}")
    return tuple(found)


def _looks(rows: Sequence[Mapping[str, str]], unread: list[str]) -> tuple[Looked, ...]:
    found = []
    for row in rows:
        try:
            found.append(written.read_looked(row["evidence"], row["tool"], row["arguments"]))
        except DataError as e:
            unread.append(f"evidence {row['number']}: {e.message}")
    return tuple(found)
