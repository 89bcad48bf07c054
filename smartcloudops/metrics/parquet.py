"""Parquet files, read wide or long like CSV and written wide; needs the extra `parquet`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.metrics.cells import epoch_ms, parse_time
from smartcloudops.metrics.series import Matrix, Series, Times, Values
from smartcloudops.metrics.table import Layout, check_header, column_labels, layout, row_labels, series_of


def read_parquet(path: Path) -> list[Series]:
    """The series of a wide or long table; UsageError where pyarrow is not installed, DataError for a bad file."""
    table = _open(path)
    header = [str(name) for name in table.column_names]
    check_header(header, where=str(path))
    found = layout(header)
    times = _times(table.column(found.time), where=f"{path}: column {header[found.time]}")
    if found.name is not None:
        return _long(table, header, found, times, path)
    return [
        series_of(column_labels(header[i], stem=path.stem), times, _numbers(table.column(i), f"{path}: {header[i]}"))
        for i in found.labels
    ]


def write_parquet(matrix: Matrix, stream: BinaryIO) -> None:
    """A column `timestamp` (ms, UTC) and one a series, null = missing; UsageError where pyarrow is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as e:
        raise _missing("-o parquet", "-o csv") from e
    columns = [pa.array(matrix.times, pa.timestamp("ms", "UTC"))]
    columns += [pa.array(row, pa.float64(), from_pandas=True) for row in matrix.values]
    parquet.write_table(pa.table(columns, names=["timestamp", *matrix.names]), stream)


def _missing(what: str, instead: str) -> UsageError:
    hint = f"pip install 'smartcloudops[parquet]', or {instead}"
    return UsageError(f"{what}: Parquet needs pyarrow, which is not installed", hint=hint)


def _open(path: Path) -> Any:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as e:
        raise _missing(str(path), "give a CSV") from e
    try:
        return parquet.read_table(path)
    except (ArrowException, OSError) as e:
        raise DataError(f"{path} cannot be read as Parquet: {e}") from e


def _long(table: Any, header: Sequence[str], found: Layout, times: Times, path: Path) -> list[Series]:
    assert found.name is not None and found.value is not None
    values = _numbers(table.column(found.value), f"{path}: {header[found.value]}")
    keys = (found.name, *found.labels)
    rows: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(zip(*(table.column(i).to_pylist() for i in keys), strict=True)):
        rows.setdefault(key, []).append(row)
    return [
        series_of(_labels(key, [header[i] for i in keys]), times[chosen], values[chosen])
        for key, chosen in rows.items()
    ]


def _labels(key: Sequence[Any], names: Sequence[str]) -> dict[str, str]:
    cells = ["" if cell is None else str(cell) for cell in key]
    return row_labels(cells[0], zip(names[1:], cells[1:], strict=True))


def _times(column: Any, *, where: str) -> Times:
    import pyarrow as pa

    if column.null_count:
        raise DataError(f"{where}: a time is missing")
    if pa.types.is_timestamp(column.type):
        return np.asarray(column.cast(pa.timestamp("ms"), safe=False).cast(pa.int64()).to_numpy(), dtype=np.int64)
    try:
        cells = [parse_time(one) if isinstance(one, str) else epoch_ms(float(one)) for one in column.to_pylist()]
    except (ValueError, TypeError) as e:
        raise DataError(f"{where}: {e}", hint="times are timestamps, RFC 3339 text or epoch seconds or ms") from e
    return np.array(cells, dtype=np.int64)


def _numbers(column: Any, where: str) -> Values:
    import pyarrow as pa

    try:
        return np.array(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    except pa.ArrowException as e:
        raise DataError(f"{where}: {e}") from e
