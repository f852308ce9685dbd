"""What a data set gives away before any network sees it: its classes, its nearest neighbours, frames in both splits.

Accuracies are to be read beside these. The 1-nearest-neighbour rule (Cover & Hart 1967) on raw pixels has no parameter:
where it is right for all test samples, the test split holds near copies of training samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.models.cards.card import Card, WeightsError
from simnet.models.data import set_of
from simnet.models.data.base import Dataset
from simnet.models.studies.base import stored
from simnet.statistics.proportions import wilson

BLOCK = 500
"""Test samples compared at a time."""


def run(train: Dataset, test: Dataset) -> dict[str, Any]:
    """Class counts of both splits, right answers of the nearest training sample, test frames that training has, too.

    Figures are counts. `frames` is null for data without numbers of frames. Raises DataError where pixels cannot be
    read.
    """
    return {
        "data": test.name,
        "note": test.note,
        "checksums": {data.split: data.checksum for data in (train, test)},
        "classes": {data.split: class_counts(data) for data in (train, test)},
        "nearest": {"samples": len(test), "right": int((nearest_labels(train, test) == test.labels).sum())},
        "frames": shared_frames(train, test),
    }


def class_counts(data: Dataset) -> dict[str, int]:
    """Samples of each class."""
    counts = np.bincount(data.labels, minlength=len(data.class_names))
    return dict(zip(data.class_names, counts.tolist(), strict=True))


def nearest_labels(train: Dataset, test: Dataset) -> NDArray[np.int64]:
    """Label of the training sample at the least Euclidean distance over all pixels of all views, `[n]`.

    Of equally near ones the first counts. Sums of squares of bytes are whole numbers below 2^53, so exact in float64.
    """
    known = _flat(train, np.arange(len(train)))
    squares = (known**2).sum(1)
    found = []
    for start in range(0, len(test), BLOCK):
        asked = _flat(test, np.arange(start, min(start + BLOCK, len(test))))
        found.append((squares - 2 * asked @ known.T).argmin(1))  # the asked one's own square is the same for all
    return np.asarray(train.labels[np.concatenate(found)], dtype=np.int64)


def shared_frames(train: Dataset, test: Dataset) -> dict[str, int] | None:
    """How many video frames the test split has, and how many of these training samples are of, too."""
    if not hasattr(test, "frames"):
        return None
    frames = np.unique(test.frames)
    return {"test": len(frames), "in_training": int(np.isin(frames, train.frames).sum())}  # type: ignore[attr-defined]


def told_of(cards: Sequence[Card]) -> dict[str, str]:
    """What was found of the cards' data, in words."""
    return {name: data_told(found) for name, found in data_notes(cards).items()}


def data_notes(cards: Sequence[Card]) -> dict[str, dict[str, Any]]:
    """What was found of the cards' data without a network (study `data`), by the name of the data set."""
    found = {}
    for name in sorted({set_of(str(card.values["data"])) for card in cards}):
        with suppress(WeightsError):
            found[name] = stored(f"data-{name}")
    return found


def data_told(found: Mapping[str, Any]) -> str:
    """What `run` found, in words."""
    classes = found["classes"]
    counts = ", ".join(
        f"{name} " + " and ".join(f"{classes[split][name]:,}" for split in ("train", "test"))
        for name in classes["test"]
    )
    right, samples = found["nearest"]["right"], found["nearest"]["samples"]
    low, high = wilson(right, samples)
    told = [
        f"samples for training and test: {counts}",
        f"the nearest training sample by raw pixels (1-NN, no network) is right for {100 * right / samples:.2f} % "
        f"({100 * low:.1f}–{100 * high:.1f}) of {samples:,} test samples",
    ]
    if frames := found["frames"]:
        told.append(f"{frames['in_training']} of {frames['test']} test frames occur in training, too")
    return "; ".join([*([found["note"]] if found["note"] else []), *told])


def _flat(data: Dataset, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    return data.pixels(rows).reshape(len(rows), -1).astype(np.float64)
