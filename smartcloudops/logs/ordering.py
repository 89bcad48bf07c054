"""Hits in order of time, however many: what does not fit into memory waits in sorted runs in a temporary file."""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import IO

from smartcloudops.logs.objects import Hit

_RUN_BYTES = 64 << 20
# What a hit takes beside its packed form.
_OVERHEAD = 256

_Key = tuple[bool, int, str, int]


def by_time(hits: Iterable[Hit], *, limit: int | None = None, run_bytes: int = _RUN_BYTES) -> Iterator[Hit]:
    """The hits by time, those without one last; ties by object and offset. With `limit` the first ones only.

    OSError where the temporary directory is full.
    """
    if limit is not None:
        yield from heapq.nsmallest(limit, hits, key=_key)
        return
    runs: list[IO[bytes]] = []
    held: list[tuple[_Key, bytes]] = []
    size = 0
    try:
        for hit in hits:
            # Packed, what is held is what it takes: fields and records around may be many times the line.
            packed = pickle.dumps(hit, pickle.HIGHEST_PROTOCOL)
            held.append((_key(hit), packed))
            size += len(packed) + _OVERHEAD
            if size >= run_bytes:
                runs.append(_kept(sorted(held, key=itemgetter(0))))
                held, size = [], 0
        held.sort(key=itemgetter(0))
        yield from heapq.merge(map(_unpacked, held), *map(_read, runs), key=_key)
    finally:
        for run in runs:
            run.close()


def _key(hit: Hit) -> _Key:
    time = hit.event.time if hit.event else None
    return (time is None, time or 0, hit.key, hit.offset)


def _unpacked(row: tuple[_Key, bytes]) -> Hit:
    hit: Hit = pickle.loads(row[1])  # noqa: S301 - packed here
    return hit


def _kept(rows: list[tuple[_Key, bytes]]) -> IO[bytes]:
    """A sorted run in a file without a name, which nobody else can write."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this function
    for _, packed in rows:
        file.write(packed)
    file.seek(0)
    return file


def _read(run: IO[bytes]) -> Iterator[Hit]:
    while True:
        try:
            yield pickle.load(run)  # noqa: S301 - our own file, which has no name
        except EOFError:
            return
