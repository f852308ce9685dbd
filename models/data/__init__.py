"""Data sets behind one contract; `open_dataset` is the way in, `open_file` that to a single file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from simnet.models.data.base import SPLITS, DataError, Dataset, DatasetOptions, check_dataset
from simnet.registry import PluginError, Registry


def _check(kind: type[Dataset]) -> None:
    for name in ("name", "licence"):
        if not isinstance(getattr(kind, name, None), str):
            raise ValueError(f"{kind.__name__} has no {name}")
    if not (isinstance(kind.Options, type) and issubclass(kind.Options, DatasetOptions)):
        raise ValueError(f"{kind.__name__}.Options is no class derived from DatasetOptions")


DATASETS: Registry[Dataset] = Registry(
    "simnet.datasets",
    "data set",
    "simnet.models.data.base:Dataset",
    {
        "plaza": "simnet.models.data.plaza.plaza:Plaza",
        "cifar10": "simnet.models.data.cifar10:Cifar10",
        "mvmc": "simnet.models.data.mvmc:Mvmc",
    },
    _check,
)


def data_folder(data_dir: Path | None) -> Path | None:
    """The folder that the user named: `data_dir`, else the environment variable SIMNET_DATA, else None."""
    named = data_dir or os.environ.get("SIMNET_DATA")
    return Path(named) if named else None


def dataset(name: str, folder: Path | None = None) -> type[Dataset]:
    """The kind of data set of this name; `folder` is where a user's file is looked for.

    Raises DataError when there is none, or it is a user's and cannot be used.
    """
    try:
        return DATASETS.get(name, folder)
    except KeyError:
        raise DataError(f"unknown data set {name!r}; there are {', '.join(DATASETS)}") from None
    except PluginError as problem:
        raise DataError(str(problem)) from problem


def open_dataset(
    chosen: str | DatasetOptions, split: str, data_dir: Path | None = None, folder: Path | None = None
) -> Dataset:
    """Open a split of a data set by name, or with options (of its own type `Options`, or the name alone).

    `folder` is where a user's file is looked for. Raises DataError when it is unknown, missing or damaged, an option is
    none of it, or it breaks its contract.
    """
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}; there are {', '.join(SPLITS)}")
    name = chosen if isinstance(chosen, str) else chosen.set
    kind = dataset(name, folder)
    if isinstance(chosen, kind.Options):
        options: DatasetOptions = chosen
    else:
        try:
            options = kind.Options.model_validate({"set": name} if isinstance(chosen, str) else chosen.model_dump())
        except ValidationError as problem:
            first = problem.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise DataError(f"data set {name}: option {key}: {first['msg'].lower()}") from None
    return _opened(name, kind, lambda: kind.open(options, split, data_folder(data_dir)))


def open_file(name: str, path: Path, folder: Path | None = None) -> Dataset:
    """Open one file of the layout of data set `name` (ours: Parquet of cifar10 or mvmc), whatever its name and size.

    Every image is decoded before this returns. Raises DataError when the file is no Parquet, lacks a column, has an
    image that is undecodable or of another size, a label that is missing or out of range, or no samples at all.
    """
    kind = dataset(name, folder)
    data = _opened(name, kind, lambda: kind.from_file(path))
    if not len(data):
        raise DataError(f"{path}: holds no samples")
    return data


def _opened(name: str, kind: type[Dataset], how: Callable[[], Dataset]) -> Dataset:
    if name in DATASETS:  # ours are held to the contract by the tests, and a checksum costs the reading of a file
        return how()
    try:
        data = how()
    except (DataError, MemoryError):
        raise
    except Exception as problem:  # whatever a user's code raises
        raise DataError(f"data set {name} cannot be opened ({type(problem).__name__}: {problem})") from problem
    return check_dataset(kind, data)
