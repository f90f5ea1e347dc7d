"""Parquet files, by Apache Arrow's library, which is an optional extra of the package: it takes 165 MB.

In: rows. Out: bytes of a file. Never here: what the rows hold.

A row group is written once it has some megabytes, so that the file is compact and no more than one group is in memory.
"""

import io
from collections.abc import Sequence
from functools import cache
from typing import Any

from app.exports.columns import Columns, Kind, Row
from app.extras import hint
from app.problems import invalid

_GROUP_BYTES = 16 * 1024 * 1024
_GROUP_ROWS = 100_000


@cache
def _arrow() -> tuple[Any, Any]:
    """Return the modules `pyarrow` and `pyarrow.parquet`. Importing them takes half a second.

    Raises:
        ImportError: the extra `parquet` is not installed.
    """
    import pyarrow as pa  # noqa: PLC0415 - an optional extra
    from pyarrow import parquet  # noqa: PLC0415 - the same

    return pa, parquet


def _type_of(pa: Any, kind: Kind) -> Any:
    """Return the type of a column: money has the four digits that the currency with the most has."""
    types = {
        Kind.TEXT: pa.string,
        Kind.INTEGER: pa.int64,
        Kind.MONEY: lambda: pa.decimal128(38, 4),
        Kind.DECIMAL: lambda: pa.decimal128(38, 6),
        Kind.TIME: lambda: pa.timestamp("us", tz="UTC"),
        Kind.FLAG: pa.bool_,
    }
    return types[kind]()


class _Sink(io.RawIOBase):
    """What the library writes to; keeps what was not taken yet."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def take(self) -> bytes:
        found = b"".join(self._parts)
        self._parts.clear()
        return found


class ParquetFile:
    """A Parquet file, compressed with Zstandard."""

    media_type = "application/vnd.apache.parquet"

    def __init__(self, columns: Columns) -> None:
        """Begin a file.

        Raises:
            ProblemError: 422 where the library is not installed.
        """
        try:
            pa, parquet = _arrow()
        except ImportError:
            raise invalid("/format", f"{hint('parquet')}; CSV is there", "format_not_installed") from None
        self._schema = pa.schema([(name, _type_of(pa, kind)) for name, kind in columns.items()])
        self._batch_of = pa.RecordBatch.from_arrays
        self._table_of = pa.Table.from_batches
        self._array_of = pa.array
        self._sink = _Sink()
        self._writer = parquet.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[Any] = []

    def add(self, rows: Sequence[Row]) -> bytes:
        """Take rows, and return the row groups that are complete."""
        if rows:
            values = zip(*rows, strict=True)
            arrays = [self._array_of(column, field.type) for column, field in zip(values, self._schema, strict=True)]
            self._waiting.append(self._batch_of(arrays, schema=self._schema))
        full = sum(batch.nbytes for batch in self._waiting) >= _GROUP_BYTES
        if full or sum(batch.num_rows for batch in self._waiting) >= _GROUP_ROWS:
            self._write()
        return self._sink.take()

    def end(self) -> bytes:
        """Return the last row group and the index of all."""
        self._write()
        self._writer.close()
        return self._sink.take()

    def _write(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._writer.write_table(self._table_of(waiting, self._schema).combine_chunks())
