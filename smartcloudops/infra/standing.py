"""Where a stack stands: what its state holds, who has its lock, its backups, and whether its servers answer.

What cannot be looked at is said and keeps nothing else from being shown. A local state needs no credentials.
"""

from __future__ import annotations

import fcntl
import json
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from smartcloudops.core import aws
from smartcloudops.core.errors import ScoError
from smartcloudops.core.times import to_ms
from smartcloudops.infra.backend import ensure
from smartcloudops.infra.backups import Backup, backups, local_state, way_back
from smartcloudops.infra.environments import Stack, settings_of
from smartcloudops.infra.reaching import PATIENCE_S, Reached, reach
from smartcloudops.infra.runner import Runner
from smartcloudops.infra.state import Holding, read_state

_NEWEST = 3
# struct flock of Linux: type, whence, start, length, process.
_FLOCK = "hhqqi"
_LOCK_S = 5.0


@dataclass(frozen=True, slots=True)
class Lock:
    """Who holds the state. `held`: False for what a killed run left behind, None where that cannot be told."""

    who: str
    since: str
    operation: str
    id: str
    held: bool | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One screen's worth. `written`: when the state was last written, ms; `problems`: what could not be looked at."""

    stack: Stack
    place: str
    holding: Holding
    written: int | None
    lock: Lock | None
    backups: tuple[Backup, ...]
    way_back: str | None
    reached: tuple[Reached, ...]
    problems: tuple[ScoError, ...]


def look(
    runner: Runner,
    stack: Stack,
    *,
    check: bool = True,
    patience_s: float = PATIENCE_S,
    say: Callable[[str], None] = lambda text: None,
) -> Standing:
    """Look at everything. `check`: also ask the servers of the stack; `say` hears of an initialisation."""
    problems: list[ScoError] = []
    holding, lock = Holding(), None
    try:
        ensure(runner, stack, say)
        holding = read_state(runner.capture("show", json=True))
    except ScoError as e:
        problems.append(e)
    try:
        lock = _lock(runner, stack)
    except ScoError as e:
        problems.append(e)
    kept = backups(stack)
    reached = reach(holding.outputs, patience_s=patience_s) if check else []
    return Standing(
        stack,
        _place(stack),
        holding,
        _written(stack, kept),
        lock,
        tuple(kept[:_NEWEST]),
        way_back(stack, kept[0].path) if kept else None,
        tuple(reached),
        tuple(problems),
    )


def _place(stack: Stack) -> str:
    """Where the state lies, for people."""
    if stack.backend == "s3":
        return f"s3://{settings_of(stack.dir).get('bucket', '')}/{stack.state_key}"
    return str(local_state(stack)) if stack.backend == "local" else "as backend.tf says"


def _written(stack: Stack, kept: list[Backup]) -> int | None:
    """When the state was last written; of one that lies elsewhere, when sco last was about to."""
    if stack.backend == "local":
        with suppress(OSError):
            return round(local_state(stack).stat().st_mtime * 1000)
        return None
    return taken_ms(kept[0]) if kept else None


def taken_ms(backup: Backup) -> int:
    """When a backup was taken."""
    return to_ms(datetime.strptime(backup.taken, "%Y%m%dT%H%M%SZ"))


def _lock(runner: Runner, stack: Stack) -> Lock | None:
    if stack.backend == "local":
        return local_lock(local_state(stack))
    return _bucket_lock(runner, stack) if stack.backend == "s3" else None


def local_lock(state: Path) -> Lock | None:
    """The lock of a local state. Terraform leaves its note behind where it was killed, but not the file's lock."""
    try:
        text = (state.parent / f".{state.name}.lock.info").read_text(errors="replace")
    except OSError:
        return None
    return _read_lock(text, _is_locked(state))


def _is_locked(state: Path) -> bool | None:
    """Whether a process holds the file's lock; asked for without taking it."""
    wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0)
    try:
        with state.open("r+b") as file:
            found = fcntl.fcntl(file, fcntl.F_GETLK, wanted)
    except OSError:
        return None
    return bool(struct.unpack(_FLOCK, found)[0] != fcntl.F_UNLCK)


def _bucket_lock(runner: Runner, stack: Stack) -> Lock | None:
    """The lock of a state in S3: a file beside it, or an item in a table."""
    settings = settings_of(stack.dir)
    bucket, region, table = settings.get("bucket", ""), settings.get("region"), settings.get("dynamodb_table")
    with aws.errors(f"s3://{bucket}", "look at the lock", reading=True):
        session = aws.session(region=region, environ=runner.environ)
        if table:
            client = aws.client(session, "dynamodb", attempts=1, read_s=_LOCK_S)
            key = {"LockID": {"S": f"{bucket}/{stack.state_key}"}}
            item = client.get_item(TableName=table, Key=key).get("Item") or {}
            text = (item.get("Info") or {}).get("S")
        else:
            text = _object(aws.client(session, "s3", attempts=1, read_s=_LOCK_S), bucket, f"{stack.state_key}.tflock")
    return _read_lock(text, True) if text else None


def _object(client: Any, bucket: str, key: str) -> str | None:
    found = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents") or []
    if not any(each["Key"] == key for each in found):
        return None
    body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read(65_536)
    return body.decode(errors="replace")


def _read_lock(text: str, held: bool | None) -> Lock:
    try:
        said = json.loads(text)
    except ValueError:
        said = {}
    told = said if isinstance(said, dict) else {}
    who, since, operation, identity = (str(told.get(key) or "") for key in ("Who", "Created", "Operation", "ID"))
    return Lock(who or "somebody", since[:19], operation.removeprefix("OperationType").lower(), identity, held)
