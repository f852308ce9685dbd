"""CIFAR-10 as views: each image is cut into patches, one per camera; by default a 3x2 grid of them.

The default is our interpretation after the DDNN authors' public PyTorch code: 10 rows x 16 columns a patch, three rows
of two patches, from the image without its first and last row (32 is no multiple of 3). `cut: 16x10` is what that code
does [R]: patches of 16 rows x 10 columns, in the order of their columns; the last two columns are lost.
Sources of the images, in this order: Parquet in the Hugging Face layout (`img.bytes`, in a struct or flat, and
`label`) below the data folder, the original `cifar-10-batches-py` folder there, torchvision's download into the cache.
The Parquet file of a split is `<split>.parquet` or one `<split>-*.parquet`, in the folder itself, in `cifar10/` or in
`plain_text/` below either.
"""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from tarfile import TarError
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from simnet.models.data.base import SPLITS, DataError, Dataset, DatasetOptions, Rows
from simnet.models.data.cache import cache_dir
from simnet.models.data.parquet import ImageTable, find_split

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
VALIDATION = 5_000
"""The last images of the training data are held out for validation."""
SIDE = 32
MOST = 8
"""Rows and columns of patches that an image can be cut into."""
ORIGINAL = "cifar-10-batches-py"
"""Folder name of the original distribution."""


class Cut(NamedTuple):
    """How an image becomes views: a grid of patches around its centre.

    Attributes:
        rows: Rows of patches.
        columns: Columns of patches.
        centred: Whether what does not divide is lost on both sides; else at the end.
        by_column: Whether views are numbered column by column; else row by row.
    """

    rows: int
    columns: int
    centred: bool = True
    by_column: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one view: colours, height, width."""
        return 3, SIDE // self.rows, SIDE // self.columns

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Views `[n, rows * columns, 3, h, w]` of images `[n, 3, 32, 32]`, from the top left."""
        _, height, width = self.shape
        top, left = ((SIDE - whole) // 2 if self.centred else 0 for whole in (self.rows * height, self.columns * width))
        kept = images[:, :, top : top + self.rows * height, left : left + self.columns * width]
        patches = kept.reshape(-1, 3, self.rows, height, self.columns, width)
        order = (0, 4, 2, 1, 3, 5) if self.by_column else (0, 2, 4, 1, 3, 5)
        return np.ascontiguousarray(patches.transpose(order)).reshape(-1, self.rows * self.columns, *self.shape)


DEFAULT = "3x2"
CUTS = {"whole": Cut(1, 1), "16x10": Cut(2, 3, centred=False, by_column=True)}
"""Cuts that are no plain grid of rows x columns."""


def cut_of(text: str) -> Cut:
    """The cut of this name: `whole`, `16x10`, or rows x columns (`3x2`). Raises ValueError where there is none."""
    if text in CUTS:
        return CUTS[text]
    found = re.fullmatch(r"([1-9])x([1-9])", text)
    if found is None or max(rows := int(found[1]), columns := int(found[2])) > MOST:
        raise ValueError(f"must be {', '.join(CUTS)} or rows x columns of patches, each from 1 to {MOST} ({DEFAULT})")
    return Cut(rows, columns)


DEFAULT_CUT = cut_of(DEFAULT)


class Cifar10(Dataset):
    """CIFAR-10; `images` are the whole ones, for augmentation before the cut.

    Raises DataError when the images are neither found nor can be downloaded, or a file is damaged.
    """

    class Options(DatasetOptions):
        """How images become views."""

        seeing: ClassVar[tuple[str, ...]] = ("cut",)

        cut: str = DEFAULT
        """`whole` (one view of 32 × 32), rows × columns of patches, or `16x10`: patches as in the lineage's code."""

        @field_validator("cut")
        @classmethod
        def _is_a_cut(cls, text: str) -> str:
            cut_of(text)
            return text

    name = "cifar10"
    licence = "weights trained on CIFAR-10 (Krizhevsky 2009), which states no licence; images are not included"
    class_names = CLASSES
    views = DEFAULT_CUT.rows * DEFAULT_CUT.columns
    view_shape = DEFAULT_CUT.shape

    def __init__(
        self, split: str, data_dir: Path | None = None, download: bool = True, options: DatasetOptions | None = None
    ) -> None:
        if split not in SPLITS:
            raise DataError(f"cifar10 has no split {split!r}; it has {', '.join(SPLITS)}")
        self.split = split
        self._set_cut(options)
        file_split = "test" if split == "test" else "train"
        self._source = _open(file_split, data_dir, download)
        count = len(self._source.labels)
        if file_split == "train" and count <= VALIDATION:
            raise DataError(f"cifar10: {count} training images, more than {VALIDATION} are needed (validation)")
        held_out = count - VALIDATION
        self._rows = {
            "train": np.arange(held_out),
            "validation": np.arange(held_out, count),
            "test": np.arange(count),
        }[split]
        self.labels = self._source.labels[self._rows]

    @classmethod
    def open(cls, options: DatasetOptions, split: str, data_dir: Path | None) -> Cifar10:
        """A split from the folder of data, else from the cache or the download into it."""
        return cls(split, data_dir, options=options)

    @classmethod
    def shape_of(cls, options: Options) -> tuple[int, tuple[int, int, int]]:
        """Views that this cut gives."""
        how = cut_of(options.cut)
        return how.rows * how.columns, how.shape

    def _set_cut(self, options: DatasetOptions | None) -> None:
        self._how = options.cut if isinstance(options, Cifar10.Options) else DEFAULT
        self._cut = cut_of(self._how)
        self.views, self.view_shape = self._cut.rows * self._cut.columns, self._cut.shape

    @classmethod
    def from_file(cls, path: Path, options: DatasetOptions | None = None) -> Cifar10:
        """All rows of one Parquet file; everything is decoded at once. Raises DataError when anything is wrong."""
        made = cls.__new__(cls)
        made.split, source = "file", _Parquet(path)
        made._set_cut(options)
        source.table.decode()
        made._source, made._rows, made.labels = source, np.arange(len(source.labels)), source.labels
        return made

    @cached_property
    def checksum(self) -> str:
        """SHA-256 over the source file's digest, the rows of this split, and how they are cut."""
        how = "" if self._how == DEFAULT else self._how
        return hashlib.sha256(self._source.digest().encode() + self._rows.tobytes() + how.encode()).hexdigest()

    def images(self, rows: Rows) -> NDArray[np.uint8]:
        """Whole images `[len(rows), 3, 32, 32]`."""
        return self._source.images(self._rows[np.asarray(rows, dtype=np.int64)])

    def cut(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Views of whole images."""
        return self._cut(images)

    def pixels(self, rows: Rows) -> NDArray[np.uint8]:
        """Views `[len(rows), views, 3, h, w]`."""
        return self._cut(self.images(rows))


class _Parquet:
    """Images in a Parquet file of the Hugging Face layout."""

    def __init__(self, path: Path) -> None:
        self.table = ImageTable(path, [("img", "image", "img.bytes", "image.bytes")], len(CLASSES))
        self.labels = self.table.labels
        self.digest = self.table.digest

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.table.images(rows)[:, 0]


class _Original:
    """The original distribution through torchvision, which also downloads it."""

    def __init__(self, root: Path, train: bool, download: bool) -> None:
        from torchvision.datasets import CIFAR10

        data = CIFAR10(str(root), train=train, download=download)
        self._images: NDArray[np.uint8] = np.ascontiguousarray(data.data.transpose(0, 3, 1, 2))
        self.labels = np.asarray(data.targets, dtype=np.int64)

    def digest(self) -> str:
        return hashlib.sha256(self._images.tobytes() + self.labels.tobytes()).hexdigest()

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self._images[rows]


def _open(split: str, data_dir: Path | None, download: bool) -> _Parquet | _Original:
    folders = [] if data_dir is None else [data_dir / "cifar10", data_dir]
    cached = cache_dir() / "cifar10"
    found = find_split(folders, split)
    if found is not None:
        return _Parquet(found)
    for folder in (*folders, cached):
        if (folder / ORIGINAL).is_dir():
            try:
                return _Original(folder, split == "train", download=False)
            except (OSError, RuntimeError) as problem:
                raise DataError(f"{folder / ORIGINAL} is damaged: delete or replace it") from problem
    why = "no download was asked for"
    if download:
        try:
            cached.mkdir(parents=True, exist_ok=True)
            return _Original(cached, split == "train", download=True)
        except (OSError, RuntimeError, EOFError, HTTPException, TarError) as problem:
            # URLError is an OSError; a bad checksum is a RuntimeError; the others end a broken-off transfer.
            why = f"torchvision's download failed ({problem})"
    looked = ", ".join(str(place) for place in (*(f / f"{split}*.parquet" for f in folders), cached / ORIGINAL))
    raise DataError(
        f"data set cifar10 ({split}) is missing: looked for {looked}; {why}. "
        f"Name a folder that holds cifar10/{split}.parquet with --data-dir or SIMNET_DATA."
    )
