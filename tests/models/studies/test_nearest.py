"""What a data set gives away: nearest neighbours, by hand, class counts, shared frames, and how it is told."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simnet.models.cards.card import HOTTEST
from simnet.models.cards.catalogue import temperature_told
from simnet.models.data.base import Dataset
from simnet.models.studies import nearest


class Grey(Dataset):
    """One view of 1x1 pixels with three colours of one level each; `frames` where they are given."""

    name, licence, note = "grey", "made up", "levels repeat"
    class_names = ("dark", "light")
    views, view_shape = 1, (3, 1, 1)

    def __init__(self, split: str, levels: list[int], labels: list[int], frames: list[int] | None = None) -> None:
        self.split, self._levels, self.labels = split, np.array(levels), np.array(labels)
        if frames is not None:
            self.frames = np.array(frames)

    @classmethod
    def open(cls, options: object, split: str, data_dir: object) -> Grey:
        return cls(split, [], [])

    @property
    def checksum(self) -> str:
        return self.split

    def pixels(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.repeat(self._levels[rows], 3).reshape(-1, 1, 3, 1, 1).astype(np.uint8)


TRAIN = Grey("train", [0, 100, 255, 100], [0, 0, 1, 1], [1, 2, 3, 4])


def test_nearest_training_sample_answers() -> None:
    """40 is nearest to 0, 60 to the first 100 (label 0, the tie goes to the first), 178 to 255 (77 away, 78 to 100)."""
    test = Grey("test", [40, 60, 178, 177], [0, 1, 1, 1], [4, 4, 9, 1])
    assert nearest.nearest_labels(TRAIN, test).tolist() == [0, 0, 1, 0]
    found = nearest.run(TRAIN, test)
    assert found["nearest"] == {"samples": 4, "right": 2}
    assert found["classes"] == {"train": {"dark": 2, "light": 2}, "test": {"dark": 1, "light": 3}}
    assert found["frames"] == {"test": 3, "in_training": 2}
    told = nearest.data_told(found)
    assert told.startswith("levels repeat; samples for training and test: dark 2 and 1, light 2 and 3; ")
    assert "(1-NN, no network) is right for 50.00 % (15.0–85.0) of 4 test samples" in told  # Wilson of 2 in 4
    assert told.endswith("; 2 of 3 test frames occur in training, too")


def test_blocks_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    test = Grey("test", [1, 254, 101, 2, 250], [0, 1, 0, 0, 1])
    whole = nearest.nearest_labels(TRAIN, test).tolist()
    monkeypatch.setattr(nearest, "BLOCK", 2)
    assert nearest.nearest_labels(TRAIN, test).tolist() == whole == [0, 1, 0, 0, 1]


def test_data_without_frames() -> None:
    found = nearest.run(Grey("train", [0, 9], [0, 1]), Grey("test", [8], [1]))
    assert found["frames"] is None and "frames" not in nearest.data_told({**found, "note": None})


@pytest.mark.parametrize(
    ("fitted", "told"), [(1.2345, "1.23"), (HOTTEST, "–"), (1 / HOTTEST, "–"), (0.0501, "–"), (0.06, "0.06")]
)
def test_a_temperature_at_the_limit_of_the_search_is_none(fitted: float, told: str) -> None:
    assert temperature_told(fitted) == told
