"""Hits in order of time, however many: what does not fit into memory waits in sorted runs in a temporary file."""

from __future__ import annotations

import heapq
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import IO

from smartcloudops.logs.objects import Event, Hit

_RUN_BYTES = 64 << 20
# What a hit takes beside its packed form.
_OVERHEAD = 256

# Rows that are written, and read again, at a time.
_TOGETHER, _TOGETHER_BYTES = 64, 128 << 10

_Key = tuple[bool, int, str, int]
_Row = tuple[_Key, bytes]


def by_time(hits: Iterable[Hit], *, limit: int | None = None, run_bytes: int = _RUN_BYTES) -> Iterator[Hit]:
    """The hits by time, those without one last; ties by object and offset. With `limit` the first ones only.

    OSError where the temporary directory is full.
    """
    if limit is not None:
        yield from heapq.nsmallest(limit, hits, key=_key)
        return
    runs: list[IO[bytes]] = []
    held: list[_Row] = []
    size = 0
    try:
        for hit in hits:
            row = _row(hit)
            held.append(row)
            size += len(row[1]) + _OVERHEAD
            if size >= run_bytes:
                runs.append(_kept(sorted(held, key=itemgetter(0))))
                held, size = [], 0
        held.sort(key=itemgetter(0))
        for row in heapq.merge(held, *map(_read, runs), key=itemgetter(0)):
            yield _hit(row)
    finally:
        for run in runs:
            run.close()


def _key(hit: Hit) -> _Key:
    time = hit.event.time if hit.event else None
    return (time is None, time or 0, hit.key, hit.offset)


def _row(hit: Hit) -> _Row:
    # Packed, what is held is what it takes: fields and records around may be many times the line.
    event = None if hit.event is None else hit.event.fields
    rest = (hit.line, event, hit.before, hit.after, hit.joined)
    return _key(hit), pickle.dumps(rest, pickle.HIGHEST_PROTOCOL)


def _hit(row: _Row) -> Hit:
    (untimed, time, key, offset), packed = row
    line, fields, before, after, joined = pickle.loads(packed)  # noqa: S301 - packed here
    event = None if fields is None else Event(None if untimed else time, fields)
    return Hit(key, offset, line, event, before, after, joined)


def _kept(rows: list[_Row]) -> IO[bytes]:
    """A sorted run in a file without a name, which nobody else can write."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this function
    batch: list[_Row] = []
    size = 0
    for row in rows:
        if batch and (len(batch) >= _TOGETHER or size + len(row[1]) > _TOGETHER_BYTES):
            pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
            batch, size = [], 0
        batch.append(row)
        size += len(row[1])
    pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
    file.seek(0)
    return file


def _read(run: IO[bytes]) -> Iterator[_Row]:
    while True:
        try:
            yield from pickle.load(run)  # noqa: S301 - our own file, which has no name
        except EOFError:
            return
