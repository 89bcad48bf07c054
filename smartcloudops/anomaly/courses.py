"""What a backtest wrote, read back with its data, ready to be drawn and measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smartcloudops.anomaly.evaluate import Flags, Floats, Ints, Track, windows_of
from smartcloudops.anomaly.labels import Spans
from smartcloudops.core.errors import DataError
from smartcloudops.metrics.file import read_table


@dataclass(frozen=True, slots=True)
class Course:
    """One file walked through: times (T,) in ms, values (C, T) of `names`, score (T,) with NaN = not scored.

    windows (K, 2): rows of the labelled windows, both ends inclusive; None: the file is not labelled.
    """

    file: str
    times: Ints
    names: tuple[str, ...]
    values: Floats
    score: Floats
    alerts: Flags
    inside: Flags
    windows: Ints | None

    def track(self) -> Track | None:
        """What can be measured, from the first row that could be scored on; None where nothing is labelled."""
        if self.windows is None:
            return None
        known = np.flatnonzero(np.isfinite(self.score))
        first = int(known[0]) if len(known) else len(self.times)
        return Track(self.times, self.score, self.alerts, self.windows, first, len(self.names))


def read_back(data: Path, results: Path, file: str, spans: Spans | None) -> Course:
    """The data of one file and what the walk wrote about it; DataError where they do not belong together."""
    _, times, names, values = read_table(data / file)
    _, _, columns, written = read_table(results / file)
    found = dict(zip(columns, written, strict=True))
    if written.shape[1] != len(times) or not {"anomaly_score", "is_anomaly", "in_incident"} <= set(found):
        raise DataError(f"{results / file} is no result of {data / file}")
    windows = None if spans is None else windows_of(times, spans)
    alerts, inside = found["is_anomaly"] == 1, found["in_incident"] == 1
    return Course(file, times, names, values, found["anomaly_score"], alerts, inside, windows)


def stretches(flags: Flags) -> list[tuple[int, int]]:
    """First and last row of each run of raised flags.

    >>> stretches(np.array([True, True, False, True]))
    [(0, 1), (3, 3)]
    """
    edges = np.diff(np.r_[False, flags, False].astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
