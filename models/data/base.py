"""The one interface behind which every data set stands; numpy only, so that a warm run imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

VIEWS = 6
"""Views of one sample in every data set that we use."""

SPLITS = ("train", "validation", "test")
"""`validation` is cut from the training data: thresholds are tuned there, never on `test`."""


class DataError(Exception):
    """A data set is missing or damaged; the message says what, where it was looked for and what to do."""


class ViewDataset(Protocol):
    """Samples seen by six cameras at one time."""

    name: str
    split: str
    class_names: tuple[str, ...]

    @property
    def checksum(self) -> str:
        """Hexadecimal SHA-256 that changes whenever a view or a label of this split could change."""
        ...

    @property
    def labels(self) -> NDArray[np.int64]:
        """Class of every sample, shape `[n]`."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], int]:
        """Views `[6, 3, h, w]` (uint8, RGB; black where a camera does not see the object) and label."""
        ...

    def views(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        """Views of several samples, `[len(indices), 6, 3, h, w]` uint8."""
        ...
