"""One run at a time, as the flags ask for it, and its record."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from smartcloudops.core.errors import LockedError
from smartcloudops.core.locks import hold
from smartcloudops.core.times import parse_duration

if TYPE_CHECKING:
    from smartcloudops.core.config import Config
    from smartcloudops.core.runs import Kind, Report


@contextmanager
def run_lock(config: Config, name: str, timeout: str | None, *, skip: bool = False) -> Iterator[bool]:
    """Hold the lock and yield True; with `skip`, say so in one line and yield False where another run has it.

    Raises LockedError after `timeout` (a duration; none: at once).
    """
    lock = hold(config.state_dir, name, timeout_ms=parse_duration(timeout) if timeout else 0)
    try:
        lock.__enter__()
    except LockedError as e:
        if not skip:
            raise
        sys.stderr.write(f"sco: skipped: {e.message}\n")
        yield False
        return
    try:
        yield True
    finally:
        lock.__exit__(None, None, None)


def record(config: Config, kind: Kind, from_: Path | None, *, dry_run: bool) -> AbstractContextManager[Report]:
    """Keep the run in the state, for `sco status` and `sco doctor`; a dry run leaves no trace."""
    from smartcloudops.core.redact import redact
    from smartcloudops.core.runs import Report, recorded

    source = str(from_.absolute()) if from_ else redact(config.prometheus.url or "this machine")
    facts = {"source": source}
    return nullcontext(Report(facts=facts)) if dry_run else recorded(config.state_dir, kind, facts)
