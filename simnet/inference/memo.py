"""The memo: class scores that a segment gave, by data index; in memory during a run, on disk between runs.

One array per segment and set of views. NaN rows are not known yet. What a segment answers depends only on weights,
data, sample and the views that arrived (principle 1), and these make up the file's name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simnet.models.rules import normalized_entropy


class Table:
    """Scores of one segment under one set of views: `[size, classes]` or, of the d devices, `[size, d, classes]`."""

    def __init__(self, shape: tuple[int, ...], file: Path | None) -> None:
        self._file = file
        stored = self._stored(shape)
        self.scores = np.full(shape, np.nan, np.float32) if stored is None else stored
        self._earlier = self.known(np.arange(shape[0]))
        self._asked = np.zeros(shape[0], bool)
        self._changed = False

    def _stored(self, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
        if self._file is None:
            return None
        try:
            stored = np.load(self._file, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None  # not there, or damaged: it is a cache, so begin anew
        return stored if stored.shape == shape and stored.dtype == np.float32 else None

    def known(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `rows` have scores."""
        scores = self.scores[rows]
        return np.asarray(~np.isnan(scores).any(axis=tuple(range(1, scores.ndim))))

    def ask(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of `rows` whose scores are not known."""
        self._asked[rows] = True
        return rows[~self.known(rows)]

    @property
    def recalled(self) -> int:
        """Rows asked for that an earlier run had left."""
        return int((self._earlier & self._asked).sum())

    def put(self, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        """Store the scores of `rows`."""
        self.scores[rows] = scores
        self._changed = True

    def answers(
        self, rows: NDArray[np.int64], temperature: float = 1.0
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Predicted class and normalized entropy for each of `rows`, shaped as the scores without their last axis.

        Entropies are those of the scores divided by `temperature`, as the weights' card has it.
        """
        scores = self.scores[rows] / temperature
        return scores.argmax(axis=-1), normalized_entropy(scores)

    def save(self) -> None:
        """Merge with what another run may have stored meanwhile, and write; a kill leaves the former file whole."""
        if self._file is None or not self._changed:
            return
        stored = self._stored(self.scores.shape)
        if stored is not None:
            unknown = np.isnan(self.scores)
            self.scores[unknown] = stored[unknown]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(f".{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                np.save(file, self.scores)
            partial.replace(self._file)
        finally:
            partial.unlink(missing_ok=True)


class Memo:
    """The tables of one network on one data set; `folder` None keeps them in memory only."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._tables: dict[tuple[str, int], Table] = {}

    def table(self, segment: str, views: int, shape: tuple[int, ...]) -> Table:
        """The table of `segment` for the bit mask `views`."""
        key = (segment, views)
        if key not in self._tables:
            file = None if self._folder is None else self._folder / f"{segment}-{views:02d}.npy"
            self._tables[key] = Table(shape, file)
        return self._tables[key]

    @property
    def tables(self) -> Iterable[Table]:
        """All tables used so far."""
        return self._tables.values()

    def save(self) -> None:
        """Write what is new to disk; a folder that cannot be written only costs the next run its head start."""
        try:
            for table in self.tables:
                table.save()
        except OSError:
            return
