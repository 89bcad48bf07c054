"""Logs in S3, or in any server that speaks it: listed by boto3, read by obstore where that is installed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from typing import Any

from smartcloudops.core import aws
from smartcloudops.core.errors import ConfigError, ScoError
from smartcloudops.core.settings import Logs
from smartcloudops.core.times import to_ms
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.sources.patience import Patience
from smartcloudops.logs.sources.reading import Client, ObjectReader
from smartcloudops.logs.sources.signed import CONNECTIONS, Bucket, Pattern, Signed, pattern_at

# Tries of one listing; boto3 waits 15 s in all between them, at most 31.
_ATTEMPTS = 6
_EXPRESS = "--x-s3"


@dataclass(frozen=True, slots=True)
class _Where:
    """What an address turned out to be: keys are relative to `base` and start with `stem`; `only`: it is one object."""

    base: str
    stem: str = ""
    only: bool = False


class S3:
    """A source in one bucket. `s3://bucket/a/b/` and a whole bucket are what they say.

    `s3://bucket/a/b` is the folder if there is something in it, else the object of that key, else all keys that start
    so. The first listing finds that out, with one or two requests of its own.
    """

    def __init__(
        self,
        name: str,
        settings: Logs,
        *,
        setting: str = "SOURCE",
        attempts: int = _ATTEMPTS,
        patience: Callable[[], Patience] = Patience,
    ) -> None:
        """Opens no connection. Raises ConfigError for an address that is none, and for settings of the account."""
        self.name, self.layout, self.format, self.zone = name, settings.layout, settings.format, settings.zone
        self.listings = 0
        self._place = aws.parse_place(settings.uri, setting=setting)
        if self._place.bucket.endswith(_EXPRESS):
            raise ConfigError(
                f"{self._place}: a directory bucket (S3 Express) lists in no order, which sco logs cannot search",
                hint="copy the logs to a general purpose bucket",
            )
        self._settings, self._patience = settings, patience
        self._thin = is_thin(settings.client)
        self._deciding, self._counting, self._connecting = threading.Lock(), threading.Lock(), threading.Lock()
        key = self._place.prefix
        decided = not key or settings.uri.endswith("/")
        self._decided = _Where(f"{key}/" if key else "") if decided else None
        self._session = aws.session(profile=settings.profile, role=settings.role, region=settings.region, light=True)
        self._lister = self._client(attempts)
        # Of the process that reads, made when it is needed.
        self._reading: tuple[int, Any] = 0, None
        self._pattern: Pattern | None = None
        self._lister.meta.events.register("before-send.s3.ListObjectsV2", self._note)

    def _client(self, attempts: int) -> Any:
        """Listing and reading have their own, so that a fork never shares a connection."""
        return aws.client(
            self._session,
            endpoint=self._settings.endpoint,
            unsigned=self._settings.unsigned,
            attempts=attempts,
            connections=CONNECTIONS,
        )

    @property
    def known(self) -> tuple[_Where | None, Pattern | None]:
        """What the address means, and how its objects are asked for."""
        return self._decided, self._pattern

    @known.setter
    def known(self, found: tuple[_Where | None, Pattern | None]) -> None:
        self._decided, self._pattern = found

    def _note(self, request: Any, **_: Any) -> None:
        """A listing is sent, to where the bucket is: its objects are there, too."""
        base = request.url.partition("?")[0].rstrip("/") + "/"
        self._pattern = pattern_at(base, request.headers, unsigned=self._settings.unsigned)

    def address(self, key: str = "") -> str:
        """`s3://bucket/` and the whole key. Before the first listing an address is taken for a folder."""
        where = self._decided or _Where(f"{self._place.prefix}/")
        return f"s3://{self._place.bucket}/{where.base}{key}"

    def folders(self, prefix: str = "") -> Iterator[str]:
        """One level, by CommonPrefixes; the objects of that level are listed too, and left out."""
        return (name for name in self.level(prefix) if isinstance(name, str))

    def level(self, prefix: str = "") -> Iterator[str | LogObject]:
        """One level, pages as they are used."""
        where = self._where()
        asked = _narrowed(where, prefix)
        if asked is None:
            return
        below = len(where.base) + len(prefix)
        for page in self._pages(Prefix=where.base + asked, Delimiter="/"):
            found: dict[str, str | LogObject] = {
                row["Prefix"]: row["Prefix"][below:] for row in page.get("CommonPrefixes", []) if not where.only
            }
            found |= {row["Key"]: one for row in page.get("Contents", []) if (one := _object(row, where))}
            yield from (found[key] for key in sorted(found, key=_in_bytes))

    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]:
        """By ListObjectsV2, a thousand to a page."""
        begun = None if prefix or after else self._begun()
        where = self._where()
        asked = _narrowed(where, prefix)
        if asked is None:
            return
        more: dict[str, Any] = {"StartAfter": where.base + after} if after else {}
        more |= {"MaxKeys": 1} if where.only else {}
        for page in begun or self._pages(Prefix=where.base + asked, **more):
            for row in page.get("Contents", []):
                if (one := _object(row, where)) is not None:
                    yield one
            if where.only:
                return

    def _begun(self) -> Iterator[Any] | None:
        """The pages of a folder, where listing it is what shows that it is one: what is listed need not be asked for
        again."""
        with self._deciding:
            if self._decided is not None:
                return None
            folder = f"{self._place.prefix}/"
            pages = self._pages(Prefix=folder)
            for page in pages:
                if page.get("Contents"):
                    self._decided = _Where(folder)
                    return chain((page,), pages)
            self._decided = self._without_folder()
            return None

    def _where(self) -> _Where:
        with self._deciding:
            if self._decided is None:
                folder = f"{self._place.prefix}/"
                self._decided = self._without_folder() if self._first(folder) is None else _Where(folder)
            return self._decided

    def _without_folder(self) -> _Where:
        key = self._place.prefix
        first = self._first(key)
        if first is None:
            return _Where(f"{key}/")
        folder, _, stem = key.rpartition("/")
        return _Where(f"{folder}/" if folder else "", stem, only=first == key)

    def _first(self, prefix: str) -> str | None:
        for page in self._pages(Prefix=prefix, MaxKeys=1):
            for row in page.get("Contents", []):
                return str(row["Key"])
        return None

    def _pages(self, **asked: Any) -> Iterator[Any]:
        if self._settings.requester_pays:
            asked["RequestPayer"] = "requester"
        while True:
            with aws.errors(self._place, "list it", reading=True):
                page = self._lister.list_objects_v2(Bucket=self._place.bucket, **asked)
            with self._counting:
                self.listings += 1
            yield page
            if not page.get("IsTruncated"):
                return
            token = page.get("NextContinuationToken")
            if not token or token == asked.get("ContinuationToken"):
                raise ScoError(
                    f"{self._place}: the server lists a part and does not say how to go on",
                    hint="name a folder further down, with fewer objects in it",
                )
            asked["ContinuationToken"] = token

    def warm(self) -> None:
        """Load what fetches."""
        import_module("obstore.store" if self._thin else "botocore.auth")

    def reader(self) -> ObjectReader:
        """Makes no connection and no thread before the first read."""
        settings = self._settings
        bucket = Bucket(
            self._place.bucket, self._session, self._connect, settings.requester_pays, unsigned=settings.unsigned
        )
        signed = Signed(bucket, lambda: self._where().base, lambda: self._pattern)
        return ObjectReader(_thinned(signed) if self._thin else signed, self._patience())

    def _connect(self) -> Any:
        """The client that reads in this process; all its readers share it."""
        with self._connecting:
            process, connected = self._reading
            if process != os.getpid():
                connected = self._client(1)
                self._reading = os.getpid(), connected
            return connected


def is_thin(client: str) -> bool:
    """Whether obstore is to fetch; ConfigError where it is asked for by name and missing."""
    if client == "boto3" or (client == "auto" and find_spec("obstore") is None):
        return False
    if find_spec("obstore") is None:
        raise ConfigError("the client obstore is not installed", hint="pip install 'smartcloudops[fast]'")
    return True


def _thinned(signed: Signed) -> Client:
    from smartcloudops.logs.sources.thin import Thin, is_usable

    return Thin(signed) if is_usable() else signed


def _narrowed(where: _Where, prefix: str) -> str | None:
    """What to ask for below the base: keys that start with the prefix and with the stem; None if none can."""
    if prefix.startswith(where.stem):
        return prefix
    return where.stem if where.stem.startswith(prefix) else None


def _object(row: Any, where: _Where) -> LogObject | None:
    key, size = row["Key"], row["Size"]
    is_marker = not size and key.endswith("/")
    if is_marker or (where.only and key != where.base + where.stem):
        return None
    return LogObject(
        key[len(where.base) :],
        size,
        to_ms(row["LastModified"]),
        row.get("ETag", ""),
        row.get("StorageClass", "STANDARD"),
    )


def _in_bytes(key: str) -> bytes:
    """The order of S3."""
    return key.encode(errors="surrogatepass")
