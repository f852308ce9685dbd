"""Image files and labels in one Parquet file: what the layouts of `cifar10` and `mvmc` have in common."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.models.data.base import DataError
from simnet.models.data.colours import ImageError, read_colours


def find_split(folders: Sequence[Path], split: str) -> Path | None:
    """The Parquet file of a split, `<split>.parquet` or one `<split>-*.parquet`, in the first folder that has it.

    Raises DataError where several files match.
    """
    for folder in folders:
        for pattern in (f"{split}.parquet", f"{split}-*.parquet", f"plain_text/{split}-*.parquet"):
            found = sorted(folder.glob(pattern))
            if len(found) > 1:
                raise DataError(f"{folder}: {len(found)} files match {pattern}; there must be one")
            if found:
                return found[0]
    return None


BINARY = ("binary", "large_binary", "binary_view", "fixed_size_binary")
"""Arrow's types of bytes, by name: not every pyarrow that we allow can ask for the third."""

TEXT = ("string", "large_string", "string_view")
"""Arrow's types of text, likewise."""


class ImageTable:
    """A Parquet file with one or more columns of image files of one size and a column of labels.

    Images have `side` x `side` pixels, or (None) the size of the first. Labels are numbers from 0, or some of `names`.

    An image column holds binary values of any Arrow type, dictionaries included, or structs with the file in `bytes`;
    each may have one of several names.
    Images are decoded when asked for, or all at once by `decode`.
    Raises DataError when the file is no Parquet, lacks a column, or a column or a label is not of the layout.
    """

    def __init__(
        self,
        path: Path,
        images: Sequence[tuple[str, ...]],
        classes: int,
        side: int | None = 32,
        label: str = "label",
        names: Sequence[str] = (),
    ) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        try:
            there = pq.read_schema(path).names
            self._columns = [next((name for name in known if name in there), known[0]) for known in images]
            wanted = [*self._columns, label]
            if missing := [name for name in wanted if name not in there]:
                raise DataError(f"{path}: lacks the columns {missing}; it has {there}")
            self._table = pq.read_table(path, columns=[name for name in there if name in (*wanted, "frame", "object")])
        except (pa.ArrowException, OSError) as problem:
            raise DataError(f"{path}: cannot be read as Parquet: {problem}") from problem
        self._files = [self._image_files(name) for name in self._columns]
        self.labels = self._named(label, names) if names and self._is_text(label) else self.numbers(label)
        if len(self.labels) and not (self.labels.min() >= 0 and self.labels.max() < classes):
            row = int(np.flatnonzero((self.labels < 0) | (self.labels >= classes))[0])
            raise DataError(f"{path}: row {row}, column {label!r}: {self.labels[row]} is outside 0..{classes - 1}")
        self._decoded: NDArray[np.uint8] | None = None
        self.size = (side, side) if side is not None else self._first_size()
        """Height and width of every image."""

    def __len__(self) -> int:
        return len(self.labels)

    def numbers(self, name: str) -> NDArray[np.int64]:
        """A column of whole numbers, `[n]`. Raises DataError when it is missing, of another kind or has gaps."""
        import pyarrow as pa

        if name not in self._table.column_names:
            raise DataError(f"{self.path}: lacks the column {name!r}")
        column = self._table[name]
        if not pa.types.is_integer(column.type) or column.null_count:
            holds = f"{column.null_count} of them are" if pa.types.is_integer(column.type) else f"it is {column.type}"
            raise DataError(f"{self.path}: {name!r} must hold whole numbers, none of them missing; {holds}")
        numbers = column.to_numpy()
        if len(numbers) and numbers.max() > np.iinfo(np.int64).max:
            row = int(numbers.argmax())
            raise DataError(f"{self.path}: row {row}, column {name!r}: {numbers[row]} is too large a number")
        return np.asarray(numbers.astype(np.int64))

    def _is_text(self, name: str) -> bool:
        import pyarrow as pa

        kind = self._table[name].type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        return str(kind) in TEXT

    def _named(self, name: str, known: Sequence[str]) -> NDArray[np.int64]:
        """A column of the classes' names as their numbers."""
        numbers = {text: number for number, text in enumerate(known)}
        said = self._table[name].to_pylist()
        for row, text in enumerate(said):
            if text is None:
                raise DataError(f"{self.path}: row {row}, column {name!r}: there is no label")
            if text not in numbers:
                raise DataError(f"{self.path}: row {row}, column {name!r}: {text!r:.60} is none of {', '.join(known)}")
        return np.array([numbers[text] for text in said], dtype=np.int64)

    def _first_size(self) -> tuple[int, int]:
        if not len(self.labels):
            raise DataError(f"{self.path}: holds no samples")
        try:
            width, height = read_colours(io.BytesIO(self._files[0][0].as_py() or b"")).size
        except ImageError as problem:
            raise DataError(f"{self.path}: row 0, column {self._columns[0]!r} {problem}") from None
        except Exception as problem:  # as in `_image`
            raise DataError(f"{self.path}: row 0, column {self._columns[0]!r} is no readable image") from problem
        return height, width

    def digest(self) -> str:
        """Hexadecimal SHA-256 of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def decode(self) -> None:
        """Decode every image now, so that nothing is used of a file that is damaged further on. Raises DataError."""
        if self._decoded is None:
            self._decoded = self.images(np.arange(len(self)))

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Images `[len(rows), columns, 3, height, width]` uint8; raises DataError for one that cannot be used."""
        if self._decoded is not None:
            return self._decoded[rows]
        out = np.empty((len(rows), len(self._files), 3, *self.size), np.uint8)
        for place, row in enumerate(rows):
            for number, files in enumerate(self._files):
                out[place, number] = self._image(
                    files[int(row)].as_py(), f"row {row}, column {self._columns[number]!r}"
                )
        return out

    def _image_files(self, name: str) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._table[name]
        if pa.types.is_struct(column.type) and column.type.get_field_index("bytes") >= 0:
            column = pc.struct_field(column, "bytes")
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if str(column.type).partition("[")[0] not in BINARY:
            raise DataError(
                f"{self.path}: {name!r} must hold image files (binary, or structs with 'bytes'); it is {column.type}"
            )
        return column.combine_chunks()

    def _image(self, content: bytes | None, where: str) -> NDArray[np.uint8]:
        try:
            image = read_colours(io.BytesIO(content or b""))
            width, height = image.size
            if (height, width) == self.size:
                return np.asarray(image).transpose(2, 0, 1)
        except ImageError as problem:
            raise DataError(f"{self.path}: {where} {problem}") from None
        except Exception as problem:  # bytes that are no image make Pillow raise nearly anything
            raise DataError(f"{self.path}: {where} is no readable image") from problem
        raise DataError(f"{self.path}: {where} is {width}x{height}, not {self.size[1]}x{self.size[0]} pixels")
