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


def _about(path: Path, views: NDArray[np.uint8]) -> bytes:
    digest = hashlib.sha256(np.ascontiguousarray(views).data).hexdigest()
    return json.dumps({"of": f"{path.parent.name}/{path.name}", "sha256": digest}).encode().ljust(_TAIL)
