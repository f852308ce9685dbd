"""Data sets behind one contract; `open_dataset` is the way in, `open_file` that to a single file.

A data set is named as in a scenario: by its name, or by name and keys (`{set: cifar10, cut: whole}`). As text that is
what a command line, a card and a checkpoint have.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simnet.language.checks import Checks
from simnet.language.errors import ScenarioError
from simnet.language.source import Source, parse
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
        "plaza2": "simnet.models.data.plaza.second.plaza2:Plaza2",
        "cifar10": "simnet.models.data.cifar10:Cifar10",
        "mvmc": "simnet.models.data.mvmc:Mvmc",
        "folder": "simnet.models.data.folder:Folder",
        "parquet": "simnet.models.data.columns:Columns",
        "npz": "simnet.models.data.npz:Npz",
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


def options_of(
    chosen: str | DatasetOptions, folder: Path | None = None, further: Mapping[str, Any] | None = None
) -> DatasetOptions:
    """The options, of its own type, of a data set that is named by its name alone or with keys.

    `folder` is where a user's file is looked for, `further` has keys that take the place of those that are named.
    Raises DataError where there is no such data set, or not with these keys.
    """
    given = _keys(chosen) if isinstance(chosen, str) else chosen.model_dump(mode="json")
    name = given["set"]
    kind = dataset(name, folder)
    if isinstance(chosen, kind.Options) and not further:
        return chosen
    checks = Checks(Source("data"))
    options = checks.check(kind.Options, {**given, **(further or {})}, ())
    if options is None:
        first = checks.problems[0]
        raise DataError(f"data set {name}: {f'{first.key}: ' if first.key else ''}{first.message}")
    return options


def _keys(chosen: str) -> dict[str, Any]:
    if not chosen.lstrip().startswith("{"):
        return {"set": chosen}
    try:
        given = parse(chosen, Source("data"))
    except ScenarioError as problem:
        raise DataError(f"data {chosen!r}: {problem.problems[0].message}") from None
    if not isinstance(given, dict) or not isinstance(given.get("set"), str):
        raise DataError(f"data {chosen!r}: names no data set; write {{set: NAME, key: value, …}}")
    return given


def set_of(chosen: str) -> str:
    """The name of the kind of a data set that is named as `options_of` takes it; the kind itself is not looked for."""
    return str(_keys(chosen)["set"])


def written(options: DatasetOptions) -> str:
    """The text of which `options_of` makes equal options: the name alone where all else is as usual."""
    values = options.model_dump(mode="json", exclude_defaults=True)
    return options.set if len(values) == 1 else json.dumps(values, ensure_ascii=False)


def words(options: DatasetOptions) -> list[str]:
    """The name and what is not as usual, in letters, digits, dots and hyphens: for the names of files.

    But for keys that have keys themselves.
    """
    said: list[str] = []
    for key, value in options.model_dump(mode="json", exclude_defaults=True).items():
        if isinstance(value, list):
            said += map(str, value)
        elif not isinstance(value, dict):
            said.append(f"{key}{value}" if type(value) in (int, float) else str(value))
    return [options.set, *("".join(c if c.isalnum() or c in ".-" else "-" for c in text) for text in said[1:])]


def open_dataset(
    chosen: str | DatasetOptions, split: str, data_dir: Path | None = None, folder: Path | None = None
) -> Dataset:
    """Open a split of a data set, named as `options_of` takes it.

    `folder` is where a user's file is looked for. Raises DataError when it is unknown, missing or damaged, a key is
    none of it, or it breaks its contract.
    """
    if split not in SPLITS:
        raise DataError(f"unknown split {split!r}; there are {', '.join(SPLITS)}")
    options = options_of(chosen, folder)
    kind = dataset(options.set, folder)
    return _opened(options.set, kind, lambda: kind.open(options, split, data_folder(data_dir)))


def open_file(chosen: str | DatasetOptions, path: Path, folder: Path | None = None) -> Dataset:
    """Open one file of the layout of a data set (ours: Parquet of cifar10 or mvmc), whatever its name and size.

    Every image is decoded before this returns. Raises DataError when the file is no Parquet, lacks a column, has an
    image that is undecodable or of another size, a label that is missing or out of range, or no samples at all.
    """
    options = options_of(chosen, folder)
    kind = dataset(options.set, folder)
    usual = written(options) == options.set
    data = _opened(options.set, kind, lambda: kind.from_file(path) if usual else kind.from_file(path, options))
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
