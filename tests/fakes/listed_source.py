"""A source of logs in memory that lists as S3 does, a page of a thousand at a time, and counts the requests."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.sources import Reader

_PAGE = 1000


class ListedSource:
    """Keys, each an object of 100 bytes that was uploaded at `modified` or when the mapping says."""

    format, zone = "auto", "UTC"
    known: Any = None

    def __init__(
        self,
        keys: Iterable[str] | Mapping[str, int],
        *,
        root: str = "s3://logs/",
        layout: str = "auto",
        modified: int = 1 << 45,
        storage: str = "STANDARD",
    ) -> None:
        times = dict(keys) if isinstance(keys, Mapping) else dict.fromkeys(keys, modified)
        self._keys = sorted(times)
        self._objects = {key: LogObject(key, 100, at, storage=storage) for key, at in times.items()}
        self.root, self.name, self.layout, self.listings = root, root, layout, 0

    def warm(self) -> None:
        pass

    def address(self, key: str = "") -> str:
        return self.root + key

    def _from(self, prefix: str, after: str) -> Iterator[str]:
        at = bisect_right(self._keys, after) if after else 0
        at = max(at, bisect_right(self._keys, prefix) - (prefix in self._objects))
        while at < len(self._keys) and self._keys[at].startswith(prefix):
            yield self._keys[at]
            at += 1

    def _paged(self, entries: Iterator[str]) -> Iterator[str]:
        self.listings += 1
        for i, entry in enumerate(entries):
            if i and not i % _PAGE:
                self.listings += 1
            yield entry

    def _level(self, prefix: str) -> Iterator[str]:
        after = ""
        while (key := next(self._from(prefix, after), None)) is not None:
            head, slash, _ = key[len(prefix) :].partition("/")
            yield prefix + head + slash
            after = prefix + head + slash + chr(0x10FFFF) if slash else key

    def folders(self, prefix: str = "") -> Iterator[str]:
        return (entry[len(prefix) :] for entry in self._paged(self._level(prefix)) if entry.endswith("/"))

    def level(self, prefix: str = "") -> Iterator[str | LogObject]:
        for entry in self._paged(self._level(prefix)):
            yield entry[len(prefix) :] if entry.endswith("/") else self._objects[entry]

    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]:
        return (self._objects[key] for key in self._paged(self._from(prefix, after)))

    def reader(self) -> Reader:
        raise AssertionError("nothing is read to list")
