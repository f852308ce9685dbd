"""Data sets behind one interface; `open_dataset` is the way in, `open_file` that to a single Parquet file."""

from __future__ import annotations

import os
from pathlib import Path

from simnet.models.data.base import SPLITS, DataError, ViewDataset

DATASETS = ("plaza", "cifar10", "mvmc")


def data_folder(data_dir: Path | None) -> Path | None:
    """The folder that the user named: `data_dir`, else the environment variable SIMNET_DATA, else None."""
    named = data_dir or os.environ.get("SIMNET_DATA")
    return Path(named) if named else None


def open_dataset(name: str, split: str, data_dir: Path | None = None) -> ViewDataset:
    """Open a split of a data set by name. Raises DataError when it is unknown, missing or damaged."""
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}; there are {', '.join(SPLITS)}")
    if name == "plaza":
        from simnet.models.data.plaza.plaza import Plaza

        return Plaza(split)
    if name == "cifar10":
        from simnet.models.data.cifar10 import Cifar10

        return Cifar10(split, data_folder(data_dir))
    if name == "mvmc":
        from simnet.models.data.mvmc import Mvmc

        return Mvmc(split, data_folder(data_dir))
    raise DataError(f"unknown data set {name!r}; there are {', '.join(DATASETS)}")


def open_file(name: str, path: Path) -> ViewDataset:
    """Open one Parquet file of the layout of data set `name` (cifar10 or mvmc), whatever its name and size, as a whole.

    Every image is decoded before this returns. Raises DataError when the file is no Parquet, lacks a column, has an
    image that is undecodable or of another size, a label that is missing or out of range, or no samples at all.
    """
    data: ViewDataset
    if name == "cifar10":
        from simnet.models.data.cifar10 import Cifar10

        data = Cifar10.from_file(path)
    elif name == "mvmc":
        from simnet.models.data.mvmc import Mvmc

        data = Mvmc.from_file(path)
    elif name in DATASETS:
        raise DataError(f"data set {name} is generated: it has no files")
    else:
        raise DataError(f"unknown data set {name!r}; there are {', '.join(DATASETS)}")
    if not len(data):
        raise DataError(f"{path}: holds no samples")
    return data
