"""The schema of `state.db`, one numbered step after another; a released step is never edited."""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE incidents (
            id TEXT PRIMARY KEY,
            fingerprint TEXT NOT NULL,
            source TEXT NOT NULL,
            grp TEXT NOT NULL,
            start INTEGER NOT NULL,
            last INTEGER NOT NULL,
            "end" INTEGER,
            severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
            peak REAL NOT NULL,
            suspects TEXT NOT NULL DEFAULT '[]',
            label INTEGER CHECK (label IN (0, 1)),
            model TEXT,
            updated_at INTEGER NOT NULL,
            UNIQUE (fingerprint, start)
        ) STRICT
        """,
        'CREATE UNIQUE INDEX incidents_open ON incidents (fingerprint) WHERE "end" IS NULL',
        "CREATE INDEX incidents_last ON incidents (last)",
        """
        CREATE TABLE incident_events (
            id INTEGER PRIMARY KEY,
            incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
            kind TEXT NOT NULL CHECK (kind IN ('opened', 'updated', 'closed', 'labelled')),
            at INTEGER NOT NULL,
            body TEXT NOT NULL DEFAULT '{}'
        ) STRICT
        """,
        """
        CREATE UNIQUE INDEX incident_events_once ON incident_events (incident_id, kind)
        WHERE kind IN ('opened', 'closed')
        """,
        "CREATE INDEX incident_events_of ON incident_events (incident_id, at)",
        "CREATE TABLE cursors (name TEXT PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL DEFAULT '{}') STRICT",
    ),
    (
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('train', 'detect')),
            pid INTEGER NOT NULL,
            started INTEGER NOT NULL,
            ended INTEGER,
            status INTEGER,
            body TEXT NOT NULL DEFAULT '{}'
        ) STRICT
        """,
        "CREATE INDEX runs_of ON runs (kind, id)",
    ),
    (
        "ALTER TABLE incidents ADD COLUMN acked INTEGER",
        "ALTER TABLE incidents ADD COLUMN note TEXT",
        """
        CREATE TABLE incident_events_new (
            id INTEGER PRIMARY KEY,
            incident_id TEXT NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
            kind TEXT NOT NULL CHECK (kind IN ('opened', 'updated', 'closed', 'labelled', 'acked', 'unacked')),
            at INTEGER NOT NULL,
            body TEXT NOT NULL DEFAULT '{}'
        ) STRICT
        """,
        "INSERT INTO incident_events_new SELECT * FROM incident_events",
        "DROP TABLE incident_events",
        "ALTER TABLE incident_events_new RENAME TO incident_events",
        """
        CREATE UNIQUE INDEX incident_events_once ON incident_events (incident_id, kind)
        WHERE kind IN ('opened', 'closed')
        """,
        "CREATE INDEX incident_events_of ON incident_events (incident_id, at)",
    ),
    (
        """
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY,
            sink TEXT NOT NULL,
            key TEXT NOT NULL,
            incident_id TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('opened', 'escalated', 'reminder', 'closed')),
            severity TEXT NOT NULL,
            last INTEGER NOT NULL,
            body TEXT NOT NULL,
            at INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_at INTEGER NOT NULL DEFAULT 0,
            delivered_at INTEGER,
            dead_at INTEGER,
            error TEXT,
            UNIQUE (sink, key)
        ) STRICT
        """,
        "CREATE INDEX outbox_of ON outbox (sink, incident_id, id)",
        "CREATE INDEX outbox_waiting ON outbox (sink, id) WHERE delivered_at IS NULL AND dead_at IS NULL",
    ),
    ("ALTER TABLE incidents ADD COLUMN strong INTEGER",),
    ("ALTER TABLE incidents ADD COLUMN evidence TEXT NOT NULL DEFAULT '[]'",),
)
