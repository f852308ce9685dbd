"""Data sets behind one interface; `open_dataset` is the way in."""

from __future__ import annotations

import os
from pathlib import Path

from models.data.base import SPLITS, DataError, ViewDataset

DATASETS = ("plaza", "cifar10")


def data_folder(data_dir: Path | None) -> Path | None:
    """The folder that the user named: `data_dir`, else the environment variable SIMNET_DATA, else None."""
    named = data_dir or os.environ.get("SIMNET_DATA")
    return Path(named) if named else None


def open_dataset(name: str, split: str, data_dir: Path | None = None) -> ViewDataset:
    """Open a split of a data set by name. Raises DataError when it is unknown, missing or damaged."""
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}; there are {', '.join(SPLITS)}")
    if name == "plaza":
        from models.data.plaza import Plaza

        return Plaza(split)
    if name == "cifar10":
        from models.data.cifar10 import Cifar10

        return Cifar10(split, data_folder(data_dir))
    raise DataError(f"unknown data set {name!r}; there are {', '.join(DATASETS)}")
