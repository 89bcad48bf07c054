"""Where logs lie: one row for each kind of place, one file each.

`choose.py` finds the one that an argument means: a name of the configuration, `s3://bucket/prefix`, a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from smartcloudops.core.registry import Registry
from smartcloudops.logs.objects import LogObject


class Reader(Protocol):
    """Reads objects of one source; each worker has its own. Safe to share between the threads of one process."""

    # The whole object as stored. Unread says what is wrong; UnreachableError and ConfigError where nothing of the
    # source can be read at all (server down, credentials refused).
    def read(self, one: LogObject) -> bytes: ...

    # The same in pieces of about `piece` bytes, for objects that are too large to hold. A connection that breaks is
    # resumed where it broke, of the same content only ("changed" otherwise).
    def stream(self, one: LogObject, *, start: int = 0, piece: int = 8 << 20) -> Iterator[bytes]: ...

    def close(self) -> None: ...


class Source(Protocol):
    """A place where logs lie. Keys are relative to it; nothing is asked of a server before the first listing."""

    # As the user calls it: the configured name, else the address.
    name: str
    # The layout that is configured, or "auto".
    layout: str
    # The format of its lines, or "auto"; the zone of times that name none.
    format: str
    zone: str

    # The address of an object that other tools understand: s3://bucket/key, or a path.
    def address(self, key: str = "") -> str: ...

    # Names one level below `prefix` (which is "" or ends with a slash), in order, each with its slash: "AWSLogs/".
    def folders(self, prefix: str = "") -> Iterator[str]: ...

    # One level in one listing: what `folders` gives, and the objects that lie right in the folder, in key order.
    def level(self, prefix: str = "") -> Iterator[str | LogObject]: ...

    # The objects whose keys start with `prefix` (any prefix, not only folders), in key order, beginning behind the key
    # `after`. Folder markers (empty, with a slash at the end) are left out. Lazy: pages are asked for as they are used.
    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]: ...

    # How often a server was asked for a listing, which costs money.
    listings: int

    # What listing found out that spares readers a request; None for nothing. Picklable: in each worker it is set to
    # what the listing process knows.
    known: Any

    # Load what reading takes, for a worker that has nothing to read yet. Sends nothing, makes no connection.
    def warm(self) -> None: ...

    # A reader for one worker. Called in the worker's process; cheap there where the source was made before the fork.
    def reader(self) -> Reader: ...


SOURCES: Registry[type[Source]] = Registry(
    "log source",
    {
        "s3": "smartcloudops.logs.sources.s3:S3",
        "directory": "smartcloudops.logs.sources.directory:Directory",
    },
)
