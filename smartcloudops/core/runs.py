"""The runs of `train` and `detect` in `state.db`: when each began and ended, and how."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from smartcloudops.core.errors import ScoError, Status, status_of
from smartcloudops.core.state import State, open_state
from smartcloudops.core.times import DAY, now_ms

Kind = Literal["train", "detect"]
KEPT_MS = 30 * DAY


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `ended` and `status` are None while it goes on, and for ever where it was killed.

    `facts` are what it says about itself: `source`, `model`, counts; `error` where it failed.
    """

    kind: Kind
    pid: int
    started: int
    ended: int | None
    status: int | None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """What a run says about itself before it ends."""

    status: Status = Status.DONE
    facts: dict[str, Any] = field(default_factory=dict)


@contextmanager
def recorded(
    directory: Path, kind: Kind, facts: Mapping[str, Any] = MappingProxyType({}), *, now: Callable[[], int] = now_ms
) -> Iterator[Report]:
    """Keep a run in `<directory>/state.db`: as begun at once, as ended when the block ends, however it ends.

    Runs older than 30 days are forgotten.
    """
    report = Report(facts=dict(facts))
    with open_state(directory) as state:
        key = _begin(state, kind, now())
    try:
        yield report
    except BaseException as e:
        report.status, report.facts["error"] = status_of(e), _said(e)
        # What went wrong first is what the user should hear of.
        with suppress(ScoError):
            _end(directory, key, report, now())
        raise
    _end(directory, key, report, now())


def _begin(state: State, kind: Kind, now: int) -> int:
    with state.transaction():
        state.execute("DELETE FROM runs WHERE kind = ? AND started < ?", (kind, now - KEPT_MS))
        state.execute("INSERT INTO runs (kind, pid, started) VALUES (?, ?, ?)", (kind, os.getpid(), now))
        row = state.row("SELECT last_insert_rowid() AS id")
    assert row is not None
    return int(row["id"])


def _end(directory: Path, key: int, report: Report, now: int) -> None:
    with open_state(directory) as state:
        state.execute(
            "UPDATE runs SET ended = ?, status = ?, body = ? WHERE id = ?",
            (now, int(report.status), json.dumps(report.facts), key),
        )


def _said(e: BaseException) -> str:
    from smartcloudops.core.redact import redact

    if isinstance(e, ScoError):
        return redact(e.message)
    return type(e).__name__ if isinstance(e, Exception) else status_of(e).name.lower()


def newest(state: State, kind: Kind, *, limit: int = 1) -> Sequence[Run]:
    """The newest runs of a kind, newest first."""
    rows = state.rows("SELECT * FROM runs WHERE kind = ? ORDER BY id DESC LIMIT ?", (kind, limit))
    return [
        Run(row["kind"], row["pid"], row["started"], row["ended"], row["status"], json.loads(row["body"]))
        for row in rows
    ]


def cadence(runs: Sequence[Run]) -> int | None:
    """The usual time in ms from one run's start to the next, None where fewer than four runs tell.

    >>> cadence([Run("detect", 1, at, at, 0) for at in (900, 600, 300, 0)])
    300
    """
    gaps = sorted(later.started - earlier.started for later, earlier in pairwise(runs))
    return gaps[len(gaps) // 2] if len(gaps) >= 3 else None
