"""What is done with one object, and what comes back from it; the crew that does it knows nothing of searching."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from smartcloudops.logs.objects import LogObject, Trouble

# work(one, buffers, give): take decoded buffers of one object, give picklable payloads as soon as they are there.
# It runs in a worker, one object at a time; `buffers` raises Unread, which it lets through.
Work = Callable[[LogObject, Iterator[bytes], Callable[[Any], None]], None]


@dataclass(frozen=True, slots=True)
class Given:
    """A payload of the work on one object."""

    one: LogObject
    payload: Any


@dataclass(frozen=True, slots=True)
class Sofar:
    """One object is being worked on, and takes a while; `decoded`: bytes that were worked on so far."""

    one: LogObject
    decoded: int


@dataclass(frozen=True, slots=True)
class Done:
    """One object is through: all of it, or up to its trouble. `decoded`: bytes that were worked on."""

    one: LogObject
    decoded: int
    troubles: tuple[Trouble, ...] = ()
