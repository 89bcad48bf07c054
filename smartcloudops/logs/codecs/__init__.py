"""How stored bytes become text: one row for each compression, known by its magic bytes, whatever the name says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from smartcloudops.core.registry import Registry


class Codec(Protocol):
    """Decodes one compression."""

    # Decoded buffers, in order, of about BUFFER bytes each (larger where that is cheaper and bounded). `pieces` is one
    # piece where the object was fetched whole. Where it is damaged, all that could be decoded is given out first, then
    # Unread is raised. More than `cap` decoded bytes: Unread("bomb").
    def decode(self, pieces: Iterable[bytes], *, cap: int) -> Iterator[bytes]: ...


CODECS: Registry[Codec] = Registry("codec", {})
