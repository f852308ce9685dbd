"""`npz`: arrays of views and labels in one file, as the DDNN authors publish their six cameras (`MVMC.npz`) [R].

`X` is `[n, views, 3, h, w]`, whole numbers to 255 or fractions to 1; `y` is `[n, views]`, the class of what each view
sees, or the number of classes where it does not see the object. A sample's class is that of the views that see it; the
others are black.

The published split is a permutation printed in the authors' code, which we have not: give its row numbers in
`test_rows`, or the rows' numbers decide (`shares`).
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simnet.models.data.base import DataError, Dataset, DatasetOptions, Rows, place_of
from simnet.models.data.shares import Shares


def _whole(values: NDArray[Any]) -> bool:
    return bool(np.isfinite(values).all() and (values == np.floor(values)).all())


class Npz(Dataset):
    """A numpy archive; it is read whole. Raises DataError for one that is missing or of another layout."""

    class Options(DatasetOptions):
        """Where it is, and what its labels are called."""

        paths: ClassVar[tuple[str, ...]] = ("path", "test_rows")

        path: str
        """The file, seen from the scenario's file, on a command line from the current directory."""
        classes: Annotated[tuple[str, ...], Field(min_length=2)]
        """Names of the labels from 0 on."""
        test_rows: str | None = None
        """A text file with the numbers of the rows for `test`, from 0; validation is then cut from the others."""
        shares: Shares = Shares()
        """Shares of the rows for `validation` and `test`."""

    name = "npz"
    licence = "weights trained on images of the user's own; they know their licence"

    def __init__(self, split: str, options: Options) -> None:
        self.split, self._options, self._path = split, options, place_of(options.path)
        self.class_names = options.classes
        if len(set(options.classes)) < len(options.classes):
            raise DataError(f"npz {self._path}: two classes have one name")
        views, labels = self._read()
        self.views, self.view_shape = views.shape[1], (3, views.shape[3], views.shape[4])
        everything = self._labels(labels)
        test = self._test_rows(len(everything))
        rows = [row for row in range(len(everything)) if self._split_of(row, test) == split]
        if not rows:
            raise DataError(f"npz {self._path}: no rows for {split}; other shares would give some")
        self._rows = np.array(rows)
        self.labels, self._seen = everything[self._rows], labels[self._rows] < len(self.class_names)
        self._views = views[self._rows]
        self._scaled = bool(views.dtype.kind == "f" and views.max() <= 1)  # of all rows: splits must not differ

    @classmethod
    def open(cls, options: Options, split: str, data_dir: Path | None) -> Npz:
        """A split of the archive."""
        return cls(split, options)

    @classmethod
    def shape_of(cls, options: Options) -> tuple[int, tuple[int, int, int]] | None:
        """As the head of `X` says; None where the archive has none that can be read."""
        try:
            with zipfile.ZipFile(place_of(options.path)) as archive, archive.open("X.npy") as file:
                version = np.lib.format.read_magic(file)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, _ = read(file)
        except Exception:  # whatever is wrong with it, `open` tells
            return None
        return (shape[1], (3, *shape[3:])) if len(shape) == 5 and shape[2] == 3 else None

    @classmethod
    def classes_of(cls, options: Options) -> tuple[str, ...]:
        """As the options say."""
        return options.classes

    def _read(self) -> tuple[NDArray[Any], NDArray[np.int64]]:
        try:
            with np.load(self._path, allow_pickle=False) as archive:
                views, labels = archive["X"], archive["y"]
        except KeyError:
            raise DataError(f"npz {self._path}: needs arrays X and y") from None
        except Exception as problem:  # numpy raises OSError, ValueError, BadZipFile …
            raise DataError(f"npz {self._path}: cannot be read as a numpy archive ({problem})") from None
        if views.ndim != 5 or views.shape[2] != 3 or views.dtype.kind not in "uif" or 0 in views.shape:
            raise DataError(
                f"npz {self._path}: X must be numbers [n, views, 3, h, w], found {views.dtype} {views.shape}"
            )
        if labels.shape != views.shape[:2] or labels.dtype.kind not in "uif" or not _whole(labels):
            raise DataError(
                f"npz {self._path}: y must be whole numbers [n, views], found {labels.dtype} {labels.shape}"
            )
        if not (np.isfinite(views).all() and views.min() >= 0 and views.max() <= 255):
            raise DataError(f"npz {self._path}: X must lie from 0 to 1 or to 255")
        if views.dtype.kind == "f" and 1 < views.max() < 2:
            raise DataError(f"npz {self._path}: X must lie from 0 to 1 or to 255; the greatest is {views.max():g}")
        return views, self._numbers(labels)

    def _numbers(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        """Labels as whole numbers, once it is sure that they are classes, or `not seen`."""
        unseen = len(self.class_names)
        if (outside := (labels < 0) | (labels > unseen)).any():  # before a cast, which warns of what it cannot hold
            row = int(np.flatnonzero(outside.any(axis=1))[0])
            raise DataError(
                f"npz {self._path}: row {row} has a label outside 0 to {unseen} ({unseen}: not seen); name all classes"
            )
        return labels.astype(np.int64)

    def _labels(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """The class of each row: what all views say that see it."""
        unseen = len(self.class_names)
        least, most = labels.min(axis=1), np.where(labels < unseen, labels, -1).max(axis=1)
        if (bad := (most < 0) | (least != most)).any():
            row = int(np.flatnonzero(bad)[0])
            what = "is seen by no view" if most[row] < 0 else "has views of different classes"
            raise DataError(f"npz {self._path}: row {row} {what}")
        return np.asarray(least)

    def _test_rows(self, count: int) -> frozenset[int] | None:
        if self._options.test_rows is None:
            return None
        path = place_of(self._options.test_rows)
        try:
            words = path.read_text(encoding="utf-8").split()
        except (OSError, ValueError) as problem:
            raise DataError(f"npz: test_rows {path}: no list of row numbers ({problem})") from None
        if strange := next((one for one in words if not re.fullmatch("[0-9]{1,18}", one)), None):
            raise DataError(f"npz: test_rows {path}: {strange!r:.60} is no row number")
        found = [int(word) for word in words]
        if len(set(found)) < len(found) or not all(0 <= row < count for row in found):
            raise DataError(f"npz: test_rows {path}: must be different rows from 0 to {count - 1}")
        return frozenset(found)

    def _split_of(self, row: int, test: frozenset[int] | None) -> str:
        if test is not None and row in test:
            return "test"
        found = self._options.shares.split_of(str(row))
        return "train" if test is not None and found == "test" else found

    @cached_property
    def checksum(self) -> str:
        """SHA-256 over the views and labels of this split."""
        pixels = self.pixels(range(len(self)))
        total = hashlib.sha256(str(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes())
        total.update(self.labels.tobytes())
        return total.hexdigest()

    def pixels(self, rows: Rows) -> NDArray[np.uint8]:
        """Views `[len(rows), views, 3, h, w]`; black where a camera does not see the object."""
        chosen = np.asarray(rows, dtype=np.int64)
        views: NDArray[Any] = self._views[chosen]
        made: NDArray[np.uint8] = np.rint(views * (255 if self._scaled else 1)).astype(np.uint8)
        made[~self._seen[chosen]] = 0
        return made
