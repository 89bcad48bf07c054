"""The state: `state.db` whole and of a known schema, and who holds which lock."""

from __future__ import annotations

import os
from pathlib import Path

from smartcloudops.core.locks import Held, held, is_alive
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import HOUR, format_duration, now_ms
from smartcloudops.doctor.scene import Finding, Scene

_LONG_MS = 6 * HOUR


def database(scene: Scene) -> Finding:
    """Whether the state can be read and written; ScoError for a corrupt one, or one of a newer sco."""
    directory = scene.config.state_dir
    path = directory / FILE
    if not path.exists():
        wrong = cannot_hold(directory)
        if wrong:
            return Finding("fail", f"the state cannot be kept: {wrong}", "set [state] dir to a directory of this user")
        return Finding("info", f"nothing in {directory} yet: the first train or detect begins it")
    owner = path.stat().st_uid
    if not (os.access(path, os.R_OK | os.W_OK) and os.access(directory, os.W_OK | os.X_OK)):
        mend = f"chown -R {os.geteuid()} {directory}, or run sco as uid {owner}"
        return Finding("fail", f"{path} (of uid {owner}) cannot be written by this user (uid {os.geteuid()})", mend)
    with open_state(directory, busy_ms=3000) as state:
        row = state.row("PRAGMA quick_check(1)")
        said = next(iter(row.values())) if row else "nothing"
        open_ = state.row("SELECT count(*) AS n FROM incidents WHERE end IS NULL")
    if said != "ok":
        return Finding("fail", f"{path} is damaged: {said}", f"mv {path} {path}.broken, or restore a copy")
    return Finding("ok", f"{path} is whole, {open_['n'] if open_ else 0} incidents open")


def cannot_hold(directory: Path) -> str | None:
    """Why files cannot be made there, or below what there is of it; None where they can."""
    there = next(each for each in (directory, *directory.absolute().parents) if os.path.lexists(each))
    if not there.is_dir():
        return f"{there} is no directory"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{there} cannot be written by this user (uid {os.geteuid()})"
    return None


def locks(scene: Scene) -> Finding:
    """Locks end with their process; what can go wrong is a process that never ends, or children of a dead one."""
    directory = scene.config.state_dir
    found = held(directory)
    if not found:
        left = sorted(each.stem for each in directory.glob("*.lock")) if directory.is_dir() else []
        files = f" (files of {', '.join(left)} lie there, which is normal)" if left else ""
        return Finding("ok", f"none is held{files}")
    return max((_judged(each) for each in found), key=lambda f: ("ok", "warn", "fail").index(f.level))


def _judged(lock: Held) -> Finding:
    if not is_alive(lock.pid):
        heirs = " ".join(str(each) for each in lock.heirs)
        return Finding(
            "fail",
            f"{lock.name}: pid {lock.pid}, which took it, is dead; "
            + (f"its children {heirs} still hold it" if heirs else "a process of another user still holds it"),
            f"kill {heirs}" if heirs else f"sudo fuser -v {lock.path}",
        )
    age_ms = max(0, now_ms() - round(lock.path.stat().st_mtime * 1000))
    seen = f"{lock.name} is held by pid {lock.pid} for {format_duration(max(1000, age_ms // 1000 * 1000))}"
    if age_ms > _LONG_MS:
        return Finding(
            "warn", f"{seen}; every other {lock.name} waits or is skipped", f"ps -fp {lock.pid}; kill {lock.pid}"
        )
    return Finding("ok", seen)
