"""Where the data lie that a card names."""

from __future__ import annotations

from pathlib import Path

from simnet.models.cards.card import Card
from simnet.models.data import open_dataset, options_of, set_of
from simnet.models.data.base import DataError, Dataset, DatasetOptions, place_of


def data_of(card: Card, chosen: str | None = None) -> tuple[DatasetOptions, Path | None]:
    """The data set that a card was made with, or `chosen` in its place, and where a user's kind is looked for.

    Files and folders that the card names are seen from its own folder, then from the current directory; those of
    `chosen` from the current directory. Raises DataError where they are in neither, or there is no such data set.
    """
    if chosen is not None:
        return options_of(chosen), None
    text = str(card.values["data"])
    folder = card.folder_of(set_of(text))
    options = options_of(text, folder)
    return options.model_copy(update={key: _there(card, key, getattr(options, key)) for key in options.paths}), folder


def _there(card: Card, key: str, named: str | None) -> str | None:
    if named is None or (place := place_of(named)).is_absolute():
        return named
    found = next((one for one in (card.path.parent / place, place) if one.exists()), None)
    if found is None:
        raise DataError(
            f"{card.path}: {key} of its data, {named!r}, lies neither beside the card nor in the current directory; "
            "name the data with --data"
        )
    return str(found)


def open_data(card: Card, split: str, data_dir: Path | None, chosen: str | None = None) -> Dataset:
    """A split of a card's data, or of those that are `chosen` in their place. Raises DataError as `data_of`."""
    options, folder = data_of(card, chosen)
    return open_dataset(options, split, data_dir, folder)
