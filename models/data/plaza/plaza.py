"""`plaza`: six cameras around a square look at one object of ten classes; generated here, no files needed.

Our own data set (documented in `docs/plaza.md`). Every sample has a random stream of its own, derived from the seed,
the split and its index, so that it is the same whatever is asked for beside it. Views are rendered when first
needed, in blocks that are kept on disk.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.base import SPLITS, VIEWS, DataError
from simnet.models.data.cache import cache_dir as default_cache_dir
from simnet.models.data.plaza.rays import SIDE
from simnet.models.data.plaza.render import CAMERAS, DRAWS, NOISE_BYTES, SQUARE, Camera, render
from simnet.models.data.plaza.shapes import BUILDERS

VERSION = 1
"""Raise whenever a pixel or a label may change: cached blocks and checksums follow it."""

SEED = 20170327
SIZES = {"train": 24_000, "validation": 2_000, "test": 10_000}
BLOCK = 250
"""Samples rendered and cached together (4.6 MB)."""

_LABELS, _VIEWS = 0, 1
_CHUNK = 50  # samples rendered at once: their rays fit the processor's cache


class Plaza:
    """The data set `plaza`; see `simnet.models.data.base.ViewDataset`."""

    name = "plaza"
    class_names = tuple(BUILDERS)

    def __init__(
        self,
        split: str,
        size: int | None = None,
        cache_dir: Path | None = None,
        *,
        seed: int = SEED,
        cameras: tuple[Camera, ...] = CAMERAS,
    ) -> None:
        """The first `size` samples of a split (default `SIZES`); blocks are kept under `cache_dir`.

        Raises `DataError` for an unknown split, a size below one or another number of cameras than six.
        """
        if split not in SPLITS:
            raise DataError(f"plaza has no split {split!r}; it has {', '.join(SPLITS)}")
        if len(cameras) != VIEWS:
            raise DataError(f"plaza needs {VIEWS} cameras, not {len(cameras)}")
        self.split = split
        self._size = SIZES[split] if size is None else size
        if self._size < 1:
            raise DataError(f"plaza needs a size of at least 1, not {size}")
        self._seed, self._cameras = seed, cameras
        recipe = {
            "version": VERSION,
            "seed": seed,
            "cameras": [asdict(camera) for camera in cameras],
            "square": SQUARE,
            "classes": self.class_names,
            "split": split,
        }
        self._recipe = json.dumps(recipe, sort_keys=True)
        digest = hashlib.sha256(self._recipe.encode()).hexdigest()
        self._folder: Path | None = (cache_dir or default_cache_dir()) / "plaza" / f"{split}-{digest[:16]}"
        self._blocks: dict[int, NDArray[np.uint8]] = {}
        uniform = np.random.Generator(np.random.Philox(self._stream(_LABELS))).random(self._size)
        self._labels = (uniform * len(self.class_names)).astype(np.int64)

    @property
    def checksum(self) -> str:
        """SHA-256 of generator version, all parameters, split and size; nothing is rendered for it."""
        return hashlib.sha256(f"{self._recipe} size {self._size}".encode()).hexdigest()

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class of every sample, shape `[n]`; nothing is rendered for it."""
        return self._labels

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        """Views `[6, 3, 32, 32]` uint8 (black where a camera does not see the object) and label of one sample."""
        if not -self._size <= index < self._size:
            raise IndexError(f"plaza {self.split} has {self._size} samples, no number {index}")
        index %= self._size
        return self.views([index])[0], int(self._labels[index])

    def views(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        """Views of several samples, `[len(indices), 6, 3, 32, 32]` uint8; raises `IndexError` outside the split."""
        wanted = np.asarray(indices, np.int64)
        if len(wanted) and not (wanted.min() >= 0 and wanted.max() < self._size):
            raise IndexError(f"plaza {self.split} has samples 0 to {self._size - 1}")
        block = wanted // BLOCK
        missing = [int(b) for b in np.unique(block) if not self._load(int(b))]
        if missing and self._writable():
            with ThreadPoolExecutor(min(len(missing), os.cpu_count() or 1)) as pool:
                list(pool.map(self._fill, missing))
        views = np.empty((len(wanted), VIEWS, 3, SIDE, SIDE), np.uint8)
        for b in np.unique(block):
            rows = np.flatnonzero(block == b)
            kept = self._blocks.get(int(b))
            views[rows] = self._render(wanted[rows]) if kept is None else kept[wanted[rows] - b * BLOCK]
        return views

    def _stream(self, purpose: int, index: int = 0) -> np.random.SeedSequence:
        # zlib.crc32 rather than hash(): the same in every process and on every machine
        return np.random.SeedSequence([self._seed, zlib.crc32(self.split.encode()), purpose, index])

    def _render(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        parts = []
        for start in range(0, len(indices), _CHUNK):
            chunk = indices[start : start + _CHUNK]
            table = np.empty((len(chunk), DRAWS), np.float32)
            noise = np.empty((len(chunk), NOISE_BYTES), np.uint8)
            for row, index in enumerate(chunk):
                random = np.random.Generator(np.random.Philox(self._stream(_VIEWS, int(index))))
                table[row] = random.random(DRAWS)
                noise[row] = np.frombuffer(random.bytes(NOISE_BYTES), np.uint8)
            parts.append(render(self._label(chunk), table, noise, self._cameras))
        return np.concatenate(parts)

    def _label(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        if indices.max() < self._size:
            return self._labels[indices]
        longer = Plaza(self.split, int(indices.max()) + 1, seed=self._seed, cameras=self._cameras)
        return longer.labels[indices]

    def _path(self, block: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{block:04d}.npy"

    def _load(self, block: int) -> bool:
        """Maps a block from disk; one that is missing or damaged counts as not there."""
        if block in self._blocks:
            return True
        if self._folder is None:
            return False
        with suppress(OSError, ValueError, EOFError):
            kept = np.load(self._path(block), mmap_mode="r")
            if kept.shape == (BLOCK, VIEWS, 3, SIDE, SIDE) and kept.dtype == np.uint8:
                self._blocks[block] = kept
                return True
        return False

    def _writable(self) -> bool:
        """Whether blocks can be kept; else only what is asked for is rendered, every time."""
        if self._folder is None:
            return False
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._folder):
                return True
        except OSError:
            self._folder = None
            return False

    def _fill(self, block: int) -> None:
        """Renders a block and keeps it: on disk under its final name only when complete."""
        views = self._render(np.arange(block * BLOCK, (block + 1) * BLOCK))
        self._blocks[block] = views
        path = self._path(block)
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                np.save(file, views)
            part.replace(path)
        except OSError:  # a full disk: this block stays in memory
            part.unlink(missing_ok=True)
            return
        self._load_again(block)

    def _load_again(self, block: int) -> None:
        del self._blocks[block]
        self._load(block)


def sheet(path: Path, zoom: int = 2) -> None:
    """Writes a contact sheet (PNG): a row per class, two samples side by side, six cameras each."""
    from PIL import Image

    data = Plaza("test", 400)
    rows = []
    for label in range(len(data.class_names)):
        first = np.flatnonzero(data.labels == label)[:2]
        rows.append(np.concatenate(list(data.views(first).reshape(-1, 3, SIDE, SIDE)), axis=2))
    picture = np.concatenate(rows, axis=1).transpose(1, 2, 0).repeat(zoom, axis=0).repeat(zoom, axis=1)
    Image.fromarray(picture).save(path, optimize=True)


def main() -> None:
    """`python -m models.data.plaza --sheet FILE`."""
    parser = argparse.ArgumentParser(description="Look at the data set plaza.")
    parser.add_argument("--sheet", type=Path, required=True, help="PNG file for a contact sheet")
    sheet(parser.parse_args().sheet)


if __name__ == "__main__":
    main()
