"""Arrays that wait in a temporary file: what a long run records need not stay in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray


class Spool:
    """Groups of arrays of numbers, in one file without a name that is gone with this object, or with the process.

    Raises OSError with the folder's name where nothing can be written there; `TMPDIR` in the environment names another.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._groups: list[tuple[int, list[tuple[np.dtype[Any], int]]]] = []
        """Of each where it begins, and type and length of its arrays."""
        self._end = 0

    def put(self, arrays: Sequence[NDArray[Any]]) -> int:
        """Keep some arrays of numbers; returns the number of their group, from 0."""
        with naming():
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as this object is
            self._file.seek(self._end)
            self._groups.append((self._end, [(array.dtype, len(array)) for array in arrays]))
            for array in arrays:
                self._file.write(np.ascontiguousarray(array).data)
                self._end += array.nbytes
            self._file.flush()  # a full disk is told here, not when something is read
        return len(self._groups) - 1

    def length(self, group: int) -> int:
        """Entries of the first array of a group."""
        return self._groups[group][1][0][1]

    def get(self, group: int) -> list[NDArray[Any]]:
        """The arrays of a group; they cannot be written to."""
        start, kinds = self._groups[group]
        assert self._file is not None
        self._file.seek(start)
        return [np.frombuffer(self._file.read(dtype.itemsize * n), dtype) for dtype, n in kinds]


@contextmanager
def naming() -> Iterator[None]:
    """Say of a temporary file that cannot be written where it lies: it has no name."""
    try:
        yield
    except OSError as error:
        where = f"{tempfile.gettempdir()} (temporary files)"
        raise OSError(error.errno, error.strerror or str(error), where) from error
