"""`parquet`: image files and labels in Parquet files of a user's own, by the names of their columns.

In `path` lie `train.parquet` and `test.parquet` (or one `train-*.parquet` …); without `validation.parquet` that split
is cut from the training rows by their numbers, whatever their labels. Each column of `views` holds the image files
(bytes) of one view, all of one size; `label` holds numbers from 0 or the classes' names.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simnet.models.data.base import DataError, Dataset, DatasetOptions, Rows, place_of
from simnet.models.data.parquet import ImageTable, find_split
from simnet.models.data.shares import Shares


class Columns(Dataset):
    """Parquet files of a user's own. Raises DataError for one that is missing, damaged or of another layout."""

    class Options(DatasetOptions):
        """Where they are, and which columns count."""

        paths: ClassVar[tuple[str, ...]] = ("path",)
        seeing: ClassVar[tuple[str, ...]] = ("views",)

        path: str
        """The folder of the files, seen from the scenario's file, on a command line from the current directory."""
        views: Annotated[tuple[str, ...], Field(min_length=1, max_length=32)]
        """Columns of images, one for each view."""
        label: str = "label"
        """Column of labels."""
        classes: Annotated[tuple[str, ...], Field(min_length=2)]
        """Names of the classes: of labels that are numbers from 0 on, in this order."""
        shares: Shares = Shares()
        """`validation` is the share of the training rows that is held out where there is no file for it."""

    name = "parquet"
    licence = "weights trained on images of the user's own; they know their licence"

    def __init__(self, split: str, options: Options) -> None:
        self.split, self._options, folder = split, options, place_of(options.path)
        for what, names in (("classes", options.classes), ("views", options.views)):
            if len(set(names)) < len(names):
                raise DataError(f"parquet {folder}: two {what} have one name")
        own = find_split([folder], split)
        file = own or (find_split([folder], "train") if split == "validation" else None)
        if file is None:
            raise DataError(f"parquet {folder}: lacks {split}.parquet")
        self._table = ImageTable(
            file, [(view,) for view in options.views], len(options.classes), None, options.label, options.classes
        )
        cut = own is None or (split == "train" and find_split([folder], "validation") is None)
        held_out = [options.shares.split_of(str(row)) == "validation" for row in range(len(self._table))]
        wanted = [row for row, held in enumerate(held_out) if not cut or held == (split == "validation")]
        if not wanted:
            raise DataError(f"parquet {file}: no rows for {split}")
        self._rows, self.class_names, self.views = np.array(wanted), options.classes, len(options.views)
        self.labels, self.view_shape = self._table.labels[self._rows], (3, *self._table.size)

    @classmethod
    def open(cls, options: Options, split: str, data_dir: Path | None) -> Columns:
        """A split from its file."""
        return cls(split, options)

    @classmethod
    def shape_of(cls, options: Options) -> tuple[int, None]:
        """As many views as columns; their size is the images'."""
        return len(options.views), None

    @classmethod
    def classes_of(cls, options: Options) -> tuple[str, ...]:
        """As the options say."""
        return options.classes

    @cached_property
    def checksum(self) -> str:
        """SHA-256 over the file's digest, the columns of views, the rows of this split and the labels."""
        how = f"{self._table.digest()} {self._options.views} {self.view_shape}"
        total = hashlib.sha256(how.encode() + self._rows.tobytes() + self.labels.tobytes())
        return total.hexdigest()

    def pixels(self, rows: Rows) -> NDArray[np.uint8]:
        """Views `[len(rows), views, 3, h, w]`."""
        return self._table.images(self._rows[np.asarray(rows, dtype=np.int64)])
