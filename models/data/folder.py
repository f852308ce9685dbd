"""`folder`: a user's own images, in one folder for each class.

    photos/cup/a.jpg  photos/cup/b.jpg  photos/tin/c.png               one view of each sample
    photos/cup/a_left.jpg  photos/cup/a_right.jpg  photos/tin/…        with `views: [left, right]`

With folders `train`, `validation` and `test` at the top the classes lie in these, and they are the splits (without
`validation` it is cut from `train`); else each sample's name decides (`shares`). The classes are the folders' names in
alphabetical order. A view that a sample has no file of is black: that camera does not see the object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simnet.models.data.base import SPLITS, DataError, Dataset, DatasetOptions, Rows, place_of
from simnet.models.data.colours import ImageError, read_colours
from simnet.models.data.shares import Shares

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")


class Folder(Dataset):
    """Images in class folders, each cropped to a square about its centre and resized; none is read until it is used."""

    class Options(DatasetOptions):
        """Where they are, and how they are seen."""

        paths: ClassVar[tuple[str, ...]] = ("path",)
        seeing: ClassVar[tuple[str, ...]] = ("side",)

        path: str
        """The folder, seen from the scenario's file, on a command line from the current directory."""
        side: Annotated[int, Field(ge=8, le=512, strict=True)] = 64
        """Pixels of a side that every image is resized to."""
        views: Annotated[tuple[str, ...], Field(max_length=32)] = ()
        """What follows a sample's name and `_` in the names of its files, one for each view; none: a file a sample."""
        shares: Shares = Shares()
        """Shares of the samples for `validation` and `test`, where there are no folders for them."""

    name = "folder"
    licence = "weights trained on images of the user's own; they know their licence"

    def __init__(self, split: str, options: Options) -> None:
        self.split, self._options = split, options
        self._root = place_of(options.path)
        self.views, self.view_shape = self.shape_of(options)
        if len(set(options.views)) < len(options.views):
            raise DataError(f"folder {self._root}: two views have one name")
        top = self._folders(self._root)
        parts = [name for name in SPLITS if name in top]
        places = [self._root / name for name in parts] if parts else [self._root]
        if parts and "test" not in parts:
            raise DataError(f"folder {self._root}: has folders {' and '.join(parts)} but none for test")
        if others := [name for name in top if parts and name not in parts]:
            raise DataError(
                f"folder {self._root}: has folders of splits ({', '.join(parts)}) and others ({others[0]!r})"
            )
        names = sorted({name for place in places for name in self._folders(place)})
        if len(names) < 2:
            found = f"one class ({names[0]!r})" if names else "no class folders"
            raise DataError(f"folder {places[0]}: holds {found}; each class needs a folder of its own, two at least")
        if parts and (untrained := sorted(set(names) - set(self._folders(self._root / "train")))):
            raise DataError(f"folder {self._root}: class {untrained[0]!r} has no folder in train")
        self.class_names = tuple(names)
        self._samples = [
            (label, sample)
            for label, class_name in enumerate(names)
            for place, cut in self._places(parts)
            for sample in self._grouped(place / class_name)
            if not cut or self._cut_of(f"{class_name}/{sample[0]}", parts) == split
        ]
        self.labels = np.array([label for label, _ in self._samples], dtype=np.int64)
        if not len(self.labels):
            raise DataError(
                f"folder {self._root}: no samples for {split}; more images, or other shares, would give some"
            )

    @classmethod
    def open(cls, options: Options, split: str, data_dir: Path | None) -> Folder:
        """A split; raises DataError where the folder is missing, empty, or holds something else."""
        return cls(split, options)

    @classmethod
    def shape_of(cls, options: Options) -> tuple[int, tuple[int, int, int]]:
        """As many views as have names, of this side."""
        return max(1, len(options.views)), (3, options.side, options.side)

    @classmethod
    def classes_of(cls, options: Options) -> tuple[str, ...] | None:
        """Names of the folders, in which nothing is looked at; None where there are none that will do."""
        try:
            root = place_of(options.path)
            top = cls._folders(root)
            splits = [name for name in top if name in SPLITS]
            names = {name for one in splits for name in cls._folders(root / one)} if splits else set(top)
        except DataError:  # `open` tells
            return None
        return tuple(sorted(names)) or None

    def _places(self, parts: list[str]) -> Iterator[tuple[Path, bool]]:
        """Folders of classes that samples of this split lie in, and whether their names decide further."""
        if not parts:
            yield self._root, True
        elif self.split in parts:
            yield self._root / self.split, self.split == "train" and "validation" not in parts
        elif self.split == "validation":
            yield self._root / "train", True

    def _cut_of(self, sample: str, parts: list[str]) -> str:
        found = self._options.shares.split_of(sample)
        return "train" if parts and found == "test" else found

    @classmethod
    def _folders(cls, place: Path) -> list[str]:
        """Names of the folders in a folder; raises DataError where images lie among them."""
        entries = [place / name for name in cls._listed(place)]
        if stray := [entry.name for entry in entries if entry.suffix.lower() in ENDINGS and not entry.is_dir()]:
            raise DataError(f"folder {place}: {stray[0]!r} lies beside the classes' folders; every image needs a class")
        return [entry.name for entry in entries if entry.is_dir()]

    @staticmethod
    def _listed(place: Path) -> list[str]:
        try:
            return sorted(entry.name for entry in place.iterdir() if not entry.name.startswith("."))
        except OSError as problem:
            raise DataError(f"folder {place}: cannot be read ({problem.strerror})") from None

    def _grouped(self, place: Path) -> list[tuple[str, list[Path | None]]]:
        """The samples of a class folder: their names and the file of each view, None where there is none."""
        if not place.is_dir():
            return []
        files = [place / name for name in self._listed(place)]
        if strange := [entry.name for entry in files if not entry.is_file() or entry.suffix.lower() not in ENDINGS]:
            raise DataError(f"folder {place}: {strange[0]!r} is no image ({', '.join(ENDINGS)})")
        if not files:
            raise DataError(f"folder {place}: is empty")
        if not self._options.views:
            twins = [file.stem for file, next_file in pairwise(files) if file.stem == next_file.stem]
            if twins:
                raise DataError(f"folder {place}: two files for sample {twins[0]!r}")
            return [(file.stem, [file]) for file in files]
        found: dict[str, list[Path | None]] = {}
        for file in files:
            fitting = [view for view in self._options.views if file.stem.endswith(f"_{view}")]
            view = max(fitting, key=len, default="")
            sample = file.stem.removesuffix(f"_{view}")
            if not sample or not fitting:
                views = ", ".join(self._options.views)
                raise DataError(f"folder {place}: {file.name!r} is no <sample>_<view>; the views are {views}")
            slot, number = found.setdefault(sample, [None] * self.views), self._options.views.index(view)
            if slot[number] is not None:
                raise DataError(f"folder {place}: two files for view {view!r} of sample {sample!r}")
            slot[number] = file
        return list(found.items())

    @cached_property
    def checksum(self) -> str:
        """SHA-256 over names, contents and labels of this split's files, and how they are resized."""
        total = hashlib.sha256(f"{self._options.side} {self._options.views}".encode())
        for label, (sample, files) in self._samples:
            total.update(f"\0{label} {self.class_names[label]}/{sample}".encode("utf-8", "surrogateescape"))
            for file in files:
                try:
                    total.update(b"-" if file is None else hashlib.sha256(file.read_bytes()).digest())
                except OSError as problem:
                    raise DataError(f"{file}: cannot be read ({problem.strerror})") from None
        return total.hexdigest()

    def pixels(self, rows: Rows) -> NDArray[np.uint8]:
        """Views `[len(rows), views, 3, side, side]`."""
        made = np.zeros((len(rows), self.views, *self.view_shape), np.uint8)
        for place, row in enumerate(rows):
            for view, file in enumerate(self._samples[row][1][1]):
                if file is not None:
                    made[place, view] = self._image(file)
        return made

    def _image(self, file: Path) -> NDArray[np.uint8]:
        from PIL import Image, ImageOps

        side = self._options.side
        try:
            fitted = ImageOps.fit(read_colours(file), (side, side), Image.Resampling.BILINEAR)
            return np.asarray(fitted).transpose(2, 0, 1)
        except ImageError as problem:
            raise DataError(f"{file}: {problem}") from None
        except Exception as problem:  # bytes that are no image make Pillow raise nearly anything
            raise DataError(f"{file}: is no readable image") from problem
