"""Columns of words as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # pyarrow costs a tenth of a second: only those who touch a table pay it
    import pyarrow as pa


def numbered(table: pa.Table, name: str) -> tuple[NDArray[np.int32], list[str]]:
    """The number of each row's word, −1 for none, and the words."""
    column = table.column(name).combine_chunks()
    column = column.chunk(0) if hasattr(column, "chunk") else column
    if not hasattr(column, "indices"):
        column = column.dictionary_encode()
    indices = column.indices
    numbers = (indices.fill_null(-1) if indices.null_count else indices).to_numpy(zero_copy_only=False)
    return np.asarray(numbers, np.int32), [str(word) for word in column.dictionary.to_pylist()]
