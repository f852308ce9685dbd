"""`mvmc`: six real cameras on one square see a car, a bus or a person; 32x32 crops, black where a camera does not.

The kind of data that DDNN (2017) is evaluated on, as Parquet with `view_0` .. `view_5`, `label`, `frame`, `object` in
`mvmc/{train,test}.parquet` below the data folder. Frames repeat parked cars and most frames of the test file occur in
the training file, too, so train and test are not independent: accuracies are too high for other squares.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.base import SPLITS, DataError, Dataset, DatasetOptions, Rows
from simnet.models.data.parquet import ImageTable, find_split

CLASSES = ("car", "bus", "person")
CAMERAS = 6
VALIDATION = 0.15
"""Share of the training file's frames that is held out for validation."""
_SEED = 2017


def held_out_frames(frames: NDArray[np.int64], labels: NDArray[np.int64]) -> set[int]:
    """Numbers of the frames for validation: drawn at random with a fixed seed (our choice).

    Drawn apart from the frames with the rarest class and from the others, so that both parts have some of each where
    there are two.
    """
    rarest = np.bincount(labels, minlength=len(CLASSES))
    rare = set(frames[labels == np.where(rarest > 0, rarest, len(labels) + 1).argmin()].tolist())
    random = np.random.default_rng(_SEED)
    order = [int(f) for f in random.permutation(np.unique(frames))]
    chosen: set[int] = set()
    for group in ([f for f in order if f in rare], [f for f in order if f not in rare]):
        chosen.update(group[: ceil(VALIDATION * len(group))])
    return chosen


class Mvmc(Dataset):
    """The data set `mvmc`.

    Raises DataError when the file is missing or damaged, or has fewer than two frames to cut validation from.
    """

    name = "mvmc"
    licence = (
        "weights trained on a six-camera set made from real footage of one square, the kind of data that the DDNN "
        "authors used; its licence is not known to us; images are not included"
    )
    note = "frames repeat parked cars, so training and test data are not independent"
    class_names = CLASSES
    views = CAMERAS
    view_shape = (3, 32, 32)
    _rows: NDArray[np.int64]

    def __init__(self, split: str, data_dir: Path | None = None) -> None:
        if split not in SPLITS:
            raise DataError(f"mvmc has no split {split!r}; it has {', '.join(SPLITS)}")
        part = "test" if split == "test" else "train"
        path = find_split([] if data_dir is None else [data_dir / "mvmc"], part)
        if path is None:
            looked = (
                "no data folder was named" if data_dir is None else f"looked for {data_dir / 'mvmc'}/{part}.parquet"
            )
            raise DataError(
                f"data set mvmc ({part}) is missing: {looked}. "
                f"Name a folder that holds mvmc/{part}.parquet with --data-dir or SIMNET_DATA."
            )
        self._begin(split, path)
        if part == "train":
            frames = self._table.numbers("frame")
            held_out = np.isin(frames, list(held_out_frames(frames, self._table.labels)))
            self._rows = np.flatnonzero(held_out == (split == "validation"))
            if not 0 < len(self._rows) < len(frames):
                raise DataError(f"{path}: {len(np.unique(frames))} frames are too few to hold some out for validation")
            self.labels = self._table.labels[self._rows]

    @classmethod
    def open(cls, options: DatasetOptions, split: str, data_dir: Path | None) -> Mvmc:
        """A split from the folder of data."""
        return cls(split, data_dir)

    @classmethod
    def from_file(cls, path: Path, options: DatasetOptions | None = None) -> Mvmc:
        """All rows of one Parquet file; everything is decoded at once. `frame` and `object` may be missing."""
        made = cls.__new__(cls)
        made._begin("file", path)
        made._table.decode()
        return made

    def _begin(self, split: str, path: Path) -> None:
        self.split = split
        self._table = ImageTable(path, [(f"view_{view}",) for view in range(CAMERAS)], len(CLASSES))
        self._rows, self.labels = np.arange(len(self._table)), self._table.labels

    @property
    def frames(self) -> NDArray[np.int64]:
        """Number of the video frame of every sample, `[n]`. Raises DataError when the file does not say."""
        return self._table.numbers("frame")[self._rows]

    @cached_property
    def checksum(self) -> str:
        """SHA-256 over the source file's digest and the rows of this split."""
        return hashlib.sha256(self._table.digest().encode() + self._rows.tobytes()).hexdigest()

    def pixels(self, rows: Rows) -> NDArray[np.uint8]:
        """Views `[len(rows), 6, 3, 32, 32]`. Raises DataError for an image that cannot be used."""
        self._table.decode()  # some thousand small images: once, rather than in every epoch
        return self._table.images(self._rows[np.asarray(rows, dtype=np.int64)])

    def seen(self, rows: Rows) -> NDArray[np.bool_]:
        """Which views show the object, `[len(rows), 6]`: those that are not black."""
        return np.asarray(self.pixels(rows).any(axis=(2, 3, 4)))
