"""The local model store: versions that are wholly there or not at all, and a pointer to the one in use.

    DIR/current.json                    {"version": …, "history": [older, …]}
    DIR/versions/VERSION/manifest.json  what was learnt from what, and each file's size and SHA-256
    DIR/versions/VERSION/shard-0000.npz arrays only; never a pickle

Data is written first, the pointer last. Nothing read from a store is trusted: names, sizes, checksums, array
types and shapes are checked before use, and a version that fails is refused whole.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smartcloudops.anomaly.model import GroupInfo, Shard
from smartcloudops.anomaly.pointer import learnt_at, read_pointer, stored_versions
from smartcloudops.core import times
from smartcloudops.core.errors import ModelError, UsageError
from smartcloudops.core.files import cannot_write, sha256, sync_directory, write_atomic
from smartcloudops.core.registry import nearest

SCHEMA_VERSION = 1
MAX_FILE = 1 << 30
MAX_MANIFEST = 256 << 20
_ABOUT: dict[str, type] = {
    "created": str,
    "source": dict,
    "versions": dict,
    "window": dict,
    "metrics": list,
    "detectors": list,
    "plans": dict,
    "skipped": list,
    "empty": list,
}
FILE = re.compile(r"shard-[0-9]{4,6}\.npz")


@dataclass(frozen=True, slots=True)
class Stored:
    """A version that passed the checks of its manifest; shards are read and checked one at a time."""

    version: str
    manifest: Mapping[str, Any]
    directory: Path

    def shards(self) -> Iterator[Shard]:
        """Raises ModelError naming the file that is missing, altered, or not what the manifest says."""
        for row in self.manifest["shards"]:
            yield _read_shard(self.directory, row)

    def groups(self) -> list[GroupInfo]:
        """Every learnt group, without reading an array."""
        return [GroupInfo.from_dict(g) for row in self.manifest["shards"] for g in row["groups"]]


class LocalStore:
    """Versioned models in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def save(self, shards: Sequence[Shard], about: Mapping[str, Any], *, now: int) -> str:
        """Write a new version and return its name; it is not in use before `promote`.

        Raises ScoError (disk full, no right to write); nothing half-written stays.
        """
        versions = self.directory / "versions"
        try:
            versions.mkdir(parents=True, exist_ok=True)
            _sweep(versions)
            temporary = Path(tempfile.mkdtemp(dir=versions, prefix=".saving-"))
        except OSError as e:
            raise cannot_write(versions, e) from e
        try:
            return _publish(temporary, versions, shards, about, self._stamp(now))
        except OSError as e:
            raise cannot_write(versions, e) from e
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _stamp(self, now: int) -> int:
        """Full seconds, later than every stored version's, so that names sort by age whatever the clock did."""
        newest = max((learnt_at(v) for v in self.versions()), default=0)
        return max(now // times.SECOND * times.SECOND, newest + times.SECOND)

    def versions(self) -> list[str]:
        """Every stored version, newest first."""
        return stored_versions(self.directory)

    def pointer(self) -> dict[str, Any]:
        """`version` in use (None before the first promotion) and `history`, newest first; ModelError if damaged."""
        return read_pointer(self.directory)

    def promote(self, version: str) -> None:
        """Put a version in use; UsageError where there is none of that name."""
        self.require(version)
        try:
            before = self.pointer()
        except ModelError:
            before = {"version": None, "history": self.versions()}
        older = [v for v in (before["version"], *before["history"]) if v and v != version]
        self._point(version, list(dict.fromkeys(older)))

    def rollback(self) -> tuple[str, str]:
        """Put the version before the one in use back; returns (from, to). UsageError where there is none."""
        at, earlier = self.pointer(), self.earlier()
        self._point(earlier, at["history"][at["history"].index(earlier) + 1 :])
        return at["version"], earlier

    def earlier(self) -> str:
        """The newest stored version of the history; UsageError where there is none."""
        stored = self.versions()
        found: str | None = next((v for v in self.pointer()["history"] if v in stored), None)
        if found is None:
            raise UsageError("there is no earlier model to roll back to", hint="sco models list")
        return found

    def prune(self, *, keep_last: int | None, keep_since: int | None, dry_run: bool) -> list[str]:
        """Remove versions that are neither among the newest `keep_last` nor as young as `keep_since` (ms).

        The one in use always stays. Returns what was, or would be, removed. Raises ScoError where it cannot be.
        """
        versions = self.versions()
        kept = kept_of(versions, keep_last=keep_last, keep_since=keep_since) | {self.pointer()["version"]}
        gone = [v for v in versions if v not in kept]
        for version in gone if not dry_run else ():
            self._remove(version)
        return gone

    def _remove(self, version: str) -> None:
        """Renamed first, so that a version is never half there under its own name."""
        path = self.directory / "versions" / version
        try:
            shutil.rmtree(path.rename(path.with_name(f".saving-{version}")))
        except OSError as e:
            raise cannot_write(path, e) from e

    def require(self, version: str) -> str:
        """The version itself; UsageError with the nearest name where it is not stored."""
        known = self.versions()
        if version not in known:
            raise UsageError(f"no model version '{version}'", hint=nearest(version, known) if known else "sco train")
        return version

    def candidates(self) -> list[str]:
        """Versions in the order in which detection tries them: the one in use, then its predecessors."""
        try:
            at = self.pointer()
        except ModelError:
            return self.versions()
        stored = set(self.versions())
        return [v for v in (at["version"], *at["history"]) if v is not None and (v in stored or v == at["version"])]

    def open(self, version: str) -> Stored:
        """Read and check a version's manifest and its files' sizes and checksums; ModelError names what is wrong."""
        return open_at(self.directory / "versions" / version, version)

    def receive(self, version: str, fetch: Callable[[Path], None], check: Callable[[Stored], None]) -> None:
        """Store a version that `fetch` writes into a directory, once it is whole; what a cut one left is there again.

        Raises what `fetch` and `check` raise, ModelError where what came is not what its manifest says, ScoError
        (disk full).
        """
        versions = self.directory / "versions"
        coming = versions / f".coming-{version}"
        try:
            for old in versions.glob(".coming-*"):
                if old != coming:
                    shutil.rmtree(old, ignore_errors=True)
            coming.mkdir(parents=True, exist_ok=True)
            fetch(coming)
            check(open_at(coming, version))
            sync_directory(coming)
            if (versions / version).exists():
                self._remove(version)
            coming.rename(versions / version)
            sync_directory(versions)
        except ModelError:
            shutil.rmtree(coming, ignore_errors=True)
            raise
        except OSError as e:
            raise cannot_write(coming, e) from e

    def _point(self, version: str, history: Sequence[str]) -> None:
        body = json.dumps({"version": version, "history": list(history)}, indent=1)
        write_atomic(self.directory / "current.json", body.encode() + b"\n")


def kept_of(versions: Sequence[str], *, keep_last: int | None, keep_since: int | None) -> set[str]:
    """Of versions, newest first, the newest `keep_last` and those as young as `keep_since` (ms)."""
    young = {v for v in versions if keep_since is not None and learnt_at(v) >= keep_since}
    return young | set(versions[: keep_last or 0])


def open_at(directory: Path, version: str) -> Stored:
    """A version in any directory; ModelError names what is missing or altered."""
    path = directory / "manifest.json"
    try:
        size = path.stat().st_size
        body = path.read_bytes() if size <= MAX_MANIFEST else b""
    except OSError as e:
        raise ModelError(f"{path} is refused: {e.strerror or e}") from e
    if size > MAX_MANIFEST:
        raise ModelError(f"{path} is refused: {size} bytes is more than a manifest may have")
    manifest = read_manifest(path, body, version)
    for row in manifest["shards"]:
        _check_file(directory / row["file"], row)
    return Stored(version, manifest, directory)


def _publish(temporary: Path, versions: Path, shards: Sequence[Shard], about: Mapping[str, Any], now: int) -> str:
    rows = [_write_shard(temporary, at, shard) for at, shard in enumerate(shards)]
    manifest = {"schema_version": SCHEMA_VERSION, "created": times.rfc3339(now), **about, "shards": rows}
    body = json.dumps(manifest, indent=1, sort_keys=True).encode()
    version = f"{_stamp_text(now)}-{sha256(body)[:6]}"
    _write(temporary / "manifest.json", body)
    temporary.chmod(0o755)
    sync_directory(temporary)
    if not (versions / version).exists():
        temporary.rename(versions / version)
    sync_directory(versions)
    return version


def _stamp_text(ms: int) -> str:
    return times.rfc3339(ms).replace("-", "").replace(":", "")


def _write_shard(directory: Path, at: int, shard: Shard) -> dict[str, Any]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for key in sorted(shard.arrays):
            # A fixed date, so that the same arrays are the same bytes.
            entry = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            with archive.open(entry, "w", force_zip64=True) as f:
                array = np.ascontiguousarray(shard.arrays[key])
                np.lib.format.write_array(f, array, version=(1, 0), allow_pickle=False)
    data = buffer.getbuffer()
    name = f"shard-{at:04d}.npz"
    _write(directory / name, data)
    groups = [g.as_dict() for g in shard.groups]
    return {"file": name, "size": len(data), "sha256": sha256(data), "groups": groups}


def _write(path: Path, data: bytes | memoryview) -> None:
    with path.open("wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())


def _sweep(versions: Path) -> None:
    """Remove what a killed save or a cut pull left behind; the caller holds the lock."""
    for path in (*versions.glob(".saving-*"), *versions.glob(".coming-*")):
        shutil.rmtree(path, ignore_errors=True)


def read_manifest(path: object, body: bytes, version: str) -> dict[str, Any]:
    """A manifest that was found at `path`, checked; ModelError names what is wrong with it."""
    try:
        manifest = json.loads(body)
    except (ValueError, RecursionError) as e:
        raise ModelError(f"{path} is refused: it is no JSON ({e})") from e
    if sha256(body)[:6] != version[-6:]:
        raise ModelError(f"{path} is refused: it is not what this version was named after")
    _check_manifest(path, manifest)
    checked: dict[str, Any] = manifest
    return checked


def _check_manifest(path: object, manifest: Any) -> None:
    if not isinstance(manifest, dict) or not isinstance(manifest.get("shards"), list):
        raise ModelError(f"{path} is refused: it is no model manifest")
    if manifest.get("schema_version") != SCHEMA_VERSION:
        found = manifest.get("schema_version")
        raise ModelError(f"{path} is refused: schema {found}, this sco reads {SCHEMA_VERSION}", hint="sco train")
    for name, kind in _ABOUT.items():
        if not isinstance(manifest.get(name), kind):
            raise ModelError(f"{path} is refused: its '{name}' is missing or of another type")
    for row in manifest["shards"]:
        ok = isinstance(row, dict) and FILE.fullmatch(str(row.get("file"))) and isinstance(row.get("groups"), list)
        if not ok or not row["groups"]:
            raise ModelError(f"{path} is refused: it names a file or groups wrongly")
    if len({row["file"] for row in manifest["shards"]}) < len(manifest["shards"]):
        raise ModelError(f"{path} is refused: it names a file twice")


def _check_file(path: Path, row: Mapping[str, Any]) -> None:
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise ModelError(f"{path} is refused: {size} bytes is more than a model file may have")
        if size != row.get("size"):
            raise ModelError(f"{path} is refused: {size} bytes, the manifest says {row.get('size')}")
        data = path.read_bytes()
    except OSError as e:
        raise ModelError(f"{path} is refused: {e.strerror or e}") from e
    if sha256(data) != row.get("sha256"):
        raise ModelError(f"{path} is refused: its checksum is not the manifest's")


def _read_shard(directory: Path, row: Mapping[str, Any]) -> Shard:
    path = directory / row["file"]
    groups = tuple(GroupInfo.from_dict(g) for g in row["groups"])
    try:
        arrays = _read_arrays(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as e:
        raise ModelError(f"{path} is refused: {e}") from e
    for key, array in arrays.items():
        if array.dtype.kind not in "fiub" or array.ndim < 1 or array.shape[0] != len(groups):
            raise ModelError(f"{path} is refused: array {key} has type {array.dtype} and shape {array.shape}")
    if len({len(g.names) for g in groups}) != 1:
        raise ModelError(f"{path} is refused: its groups have different numbers of series")
    return Shard(groups, arrays)


def _read_arrays(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if any(i.compress_type != zipfile.ZIP_STORED for i in infos) or sum(i.file_size for i in infos) > MAX_FILE:
            raise ValueError("compressed or oversized")
        return {i.filename.removesuffix(".npy"): _read_array(archive, i) for i in infos}


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
    """One array, believed only where its header and the bytes that follow agree (a header can ask for terabytes)."""
    body = archive.read(info)
    head = io.BytesIO(body)
    if np.lib.format.read_magic(head) != (1, 0):
        raise ValueError(f"{info.filename} has another array format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(head)
    if dtype.hasobject or fortran or math.prod(shape) * dtype.itemsize != len(body) - head.tell():
        raise ValueError(f"{info.filename} has {len(body)} bytes for shape {shape} of {dtype}")
    return np.frombuffer(body, dtype, offset=head.tell()).reshape(shape)
