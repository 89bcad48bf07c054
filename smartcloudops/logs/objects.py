"""What crosses between the stages: objects, records and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# A codec is asked for buffers of about this size; a stored object up to it is fetched in one piece.
BUFFER = 16 << 20
# The longest record that is looked at whole; of a longer one this much, and a Trouble names it.
LONGEST = 64 << 20

Damage = Literal[
    "denied",  # access to it is refused
    "gone",  # deleted between listing and reading
    "changed",  # replaced by another while it was read
    "archived",  # in a storage class that must be restored first
    "busy",  # 503 SlowDown and the like, also when asked again
    "broken off",  # the connection, also when resumed
    "truncated",  # ends before its format says it does
    "corrupt",  # checksum or structure is wrong
    "trailing",  # something else follows the whole of it
    "bomb",  # it decodes to more than the cap
    "codec",  # compressed in a way that cannot be read here
    "long line",  # a record longer than LONGEST: the rest of it was not searched
    "unreadable",  # anything else: a file's mode, a directory in its place
]


@dataclass(frozen=True, slots=True)
class LogObject:
    """An object of a source, as its listing tells; nothing of it has been read.

    `key` is relative to the source. `size` in stored bytes, `modified` in ms, `etag` changes when the content does.
    `since` and `until` (ms, UTC, until exclusive) are the span of time that its key promises; None where it has none.
    """

    key: str
    size: int
    modified: int
    etag: str = ""
    storage: str = "STANDARD"
    since: int | None = None
    until: int | None = None


class Unread(Exception):
    """Something of an object could not be read. Raised by sources and codecs after all that could be was given out.

    `got`: stored bytes from its beginning that came nevertheless, of an object that was read in one piece.
    """

    def __init__(self, damage: Damage, why: str) -> None:
        super().__init__(why)
        self.damage: Damage = damage
        self.why = why
        self.got = b""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be read: every one is named, and ends in status 4. `searched`: decoded bytes before it."""

    address: str
    damage: Damage
    why: str
    searched: int = 0


@dataclass(slots=True)
class Event:
    """What a format reads in one record: its own time (ms, UTC; None where it has none) and its fields, nested as
    they are. Formats without named fields of their own name what they know: `host`, `level`, `message`, `status`…
    """

    time: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Hit:
    """A record that matches. `offset` is that of its first byte in the decoded object; `line` has no line end.

    `event` is None where nothing asked for it; `before` and `after` are records around it that do not match, each
    given once. `joined`: what is given here follows the hit before it without a gap.
    """

    key: str
    offset: int
    line: bytes
    event: Event | None = None
    before: tuple[bytes, ...] = ()
    after: tuple[bytes, ...] = ()
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Matching records of one object as nothing but text: so many, each with a line end."""

    key: str
    count: int
    data: bytes
