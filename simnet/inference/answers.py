"""What the network answers at an exit: a lookup for the engine, filled in batches that look ahead.

On a miss the samples that come next in arrival order and are expected with the same views are answered, too; a deeper
segment only for those that go on. The answer does not depend on who else is in the batch, so looking ahead changes
nothing but the time it takes; a wrong guess costs that time only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.inference.memo import Memo, Table
from simnet.models.cards.card import Card
from simnet.models.data.base import VIEWS, Dataset
from simnet.models.data.cache import cache_dir
from simnet.models.rules import surest_device

Answer = tuple[int, float]
"""Predicted class and normalized entropy."""


VERSION = 2
"""Raise when the same weights would answer otherwise: fusion, normalization, layers. Memos follow it."""


def memo_folder(card: Card, data: Dataset, codec: str = "fp32", zero_input: bool = False) -> Path:
    """Where the answers of this network on these data are kept between runs; `codec`, `zero_input`: see `Segments`."""
    network = json.dumps([VERSION, card.sha256, card.values["architecture"], codec, zero_input], sort_keys=True)
    return cache_dir() / "answers" / f"{sha256(network.encode()).hexdigest()[:16]}-{data.checksum[:16]}"


class Answers:
    """Answers of one system's network, by exit, sample number and views.

    `steps` names the segments in order, each with the exit that tests its result, None where there is none;
    `thresholds` tells which samples go on. `codec` and `zero_input` are those of `Segments`. `expected` is the guess,
    per sample, at the views that will take part. `window` samples ahead are looked at, `batch` at a time are run.
    `memo` is a folder for later runs; `tell` hears how many ran.
    """

    def __init__(
        self,
        card: Card,
        data: Dataset,
        steps: Sequence[tuple[str, str | None]],
        thresholds: dict[str, float],
        expected: NDArray[np.int64],
        *,
        codec: str = "fp32",
        zero_input: bool = False,
        device: str = "auto",
        batch: int = 256,
        window: int = 1024,
        memo: Path | None = None,
        tell: Callable[[int], None] | None = None,
    ) -> None:
        self._card, self._data, self._wish = card, data, device
        self._codec, self._zero_input = codec, zero_input
        self._segment = [segment for segment, _ in steps]
        self._exits = {name: number for number, (_, name) in enumerate(steps) if name is not None}
        self._thresholds = [thresholds.get(name or "", 0.0) for _, name in steps]
        self._expected, self._batch, self._window = expected, batch, window
        self._index = np.arange(len(expected), dtype=np.int64) % len(data)
        self._classes = len(card.values["class_names"])
        self._memo = Memo(memo)
        self._tell = tell
        self._found: dict[tuple[str, int], dict[int, Answer]] = {}
        self._surprises: dict[int, int] = {}
        self._segments: Any = None  # made when a segment must really run: that imports torch

    def get(self, exit_name: str, sample: int, views: int) -> Answer:
        """The answer at an exit for a sample of which `views` (bit mask) take part."""
        found = self._found.get((exit_name, views))
        if found is None:
            found = self._found[exit_name, views] = {}
        answer = found.get(sample)
        if answer is None:
            self._fill(exit_name, sample, views, found)
            answer = found[sample]
        return answer

    def _fill(self, exit_name: str, sample: int, views: int, found: dict[int, Answer]) -> None:
        if self._expected[sample] == views:
            ahead = np.arange(sample, min(sample + self._window, len(self._index)))
            ahead = ahead[self._expected[ahead] == views]
        else:  # a loss that the script did not announce: look ahead further each time it happens again
            reach = self._surprises[views] = min(2 * self._surprises.get(views, 1), self._batch)
            ahead = np.arange(sample, min(sample + reach, len(self._index)))
        number = self._exits[exit_name]
        predictions, entropies, reached = self._reach(number, ahead, views, sample)
        found.update(zip(reached.tolist(), zip(predictions.tolist(), entropies.tolist(), strict=True), strict=True))

    def _reach(
        self, number: int, ahead: NDArray[np.int64], views: int, asked: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Answers after segment `number` for those of `ahead` that get so far (and for `asked`), and who these are."""
        if number > 0:
            _, entropies, before = self._reach(number - 1, ahead, views, asked)
            ahead = before[(entropies >= self._thresholds[number - 1]) | (before == asked)]
        self._ensure(self._segment[number], ahead, views)
        return (*self._answers(number, ahead, views), ahead)

    def _answers(
        self, number: int, samples: NDArray[np.int64], views: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        segment = self._segment[number]
        table, temperature = self._table(segment, views), self._card.temperatures.get(segment, 1.0)
        if segment != "device":
            return table.answers(self._index[samples], temperature)
        if table.scores.shape[1] == 0:  # devices without a classifier: everyone goes on
            return np.zeros(len(samples), np.int64), np.ones(len(samples))
        predictions, entropies = table.answers(self._index[samples], temperature)
        surest = surest_device(entropies, np.array([bool(views >> view & 1) for view in range(VIEWS)]))
        rows = np.arange(len(samples))
        return predictions[rows, surest], entropies[rows, surest]

    def _table(self, segment: str, views: int) -> Table:
        size = len(self._data)
        if segment != "device":
            return self._memo.table(segment, views, (size, self._classes))
        classifies = "device" in self._card.values["classifiers"]
        devices = len(self._card.values["architecture"].get("devices", range(VIEWS)))
        return self._memo.table("device", 0, (size, devices, self._classes) if classifies else (size, 0))

    def _ensure(self, segment: str, samples: NDArray[np.int64], views: int) -> None:
        table = self._table(segment, views)
        if table.scores.shape[1] == 0:
            return  # nothing to know; the features are computed when the edge asks for them
        rows = table.ask(np.unique(self._index[samples]))
        if len(rows):
            table.put(rows, self._run(segment, views, rows))

    def _run(self, segment: str, views: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if self._segments is None:
            from simnet.inference.batches import Segments

            self._segments = Segments(self._card, self._data, self._wish, self._batch, self._codec, self._zero_input)
        scores: NDArray[np.float32]
        if segment == "local":
            devices = self._table("device", 0)
            if len(unknown := devices.ask(rows)):
                devices.put(unknown, self._run("device", 0, unknown))
            scores = self._segments.local(views, devices.scores[rows])
        else:
            scores = self._segments.run(segment, views, rows)
        if self._tell is not None:
            self._tell(self._segments.samples)
        return scores

    def forced_accuracy(self, exits: Sequence[str], views: NDArray[np.int64]) -> dict[str, float] | None:
        """Accuracy of each exit when every sample is made to leave there with its `views`; None without samples."""
        if not len(self._index):
            return None
        labels = self._data.labels[self._index]
        right = dict.fromkeys(exits, 0)
        for mask in np.unique(views).tolist():
            those = np.flatnonzero(views == mask)
            for name in exits:
                for number in range(self._exits[name] + 1):
                    self._ensure(self._segment[number], those, mask)
                predictions, _ = self._answers(self._exits[name], those, mask)
                right[name] += int((predictions == labels[those]).sum())
        return {name: count / len(labels) for name, count in right.items()}

    def save(self) -> None:
        """Keep the answers for later runs."""
        self._memo.save()

    def report(self) -> dict[str, Any]:
        """How the answers came about: device, batches, samples, mean batch size, answers known from earlier runs."""
        ran = self._segments
        return {
            "device": None if ran is None else ran.device,
            "batches": 0 if ran is None else ran.batches,
            "samples": 0 if ran is None else ran.samples,
            "mean_batch": 0.0 if ran is None else ran.samples / max(1, ran.batches),
            "recalled": sum(table.recalled for table in self._memo.tables),
        }
