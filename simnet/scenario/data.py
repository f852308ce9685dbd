"""The file's `data`: the name of a data set, or its name and own keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simnet.language.checks import Checks
from simnet.language.errors import shown
from simnet.language.kinds import settled_kind
from simnet.models.data import DATASETS
from simnet.models.data.base import DataError, DatasetOptions, place_of


def data_of(checks: Checks, raw: object) -> DatasetOptions | None:
    """The data set with its options, or None after noting what is wrong."""
    given: dict[str, Any] = raw if isinstance(raw, dict) else {"set": raw}
    path = ("data", "set") if isinstance(raw, dict) else ("data",)
    name = given.get("set")
    if not isinstance(name, str):
        checks.wrong(path, f"must be the name of a data set ({', '.join(DATASETS)}), found {shown(name)}")
        return None
    named = settled_kind(checks, DATASETS, name, path)
    if named is None:
        return None
    found: DatasetOptions | None = checks.check(named[1].Options, {**given, "set": named[0]}, ("data",))
    if found is None:
        return None
    places = {key: value for key in found.paths if isinstance(value := getattr(found, key), str)}
    return found.model_copy(update={key: _seen_from(checks.source.folder, value) for key, value in places.items()})


def _seen_from(folder: Path, place: str) -> str:
    """An absolute place; `~` is the user's home. What there cannot be stays as it is, for the data set to say."""
    try:
        return str((folder / place_of(place)).absolute())
    except DataError:
        return place
