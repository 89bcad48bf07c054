"""Models between the local store and S3: the rules of who moves which pointer, and when.

1. A push sends what S3 lacks, then moves S3's pointer, *forwards only*: to a version that is later than the one in use
   there and that was not in use there before. (So no push undoes somebody's going back.)
2. `promote --remote` and `rollback --remote` move it wherever they say.
3. Every move is conditional on what was read. Of two writers at once one wins; the other reads again: a push compares
   again, a deliberate move gives up and says what is in use by then.
4. A pull changes this machine only. `if_newer` does nothing while S3's pointer stands where this machine last saw it
   (so going back here lasts), nor where the model in use here is later and not in S3 (it waits to be pushed).

`remote.json` beside the local pointer keeps which move of S3's pointer this machine has seen, and what waits to be
pushed. It may be lost: then a pull asks again, and a push sends what is in use.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from smartcloudops.anomaly.changes import Change, changes
from smartcloudops.anomaly.detection import check
from smartcloudops.anomaly.pointer import VERSION, learnt_at
from smartcloudops.anomaly.remote import Advance, MovedError, Pointer, RemoteStore, Sent
from smartcloudops.anomaly.store import LocalStore, Stored, open_at
from smartcloudops.core.errors import ModelError, ScoError, UsageError
from smartcloudops.core.files import write_atomic
from smartcloudops.core.log import Log
from smartcloudops.core.registry import nearest
from smartcloudops.core.times import DAY

_FILE = "remote.json"
_TRIES, _WAIT_S = 12, 0.05
_LOG = Log("models")


@dataclass(frozen=True, slots=True)
class Seen:
    """What this machine knows of one place in S3: the stamp of the pointer it agreed with, and versions to push."""

    place: str
    stamp: str = ""
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did: what was sent, versions that failed their own checks, and S3's pointer before and after.

    `why` says in words why the pointer was not moved; "" where it was, or names the wanted version already.
    """

    sent: tuple[Sent, ...]
    refused: tuple[str, ...]
    before: str | None
    after: str | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pull would fetch; `version` is None where there is nothing to do, and `why` says so.

    `at` is S3's pointer where using that version agrees with it.
    """

    version: str | None
    why: str = ""
    at: Pointer | None = None


def seen(store: LocalStore, remote: RemoteStore) -> Seen:
    """What is known of that place; nothing where the file is missing, damaged, or about another place."""
    nothing = Seen(str(remote.place))
    try:
        data: Any = json.loads((store.directory / _FILE).read_bytes())
        waiting = tuple(v for v in data["waiting"] if isinstance(v, str) and VERSION.fullmatch(v))
        found = Seen(str(data["place"]), str(data["stamp"]), waiting)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return nothing
    return found if found.place == nothing.place else nothing


def _remember(store: LocalStore, known: Seen) -> None:
    body = {"place": known.place, "stamp": known.stamp, "waiting": list(known.waiting)}
    write_atomic(store.directory / _FILE, json.dumps(body, indent=1).encode() + b"\n")


def enqueue(store: LocalStore, remote: RemoteStore, version: str) -> None:
    """Note that a version waits to be pushed, before anything is sent: what is cut off is taken up by the next push."""
    known = seen(store, remote)
    waiting = (*(v for v in known.waiting if v != version), version)
    _remember(store, replace(known, waiting=waiting))


def push(
    store: LocalStore, remote: RemoteStore, version: str | None = None, advance: Advance = lambda done, total: None
) -> Pushed:
    """Send one version, or what waits and what is in use; then move S3's pointer by rule 1.

    Raises what the client raises (`aws.errors`), UsageError where there is nothing to push. The caller holds the lock.
    """
    in_use = store.pointer()["version"]
    if version is None and in_use is None:
        raise UsageError(f"no model is in use in {store.directory}", hint="sco train")
    known, stored = seen(store, remote), set(store.versions())
    wanted = [version] if version else [*(v for v in known.waiting if v in stored and v != in_use), in_use]
    sent, refused = [], []
    for each in wanted:
        try:
            sent.append(remote.upload(store.open(each), advance))
        except ModelError as e:
            refused.append(e.message)
        known = replace(known, waiting=tuple(v for v in known.waiting if v != each and v in stored))
        _remember(store, known)
    before, after, why = _move(remote, in_use if in_use in [s.version for s in sent] else None)
    if after.version == in_use:
        _remember(store, replace(known, stamp=after.stamp))
    for each in sent:
        _LOG.info("pushed", version=each.version, files=each.files, bytes=each.bytes, place=str(remote.place))
    return Pushed(tuple(sent), tuple(refused), before, after.version, why)


def _move(remote: RemoteStore, version: str | None) -> tuple[str | None, Pointer, str]:
    """Move the pointer by rules 1 and 3; what it named before, what it is now, and why it stayed."""
    for _ in range(_TRIES):
        at = remote.pointer()
        if version is None or version == at.version:
            return at.version, at, ""
        if why := stays(at, version):
            return at.version, at, why
        try:
            return at.version, remote.point(at, version), ""
        except MovedError:
            time.sleep(random.uniform(0, _WAIT_S))
    raise ScoError(f"{remote.place}: others keep moving the pointer", hint="sco models push")


def stays(at: Pointer, version: str) -> str:
    """Why a push leaves the pointer where it is, in words; "" where it does not (rule 1). Names sort by age.

    >>> at = Pointer("20261124T031700Z-aaaaaa", ("20261125T031700Z-bbbbbb",), "", None)
    >>> stays(at, "20261123T031700Z-cccccc"), stays(at, "20261126T031700Z-dddddd")
    ('20261124T031700Z-aaaaaa in use there is later', '')
    >>> stays(at, "20261125T031700Z-bbbbbb")
    'somebody went back from it to 20261124T031700Z-aaaaaa there'
    """
    if at.version is None or version == at.version:
        return ""
    if version < at.version:
        return f"{at.version} in use there is later"
    return f"somebody went back from it to {at.version} there" if version in at.history else ""


def put_in_use(store: LocalStore, remote: RemoteStore, version: str) -> Pushed:
    """Rule 2: make S3's pointer name a version that this machine has, sending what S3 lacks of it.

    Raises MovedError where somebody else moved the pointer meanwhile.
    """
    at = remote.pointer(mend=True)
    sent = remote.upload(store.open(version))
    after = at if at.version == version else remote.point(at, version)
    _remember(store, replace(seen(store, remote), stamp=after.stamp))
    return Pushed((sent,), (), at.version, after.version)


def offer(
    store: LocalStore, remote: RemoteStore, version: str | None = None, *, if_newer: bool = False, now: int
) -> Offer:
    """What a pull would fetch: the version named, else what is in use in S3, by rule 4. Nothing is fetched.

    Raises UsageError where there is none, ModelError where its name is no past moment: names order versions.
    """
    if version is not None:
        there = [name for name, files in remote.versions().items() if files.whole]
        if version not in there:
            hint = nearest(version, there) if there else "sco models push, on a machine that has one"
            raise UsageError(f"no model version '{version}' in {remote.place}", hint=hint)
        return _timely(Offer(version), remote, now)
    here, at = _in_use(store), remote.pointer()
    if at.version is None:
        raise UsageError(f"no model is in use in {remote.place} yet", hint="sco models push, on a machine that has one")
    if at.version == here:
        return Offer(None, f"{here}, in use in {remote.place}, is in use here", at)
    if if_newer and at.stamp == seen(store, remote).stamp:
        return Offer(None, f"{remote.place} has not changed since this machine last agreed with it")
    if if_newer and here is not None and here > at.version and not _is_whole(remote, here):
        return Offer(None, f"{here}, in use here, is later and not in {remote.place}; push it: sco models push")
    return _timely(Offer(at.version, at=at), remote, now)


def _timely(offered: Offer, remote: RemoteStore, now: int) -> Offer:
    if learnt_at(offered.version or "") > now + DAY:
        hint = "check the clock of the machine that learnt it, and of this one"
        raise ModelError(f"{remote.place}: model {offered.version} is refused: it is from the future", hint=hint)
    return offered


def _is_whole(remote: RemoteStore, version: str) -> bool:
    listed = remote.versions().get(version)
    return listed is not None and listed.whole


def _in_use(store: LocalStore) -> str | None:
    with suppress(ModelError):
        found: str | None = store.pointer()["version"]
        return found
    return None


def fetch(
    store: LocalStore, remote: RemoteStore, version: str, advance: Advance = lambda done, total: None
) -> Literal["fetched", "there"]:
    """Bring a version into the local store, whole and checked; it is not in use yet. The caller holds the lock."""
    if version in store.versions():
        with suppress(ModelError):
            check(store.open(version))
            return "there"
    store.receive(version, lambda directory: remote.download(version, directory, advance), check)
    _LOG.info("pulled", version=version, place=str(remote.place))
    return "fetched"


def compare(
    store: LocalStore, remote: RemoteStore, version: str, advance: Advance = lambda done, total: None, *, keep: bool
) -> list[Change]:
    """Bring a version here and say what using it would change; without `keep` nothing of it stays.

    A model in use here that cannot be read is compared with as if there were none.
    """
    if keep or version in store.versions():
        fetch(store, remote, version, advance)
        return _changes(store, store.open(version))
    with TemporaryDirectory(prefix="sco-") as directory:
        remote.download(version, Path(directory), advance)
        new = open_at(Path(directory), version)
        check(new)
        return _changes(store, new)


def _changes(store: LocalStore, new: Stored) -> list[Change]:
    with suppress(ModelError):
        here = store.pointer()["version"]
        return changes(store.open(here) if here else None, new)
    return changes(None, new)


def take(store: LocalStore, remote: RemoteStore, offered: Offer) -> None:
    """Put what was fetched in use here, and remember which move of S3's pointer this machine now agrees with."""
    if offered.version is not None:
        store.promote(offered.version)
    if offered.at is not None:
        _remember(store, replace(seen(store, remote), stamp=offered.at.stamp))


def prune(
    remote: RemoteStore, kept: Callable[[list[str]], set[str]], *, now: int, leftovers_ms: int, dry_run: bool
) -> list[str]:
    """Remove versions that `kept` leaves out; the one in use always stays. Returns what was, or would be, removed.

    What was only half sent goes where its newest file is older than `leftovers_ms`. The history loses the removed
    names first; who is about to put one of them in use is then refused, and every removal looks at the pointer again.
    """
    at, listed = remote.pointer(), remote.versions()
    whole = [v for v, files in listed.items() if files.whole]
    gone = [v for v in whole if v not in kept(whole) | {at.version}]
    gone += [v for v, files in listed.items() if not files.whole and files.newest < now - leftovers_ms]
    if dry_run or not gone:
        return gone
    if at.version is not None:
        remote.point(at, at.version, without=gone)
    removed = []
    for version in gone:
        if remote.pointer().version != version:
            remote.remove(version)
            removed.append(version)
    return removed
