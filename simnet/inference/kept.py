"""What is kept between runs, the network's answers and rendered views: how much, whether it is sound, its removal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simnet.inference.bound import PARTIAL
from simnet.inference.memo import ABOUT, read_table
from simnet.models.data.blocks import read_block
from simnet.models.data.cache import ANSWERS, cache_dir


@dataclass(frozen=True)
class Shelf:
    """One folder of the cache.

    Attributes:
        folder: It.
        what: Whose answers, or which views, as far as it says.
        files: How many it has.
        bytes: Their size.
        used: When one of them was last used, in s since 1970.
    """

    folder: Path
    what: str
    files: int
    bytes: int
    used: float


def shelves(kind: str) -> list[Shelf]:
    """What is kept of one kind, `ANSWERS` or `RENDERED`, the latest used first; folders without files are left out."""
    found = []
    for folder in _folders(cache_dir() / kind):
        files = [file for file in _files(folder) if not file.name.endswith(PARTIAL)]
        sizes, times = [], []
        for file in files:
            with suppress(OSError):
                about = file.stat()
                sizes.append(about.st_size)
                times.append(about.st_mtime)
        if sizes:
            found.append(Shelf(folder, _what(folder, kind), len(sizes), sum(sizes), max(times)))
    return sorted(found, key=lambda shelf: -shelf.used)


def damaged(kind: str) -> Iterator[tuple[Path, bool]]:
    """Every file of a kind, and whether it is damaged or another's: such a one is not believed, and made again."""
    for folder in _folders(cache_dir() / kind):
        for file in _files(folder):
            if not file.name.endswith(PARTIAL):
                yield file, (read_table(file) if kind == ANSWERS else _block(file)) is None


def clear(kind: str) -> int:
    """Remove all of a kind, and return how many bytes that were. A run that is under way makes what it lacks again.

    Raises:
        OSError: a file cannot be removed.
    """
    size = sum(shelf.bytes for shelf in shelves(kind))
    root = cache_dir() / kind
    for folder in _folders(root):
        for file in [*_files(folder), folder / ABOUT]:
            file.unlink(missing_ok=True)
        with suppress(OSError):  # something else is in it, or has just come
            folder.rmdir()
    if root.is_dir() and not root.is_symlink() and not any(root.iterdir()):
        shutil.rmtree(root, ignore_errors=True)
    return size


def _folders(root: Path) -> list[Path]:
    """The cache's own; a link leads to what is somebody's."""
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink()) if root.is_dir() else []


def _files(folder: Path) -> list[Path]:
    """Files of the cache in it, whole or given up; others are left alone."""
    try:
        return sorted(file for file in folder.iterdir() if file.suffix in (".npz", ".npy", PARTIAL))
    except OSError:  # another has removed it
        return []


def _block(file: Path) -> object:
    try:
        shape = np.load(file, mmap_mode="r").shape
    except (OSError, ValueError, EOFError):
        return None
    return read_block(file, shape)


def _what(folder: Path, kind: str) -> str:
    if kind != ANSWERS:
        return folder.name
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        return f"{about['weights']} on {about['data']} ({about['split']}), {about['codec']}"
    except (OSError, ValueError, KeyError, TypeError):
        return folder.name
