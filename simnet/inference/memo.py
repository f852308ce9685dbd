"""The memo: class scores that a part of a network gave, by data index; in memory during a run, on disk between runs.

One table for each part and key of what arrived. What a part answers depends on weights, data, sample and what arrived
(principle 1), and on where it was computed; these make up the folder's and the file's name. A file says again what it
holds and has a checksum: one that is damaged, or was put in another's place, is not believed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simnet.models.graph import Part

Key = tuple[Part, int]
"""A part, and the bits of what arrived that matter to it (`Graph.key`)."""


class Table:
    """Scores `[size, classes]` of one part for one key, and which rows of them are known."""

    def __init__(self, key: Key, size: int, classes: int, folder: Path | None) -> None:
        self._name = f"{key[0].segment}-{key[0].copy}-{key[1]:x}"
        self._folder = folder
        stored = self._stored((size, classes))
        empty = np.zeros((size, classes), np.float32), np.zeros(size, np.bool_)
        self.scores: NDArray[np.float32] = (stored or empty)[0]
        self.known: NDArray[np.bool_] = (stored or empty)[1]
        self._earlier = self.known.copy()
        self._asked = np.zeros(size, bool)
        self._changed = False

    def _stored(self, shape: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
        if self._folder is None:
            return None
        try:
            with np.load(self._folder / f"{self._name}.npz", allow_pickle=False) as file:
                scores, known, about = file["scores"], file["known"], json.loads(str(file["about"]))
        except (OSError, ValueError, EOFError, KeyError):  # not there, or damaged: it is a cache, so begin anew
            return None
        except Exception:  # a damaged archive makes zlib and zipfile raise errors of their own
            return None
        if scores.shape != shape or scores.dtype != np.float32 or known.shape != shape[:1] or known.dtype != bool:
            return None
        return (scores, known) if about == self._about(scores, known) else None

    def _about(self, scores: NDArray[np.float32], known: NDArray[np.bool_]) -> dict[str, Any]:
        """What a file says of itself: whose answers it holds, and their checksum."""
        assert self._folder is not None
        digest = sha256(scores.tobytes() + known.tobytes()).hexdigest()
        return {"of": [self._folder.name, self._name], "sha256": digest}

    def ask(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of `rows` whose scores are not known."""
        self._asked[rows] = True
        return rows[~self.known[rows]]

    @property
    def recalled(self) -> int:
        """Rows asked for that an earlier run had left."""
        return int((self._earlier & self._asked).sum())

    def put(self, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> None:
        """Store the scores of `rows`."""
        self.scores[rows] = scores
        self.known[rows] = True
        self._changed = True

    def save(self) -> None:
        """Merge with what another run may have stored meanwhile, and write; a kill leaves the former file whole."""
        if self._folder is None or not self._changed:
            return
        stored = self._stored((self.scores.shape[0], self.scores.shape[1]))
        if stored is not None:
            new = stored[1] & ~self.known
            self.scores[new] = stored[0][new]
            self.known |= new
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f"{self._name}.{os.getpid()}.partial"
        try:
            with partial.open("wb") as file:
                about = np.array(json.dumps(self._about(self.scores, self.known)))
                np.savez(file, scores=self.scores, known=self.known, about=about)
            partial.replace(self._folder / f"{self._name}.npz")
        finally:
            partial.unlink(missing_ok=True)


class Memo:
    """The tables of one network on one data set of `size` samples; `folder` None keeps them in memory only."""

    def __init__(self, size: int, classes: int, folder: Path | None) -> None:
        self._size, self._classes, self._folder = size, classes, folder
        self._tables: dict[Key, Table] = {}

    def table(self, key: Key, width: int | None = None) -> Table:
        """The table of a part and what arrived, of `width` numbers a row: by default a score for each class."""
        if key not in self._tables:
            self._tables[key] = Table(key, self._size, self._classes if width is None else width, self._folder)
        return self._tables[key]

    @property
    def keys(self) -> list[Key]:
        """Those of the tables used so far."""
        return list(self._tables)

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
