"""Parquet as JSON lines, a few rows at a time; needs pyarrow (the extra `parquet`)."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from smartcloudops.logs.codecs.pieces import Pieces
from smartcloudops.logs.objects import BUFFER, Unread

_MAGIC = b"PAR1"
_MOST_ROWS = 8192
_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS


class Parquet:
    """See the module. Times are RFC 3339 in UTC, bytes are text, maps are objects, what nests stays nested."""

    def decode(self, stored: Pieces) -> Iterator[bytes]:
        """A row is a line."""
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as e:
            missing = "a Parquet file, and pyarrow, which reads it, is not installed"
            raise Unread("codec", f"{missing}: pip install 'smartcloudops[parquet]'") from e
        with _file(stored) as file:
            try:
                opened = parquet.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)
                for group in range(opened.num_row_groups):
                    yield from _lines(opened, group)
            except pyarrow.ArrowNotImplementedError as e:
                raise Unread("codec", f"a Parquet file that pyarrow cannot read: {e}") from e
            except (pyarrow.ArrowException, OSError) as e:
                raise Unread("corrupt", f"the Parquet file is damaged: {e}") from e


PARQUET = Parquet()


@contextmanager
def _file(stored: Pieces) -> Iterator[Any]:
    """All of it where it can be read in any order: in memory up to BUFFER, else in an unnamed file on disk."""
    with tempfile.SpooledTemporaryFile(max_size=BUFFER) as file:
        end = b""
        try:
            while data := stored.take(BUFFER):
                file.write(data)
                end = (end + bytes(data[-4:]))[-4:]
        except OSError as e:
            where = tempfile.gettempdir()
            raise Unread("unreadable", f"the Parquet file does not fit into {where}: {e.strerror or e}") from e
        if end != _MAGIC:
            raise Unread("truncated", "a Parquet file without its footer, which says where everything is")
        file.seek(0)
        yield file


def _lines(opened: Any, group: int) -> Iterator[bytes]:
    about = opened.metadata.row_group(group)
    fitting = BUFFER * about.num_rows // max(1, about.total_byte_size)
    size = min(_MOST_ROWS, max(1, fitting))
    for batch in opened.iter_batches(batch_size=size, row_groups=[group], use_threads=False):
        with warnings.catch_warnings():
            # A map that has a key twice, where the last one holds.
            warnings.simplefilter("ignore", UserWarning)
            rows = _with_text_times(batch).to_pylist(maps_as_pydicts="lossy")
        yield b"".join(orjson.dumps(row, default=_spelt, option=_OPTIONS) for row in rows)


def _with_text_times(batch: Any) -> Any:
    """Its columns of times as RFC 3339, in whatever unit: Python's own times end at microseconds."""
    import pyarrow as pa
    from pyarrow import compute

    for at, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type):
            utc = batch.column(at).cast(pa.timestamp(field.type.unit))
            text = compute.binary_join_element_wise(compute.strftime(utc, "%Y-%m-%dT%H:%M:%S"), "Z", "")
            batch = batch.set_column(at, field.name, text)
    return batch


def _spelt(value: object) -> str:
    """What JSON has no word for."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
