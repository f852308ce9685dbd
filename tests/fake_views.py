"""A tiny data set in which the class is plain to see, for tests of training and of the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simnet.models.data import open_dataset as really_open
from simnet.models.data import written
from simnet.models.data.base import SPLITS, Dataset, DatasetOptions, Rows

SIZES = {"train": 48, "validation": 20, "test": 20}


class FakeViews(Dataset):
    """Ten classes, each a level of grey, with noise; `views` of `side` x `side` pixels."""

    name = "plaza"
    licence = "made up"
    class_names = tuple(f"grey {level}" for level in range(10))

    def __init__(self, split: str, side: int = 32, views: int = 6) -> None:
        self.split, self.view_shape, self.views = split, (3, side, side), views
        random = np.random.default_rng(SPLITS.index(split))
        self.labels: NDArray[np.int64] = random.permutation(np.arange(SIZES[split]) % 10)
        noise = random.integers(0, 20, (len(self), views, 3, side, side))
        self._views = (self.labels[:, None, None, None, None] * 23 + noise).astype(np.uint8)

    @classmethod
    def open(cls, options: DatasetOptions, split: str, data_dir: Path | None) -> FakeViews:
        return cls(split)

    @property
    def checksum(self) -> str:
        return f"made up for {self.split}"

    def pixels(self, rows: Rows) -> NDArray[np.uint8]:
        return self._views[np.asarray(rows)]


def open_fake(
    name: str | DatasetOptions, split: str, data_dir: Path | None = None, folder: Path | None = None
) -> Dataset:
    """Stands in for `open_dataset`: fake plaza views; anything else as in earnest."""
    if (name if isinstance(name, str) else written(name)) == "plaza" and split in SPLITS:
        return FakeViews(split)
    return really_open(name, split, data_dir, folder)


def use_fake_views(patch: pytest.MonkeyPatch) -> None:
    """Let training, publishing and the command line open `FakeViews` as plaza."""
    for place in ("data", "cards.sources", "training.training", "training.publish"):
        patch.setattr(f"simnet.models.{place}.open_dataset", open_fake)
