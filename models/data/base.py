"""The contract of a data set. numpy only, so that a warm run imports no torch."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from simnet.language.quantities import Model

SPLITS = ("train", "validation", "test")
"""`validation` is cut from the training data: thresholds are tuned there, never on `test`."""

Rows = Sequence[int] | NDArray[np.int64]
"""Numbers of samples, in any order, also several times."""


class DataError(Exception):
    """A data set is missing, damaged or breaks its contract; the message says what, where and what to do."""


def place_of(text: str) -> Path:
    """The file or folder that a user names; `~` is the home. Raises DataError for a name that there cannot be."""
    try:
        if "\0" in text:
            raise DataError(f"{text!r} is no name of a file")
        return Path(text).expanduser()
    except RuntimeError:  # Python's word for a home that nobody knows
        raise DataError(f"{text!r}: there is no such user") from None


class DatasetOptions(Model):
    """Keys of a scenario's `data:` entry; a kind adds its own in its `Options`."""

    quiet: ClassVar[tuple[str, ...]] = ("order",)
    paths: ClassVar[tuple[str, ...]] = ()
    """Keys that name a file or a folder, in a scenario seen from its own folder."""
    seeing: ClassVar[tuple[str, ...]] = ()
    """Keys that say how the samples are seen, not which there are: a system of a scenario may have its own."""

    set: str
    """Name of the kind."""
    order: Literal["random", "file"] = "random"
    """Which images the samples are: in an order that the seed draws, the same for all systems, or from the first on."""


class Dataset(ABC):
    """One split of a data set: samples of several views each, with labels.

    To add a kind: derive a class with a `name`, a `licence` and, where readers must know something beside any accuracy,
    a `note`. Its `open` sets `split`, `class_names`, `views`, `view_shape` and `labels` (what is the same for every
    split may be an attribute of the class). Write `checksum` and `pixels`. Own keys of the scenario's `data:` entry
    are fields of a class `Options(DatasetOptions)` in it. `from_file`, `images` and `cut` have defaults that do for
    most. Keys with which the same rows are seen otherwise, with the same labels, are named in `Options.seeing`.

    The same row always gives the same pixels, whatever is asked for beside it. What cannot be read is a DataError with
    the file's name. Import nothing heavy at the top: a run whose answers are all known opens a split and reads no
    pixel.

    Name the kind as ``file.py:Class`` or ``module:Class``, or register it as an entry point of the group
    ``simnet.datasets``.
    """

    class Options(DatasetOptions):
        """What a scenario can choose: nothing but the kind."""

    name: ClassVar[str]
    """How tables and messages call it."""
    licence: ClassVar[str]
    """Under which terms weights that are trained on it stand; for their card."""
    note: ClassVar[str | None] = None
    """What a reader must know beside any accuracy on these data."""

    split: str
    """One of `SPLITS`; "file" where it was opened from a single file."""
    class_names: tuple[str, ...]
    views: int
    """Views per sample."""
    view_shape: tuple[int, int, int]
    """Shape of one view: three colours, height, width."""
    labels: NDArray[np.int64]
    """Class of every sample, `[n]`, from 0."""

    def expect(self, rows: Rows, tell: Callable[[int, int], None]) -> None:  # noqa: B027 - by default nothing to do
        """Tell that these rows may be asked for; a kind that makes its samples calls `tell` while it does.

        `tell` gets how many of them it has made, and how many it will have to. By default nothing is made.
        """

    @classmethod
    @abstractmethod
    def open(cls, options: Any, split: str, data_dir: Path | None) -> Dataset:
        """A split, with `options` of this class's own type `Options`; `data_dir` is the user's folder of data, if any.

        Raises DataError when it is missing or damaged.
        """

    @classmethod
    def shape_of(cls, options: Any) -> tuple[int, tuple[int, int, int] | None] | None:
        """Views of a sample and the shape of each, where it takes no data to tell them; None, the usual: `open` does.

        A scenario whose weights do not fit is then refused by a check, too, which opens no data. None in place of the
        shape: only the number of views is known.
        """
        return None

    @classmethod
    def classes_of(cls, options: Any) -> tuple[str, ...] | None:
        """Names of the classes, likewise; None, the usual: `open` tells them."""
        return None

    @classmethod
    def from_file(cls, path: Path, options: Any = None) -> Dataset:
        """All samples of one file of this kind's layout; `options` as in `open`, None where all are as usual.

        Raises DataError when it cannot be used; by default a kind has no files.
        """
        raise DataError(f"data set {cls.name} cannot be read from a single file")

    @property
    @abstractmethod
    def checksum(self) -> str:
        """Hexadecimal SHA-256 that changes whenever a pixel or a label of this split could change.

        Answers that are kept between runs are known by it.
        """

    @abstractmethod
    def pixels(self, rows: Rows) -> NDArray[np.uint8]:
        """Views of several samples, `[len(rows), views, 3, h, w]` RGB; black where a camera does not see the object.

        Raises IndexError for a row that there is not, DataError for an image that cannot be used.
        """

    def images(self, rows: Rows) -> NDArray[np.uint8]:
        """What augmentation in training shifts and flips as one: `[len(rows), ..., 3, h, w]`; `cut` makes views of it.

        By default each view on its own.
        """
        return self.pixels(rows)

    def cut(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Views `[n, views, 3, h, w]` of what `images` gives."""
        return images

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        """Views `[views, 3, h, w]` and label of one sample; a negative index counts from the end."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.name} {self.split} has {len(self)} samples, no number {index}")
        index %= len(self)
        return self.pixels([index])[0], int(self.labels[index])


def check_pixels(data: Dataset, rows: Rows) -> NDArray[np.uint8]:
    """`data.pixels(rows)`, once it is sure that they are what the contract wants.

    Raises DataError that names the data set: where it gives another shape or type, or its code fails.
    """
    try:
        found: Any = data.pixels(rows)
    except (DataError, MemoryError):
        raise
    except Exception as problem:  # whatever a user's code raises
        raise DataError(f"data set {data.name}: pixels cannot be read ({_what(problem)})") from problem
    wanted = (len(rows), data.views, *data.view_shape)
    if not isinstance(found, np.ndarray):
        raise DataError(f"data set {data.name}: pixels gives {type(found).__name__}, not an array of uint8 {wanted}")
    if found.shape != wanted or found.dtype != np.uint8:
        raise DataError(f"data set {data.name}: pixels gives {found.dtype} {found.shape}, not uint8 {wanted}")
    return found


def check_dataset(kind: type[Dataset], data: Any) -> Dataset:
    """What a user's kind opened, once it is sure that it keeps the contract; no pixel is read.

    Raises DataError that names the data set and what it lacks.
    """
    if not isinstance(data, Dataset):
        raise DataError(f"data set {kind.name}: open gives {type(data).__name__}, no Dataset")
    for name, (good, wanted) in _PARTS.items():
        try:
            found = getattr(data, name)
        except AttributeError:
            raise DataError(f"data set {kind.name}: has no {name}; it must be {wanted}") from None
        except DataError:
            raise
        except Exception as problem:  # whatever a user's code raises
            raise DataError(f"data set {kind.name}: {name} fails ({_what(problem)})") from problem
        if not good(found):
            raise DataError(f"data set {kind.name}: {name} is {_shown(found)}, not {wanted}")
    labels, classes = data.labels, len(data.class_names)
    if len(data) != len(labels):
        raise DataError(f"data set {kind.name}: says that it has {len(data)} samples, but has {len(labels)} labels")
    if not len(labels):
        raise DataError(f"data set {kind.name}: its split {data.split!r} has no sample")
    if not (labels.min() >= 0 and labels.max() < classes):
        row = int(np.flatnonzero((labels < 0) | (labels >= classes))[0])
        raise DataError(f"data set {kind.name}: label {labels[row]} of row {row} is outside 0..{classes - 1}")
    return data


def _is_shape(value: Any) -> bool:
    whole = isinstance(value, tuple) and len(value) == 3 and all(type(side) is int and side >= 1 for side in value)
    return whole and value[0] == 3


def _are_names(value: Any) -> bool:
    if not isinstance(value, tuple) or not all(isinstance(name, str) for name in value):
        return False
    return len(set(value)) == len(value) >= 2


def _are_numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "iu"


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


_PARTS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "split": (lambda value: isinstance(value, str), "text"),
    "views": (lambda value: type(value) is int and value >= 1, "a whole number from 1"),
    "view_shape": (_is_shape, "(3, height, width)"),
    "class_names": (_are_names, "a tuple of two names or more, all different"),
    "labels": (_are_numbers, "an array [n] of whole numbers"),
    "checksum": (_is_digest, "a hexadecimal SHA-256"),
}
"""What every split has, how it is told to be right, and what it must be."""


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {value.shape}"
    if callable(value):
        return "a method; put @property above it, or set it in `open`"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _what(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"
