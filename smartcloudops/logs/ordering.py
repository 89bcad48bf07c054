"""Hits in order of time, however many: what does not fit into memory waits in sorted runs in a temporary file."""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from smartcloudops.logs.objects import Hit

_RUN_BYTES = 64 << 20
# What a hit takes beside its line.
_OVERHEAD = 512


def by_time(hits: Iterable[Hit], *, limit: int | None = None, run_bytes: int = _RUN_BYTES) -> Iterator[Hit]:
    """The hits by time, those without one last; ties by object and offset. With `limit` the first ones only.

    OSError where the temporary directory is full.
    """
    if limit is not None:
        yield from heapq.nsmallest(limit, hits, key=_key)
        return
    runs: list[IO[bytes]] = []
    held: list[Hit] = []
    size = 0
    try:
        for hit in hits:
            held.append(hit)
            size += len(hit.line) + _OVERHEAD
            if size >= run_bytes:
                runs.append(_kept(sorted(held, key=_key)))
                held, size = [], 0
        yield from heapq.merge(sorted(held, key=_key), *map(_read, runs), key=_key)
    finally:
        for run in runs:
            run.close()


def _key(hit: Hit) -> tuple[bool, int, str, int]:
    time = hit.event.time if hit.event else None
    return (time is None, time or 0, hit.key, hit.offset)


def _kept(hits: list[Hit]) -> IO[bytes]:
    """A sorted run in a file without a name, which nobody else can write."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this function
    for hit in hits:
        pickle.dump(hit, file, pickle.HIGHEST_PROTOCOL)
    file.seek(0)
    return file


def _read(run: IO[bytes]) -> Iterator[Hit]:
    while True:
        try:
            yield pickle.load(run)  # noqa: S301 - our own file, which has no name
        except EOFError:
            return
