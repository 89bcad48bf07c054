"""The state before every write, kept beside the stack for this user alone; and the way back.

A state knows its lineage (which stack it is of) and its serial (how many times it was written). Terraform refuses to
put an older serial over a newer one, so a backup is put back as the next serial; one of another lineage stays refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import DataError, ScoError
from smartcloudops.core.files import cannot_write, write_atomic
from smartcloudops.core.times import now_ms
from smartcloudops.infra.complaints import STALE
from smartcloudops.infra.environments import Stack, settings_of
from smartcloudops.infra.private import private_directory
from smartcloudops.infra.runner import Runner
from smartcloudops.infra.state_bucket import aside_in_bucket

KEPT = 30
_FILE = re.compile(r"(\d{8}T\d{6}Z)-serial-(\d+)\.tfstate")


@dataclass(frozen=True, slots=True)
class Backup:
    """A state that was kept. `serial` is which writing of it."""

    path: Path
    taken: str
    serial: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back; `aside`: where the unreadable state lies that was in its place, "" where there was none."""

    backup: Path
    serial: int
    resources: int
    aside: str = ""


def pull(runner: Runner) -> str:
    """The state as it is now; "" where there is none. It holds secrets in clear."""
    text = runner.capture("state pull")
    # Of nothing, Terraform 1.0 prints a state without a lineage.
    return text if text.strip() and mark(text)[0] else ""


def mark(state: str) -> tuple[str, int]:
    """Which state it is and which writing of it; ("", 0) where there is none."""
    if not state:
        return "", 0
    document = _parsed(state, Path("the state"))
    return str(document["lineage"]), int(document["serial"])


def is_empty(state: str) -> bool:
    """Whether a pulled state knows no resource."""
    return not addresses(state)


def addresses(state: str) -> list[str]:
    """The resources that a pulled state knows, without what is only read; `count` and `for_each` are one."""
    if not state:
        return []
    found = _parsed(state, Path("the state")).get("resources") or []
    return sorted({f"{each.get('type')}.{each.get('name')}" for each in found if each.get("mode") != "data"})


def back_up(
    runner: Runner, stack: Stack, *, now: int | None = None, expected: tuple[str, int] | None = None
) -> Path | None:
    """Keep the state as it is now, mode 0600; None where there is none yet. The newest are kept, `KEPT` of them.

    ScoError where it is not the `expected` one: Terraform 1.0 would apply a plan that was made of nothing twice.
    """
    text = pull(runner)
    if expected is not None and mark(text) != expected:
        raise ScoError(STALE, hint="run the command again")
    return _keep(stack, text, now_ms() if now is None else now) if text else None


def backups(stack: Stack) -> list[Backup]:
    """Those that are kept of this environment, the newest first."""
    folder = _folder(stack)
    files = sorted(folder.iterdir(), reverse=True) if folder.is_dir() else []
    found = [(path, _FILE.fullmatch(path.name)) for path in files]
    return [Backup(path, match[1], int(match[2])) for path, match in found if match]


def way_back(stack: Stack, backup: Path) -> str:
    """The command that puts it back."""
    env = f" -e {stack.env}" if stack.env else ""
    return f"sco infra restore{env} {backup}"


def restore(runner: Runner, stack: Stack, path: Path) -> Restored:
    """Put a backup back as the newest state, after keeping what is there.

    Raises DataError for what is no state or of another stack. A state that cannot be read is set aside.
    """
    document = _parsed(_read(path), path)
    aside = _set_unreadable_aside(runner, stack)
    current = pull(runner)
    if current:
        _keep(stack, current, now_ms())
        here = _parsed(current, Path("the state"))
        _check_lineage(document, here, path)
        document["serial"] = max(int(here["serial"]), int(document["serial"])) + 1
    push(runner, json.dumps(document, indent=2), first=not current)
    return Restored(path, int(document["serial"]), len(document.get("resources") or ()), aside)


def push(runner: Runner, state: str, *, first: bool = False) -> None:
    """Make this the state; Terraform refuses another lineage and an older serial.

    `first`: where there is none yet, a remote backend would begin a lineage of its own, and no backup would fit it;
    once more by force keeps the lineage.
    """
    with private_directory() as folder:
        path = folder / "state"
        write_atomic(path, state.encode(), mode=0o600)
        runner.capture("state push", str(path))
        if first:
            runner.capture("state push", str(path), force=True)


def local_state(stack: Stack) -> Path:
    """Where the state lies when no backend holds it."""
    folder = stack.dir if stack.env is None else stack.dir / "terraform.tfstate.d" / stack.env
    return folder / "terraform.tfstate"


def _folder(stack: Stack) -> Path:
    return stack.private / "backups" / stack.label


def _keep(stack: Stack, text: str, now: int) -> Path:
    serial = int(_parsed(text, Path("the state"))["serial"])
    taken = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = _folder(stack)
    try:
        for each in (stack.private, stack.private / "backups", folder):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            each.chmod(0o700)
    except OSError as e:
        raise cannot_write(folder, e) from e
    ignored = stack.private / ".gitignore"
    if not ignored.exists():
        write_atomic(ignored, b"# States hold secrets in clear.\n*\n")
    path = folder / f"{taken}-serial-{serial}.tfstate"
    write_atomic(path, text.encode(), mode=0o600)
    for old in backups(stack)[KEPT:]:
        old.path.unlink(missing_ok=True)
    return path


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as e:
        why = e.strerror if isinstance(e, OSError) else "it is no text"
        raise DataError(f"cannot read {path}: {why}", hint="sco infra status lists the backups") from e


def _parsed(text: str, path: Path) -> dict[str, Any]:
    """A state; what is in it goes into no error."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not {"version", "serial", "lineage"} <= document.keys():
        raise DataError(f"{path} is no state of Terraform", hint="sco infra status lists the backups")
    return document


def _check_lineage(document: dict[str, Any], here: dict[str, Any], path: Path) -> None:
    if document["lineage"] != here["lineage"]:
        hint = f"is that the right environment? by hand, if you are sure: terraform state push -force {path}"
        raise DataError(f"{path} is the state of another stack (its lineage differs)", hint=hint)


def _set_unreadable_aside(runner: Runner, stack: Stack) -> str:
    """Terraform puts nothing over a state that it cannot read; where that lies now, "" where it can be read."""
    if stack.backend == "s3":
        settings = settings_of(stack.dir)
        return aside_in_bucket(settings, stack.state_key, _is_state, environ=runner.environ)
    path = local_state(stack)
    if stack.backend == "own" or not path.exists() or _is_state(path.read_bytes()):
        return ""
    aside = path.with_name(f"{path.name}.unreadable-{now_ms()}")
    try:
        path.rename(aside)
    except OSError as e:
        raise ScoError(f"cannot rename {path}: {e.strerror}") from e
    return str(aside)


def _is_state(data: bytes) -> bool:
    try:
        _parsed(data.decode(), Path("the state"))
    except (DataError, UnicodeDecodeError):
        return False
    return True
