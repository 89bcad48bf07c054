"""Metrics from files: CSV, Parquet, OpenMetrics, or a directory of them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.registry import nearest
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import MINUTE, SECOND
from smartcloudops.metrics.csv_file import read_csv, read_wide
from smartcloudops.metrics.exposition import is_exposition, read_exposition
from smartcloudops.metrics.parquet import read_parquet
from smartcloudops.metrics.renaming import rename
from smartcloudops.metrics.selectors import parse_selector
from smartcloudops.metrics.series import Matrix, Series, Times, Values, Window, to_matrix
from smartcloudops.metrics.table import merge

KNOWN = (".csv", ".parquet", ".om", ".openmetrics", ".prom")


class File:
    """One file, or every known file below a directory; read once, on first use.

    - wide CSV or Parquet: `timestamp,a,b,…`; headers are names or Prometheus series names
    - long: columns `timestamp`, `metric` (or `series`, `name`) and `value`; any other column is a label
    - OpenMetrics (times in seconds, ends with `# EOF`) or Prometheus text (times in ms); all also as .gz
    """

    name = "file"

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self.where = str(path)

    def check(self) -> None:
        """Read everything; UsageError where there is no such file, DataError for one that cannot be read."""
        if not any(len(series.times) for series in self._series):
            raise DataError(f"{self.where} holds no sample")

    def extent(self) -> Window:
        """First and last sample of all series; the step is the median distance of neighbours."""
        return self._extent

    @cached_property
    def _extent(self) -> Window:
        self.check()
        filled = [series for series in self._series if len(series.times)]
        first = min(int(series.times[0]) for series in filled)
        last = max(int(series.times[-1]) for series in filled)
        return Window(first, last, _step(filled))

    def offers(self) -> Sequence[Metric]:
        """One metric per name; the label `instance` makes groups, without it all is one group."""
        labels: dict[str, set[str]] = {}
        for series in self._series:
            labels.setdefault(series.labels.get("__name__", ""), set()).update(series.labels)
        return tuple(
            Metric(name=name, expr=name, by=("instance",) if "instance" in found else ())
            for name, found in labels.items()
        )

    def fetch(self, metric: Metric, window: Window) -> Matrix:
        """The series that the plain selector `metric.expr` selects; UsageError for other PromQL."""
        exact = [series for series in self._series if series.labels.get("__name__") == metric.expr]
        chosen = exact or self._selected(metric.expr)
        renamed = rename([series.labels for series in chosen], metric.name)
        kept = [
            Series(labels, chosen[row].times, chosen[row].values)
            for labels, row in zip(renamed.labels, renamed.rows, strict=True)
        ]
        return to_matrix(kept, window, renamed.skipped)

    def _selected(self, expr: str) -> list[Series]:
        selector = parse_selector(expr)
        return [series for series in self._series if selector.matches(series.labels)]

    @cached_property
    def _series(self) -> list[Series]:
        return read_series(self._path)


def read_series(path: Path) -> list[Series]:
    """Every series of a file or directory, times sorted, missing samples left out."""
    if not path.is_dir():
        return merge(_read(path))
    files = [one for one in sorted(path.rglob("*")) if _is_known(one)]
    if not files:
        raise UsageError(f"{path} holds no file that ends in {', '.join(KNOWN)}", hint="each of them also as .gz")
    return merge(series for one in files for series in _read(one))


def read_table(path: Path) -> tuple[list[str], Times, tuple[str, ...], Values]:
    """A wide CSV in file order: verbatim time cells, times (T,) in ms, names C, values (C, T), NaN = missing."""
    wide = read_wide(_bytes(path), where=str(path))
    return wide.stamps, wide.times, wide.names, wide.values


def _read(path: Path) -> list[Series]:
    data = _bytes(path)
    where = str(path)
    if data[:4] == b"PAR1":
        return read_parquet(path)
    if is_exposition(data):
        return read_exposition(data, where=where)
    return read_csv(data, where=where, stem=path.name.partition(".")[0])


def _alternatives(path: Path) -> str:
    """The files beside a missing one that could have been meant."""
    beside = path.parent.iterdir() if path.parent.is_dir() else iter(())
    names = [one.name for one in beside if one.name.removesuffix(".gz").endswith(KNOWN)]
    return nearest(path.name, sorted(names)[:20]) if names else f"a file of one of: {', '.join(KNOWN)}"


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except FileNotFoundError as e:
        raise UsageError(f"no file {path}", hint=_alternatives(path)) from e
    except (EOFError, zlib.error, gzip.BadGzipFile) as e:
        raise DataError(f"{path} is no whole gzip file: {e}") from e
    except OSError as e:
        raise DataError(f"cannot read {path}: {e.strerror}") from e


def _is_known(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(KNOWN) and not path.name.startswith(".") and path.is_file()


def _step(series: Sequence[Series]) -> int:
    """Whole seconds where it is longer than one: clocks of scrapes jitter."""
    steps = np.concatenate([np.diff(one.times) for one in series])
    if not steps.size:
        return MINUTE
    step = int(np.median(steps))
    return max(1, step if step <= SECOND else round(step / SECOND) * SECOND)
