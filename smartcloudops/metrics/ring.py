"""A fortnight of samples in one file: checksummed lines, appended to, tidied once a day.

A line is `CRC JSON`. One that holds an object names the series of the samples below it, one that holds an array is a
sample: time, span, a value for each of those series. A sample's checksum goes on from the one of its names, so that
none is read under the names of another. What a power cut leaves half-written at the end is cut off by the next
append; a file that is damaged elsewhere is set aside as `….broken`, and its good samples are kept.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import ScoError
from smartcloudops.core.files import cannot_write, write_atomic
from smartcloudops.core.locks import hold
from smartcloudops.core.times import DAY, MINUTE, SECOND

FORMAT = 1
KEPT_MS = 14 * DAY
MAX_BYTES = 2_000_000
MAX_SERIES = 64
THINNED_MS = 5 * MINUTE
_WAIT_MS = 10 * SECOND
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """What one look found. `time` in ms, `span` the seconds that its rates go over; `values` by series name."""

    time: int
    span: float
    values: Mapping[str, float]
    host: str = ""


@dataclass(frozen=True, slots=True)
class _Names:
    """The series of the samples that follow, and the host they are of."""

    series: tuple[str, ...] = ()
    host: str = ""

    def line(self) -> bytes:
        """As it stands in the file."""
        body = self._body()
        return b"%08x %s\n" % (zlib.crc32(body), body)

    def key(self) -> int:
        """What the checksums of its samples go on from."""
        return zlib.crc32(self._body())

    def holds(self, sample: Sample) -> bool:
        """Whether a sample can be written below it."""
        return bool(self.series) and self.host == sample.host and set(sample.values) <= set(self.series)

    def widened(self, sample: Sample) -> _Names:
        """With the series of a sample, too; only with those where all would be too many."""
        union = set(self.series) | set(sample.values)
        return _Names(tuple(sorted(union if len(union) <= MAX_SERIES else sample.values)), sample.host)

    def _body(self) -> bytes:
        return json.dumps({"ring": FORMAT, "host": self.host, "series": self.series}).encode()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds: samples by time, the names in force at its end, and what is wrong with it.

    `end`: bytes up to the end of the last good line; `torn`: what follows was being written; `damaged`: somewhere it
    holds what no sco wrote.
    """

    samples: tuple[Sample, ...] = ()
    names: _Names = _Names()
    end: int = 0
    torn: bool = False
    damaged: bool = False


@dataclass(slots=True)
class _Reading:
    names: _Names = _Names()
    key: int = 0
    samples: list[Sample] = field(default_factory=list)

    def take(self, line: bytes) -> bool:
        """Read one line; whether it is good. ScoError where a newer sco wrote it."""
        head, _, body = line.partition(b" ")
        seed = self.key if body[:1] == b"[" else 0
        try:
            if int(head, 16) != zlib.crc32(body, seed):
                return False
            found = json.loads(body)
            if isinstance(found, dict):
                self._take_names(found, zlib.crc32(body))
            else:
                self._take_sample(*found)
        except (ValueError, TypeError, KeyError):
            return False
        return True

    def _take_names(self, found: Mapping[str, Any], key: int) -> None:
        if found["ring"] > FORMAT:
            raise ScoError("the samples of this machine were written by a newer sco", hint="upgrade sco")
        self.names, self.key = _Names(tuple(map(str, found["series"])), str(found["host"])), key

    def _take_sample(self, time: Any, span: Any, *values: Any) -> None:
        pairs = zip(self.names.series, values, strict=True)
        known = {name: float(value) for name, value in pairs if value is not None}
        self.samples.append(Sample(int(time), float(span), known, self.names.host))


def read(path: Path) -> Contents:
    """Everything good in the file, nothing where there is none; ScoError where it cannot be opened."""
    try:
        if path.stat().st_size > 4 * MAX_BYTES:
            return Contents(damaged=True)
        return parse(path.read_bytes())
    except FileNotFoundError:
        return Contents()
    except OSError as e:
        hint = f"check its owner and mode, or move it away: mv {path} {path}.broken"
        raise ScoError(f"cannot read {path}: {e.strerror}", hint=hint) from e


def parse(data: bytes) -> Contents:
    """The bytes of a file, read; of two samples of one time the later one counts."""
    reading, end, at, damaged = _Reading(), 0, 0, False
    while (stop := data.find(b"\n", at)) >= 0:
        if reading.take(data[at:stop]):
            damaged |= at > end
            end = stop + 1
        at = stop + 1
    rest = data[end:]
    torn = bool(rest) and (not rest.strip(b"\0\n") or (end > 0 and b"\n" not in rest[:-1]))
    samples = {sample.time: sample for sample in reading.samples}
    ordered = tuple(samples[time] for time in sorted(samples))
    return Contents(ordered, reading.names, end, torn, damaged or (bool(rest) and not torn))


def append(path: Path, sample: Sample, *, now: int) -> tuple[Contents, tuple[str, ...]]:
    """Add a sample, waiting for other writers; what the file holds then, and what had to be mended.

    Raises ScoError (disk full, no right to write) and leaves the file as it was, LockedError after ten seconds.
    """
    with hold(path.parent, path.name, timeout_ms=_WAIT_MS):
        before = read(path)
        notes = [f"{path} ended in a half-written sample, which was cut off"] if before.torn else []
        samples = _with(before.samples, sample)
        due = _is_due(before, now)
        kept = _tidied(samples, now) if due else samples
        if before.damaged:
            notes.append(_set_aside(path, before))
        if before.damaged or not before.end or (due and _is_shorter(kept, samples, before)):
            write_atomic(path, serialise(kept), mode=0o600)
        else:
            _add(path, before, sample)
    return Contents(tuple(kept)), tuple(notes)


def serialise(samples: Sequence[Sample]) -> bytes:
    """A whole file; of more than MAX_SERIES series those that are seen no more are left out."""
    lines: list[bytes] = []
    for host, group in groupby(samples, key=lambda sample: sample.host):
        rows = list(group)
        newest_first = dict.fromkeys(name for row in reversed(rows) for name in row.values)
        names = _Names(tuple(sorted(list(newest_first)[:MAX_SERIES])), host)
        key = names.key()
        lines += [names.line(), *(_line(row, names, key) for row in rows)]
    return b"".join(lines)


def _add(path: Path, before: Contents, sample: Sample) -> None:
    """Write the line of a sample, and new names before it where the old ones do not do."""
    names, head = before.names, b""
    if not names.holds(sample):
        names = names.widened(sample)
        head = names.line()
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.fchmod(fd, 0o600)
            os.ftruncate(fd, before.end)
            _write(fd, head + _line(sample, names, names.key()), before.end)
        finally:
            os.close(fd)
    except OSError as e:
        raise cannot_write(path, e) from e


def _write(fd: int, data: bytes, at: int) -> None:
    """All of it, durably, or nothing."""
    try:
        written = 0
        while written < len(data):
            written += os.pwrite(fd, data[written:], at + written)
        os.fsync(fd)
    except OSError:
        os.ftruncate(fd, at)
        raise


def _line(sample: Sample, names: _Names, key: int) -> bytes:
    values = [_rounded(sample.values.get(name)) for name in names.series]
    body = json.dumps([sample.time, round(sample.span, 1), *values], separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body, key), body)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _with(samples: Sequence[Sample], sample: Sample) -> list[Sample]:
    others = [each for each in samples if each.time != sample.time]
    return sorted([*others, sample], key=lambda each: each.time)


def _is_due(before: Contents, now: int) -> bool:
    """Once a day, and where the file has grown too large."""
    return bool(before.samples) and (before.samples[0].time < now - KEPT_MS - DAY or before.end > MAX_BYTES)


def _is_shorter(kept: Sequence[Sample], samples: Sequence[Sample], before: Contents) -> bool:
    return len(kept) < len(samples) or before.end > MAX_BYTES


def _tidied(samples: Sequence[Sample], now: int) -> Sequence[Sample]:
    """Without what is older than a fortnight (but where that is more than half, the clock has leapt), and what is
    too much: of every five minutes before the last day all but one sample, then the oldest."""
    young = [sample for sample in samples if sample.time >= now - KEPT_MS]
    kept = young if 2 * len(young) >= len(samples) else samples
    if len(serialise(kept)) > MAX_BYTES:
        kept = list(_thinned(kept, now))
    while len(serialise(kept)) > MAX_BYTES:
        kept = kept[len(kept) // 4 + 1 :]
    return kept


def _thinned(samples: Sequence[Sample], now: int) -> Iterator[Sample]:
    for slot, group in groupby(samples, key=lambda sample: sample.time // THINNED_MS):
        rows = list(group)
        yield from rows if (slot + 1) * THINNED_MS > now - DAY else rows[-1:]


def _set_aside(path: Path, before: Contents) -> str:
    """Keep the damaged file under another name, until the next one is."""
    broken = path.with_name(f"{path.name}.broken")
    try:
        broken.unlink(missing_ok=True)
        broken.hardlink_to(path)
    except OSError as e:
        raise cannot_write(broken, e) from e
    return f"{path} was damaged and is set aside as {broken.name}; {len(before.samples)} samples of it were kept"
