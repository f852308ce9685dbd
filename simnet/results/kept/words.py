"""Columns of tables from and to numpy. Without `pyarrow.compute`, whose import takes longer than all of this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simnet.network.numbered import Names

if TYPE_CHECKING:  # pyarrow costs a tenth of a second: only those who touch a table pay it
    import pyarrow as pa


def numbered(table: pa.Table, name: str) -> tuple[NDArray[np.int32], list[str]]:
    """The number of each row's word, −1 for none, and the words."""
    column = table.column(name).combine_chunks()
    column = column.chunk(0) if hasattr(column, "chunk") else column
    if not hasattr(column, "indices"):
        column = encoded(column.to_pylist())
    return indices_of(column), [str(word) for word in column.dictionary.to_pylist()]


def indices_of(column: pa.DictionaryArray) -> NDArray[np.int32]:
    """The number of each word, −1 for none."""
    numbers = column.indices.to_numpy(zero_copy_only=False)
    if column.indices.null_count:  # then they are floats
        numbers = np.where(np.isnan(numbers), -1, numbers)
    return np.asarray(numbers, np.int32)


def encoded(words: Iterable[Any]) -> pa.DictionaryArray:
    """A column of words, None without: the dictionary has those that occur, the first one first."""
    names = Names()
    if isinstance(words, np.ndarray) and len(words) and words.strides == (0,):  # all are the same
        numbers = np.full(len(words), -1 if words[0] is None else names[words[0]], np.int32)
    else:
        listed = words.tolist() if isinstance(words, np.ndarray) else list(words)
        numbers = np.fromiter((-1 if word is None else names[word] for word in listed), np.int32, len(listed))
    return coded(numbers, list(names))


def coded(numbers: NDArray[np.int32], words: Sequence[str]) -> pa.DictionaryArray:
    """A column of these words by their numbers, −1 for none."""
    import pyarrow as pa

    none = numbers < 0
    indices = pa.array(np.where(none, 0, numbers), pa.int32(), mask=none if none.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))


def floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    """A column of numbers or truth values; not a number where there is none."""
    return np.asarray(table.column(name).to_numpy(), np.float64)
