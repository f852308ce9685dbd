"""Blocks of views on disk: each an array in a file that says at its end whose views it holds, and their checksum.

A block that is damaged, or was put in another's place, is not believed: it counts as not there.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_TAIL = 256
"""Bytes at the end of a file that hold what it says of itself: JSON, filled up with spaces."""


def write_block(path: Path, views: NDArray[np.uint8]) -> None:
    """Keep a block as a NumPy file, under its final name only when it is complete. Raises OSError."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            np.save(file, views)
            file.write(_about(path, views))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_block(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """A block, mapped from its file; None if there is none, or it is not what was kept under this name."""
    try:
        views: NDArray[np.uint8] = np.load(path, mmap_mode="r")
        if views.shape != shape or views.dtype != np.uint8:
            return None
        with path.open("rb") as file:
            file.seek(-_TAIL, os.SEEK_END)
            said = file.read()
    except (OSError, ValueError, EOFError):
        return None
    return views if said == _about(path, views) else None


class Block:
    """A block on disk that is what was kept under its name. Views are read from the file each time, none is held.

    They are not mapped: pages of a mapped file count as the process's memory, and would come to be all views.
    """

    def __init__(self, path: Path, views: NDArray[np.uint8], mark: tuple[int, ...]) -> None:
        self._path, self._mark, self._shape, self._size = path, mark, views.shape[1:], views[0].nbytes
        self._begin = mark[0] - _TAIL - views.nbytes

    @classmethod
    def open(cls, path: Path, shape: tuple[int, ...]) -> Block | None:
        """The block, once all of it has been checked; None as for `read_block`."""
        try:
            mark = _mark(path.stat())
        except OSError:
            return None
        views = read_block(path, shape)
        return None if views is None else cls(path, views, mark)

    def read(self, places: NDArray[np.int64]) -> NDArray[np.uint8] | None:
        """Views of several samples by their place in the block; None where the file is not what it was."""
        found = np.empty((len(places), *self._shape), np.uint8)
        try:
            with self._path.open("rb", buffering=0) as file:
                if _mark(os.fstat(file.fileno())) != self._mark:
                    return None
                for into, place in zip(found, places.tolist(), strict=True):
                    file.seek(self._begin + place * self._size)
                    if file.readinto(into.data) != self._size:
                        return None
        except OSError:
            return None
        return found


def _mark(about: os.stat_result) -> tuple[int, ...]:
    """What changes when a file does, its size first."""
    return about.st_size, about.st_mtime_ns, about.st_ino


def _about(path: Path, views: NDArray[np.uint8]) -> bytes:
    digest = hashlib.sha256(np.ascontiguousarray(views).data).hexdigest()
    return json.dumps({"of": f"{path.parent.name}/{path.name}", "sha256": digest}).encode().ljust(_TAIL)
