"""The packaged stack copied to a directory of the user's: once, and after an upgrade only what was not edited.

`.sco-stack.json` there keeps the SHA-256 of every file as it was last given out, so that an edited file is known. In a
checkout the stack is the folder `terraform` at the top; the wheel carries it below `smartcloudops/data`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import smartcloudops
from smartcloudops.core.errors import ConfigError, ScoError
from smartcloudops.core.files import cannot_write, sha256, write_atomic

MANIFEST = ".sco-stack.json"
_VERSION = 1
# new: not there yet; updated: as sco gave it out, and sco has another one now; edited: kept as it is; removed: as sco
# gave it out, and no longer part of the stack; left: no longer part of it, but edited; deleted: taken away by the user.
Fate = Literal["same", "new", "updated", "edited", "removed", "left", "deleted"]
# What lies beside a stack that is in use, and is never part of the packaged one.
_FOREIGN = (".tfstate", ".tfplan", ".tfvars", "_override.tf", ".pyc")
_FOREIGN_PARTS = {".terraform", ".sco", "__pycache__", "terraform.tfstate.d", ".terraform.lock.hcl"}


@dataclass(frozen=True, slots=True)
class File:
    """One file of the stack: its path below the directory, what becomes of it, and the packaged content.

    `upstream`: the packaged file is another one than what was last given out. `diff`: from what is there to the
    packaged one, as `diff -u` writes it.
    """

    path: str
    fate: Fate
    content: bytes = b""
    upstream: bool = False
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Copied:
    """How a directory stands to the packaged stack. `fresh`: nothing of the stack is there yet."""

    directory: Path
    files: tuple[File, ...]
    fresh: bool

    def paths(self, *fates: Fate) -> list[str]:
        """The files with that fate."""
        return [file.path for file in self.files if file.fate in fates]

    @property
    def new(self) -> list[str]:
        """Files that are written because they are missing."""
        return self.paths("new")

    @property
    def changes_files(self) -> bool:
        """Whether files that are there would be replaced or removed."""
        return bool(self.paths("updated", "removed"))

    def diffs(self, *, everything: bool = False) -> Iterator[str]:
        """Lines of the differences: of files that are replaced, and of edited ones that changed in sco; or of all."""
        for file in self.files:
            if everything or file.fate == "updated" or (file.fate == "edited" and file.upstream):
                yield from file.diff


def packaged() -> Path:
    """The directory of the stack that came with sco; ScoError where the installation lacks it."""
    package = Path(smartcloudops.__file__).parent
    for directory in (package / "data" / "terraform", package.parent / "terraform"):
        if (directory / "versions.tf").is_file():
            return directory
    raise ScoError(f"the Terraform files are not in {package / 'data'}", hint="install sco again, from its wheel")


def contents(source: Path) -> dict[str, bytes]:
    """The stack's files by their path; nothing that Terraform or a user leaves beside them."""
    found = {}
    for path in sorted(source.rglob("*")):
        below = path.relative_to(source)
        if path.is_file() and not _is_foreign(below):
            found[below.as_posix()] = path.read_bytes()
    return found


def _is_foreign(path: Path) -> bool:
    return (
        not _FOREIGN_PARTS.isdisjoint(path.parts)
        or path.name.endswith(_FOREIGN)
        or ".tfstate." in path.name
        or path.name == MANIFEST
    )


def look(target: Path, source: Path | None = None) -> Copied:
    """What copying would do; nothing is written.

    ConfigError where the directory is another Terraform project, or something that is no directory.
    """
    wanted = contents(source or packaged())
    known = _known(target)
    if known is None:
        _check_free(target, wanted)
    given = known or {}
    files = [_compared(target, path, content, given.get(path)) for path, content in wanted.items()]
    gone = [_gone(target, path, digest) for path, digest in given.items() if path not in wanted]
    fresh = known is None and all(file.fate == "new" for file in files)
    return Copied(target, (*files, *(each for each in gone if each is not None)), fresh)


def copy(target: Path, source: Path | None = None) -> Copied:
    """Write what is new and replace what was not edited, each file whole or not at all; what was done."""
    found = look(target, source)
    for file in found.files:
        if file.fate in ("new", "updated"):
            write_atomic(target / file.path, file.content)
        elif file.fate == "removed":
            _remove(target / file.path)
    # Last: where this was cut short, the next run finds the files that are in place already to be the same.
    _write_manifest(target, found)
    return found


def _compared(target: Path, path: str, content: bytes, given: str | None) -> File:
    there, digest = _read(target, path), sha256(content)
    upstream = given is not None and given != digest
    if there is None:
        return File(path, "new" if given is None else "deleted", content, upstream)
    if there == content:
        return File(path, "same", content)
    fate: Fate = "updated" if sha256(there) == given else "edited"
    return File(path, fate, content, upstream, _diff(path, there, content))


def _gone(target: Path, path: str, given: str) -> File | None:
    """A file that sco gave out once, and no longer does."""
    there = _read(target, path)
    if there is None:
        return None
    return File(path, "removed" if sha256(there) == given else "left", diff=_diff(path, there, b""))


def _read(target: Path, path: str) -> bytes | None:
    if not (target / path).parent.resolve().is_relative_to(target.resolve()):
        raise ConfigError(f"{target / path} leads out of {target} by a link", hint="remove the link")
    try:
        return (target / path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as e:
        raise ConfigError(f"{target / path} cannot be read: {e.strerror or e}", hint="move it away") from e


def _diff(path: str, there: bytes, content: bytes) -> tuple[str, ...]:
    before, after = (data.decode(errors="replace").splitlines() for data in (there, content))
    return tuple(difflib.unified_diff(before, after, f"{path}  (yours)", f"{path}  (sco's)", lineterm=""))


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as e:
        raise cannot_write(path, e) from e


def _check_free(target: Path, wanted: Mapping[str, bytes]) -> None:
    """A directory with a Terraform project of somebody else's is not mixed with the stack."""
    if target.exists() and not target.is_dir():
        raise ConfigError(f"{target} is no directory", hint="name another: sco infra init --dir DIR")
    there = {path.name: path.read_bytes() for path in sorted(target.glob("*.tf"))}
    # One file as sco has it tells a copy whose manifest is gone from a project that is not sco's.
    strange = list(there) if all(wanted.get(name) != content for name, content in there.items()) else []
    if strange:
        hint = "name another directory: sco infra init --dir DIR"
        raise ConfigError(f"{target} holds Terraform files that are not sco's: {', '.join(strange[:5])}", hint=hint)


def _known(target: Path) -> dict[str, str] | None:
    """What was given out, by path; None where nothing was yet."""
    path = target / MANIFEST
    try:
        document: Any = json.loads(path.read_bytes())
        if document["version"] != _VERSION:
            raise ScoError(f"{path} was written by a newer sco", hint="update sco")
        return {str(name): str(digest) for name, digest in document["files"].items() if _is_below(str(name))}
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        hint = "remove it: files that differ then count as edited, and stay as they are"
        raise ConfigError(f"{path} cannot be read as sco wrote it", hint=hint) from e


def _is_below(name: str) -> bool:
    """Whether a path stays inside the directory: the file may come from a clone of a stranger's."""
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts and bool(path.parts)


def _write_manifest(target: Path, found: Copied) -> None:
    """What is given out now. Edited files count as given anew: a change of sco's is shown once, not for ever."""
    files = {file.path: sha256(file.content) for file in found.files if file.fate not in ("removed", "left")}
    document = {"version": _VERSION, "sco": smartcloudops.__version__, "files": files}
    write_atomic(target / MANIFEST, json.dumps(document, indent=1).encode() + b"\n")
