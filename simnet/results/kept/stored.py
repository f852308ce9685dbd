"""A table in a temporary Parquet file: what a long run tells is written a row group at a time."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from simnet.network.spool import naming

if TYPE_CHECKING:  # pyarrow costs a tenth of a second: only those who touch a table pay it
    import pyarrow as pa

COMPRESSION = "zstd"
MOST_ROWS = 1 << 18
"""Of a table in memory, and of a row group (our choice): larger tables wait in a file."""


class StoredTable:
    """A table with the columns of `schema` in a file without a name, gone with this object; it can be read again.

    Args:
        schema: Its columns.
        parts: Its rows, each part a row group.

    Raises:
        OSError: the temporary file cannot be written; the message names its folder.
    """

    def __init__(self, schema: pa.Schema, parts: Iterable[pa.Table]) -> None:
        from pyarrow import parquet

        self.schema, self.num_rows = schema, 0
        with naming():
            self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as this object is
        writer = parquet.ParquetWriter(self._file, schema, compression=COMPRESSION)
        for part in parts:
            self.num_rows += part.num_rows
            with naming():
                writer.write_table(part)
        with naming():
            writer.close()
            self._file.flush()
        _release()

    @property
    def column_names(self) -> list[str]:
        """Names of its columns."""
        names: list[str] = self.schema.names
        return names

    def parts(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Its row groups, or some columns of them."""
        import pyarrow as pa

        names = self.schema.names if columns is None else list(columns)
        schema, file = pa.schema([self.schema.field(name) for name in names]), self._opened()
        for number in range(file.num_row_groups):
            yield file.read_row_group(number, names).select(names).cast(schema)
        _release()

    def column(self, name: str) -> pa.ChunkedArray:
        """One of its columns, in memory."""
        return self._opened().read([name]).column(name)

    def read(self) -> pa.Table:
        """All of it, in memory."""
        return self._opened().read().cast(self.schema)

    def copy_to(self, sink: IO[bytes]) -> None:
        """Write the file's content."""
        self._file.seek(0)
        shutil.copyfileobj(self._file, sink, 1 << 20)

    def _opened(self) -> Any:
        from pyarrow import parquet

        return parquet.ParquetFile(os.fdopen(os.dup(self._file.fileno()), "rb"))


def _release() -> None:
    """Have Arrow give back what it holds for later: a row group at a time, it would hold much more than it needs."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
