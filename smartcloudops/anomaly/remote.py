"""Models in S3, laid out as in the local store: data first, the manifest last of a version, the pointer last of all.

    PREFIX/current.json                    {"version": …, "history": [older, …], "stamp": …}
    PREFIX/versions/VERSION/manifest.json  a version is there once its manifest is
    PREFIX/versions/VERSION/shard-0000.npz

Every file carries its SHA-256, which S3 checks on arrival; what is there already in the right size and with the right
checksum is not sent again, so that a cut push goes on where it broke off. The pointer moves by conditional write: who
read an older one is refused. Keys are made from names that were checked, never taken from a listing or a manifest.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from smartcloudops.anomaly.pointer import VERSION
from smartcloudops.anomaly.store import FILE, MAX_FILE, MAX_MANIFEST, Stored, read_manifest
from smartcloudops.core import aws
from smartcloudops.core.aws import Place
from smartcloudops.core.errors import ModelError, ScoError
from smartcloudops.core.files import cannot_write, sha256

MAX_VERSION = 16 << 30
_MAX_POINTER = 1 << 20
_HISTORY = 100
_PART = 8 << 20
_MANIFEST, _POINTER = "manifest.json", "current.json"
_MISSING = ("NoSuchKey", "404")
_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", *_MISSING)

# Told how many bytes of how many have gone over the wire.
Advance = Callable[[int, int], None]


class MovedError(ScoError):
    """Somebody else moved the pointer since it was read."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What is in use in S3; `stamp` is new with every move, `tag` is what the next write must find unchanged."""

    version: str | None
    history: tuple[str, ...]
    stamp: str
    tag: str | None


NOTHING = Pointer(None, (), "", None)


@dataclass(frozen=True, slots=True)
class Sent:
    """What an upload did: files and bytes sent, and how many files were there already."""

    version: str
    files: int
    bytes: int
    there: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A version as S3 lists it: sizes by file name, when the newest file came (ms). Whole once it has its manifest."""

    sizes: Mapping[str, int]
    newest: int

    @property
    def whole(self) -> bool:
        """Whether the manifest, which comes last, is there."""
        return _MANIFEST in self.sizes


class RemoteStore:
    """Versioned models below one place in S3; `client` is boto3's, shared by all threads."""

    def __init__(self, place: Place, client: Any) -> None:
        self.place = place
        self._client = client

    def versions(self) -> dict[str, Listed]:
        """Every version, newest first; keys that no sco wrote are left out."""
        found: dict[str, dict[str, tuple[int, int]]] = {}
        for row in self._list("versions", ""):
            version, _, name = row["Key"].removeprefix(self.place.key("versions", "")).partition("/")
            if VERSION.fullmatch(version) and (FILE.fullmatch(name) or name == _MANIFEST):
                modified = int(row["LastModified"].timestamp() * 1000)
                found.setdefault(version, {})[name] = (int(row["Size"]), modified)
        return {
            version: Listed({n: size for n, (size, _) in files.items()}, max(at for _, at in files.values()))
            for version, files in sorted(found.items(), reverse=True)
        }

    def pointer(self, *, mend: bool = False) -> Pointer:
        """What is in use; NOTHING before the first push. ModelError where it is damaged, unless it is to `mend`."""
        where = f"{self.place}/{_POINTER}"
        with aws.errors(self.place, "read the pointer"):
            answer = self._get(_POINTER)
            if answer is None:
                return NOTHING
            body = _bounded(answer, _MAX_POINTER, where)
        try:
            data = json.loads(body)
            version, history, stamp = data["version"], tuple(data["history"]), data["stamp"]
            sound = all(isinstance(v, str) and VERSION.fullmatch(v) for v in (version, *history))
        except (ValueError, KeyError, TypeError, RecursionError):
            sound = False
        if not sound or not isinstance(stamp, str):
            if mend:
                return Pointer(None, (), "", answer["ETag"])
            raise ModelError(f"{where} is refused: it names no version", hint="sco models promote --remote VERSION")
        return Pointer(version, history, stamp, answer["ETag"])

    def point(self, seen: Pointer, version: str, *, without: Iterable[str] = ()) -> Pointer:
        """Put a version in use where the pointer still is what was `seen`; MovedError where it is not.

        `without` are versions that leave the history.
        """
        older = [v for v in (seen.version, *seen.history) if v and v != version and v not in set(without)]
        history = tuple(dict.fromkeys(older))[:_HISTORY]
        stamp = secrets.token_hex(8)
        body = json.dumps({"version": version, "history": history, "stamp": stamp}, indent=1).encode() + b"\n"
        condition = {"IfMatch": seen.tag} if seen.tag else {"IfNoneMatch": "*"}
        with aws.errors(self.place, "move the pointer"):
            try:
                answer = self._put(_POINTER, body, **condition)
            except self._client.exceptions.ClientError as e:
                if aws.code_of(e) not in _CHANGED:
                    raise
                # The answer to the first try may have been lost, and the second refused for what the first wrote.
                now = self.pointer()
                if now.stamp == stamp:
                    return now
                why = f"{self.place}: somebody else put {now.version} in use there just now"
                raise MovedError(why, hint="sco models list --remote; then run the command again") from e
        return Pointer(version, history, stamp, answer["ETag"])

    def upload(self, stored: Stored, advance: Advance = lambda done, total: None) -> Sent:
        """Send a version whose files were checked, without what is there already.

        Raises what `aws.errors` raises; what has been sent by then stays and is not sent again.
        """
        manifest = (stored.directory / _MANIFEST).read_bytes()
        there = self._sizes(stored.version)
        rows = [_File(row["file"], row["size"], row["sha256"]) for row in stored.manifest["shards"]]
        last = _File(_MANIFEST, len(manifest), sha256(manifest))
        whole = there.get(_MANIFEST) == last.size
        left = [row for row in rows if not self._is_there(stored.version, row, there, whole=whole)]
        with aws.errors(self.place, f"put model {stored.version}"):
            self._send(stored, left, advance)
            sent = sum(row.size for row in left)
            if left or not self._is_there(stored.version, last, there, whole=False):
                self._put(f"versions/{stored.version}/{_MANIFEST}", manifest, Metadata={"sha256": last.sha256})
                left, sent = [*left, last], sent + last.size
        return Sent(stored.version, len(left), sent, len(rows) + 1 - len(left))

    def download(self, version: str, directory: Path, advance: Advance = lambda done, total: None) -> None:
        """Fetch a version into a directory, without what is there already; names and sizes are checked before.

        Raises ModelError where what S3 has is not a model of this name; the caller checks the checksums.
        """
        where = f"{self.place}/versions/{version}"
        there = self._sizes(version)
        if _MANIFEST not in there:
            raise ModelError(f"{where} is not there, or only in part", hint="sco models list --remote")
        with aws.errors(self.place, f"get model {version}"):
            answer = self._get(f"versions/{version}/{_MANIFEST}")
            body = _bounded(answer, MAX_MANIFEST, f"{where}/{_MANIFEST}") if answer else b""
        files = _files(f"{where}/{_MANIFEST}", read_manifest(f"{where}/{_MANIFEST}", body, version), there)
        try:
            _clear(directory, files)
            left = [row for row in files if not row.is_in(directory)]
            with aws.errors(self.place, f"get model {version}"):
                self._fetch(version, directory, left, advance)
            (directory / _MANIFEST).write_bytes(body)
        except OSError as e:
            raise cannot_write(directory, e) from e

    def remove(self, version: str) -> None:
        """Take a version away, its manifest first, so that it is never half there in the eyes of others."""
        names = sorted(self._sizes(version), key=lambda name: name != _MANIFEST)
        with aws.errors(self.place, f"remove model {version}"):
            for name in names:
                self._client.delete_object(Bucket=self.place.bucket, Key=self._key(version, name))

    def _send(self, stored: Stored, rows: Sequence[_File], advance: Advance) -> None:
        with self._transfers() as manager:
            counted = _Counter(rows, advance)
            jobs = [
                manager.upload(
                    str(stored.directory / row.name),
                    self.place.bucket,
                    self._key(stored.version, row.name),
                    extra_args={"Metadata": {"sha256": row.sha256}, **row.checksum()},
                    subscribers=[counted],
                )
                for row in rows
            ]
            for job in jobs:
                job.result()

    def _fetch(self, version: str, directory: Path, rows: Sequence[_File], advance: Advance) -> None:
        with self._transfers() as manager:
            counted = _Counter(rows, advance)
            jobs = [
                manager.download(
                    self.place.bucket, self._key(version, row.name), str(directory / row.name), subscribers=[counted]
                )
                for row in rows
            ]
            for job in jobs:
                job.result()

    @contextmanager
    def _transfers(self) -> Iterator[Any]:
        """boto3's own transfers: files and their parts in parallel; what fails ends the others."""
        from s3transfer.manager import TransferConfig, TransferManager

        config = TransferConfig(
            multipart_threshold=_PART,
            multipart_chunksize=_PART,
            max_request_concurrency=aws.CONNECTIONS,
        )
        with TransferManager(self._client, config) as manager:
            yield manager

    def _is_there(self, version: str, row: _File, there: Mapping[str, int], *, whole: bool) -> bool:
        """By size; by checksum too where the version is not whole yet."""
        if there.get(row.name) != row.size:
            return False
        if whole:
            return True
        with aws.errors(self.place, "look at a file"):
            head = self._client.head_object(Bucket=self.place.bucket, Key=self._key(version, row.name))
        return bool(head["Metadata"].get("sha256") == row.sha256)

    def _sizes(self, version: str) -> dict[str, int]:
        prefix = self.place.key("versions", version, "")
        return {row["Key"].removeprefix(prefix): int(row["Size"]) for row in self._list("versions", version, "")}

    def _list(self, *below: str) -> Iterator[dict[str, Any]]:
        with aws.errors(self.place, "list models"):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.place.bucket, Prefix=self.place.key(*below)):
                yield from page.get("Contents", [])

    def _get(self, name: str) -> dict[str, Any] | None:
        """The answer for an object, or None where it is not there."""
        try:
            answer: dict[str, Any] = self._client.get_object(Bucket=self.place.bucket, Key=self.place.key(name))
        except self._client.exceptions.NoSuchKey:
            return None
        return answer

    def _put(self, name: str, body: bytes, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.put_object(
            Bucket=self.place.bucket,
            Key=self.place.key(name),
            Body=body,
            ContentType="application/json",
            ChecksumSHA256=_base64(sha256(body)),
            **more,
        )
        return answer

    def _key(self, version: str, name: str) -> str:
        return self.place.key("versions", version, name)


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a version, as its manifest has it."""

    name: str
    size: int
    sha256: str

    def checksum(self) -> dict[str, str]:
        """What S3 compares what arrives with: the whole file, or its parts where it is sent in several."""
        if self.size < _PART:
            return {"ChecksumSHA256": _base64(self.sha256)}
        return {"ChecksumAlgorithm": "SHA256"}

    def is_in(self, directory: Path) -> bool:
        """Whether a directory has it already, whole."""
        path = directory / self.name
        return path.is_file() and path.stat().st_size == self.size and sha256(path.read_bytes()) == self.sha256


def _files(where: str, manifest: Mapping[str, Any], there: Mapping[str, int]) -> list[_File]:
    """The files of a manifest, each within bounds and of the size that S3 lists; ModelError names the first other."""
    found = []
    for row in manifest["shards"]:
        name, size, digest = row["file"], row.get("size"), row.get("sha256")
        if not isinstance(size, int) or not 0 < size <= MAX_FILE or not isinstance(digest, str):
            raise ModelError(f"{where} is refused: it gives {name} a size of {size!r}")
        if there.get(name) != size:
            has = f"{there[name]} bytes" if name in there else "none"
            raise ModelError(f"{where} is refused: it wants {size} bytes of {name}, S3 has {has}")
        found.append(_File(name, size, digest))
    if sum(row.size for row in found) > MAX_VERSION:
        raise ModelError(f"{where} is refused: its files are larger than {MAX_VERSION:,} bytes together")
    return found


def _clear(directory: Path, files: Sequence[_File]) -> None:
    """Leave nothing in a directory but these files: a killed transfer leaves parts under names of their own."""
    names = {row.name for row in files}
    for path in directory.iterdir():
        if path.name not in names:
            path.unlink()


def _bounded(answer: Mapping[str, Any], most: int, where: str) -> bytes:
    if answer["ContentLength"] > most:
        raise ModelError(f"{where} is refused: {answer['ContentLength']:,} bytes is more than it may have")
    body: bytes = answer["Body"].read(most)
    return body


class _Counter:
    """What s3transfer tells, from its threads, how many bytes have gone; it takes back a part that is sent again."""

    def __init__(self, rows: Sequence[_File], advance: Advance) -> None:
        self._total, self._done = sum(row.size for row in rows), 0
        self._advance, self._lock = advance, Lock()

    def on_progress(self, bytes_transferred: int, **_: Any) -> None:
        """A subscriber's method, found by its name."""
        with self._lock:
            self._done += bytes_transferred
            self._advance(self._done, self._total)


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()
